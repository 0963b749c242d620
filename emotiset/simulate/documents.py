"""Simulated scans of business papers: invoices, and papers that look like them.

A paper's kind shows in its layout, not in its words, which are made up.  Letterhead,
sizes, lengths and the quality of the scan differ from paper to paper.  Takes Pillow,
which draws; its versions draw a little differently, so no byte is promised.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from emotiset.errors import ConfigError
from emotiset.simulate.words import spell_english

WIDTH, HEIGHT = 420, 594  # of A4 at 51 dots per inch
_MARGIN: Final = 36
_N_WORDS: Final = 8192
_INK, _PAPER = 20, 245


def draw_document(kind: str, number: int, *, seed: int = 0) -> Image.Image:
    """Return a scanned paper, in shades of gray.

    Parameters
    ----------
    kind
        One of `KINDS`.
    number, seed
        Another of either is another paper.

    Raises
    ------
    ConfigError
        If there is no such kind, or a number is negative.

    Examples
    --------
    >>> image = draw_document("invoice", 1)
    >>> image.size, image.mode
    ((420, 594), 'L')
    """
    if kind not in KINDS or number < 0 or seed < 0:
        raise ConfigError(
            f"a simulated document needs a kind of {', '.join(KINDS)} and no negative "
            f"number, found {kind!r}, {number=}, {seed=}"
        )
    rng = np.random.Generator(np.random.PCG64([seed, number, list(KINDS).index(kind)]))
    page = _Page(rng)
    _KINDS[kind](page)
    return _scan(page.image, rng)


class _Page:
    """A sheet that is written from top to bottom."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.image = Image.new("L", (WIDTH, HEIGHT), _PAPER)
        self.ink = ImageDraw.Draw(self.image)
        self.size = int(rng.integers(8, 11))
        self.y = _MARGIN + int(rng.integers(0, 20))

    @property
    def step(self) -> int:
        """Height of a line."""
        return self.size + 4

    def words(self, n: int) -> str:
        """Return made-up words."""
        return " ".join(_spell()[i] for i in self.rng.integers(0, _N_WORDS, n))

    def amount(self) -> str:
        """Return a sum of money."""
        return f"{self.rng.integers(100, 99_999) / 100:.2f}"

    def write(self, x: int, text: str, *, size: int = 0, anchor: str = "la") -> None:
        """Write one line; the anchor, as Pillow's, says what *x* is of it."""
        font = ImageFont.load_default(size or self.size)
        self.ink.text((x, self.y), text, fill=_INK, font=font, anchor=anchor)

    def rule(self, left: int = _MARGIN, right: int = WIDTH - _MARGIN) -> None:
        """Draw a line across."""
        self.ink.line((left, self.y, right, self.y), fill=_INK)


@lru_cache(maxsize=1)
def _spell() -> list[str]:
    return spell_english()[:_N_WORDS]


def _letterhead(page: _Page) -> None:
    """Write who sends it, at the left, in the middle or at the right; and to whom."""
    x, anchor = [(_MARGIN, "la"), (WIDTH // 2, "ma"), (WIDTH - _MARGIN, "ra")][
        int(page.rng.integers(0, 3))
    ]
    if anchor != "ma" and page.rng.random() < 0.5:  # a logo
        logo = (WIDTH - x - 20, page.y, WIDTH - x + 20, page.y + 30)
        (page.ink.ellipse if page.rng.random() < 0.5 else page.ink.rectangle)(logo, 110)
    page.write(x, page.words(2).title(), size=page.size + 5, anchor=anchor)
    page.y += 2 * page.step
    for _ in range(int(page.rng.integers(1, 4))):
        page.write(x, page.words(3), anchor=anchor)
        page.y += page.step
    page.y += int(page.rng.integers(10, 30))
    for _ in range(3):
        page.write(_MARGIN, page.words(2))
        page.y += page.step
    page.y += int(page.rng.integers(10, 30))
    page.write(_MARGIN, page.words(2).title(), size=page.size + 3)
    page.y += 2 * page.step


def _table(page: _Page, stops: Sequence[int], *, boxed: bool) -> None:
    """Write lines of words and, right to each stop, a number or an empty box."""
    page.rule()
    page.y += 2
    for _ in range(int(page.rng.integers(4, 13))):
        page.write(_MARGIN, page.words(int(page.rng.integers(1, 4))))
        for stop in stops:
            text = str(page.rng.integers(1, 500)) if boxed else page.amount()
            page.write(stop, text, anchor="ra")
        if boxed:
            right = WIDTH - _MARGIN
            box = (right - page.size, page.y, right, page.y + page.size)
            page.ink.rectangle(box, outline=_INK)
        page.y += page.step
    page.rule()
    page.y += page.step // 2


def _text(page: _Page, n_paragraphs: int) -> None:
    for _ in range(n_paragraphs):
        for _ in range(int(page.rng.integers(2, 6))):
            page.write(_MARGIN, page.words(8)[:60])
            page.y += page.step
        page.y += page.step


def _invoice(page: _Page) -> None:
    """Draw prices in a table, and what they come to under it."""
    _letterhead(page)
    _table(page, (250, 310, WIDTH - _MARGIN), boxed=False)
    for _ in range(3):
        page.write(310, page.words(1), anchor="ra")
        page.write(WIDTH - _MARGIN, page.amount(), anchor="ra")
        page.y += page.step
    page.rule(left=250)
    page.y += page.step
    _text(page, 1)


def _delivery_note(page: _Page) -> None:
    """Draw a table without prices, boxes to tick, and a place to sign."""
    _letterhead(page)
    _table(page, (310,), boxed=True)
    page.y += 4 * page.step
    page.rule(left=230)
    page.y += 3
    page.write(230, page.words(2))


def _reminder(page: _Page) -> None:
    """Draw a letter, with what is owed in a frame."""
    _letterhead(page)
    _text(page, 2)
    frame = (_MARGIN, page.y, WIDTH - _MARGIN, page.y + 2 * page.step)
    page.ink.rectangle(frame, outline=_INK)
    page.y += page.step // 2
    page.write(WIDTH // 2, page.amount(), anchor="ma", size=page.size + 3)
    page.y += 3 * page.step
    _text(page, 1)


def _receipt(page: _Page) -> None:
    """Draw a slip as from a till, with a bar code."""
    left = int(page.rng.integers(_MARGIN, WIDTH // 2))
    right = left + 170
    page.write((left + right) // 2, page.words(2).title(), anchor="ma")
    page.y += 2 * page.step
    for _ in range(int(page.rng.integers(5, 20))):
        page.write(left, page.words(1))
        page.write(right, page.amount(), anchor="ra")
        page.y += page.step
    page.rule(left, right)
    page.y += page.step
    for x in range(left, right, 3):
        if page.rng.random() < 0.6:
            page.ink.line((x, page.y, x, page.y + 30), fill=_INK, width=2)


def _scan(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Lay a paper askew, lighten or darken it, and add noise."""
    angle = float(rng.uniform(-2, 2))
    turned = image.rotate(angle, Image.Resampling.BILINEAR, fillcolor=_PAPER)
    noise = rng.normal(rng.uniform(-25, 5), rng.uniform(2, 20), (HEIGHT, WIDTH))
    return Image.fromarray(np.clip(np.asarray(turned) + noise, 0, 255).astype(np.uint8))


_KINDS: Final[dict[str, Callable[[_Page], None]]] = {
    "invoice": _invoice,
    "delivery note": _delivery_note,
    "reminder": _reminder,
    "receipt": _receipt,
}
KINDS: Final = tuple(_KINDS)
