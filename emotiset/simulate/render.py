"""Many lines at once: a table of segment numbers becomes text by one Arrow take.

Every byte string that a line can hold (a word, a number, a stretch of JSON between
two values) stands in a `Pool` under a number.  A line is a row of such numbers, and
Arrow's ``take`` joins the rows at the speed of copying.  No Python string per line.
"""

import json
import re
from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from emotiset.simulate.draws import Ints

Ids = npt.NDArray[np.int32]

EMPTY: Final = 0  # number of the segment without bytes
_GROUP: Final = 10_000  # a number is joined from groups of four digits
_WEEKDAYS: Final = "Thu Fri Sat Sun Mon Tue Wed"  # 1970 began on a Thursday
_MONTHS: Final = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"


class Pool:
    """Segments under numbers, in named runs: ``pool["month"] + 3`` is April's.

    It begins with the empty segment and with what numbers and dates need.
    """

    def __init__(self) -> None:
        self._first: dict[str, int] = {}
        self._segments = [b""]
        self._n_chars = [0]
        self.add("plain", [str(number) for number in range(_GROUP)])
        self.add("padded", [f"{number:04}" for number in range(_GROUP)])
        self.add("weekday", _WEEKDAYS.split())
        self.add("month", (f" {name} " for name in _MONTHS.split()))
        self.add("day", (f"{day:02} " for day in range(1, 32)))
        self.add("minute", (f"{t // 60:02}:{t % 60:02}:" for t in range(24 * 60)))
        self.add("second", (f"{second:02} +0000 " for second in range(60)))

    def add(self, name: str, texts: Iterable[str]) -> None:
        r"""Add a run of *texts*, to stand inside JSON strings: escaped as the API does.

        Non-ASCII characters become ``\uXXXX`` and a slash gets a backslash.
        """
        texts = list(texts)
        joined = json.dumps("\n".join(texts))[1:-1].replace("/", r"\/")
        self.add_raw(name, joined.encode().split(rb"\n"))
        self._n_chars[-len(texts) :] = [len(text) for text in texts]

    def add_raw(self, name: str, segments: Iterable[bytes]) -> None:
        """Add a run of *segments* as they are."""
        segments = list(segments)
        self._first[name] = len(self._segments)
        self._segments += segments
        self._n_chars += [len(segment) for segment in segments]

    def segments(self) -> pa.Array:
        """Return all segments so far, for `join_segments`."""
        return pa.array(self._segments, pa.binary())

    def n_chars(self) -> Ints:
        """Return the length of each segment in characters, as JSON decodes it."""
        return np.array(self._n_chars)

    def __getitem__(self, name: str) -> int:
        """Return the number of the first segment of a run."""
        return self._first[name]

    def spell_numbers(self, values: Ints, n_groups: int) -> Ids:
        """Return the segments that write numbers, int32[n, n_groups].

        Parameters
        ----------
        values : int64[n]
            From 0, and below ``10 ** (4 * n_groups)``.
        n_groups
            Segments for each; those that a small number does not need are empty.
        """
        spelled = np.empty((len(values), n_groups), np.int32)
        for group in reversed(range(n_groups)):
            higher, digits = np.divmod(values, _GROUP)
            lead = np.where((digits > 0) | (values > 0), self["plain"] + digits, EMPTY)
            spelled[:, group] = np.where(higher > 0, self["padded"] + digits, lead)
            values = higher
        spelled[spelled[:, -1] == EMPTY, -1] = self["plain"]
        return spelled

    def spell_dates(self, milliseconds: Ints) -> Ids:
        """Return the segments that write ``Mon Jan 04 00:00:03 +0000 2016``.

        Parameters
        ----------
        milliseconds : int64[n]
            Since 1970, UTC.

        Returns
        -------
        int32[n, 6]
        """
        seconds = milliseconds // 1000
        days = seconds // 86_400
        date = days.astype("datetime64[D]")
        months = date.astype("datetime64[M]")
        years = 1970 + months.astype(np.int64) // 12
        spelled = np.empty((len(seconds), 6), np.int32)
        spelled[:, 0] = self["weekday"] + days % 7
        spelled[:, 1] = self["month"] + months.astype(np.int64) % 12
        spelled[:, 2] = self["day"] + (date - months).astype(np.int64)
        spelled[:, 3] = self["minute"] + seconds % 86_400 // 60
        spelled[:, 4] = self["second"] + seconds % 60
        spelled[:, 5] = self["plain"] + years
        return spelled


class Template:
    """A text with slots, such as ``{"id":$id}``, whose fixed parts are in a pool."""

    def __init__(self, pool: Pool, text: str) -> None:
        parts = re.split(r"\$(\w+)", text)
        pool.add_raw(text, (part.encode() for part in parts[::2]))
        self._fixed = range(pool[text], pool[text] + len(parts[::2]))
        self._slots = parts[1::2]

    def fill(self, **values: Ids) -> Ids:
        """Return the rows of segments, int32[n, any], with *values* in the slots.

        Parameters
        ----------
        **values : int32[n, any]
            Segments for each slot; a slot that occurs twice is filled twice.
        """
        width = len(self._fixed) + sum(values[slot].shape[1] for slot in self._slots)
        filled = np.empty((len(values[self._slots[0]]), width), np.int32)
        filled[:, 0] = self._fixed[0]
        start = 1
        for slot, fixed in zip(self._slots, self._fixed[1:], strict=True):
            stop = start + values[slot].shape[1]
            filled[:, start:stop] = values[slot]
            filled[:, stop] = fixed
            start = stop + 1
        return filled


def as_column(segments: Ints) -> Ids:
    """Return one segment for each row as int32[n, 1]."""
    return segments.astype(np.int32)[:, None]


def join_segments(segments: pa.Array, rows: npt.NDArray[np.integer]) -> pa.Array:
    """Join each row of segments to one.

    Parameters
    ----------
    segments
        Binary array.
    rows : int[n, width]
        Numbers into *segments*.

    Returns
    -------
    pa.BinaryArray
        One value for each row.

    Examples
    --------
    >>> segments = pa.array([b"", b"so ", b"it goes"], pa.binary())
    >>> join_segments(segments, np.array([[1, 1, 2], [0, 0, 0]])).to_pylist()
    [b'so so it goes', b'']
    """
    is_there = rows != EMPTY  # most are empty, and cost as much as others to take
    pieces = segments.take(pa.array(rows[is_there]))
    _, offsets, data = pieces.buffers()
    ends = np.concatenate([[0], np.cumsum(np.count_nonzero(is_there, axis=1))])
    offsets = np.frombuffer(offsets, np.int32)[ends]
    return pa.Array.from_buffers(
        pa.binary(),
        len(rows),
        [None, pa.py_buffer(offsets), data.slice(0, int(offsets[-1]))],
    )
