"""Lines that can carry a symbol are decoded; the others are counted, and passed over.

The scan looks at a line alone, so what it passes over depends on no block.  That the
input is what it should be is judged by the lines that are decoded and by the first
lines of each piece, which are decoded in any case: for this alone, since the bin of a
line is the scan's.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Self

import numpy as np

from emotiset.kernels.scanning import EMPTY, KEPT, PASSED
from emotiset.scan import LineKinds
from emotiset.schema import TWEETS, empty_batch
from emotiset.sources.blocks import (
    HEAD_BYTES,
    Flaw,
    Piece,
    Reading,
    Seen,
)
from emotiset.sources.lines import (
    MAX_RECORD,
    TOO_LONG,
    Lines,
    open_runs,
    take_records,
)
from emotiset.sources.opening import DamagedError

Find = Callable[[bytes], LineKinds]
Decode = Callable[[Lines, str], Reading]

_HEAD_LINES: Final = 64  # of a piece, decoded whatever the scan says
_ENOUGH_LINES: Final = 4_096  # to decode at once; a batch has about 1 ms of fixed cost
_ENOUGH_BYTES: Final = 8 << 20


@dataclass(frozen=True)
class PickedLines(Lines):
    """Some lines of a file, with others between them.

    Attributes
    ----------
    places
        Where each begins.
    """

    places: list[int] = field(default_factory=list)

    def offsets(self) -> list[int]:
        """Return where each line begins in the file."""
        return self.places


@dataclass(frozen=True)
class Portion:
    """Whole lines that follow each other in a file, and what the scan says of them."""

    data: bytes
    offset: int
    found: LineKinds

    @property
    def n_records(self) -> int:
        """Each line is one record."""
        return len(self.found.kinds)

    def first(self, n: int) -> Self:
        """Return the first *n* lines."""
        starts, kinds = self.found
        found = LineKinds(starts[: n + 1], kinds[:n])
        return type(self)(self.data, self.offset, found)


def read_scanned(
    piece: Piece, limit: int | None, find: Find, decode: Decode
) -> Iterator[Reading]:
    """Read the lines of a piece that can carry a symbol.

    Parameters
    ----------
    piece
        Of a file of lines.
    limit
        Records to read at most; None: all.
    find
        Tells which of some whole lines are to be decoded.
    decode
        Makes a reading of lines and the name of their source.

    Yields
    ------
    Reading
        The lines passed over are in its bin ``no_symbol``.

    Raises
    ------
    InputError
        If the file cannot be opened or read.
    """
    picked = _Picked(piece.source, decode)
    portions = (
        each if isinstance(each, Flaw) else Portion(each[1], each[0], find(each[1]))
        for run in open_runs(piece)
        for each in join_lines(run)
    )
    for portion in take_records(portions, limit):
        if isinstance(portion, Flaw):
            yield from picked.flush()
            yield portion.to_reading(piece.source)
            continue
        picked.add(portion)
        if picked.is_enough:
            yield from picked.flush()
    yield from picked.flush()


class _Picked:
    """Lines to decode, and counts of the others, until there is enough for a batch."""

    def __init__(self, source: str, decode: Decode) -> None:
        self._source, self._decode = source, decode
        self._n_lines = 0  # so far in the piece
        self._clear()

    def _clear(self) -> None:
        self._kept = PickedLines([], 0)
        self._head = PickedLines([], 0)
        self._n_passed = self._n_blank = self._n_bytes = 0

    @property
    def is_enough(self) -> bool:
        """Whether to decode what there is."""
        return len(self._kept.lines) >= _ENOUGH_LINES or self._n_bytes >= _ENOUGH_BYTES

    def add(self, portion: Portion) -> None:
        """Take the lines of a portion."""
        kinds = portion.found.kinds
        kept = np.flatnonzero(kinds == KEPT)
        self._n_bytes += _pick(portion, kept, self._kept)
        if self._n_lines < _HEAD_LINES:
            head = kinds[: _HEAD_LINES - self._n_lines]
            _pick(portion, np.flatnonzero(head == PASSED), self._head)
        self._n_lines += len(kinds)
        self._n_blank += int(np.count_nonzero(kinds == EMPTY))
        self._n_passed += int(np.count_nonzero(kinds == PASSED))

    def flush(self) -> Iterator[Reading]:
        """Yield the reading of all that was taken."""
        if self._kept.lines or self._n_passed or self._n_blank:
            yield self._read()
        self._clear()

    def _read(self) -> Reading:
        reading = Reading(self._source, empty_batch(TWEETS), {}, ())
        if self._kept.lines:
            reading = self._decode(self._kept, self._source)
        looked_at, rejects = reading.looked_at, reading.rejects
        if self._head.lines:
            head = self._decode(self._head, self._source)
            looked_at, rejects = looked_at + head.looked_at, head.rejects + rejects
        bins = dict(reading.bins)
        for name, count in (("no_symbol", self._n_passed), ("blank", self._n_blank)):
            if count:
                bins[name] = bins.get(name, 0) + count
        looked_at += Seen(n_records=self._n_blank, n_lost=self._n_blank)
        tweets, deleted = reading.tweets, reading.deleted
        return Reading(self._source, tweets, bins, rejects, looked_at, deleted)


def _pick(portion: Portion, rows: np.ndarray, lines: PickedLines) -> int:
    """Append some lines of a portion to *lines*; return their bytes."""
    data, starts = portion.data, portion.found.starts
    begins, ends = starts[rows], starts[rows + 1]
    stops = ends - 1
    if rows.size and ends[-1] == len(data) and not data.endswith(b"\n"):
        stops[-1] += 1  # the last line of a file may lack its line end
    spans = zip(begins.tolist(), stops.tolist(), strict=True)
    lines.lines.extend([data[begin:stop] for begin, stop in spans])
    lines.places.extend((begins + portion.offset).tolist())
    return int((ends - begins).sum())


def join_lines(
    stream: Iterable[tuple[int, bytes]],
) -> Iterator[tuple[int, bytes] | Flaw]:
    r"""Cut a stream of chunks so that each holds whole lines.

    Gives the lines and the flaws that `split_lines` gives, but uncut.

    Examples
    --------
    >>> list(join_lines([(0, b"a\nb"), (3, b"c\n\nd")]))
    [(0, b'a\n'), (2, b'bc\n\n'), (6, b'd')]
    """
    rest = _Rest()
    try:
        for offset, data in stream:
            end = data.find(b"\n") + 1
            if end and rest.n_bytes + end - 1 > MAX_RECORD:
                rest.add(offset, data[:end])
                yield rest.to_flaw(TOO_LONG)
                offset, data = offset + end, data[end:]
            end = data.rfind(b"\n") + 1
            if end:
                start = rest.start if rest.parts else offset
                yield start, rest.take(memoryview(data)[:end])
                offset, data = offset + end, data[end:]
            rest.add(offset, data)
    except DamagedError as error:
        yield rest.to_flaw(str(error))
        return
    if rest.n_bytes > MAX_RECORD:
        yield rest.to_flaw(TOO_LONG)
    elif rest.parts:
        yield rest.start, rest.take(b"")


class _Rest:
    """The line that has not ended yet; of one that is too long, the head."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.start = self.n_bytes = 0

    def add(self, offset: int, data: bytes) -> None:
        """Take more of the line."""
        if not self.parts:
            self.start = offset
        if data:
            self.parts.append(data)
        self.n_bytes += len(data)
        if self.n_bytes > MAX_RECORD:
            self.parts = [b"".join(self.parts)[:HEAD_BYTES]]

    def take(self, data: bytes | memoryview) -> bytes:
        """Return the line and what follows it, and begin anew."""
        whole = b"".join([*self.parts, data])
        self.parts, self.n_bytes = [], 0
        return whole

    def to_flaw(self, reason: str) -> Flaw:
        """Return the line as a flaw, and begin anew."""
        start = self.start
        return Flaw(start, reason, self.take(b"")[:HEAD_BYTES])
