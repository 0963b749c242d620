"""Lines of a stretch of a file, without holding more than one chunk of it.

A line belongs to the piece in which it begins, so pieces cut anywhere give each line
once.  What is longer than `MAX_RECORD` is passed over, not held.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, Protocol, Self, TypeVar

from emotiset.sources.blocks import HEAD_BYTES, Flaw, Piece, Reading
from emotiset.sources.opening import CHUNK, DamagedError, read_bytes
from emotiset.sources.stretches import read_stretch

MAX_RECORD: Final = 16 << 20
MAX_ROWS: Final = 16_384  # records that a reader handles at once
_MAX_BYTES: Final = 8 << 20  # and bytes of them; a batch has about 1 ms of fixed cost
BOM: Final = b"\xef\xbb\xbf"
TOO_LONG: Final = f"is longer than {MAX_RECORD >> 20} MB"


@dataclass(frozen=True)
class Lines:
    r"""Lines that follow each other in a file, without their ``\n``.

    Attributes
    ----------
    lines
        At most `MAX_ROWS`.
    offset
        Where the first one begins.
    """

    lines: list[bytes]
    offset: int

    @property
    def n_records(self) -> int:
        """Each line is one record."""
        return len(self.lines)

    def first(self, n: int) -> Self:
        """Return the first *n* lines."""
        return type(self)(self.lines[:n], self.offset)

    def offsets(self) -> list[int]:
        """Return where each line begins in the file."""
        lengths = (len(line) + 1 for line in self.lines[:-1])
        return list(accumulate(lengths, initial=self.offset))


class Chunk(Protocol):
    """Some records, or a flaw."""

    @property
    def n_records(self) -> int:
        """At least 1."""

    def first(self, n: int) -> Self:
        """Return the first *n* records, 1 <= n <= n_records."""


_Chunk = TypeVar("_Chunk", bound=Chunk)


def take_records(chunks: Iterable[_Chunk], limit: int | None) -> Iterator[_Chunk]:
    """Yield chunks until they hold *limit* records; None: all of them."""
    if limit is None:
        yield from chunks
        return
    for chunk in chunks:
        if limit <= 0:
            return
        yield chunk if chunk.n_records <= limit else chunk.first(limit)
        limit -= chunk.n_records


def read_lines(piece: Piece, *, size: int = CHUNK) -> Iterator[Lines | Flaw]:
    """Yield the lines that begin in a piece.

    A byte order mark at the start of the file is dropped.

    Parameters
    ----------
    piece
        Of a file of lines.
    size
        Bytes to read at once.

    Raises
    ------
    InputError
        If the file cannot be opened or read.
    """
    for run in open_runs(piece, size=size):
        yield from split_lines(run)


def open_runs(
    piece: Piece, *, size: int = CHUNK
) -> Iterator[Iterator[tuple[int, bytes]]]:
    """Yield runs of sound data: the lines that begin in a piece, cut anywhere.

    Each run is of chunks with their offset.  Parameters and exceptions are those of
    `read_lines`; only a file that is cut and damaged has more than one run.
    """
    if piece.compression == "bz2" or piece.is_cut:
        for run in read_stretch(piece):
            yield _drop_mark(run) if piece.start == 0 else run
    elif piece.compression != "none":
        yield _with_offsets(read_bytes(piece.where, piece.compression, size=size), 0)
    else:
        # One byte early: a line end there says that a line begins at the start.
        start = max(piece.start - 1, 0)
        stream = read_bytes(piece.where, "none", start=start, size=size)
        yield _trim(_with_offsets(stream, start), piece.start, piece.stop)


def _with_offsets(stream: Iterable[bytes], offset: int) -> Iterator[tuple[int, bytes]]:
    def count() -> Iterator[tuple[int, bytes]]:
        at = offset
        for data in stream:
            yield at, data
            at += len(data)

    return _drop_mark(count())


def _drop_mark(stream: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    """Drop a byte order mark at the start of the file."""
    for offset, data in stream:
        if offset == 0 and data.startswith(BOM):
            yield len(BOM), data[len(BOM) :]
        else:
            yield offset, data


def _trim(
    stream: Iterable[tuple[int, bytes]], start: int, stop: int
) -> Iterator[tuple[int, bytes]]:
    """Cut a stream to the lines that begin from *start* to before *stop*."""
    is_inside = start == 0
    for offset, data in stream:
        if not is_inside:
            cut = data.find(b"\n") + 1
            is_inside = cut > 0
            if not is_inside and offset + len(data) >= stop:
                return
            if not is_inside:
                continue
            offset, data = offset + cut, data[cut:]
            if offset >= stop:
                return
        if offset + len(data) >= stop:
            end = data.find(b"\n", max(stop - 1 - offset, 0)) + 1
            if end:
                yield offset, data[:end]
                return
        yield offset, data


def split_lines(stream: Iterable[tuple[int, bytes]]) -> Iterator[Lines | Flaw]:
    r"""Yield the lines of a stream of chunks.

    Parameters
    ----------
    stream
        Offset and bytes of each chunk.  Each is smaller than `MAX_RECORD`.  Where it
        raises `DamagedError`, the line that is cut there and the damage are one flaw.

    Examples
    --------
    >>> [chunk.lines for chunk in split_lines([(0, b"a\nb"), (3, b"c\n\nd")])]
    [[b'a', b'bc', b'', b'd']]
    """
    waiting = _Waiting()
    rest, start = b"", 0  # the line that has not ended yet; its head, if it is too long
    try:
        for offset, data in stream:
            start = start if rest else offset
            lines = data.split(b"\n")
            lines[0] = lines[0] if not rest else _grow(rest, lines[0])
            rest = lines.pop()
            if lines and len(lines[0]) > MAX_RECORD:
                yield from waiting.flush()
                yield Flaw(start, TOO_LONG, lines[0][:HEAD_BYTES])
                del lines[0]
                start = offset + data.index(b"\n") + 1
            yield from waiting.add(lines, start, len(data))
            start = start if not lines else offset + len(data) - len(rest)
    except DamagedError as error:
        yield from waiting.flush()
        yield Flaw(start, str(error), rest[:HEAD_BYTES])
        return
    is_too_long = len(rest) > MAX_RECORD
    if rest and not is_too_long:
        yield from waiting.add([rest], start, len(rest))
    yield from waiting.flush()
    if is_too_long:
        yield Flaw(start, TOO_LONG, rest[:HEAD_BYTES])


class _Waiting:
    """Lines that follow each other, until they are enough for a batch."""

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self._offset = 0
        self._n_bytes = 0

    def add(self, lines: list[bytes], offset: int, n_bytes: int) -> Iterator[Lines]:
        """Take more lines, which may share *n_bytes*; yield what is enough."""
        if not self._lines:
            self._offset = offset
        self._lines += lines
        self._n_bytes += n_bytes
        if self._n_bytes >= _MAX_BYTES or len(self._lines) >= MAX_ROWS:
            yield from self.flush()

    def flush(self) -> Iterator[Lines]:
        """Yield all that waits."""
        offset = self._offset
        for at in range(0, len(self._lines), MAX_ROWS):
            portion = Lines(self._lines[at : at + MAX_ROWS], offset)
            yield portion
            offset += sum(map(len, portion.lines)) + len(portion.lines)
        self._lines, self._n_bytes = [], 0


def _grow(line: bytes, more: bytes) -> bytes:
    return line if len(line) > MAX_RECORD else line + more


def decode_chunks(
    chunks: Iterable[Lines | Flaw],
    source: str,
    limit: int | None,
    decode: Callable[[Lines, str], Reading],
) -> Iterator[Reading]:
    """Yield the reading of each chunk, up to *limit* records; None: all of them.

    *decode* makes it of some lines and of *source*, which is what rejects name.
    """
    for chunk in take_records(chunks, limit):
        if isinstance(chunk, Flaw):
            yield chunk.to_reading(source)
        else:
            yield decode(chunk, source)


def count_lines(piece: Piece, limit: int) -> tuple[int, int]:
    """Count the records of a piece of lines, up to *limit*, and about their bytes."""
    n_records = n_bytes = 0
    for chunk in take_records(read_lines(piece), limit):
        n_records += chunk.n_records
        if isinstance(chunk, Lines):
            n_bytes += sum(map(len, chunk.lines)) + len(chunk.lines)
    return n_records, n_bytes
