"""HTML, as some networks write their posts in, to the text that a reader sees."""

from html.parser import HTMLParser
from typing import Final

_BREAKS: Final = frozenset({"br", "p", "div", "li", "blockquote", "pre"})
_HIDDEN: Final = frozenset({"script", "style"})
_MAX_LENGTH: Final = 100_000  # the parser takes long for some made-up markup


def html_to_text(markup: str) -> str | None:
    r"""Return the text of a piece of HTML; None if it is too long for a post.

    Examples
    --------
    >>> html_to_text("<p>so &lt;3<br>happy <a href='x'>#now</a></p><p>bye</p>")
    'so <3\nhappy #now\nbye'
    """
    if "<" not in markup and "&" not in markup:
        return markup
    if len(markup) > _MAX_LENGTH:
        return None
    parser = _Parser()
    try:
        parser.feed(markup)
        parser.close()
    except AssertionError:  # how the parser says that a declaration is broken
        return None
    lines = "".join(parser.parts).split("\n")
    return "\n".join(line for line in lines if line.strip())


class _Parser(HTMLParser):
    """Collects text, with a line end where a block begins or ends."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._n_hidden = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """Begin a line, or a stretch that no reader sees."""
        self._n_hidden += tag in _HIDDEN
        if tag in _BREAKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """End a line, or a stretch that no reader sees."""
        self._n_hidden = max(self._n_hidden - (tag in _HIDDEN), 0)
        if tag in _BREAKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        """Keep what a reader sees."""
        if not self._n_hidden:
            self.parts.append(data)
