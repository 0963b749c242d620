"""Records of delimited text, whole, without holding more than one chunk of a file.

A record whose quote is not closed within `MAX_RECORD` bytes, or not at all, is one
flaw: its first line is passed over, and the next line begins a record again.  So a
record depends on the bytes from its start alone, and a file cut at any end of a
record gives the same records.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from emotiset.sources.blocks import HEAD_BYTES, Flaw, Piece
from emotiset.sources.lines import MAX_RECORD, MAX_ROWS, take_records
from emotiset.sources.opening import CHUNK, DamagedError, read_bytes
from emotiset.sources.quotes import Int64, find_record_ends

_UNCLOSED: Final = (
    f"is longer than {MAX_RECORD >> 20} MB, or opens a quote that is not closed"
)


@dataclass(frozen=True)
class Records:
    """Records that follow each other in a file.

    Attributes
    ----------
    data
        All of them, line ends included.
    ends : int64[n]
        Where each ends in *data*; at most `MAX_ROWS`.
    offset
        Where *data* begins in the file.
    """

    data: bytes
    ends: Int64
    offset: int

    @property
    def n_records(self) -> int:
        """A blank line is a record too."""
        return len(self.ends)

    @property
    def starts(self) -> Int64:
        """Where each record begins in *data*, int64[n]."""
        return np.concatenate([[0], self.ends[:-1]]).astype(np.int64)

    def first(self, n: int) -> Self:
        """Return the first *n* records, at least one."""
        return type(self)(self.data[: self.ends[n - 1]], self.ends[:n], self.offset)


def read_records(
    piece: Piece, delimiter: str, data_start: int, *, size: int = CHUNK
) -> Iterator[Records | Flaw]:
    """Yield the records of a piece, which begins and ends where a record does.

    Parameters
    ----------
    piece
        Of a delimited file.
    delimiter
        One character.
    data_start
        Bytes of the header; only a compressed file's piece has it in front.
    size
        Bytes to read at once.

    Raises
    ------
    InputError
        If the file cannot be opened or read.
    """
    if piece.compression != "none":
        stream = read_bytes(piece.where, piece.compression, size=size)
        return split_records(_skip(stream, data_start), delimiter, data_start)
    stream = read_bytes(piece.where, "none", start=piece.start, size=size)
    return split_records(
        _stop_after(stream, piece.stop - piece.start), delimiter, piece.start
    )


def split_records(
    stream: Iterable[bytes], delimiter: str, offset: int
) -> Iterator[Records | Flaw]:
    r"""Yield the records of a stream of chunks.

    Parameters
    ----------
    stream
        Begins with a record.  Where it raises `DamagedError`, the record that is cut
        there and the damage are one flaw.
    delimiter
        One character.
    offset
        Of the stream's first byte in the file.

    Examples
    --------
    >>> stray = [b'a,b\nc,"d\ne', b',f\n']
    >>> [type(chunk).__name__ for chunk in split_records(stray, ",", 0)]
    ['Records', 'Flaw', 'Records']
    """
    splitter = _Splitter(delimiter, offset)
    try:
        for data in stream:
            yield from splitter.feed(data, is_final=False)
    except DamagedError as error:
        if not splitter.is_skipping:
            yield Flaw(splitter.offset, str(error), splitter.rest[:HEAD_BYTES])
        return
    yield from splitter.feed(b"", is_final=True)


def cut_records(piece: Piece, delimiter: str, block_size: int) -> list[int]:
    """Find where an uncompressed piece can be cut; reads all of it, once.

    Returns
    -------
    list of int
        Ends of records, each at least *block_size* behind the one before, and the end
        of the piece.
    """
    cuts = [piece.start]
    for chunk in read_records(piece, delimiter, 0, size=min(CHUNK, block_size)):
        if isinstance(chunk, Records):
            end = chunk.offset + len(chunk.data)
            if end - cuts[-1] >= block_size:
                cuts.append(end)
    return (
        [*cuts[1:-1], piece.stop] if cuts[-1] == piece.stop else [*cuts[1:], piece.stop]
    )


def count_delimited(piece: Piece, limit: int) -> tuple[int, int]:
    """Count the records of a piece, up to *limit*, and about their bytes."""
    n_records = n_bytes = 0
    if piece.layout is None:
        return n_records, n_bytes
    chunks = read_records(piece, piece.layout.delimiter, piece.layout.data_start)
    for chunk in take_records(chunks, limit):
        n_records += chunk.n_records
        n_bytes += len(chunk.data) if isinstance(chunk, Records) else 0
    return n_records, n_bytes


class _Splitter:
    """Holds the record that has not ended yet."""

    def __init__(self, delimiter: str, offset: int) -> None:
        self.delimiter = delimiter
        self.offset = offset
        self.rest = b""
        self.is_skipping = False

    def feed(self, data: bytes, *, is_final: bool) -> Iterator[Records | Flaw]:
        """Take some more bytes; yield what is whole then."""
        self.rest += data
        while self.rest:
            if self.is_skipping and not self._skip_line():
                return
            yield from self._take_whole(is_final=is_final)
            if not self.rest or not (is_final or self._is_stuck):
                return
            yield Flaw(self.offset, _UNCLOSED, self.rest[:HEAD_BYTES])
            self.is_skipping = True

    def _take_whole(self, *, is_final: bool) -> Iterator[Records]:
        ends = find_record_ends(self.rest, self.delimiter, is_final=is_final)
        is_long = np.diff(ends, prepend=0) > MAX_RECORD
        ends = ends[: np.argmax(is_long)] if is_long.any() else ends
        self._is_stuck = bool(is_long.any())
        start = 0
        for portion in np.split(ends, range(MAX_ROWS, len(ends), MAX_ROWS)):
            if portion.size:
                data = self.rest[start : portion[-1]]
                yield Records(data, portion - start, self.offset + start)
                start = int(portion[-1])
        self.rest, self.offset = self.rest[start:], self.offset + start
        self._is_stuck |= len(self.rest) > MAX_RECORD

    def _skip_line(self) -> bool:
        """Drop what is left of a line; return whether it has ended."""
        end = self.rest.find(b"\n") + 1
        dropped = end or len(self.rest)
        self.rest, self.offset = self.rest[dropped:], self.offset + dropped
        self.is_skipping = end == 0
        return end > 0


def _skip(stream: Iterable[bytes], n: int) -> Iterator[bytes]:
    for data in stream:
        if n < len(data):
            yield data[n:]
        n = max(n - len(data), 0)


def _stop_after(stream: Iterable[bytes], n: int) -> Iterator[bytes]:
    for data in stream:
        yield data[:n]
        n -= len(data)
        if n <= 0:
            return
