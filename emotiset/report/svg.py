"""Pictures as SVG that a page can hold: named, described, in the page's own colors.

Matplotlib draws with the stand-ins below, and each becomes a variable of the page's
style sheet, so that one drawing suits light and dark mode.
"""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Any, Final

from emotiset.plain import make_plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Stand-ins, of which matplotlib makes none itself.
INK: Final = "#01fe01"
MUTED: Final = "#01fe02"
LINE: Final = "#01fe03"
POSITIVE: Final = "#01fe04"
NEGATIVE: Final = "#01fe05"
ACCENT: Final = "#01fe06"
CARD: Final = "#01fe07"
SOFT: Final = "#01fe08"
_VARIABLES: Final = {
    INK: "--ink",
    MUTED: "--muted",
    LINE: "--line",
    POSITIVE: "--positive",
    NEGATIVE: "--negative",
    ACCENT: "--accent",
    CARD: "--card",
    SOFT: "--soft",
}
_WIDTH: Final = 4.2  # inches; as wide as a phone, so that type stays readable there
_SETTINGS: Final[dict[str, Any]] = {
    "svg.fonttype": "none",  # text stays text: small, and read aloud
    "svg.hashsalt": "emotiset",
    "text.parse_math": False,
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.edgecolor": LINE,
    "axes.labelcolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "text.color": INK,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.labelcolor": MUTED,
}


@contextmanager
def draw(name: str, title: str, height: float) -> "Iterator[Picture]":
    """Give a picture to draw on; its `svg` is there when the block ends.

    Parameters
    ----------
    name
        Unique on the page; made of letters and ``-``.
    title
        What a screen reader says first.
    height
        In inches, for a width of 4.2.
    """
    # Not by pyplot, which keeps figures and looks for a screen.
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_SETTINGS):  # type: ignore[arg-type]
        figure = Figure(figsize=(_WIDTH, height), layout="constrained")
        picture = Picture(name, title, figure)
        yield picture
        picture.finish()


class Picture:
    """One figure, and after `finish` its SVG.

    Attributes
    ----------
    axes
        To draw on.
    description
        To be set: what the picture shows, in words and numbers.
    svg
        Markup for a page, empty before the picture is finished.
    """

    def __init__(self, name: str, title: str, figure: "Figure") -> None:
        self._figure = figure
        self.name, self.title, self.description = name, title, ""
        self.axes: Axes = figure.add_subplot()
        self.svg = ""

    def finish(self) -> None:
        """Write the figure down."""
        sink = io.StringIO()
        nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
        self._figure.savefig(sink, format="svg", metadata=nothing)
        self.svg = _adopt(sink.getvalue(), self.name, self.title, self.description)


def _adopt(svg: str, name: str, title: str, description: str) -> str:
    """Make matplotlib's file a part of a page: own ids, own colors, a name."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = svg.replace("url(#", f"url(#{name}-").replace('href="#', f'href="#{name}-')
    for color, variable in _VARIABLES.items():
        svg = svg.replace(color, f"var({variable})")
    head, _, body = svg.partition(">")
    [size] = re.findall(r'viewBox="[^"]*"', head)
    told = (
        f'<title id="{name}-title">{escape(make_plain(title))}</title>'
        f'<desc id="{name}-desc">{escape(make_plain(description))}</desc>'
    )
    return (
        f'<svg {size} role="img" aria-labelledby="{name}-title {name}-desc" '
        'xmlns="http://www.w3.org/2000/svg" '
        f'xmlns:xlink="http://www.w3.org/1999/xlink">{told}{body.strip()}'
    )
