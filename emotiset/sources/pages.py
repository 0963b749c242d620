"""Pages of API v2: ``{"data": [...], "includes": ...}`` on a line, many tweets in it.

Each entry of a page is a record.  A page without entries counts as a blank line; a
line that is no page is read as a tweet.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Self

import msgspec
from msgspec import Raw, Struct

from emotiset.config import SourceConfig
from emotiset.sources.blocks import Flaw, Piece, Reading
from emotiset.sources.decoding import BROKEN, mend_pairs
from emotiset.sources.lines import (
    MAX_ROWS,
    Lines,
    decode_chunks,
    read_lines,
    take_records,
)
from emotiset.sources.tweets import decode_by


class _Page(Struct, gc=False):
    data: list[Raw]


class _EmptyPage(Struct, gc=False):
    meta: dict[str, Any] | None = None
    errors: list[Raw] | None = None


_PAGE: Final = msgspec.json.Decoder(_Page)
_EMPTY_PAGE: Final = msgspec.json.Decoder(_EmptyPage)
_NOTHING: Final = (None, None)


@dataclass(frozen=True)
class Entries(Lines):
    """Entries of pages in place of lines.

    Attributes
    ----------
    wheres
        Where the line of each entry begins.
    """

    wheres: list[int]

    def first(self, n: int) -> Self:
        """Return the first *n* entries."""
        return type(self)(self.lines[:n], self.offset, self.wheres[:n])

    def offsets(self) -> list[int]:
        """Return where the line of each entry begins in the file."""
        return self.wheres


def read_pages(
    piece: Piece, config: SourceConfig, limit: int | None
) -> Iterator[Reading]:
    """Read the tweets of a piece of JSON lines, some or all of which are pages.

    Parameters
    ----------
    piece
        Of a file of lines.
    config
        Names the label column, a field of the entry.
    limit
        Records to read at most; None: all.

    Returns
    -------
    iterator of Reading
        Each of at most `MAX_ROWS` entries.

    Raises
    ------
    InputError
        If the file cannot be opened or read.
    """
    return decode_chunks(_open_pages(piece), piece.source, limit, decode_by(config))


def count_pages(piece: Piece, limit: int) -> tuple[int, int]:
    """Count the entries of a piece, up to *limit*, and about their bytes."""
    n_records = n_bytes = 0
    for chunk in take_records(_open_pages(piece), limit):
        n_records += chunk.n_records
        if isinstance(chunk, Entries):
            n_bytes += sum(map(len, chunk.lines))
    return n_records, n_bytes


def split_page(line: bytes) -> list[bytes]:
    """Return the entries of a page; of any other line, the line.

    Examples
    --------
    >>> split_page(b'{"data": [{"text": "a"}, {}], "meta": {}}')
    [b'{"text": "a"}', b'{}']
    >>> split_page(b'{"meta": {"result_count": 0}}'), split_page(b"[]")
    ([b''], [b'[]'])
    """
    for attempt in (line, mend_pairs(line)):
        try:
            return [bytes(entry) for entry in _PAGE.decode(attempt).data] or [b""]
        except BROKEN:
            continue
    try:
        empty = _EMPTY_PAGE.decode(line)
    except BROKEN:
        return [line]
    is_page = b'"data"' not in line and (empty.meta, empty.errors) != _NOTHING
    return [b""] if is_page else [line]


def _open_pages(piece: Piece) -> Iterator[Entries | Flaw]:
    for chunk in read_lines(piece):
        if isinstance(chunk, Flaw):
            yield chunk
            continue
        entries: list[bytes] = []
        wheres: list[int] = []
        for line, offset in zip(chunk.lines, chunk.offsets(), strict=True):
            found = split_page(line)
            entries += found
            wheres += [offset] * len(found)
        for at in range(0, len(entries), MAX_ROWS):
            stop = at + MAX_ROWS
            yield Entries(entries[at:stop], wheres[at], wheres[at:stop])
