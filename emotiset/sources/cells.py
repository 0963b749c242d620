"""Cells of delimited records, a column at a time, as Arrow text."""

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from emotiset.sources.door import decode_utf8
from emotiset.sources.quotes import Int64, find_delimiters
from emotiset.sources.records import Records

_QUOTE: Final = ord('"')
_LF, _CR = ord("\n"), ord("\r")


class Cells:
    """Where the cells of some records are.

    Attributes
    ----------
    n_cells : int64[n_records]
        Cells of each record.
    starts, stops : int64[n_records]
        Where each record begins and ends in the data, line end not included.
    """

    def __init__(self, records: Records, delimiter: str) -> None:
        self._data = records.data
        self._array = np.frombuffer(records.data, np.uint8)
        self._delimiters = find_delimiters(records.data, delimiter)
        self._firsts = np.searchsorted(self._delimiters, records.starts)
        self.starts = records.starts
        self.stops = _drop_line_ends(self._array, records.starts, records.ends)
        n_delimiters = np.searchsorted(self._delimiters, records.ends) - self._firsts
        self.n_cells: Int64 = n_delimiters + 1

    def take(self, rows: Int64, column: int) -> pa.Array:
        r"""Return one cell of each of some rows, without its quotes.

        Parameters
        ----------
        rows : int64[n]
            Ascending; all are UTF-8 and have the same number of cells.
        column
            Which cell.

        Returns
        -------
        pa.Array of string[n]
            No nulls.

        Examples
        --------
        >>> records = Records(b'1,"a ""b"", c"\n', np.array([15]), 0)
        >>> Cells(records, ",").take(np.array([0]), 1).to_pylist()
        ['a "b", c']
        """
        if not rows.size:
            return pa.array([], pa.string())
        starts, stops = self._bounds(rows, column)
        last = np.maximum(stops - 1, starts)
        last = np.minimum(last, len(self._array) - 1)
        opens = (stops > starts) & (self._array[np.minimum(starts, last)] == _QUOTE)
        if not opens.any():
            return self._slice(starts, stops)
        closes = opens & (stops - starts >= 2) & (self._array[last] == _QUOTE)
        inner = self._slice(starts + closes, stops - closes)
        return _unquote(inner, self._slice(starts, stops), opens, closes)

    def record(self, row: int) -> bytes:
        """Return one record, without its line end."""
        return self._data[self.starts[row] : self.stops[row]]

    def _bounds(self, rows: Int64, column: int) -> tuple[Int64, Int64]:
        firsts = self._firsts[rows]
        is_last = column == self.n_cells[rows[0]] - 1
        starts = (
            self.starts[rows]
            if column == 0
            else self._delimiters[firsts + column - 1] + 1
        )
        stops = self.stops[rows] if is_last else self._delimiters[firsts + column]
        return starts, stops

    def _slice(self, starts: Int64, stops: Int64) -> pa.Array:
        """Return stretches of the data; they do not overlap and ascend."""
        # One array of the stretches and what lies between them needs no copy.
        offsets = np.stack([starts, stops], axis=1).astype(np.int32).reshape(-1)
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(self._data)]
        both = pa.Array.from_buffers(pa.binary(), len(offsets) - 1, buffers)
        return decode_utf8(both.take(pa.array(np.arange(0, len(both), 2), pa.int64())))


def split_record(record: bytes, delimiter: str) -> list[str]:
    r"""Return the cells of one record; what is no UTF-8 is replaced.

    Examples
    --------
    >>> split_record(b'id;"a;b";\xff', ";")
    ['id', 'a;b', '�']
    """
    sound = record.decode(errors="replace").encode()
    cells = Cells(Records(sound, np.array([len(sound)]), 0), delimiter)
    row = np.array([0])
    columns = range(int(cells.n_cells[0]))
    return [cells.take(row, column)[0].as_py() for column in columns]


def _drop_line_ends(array: npt.NDArray[np.uint8], starts: Int64, ends: Int64) -> Int64:
    stops = ends.copy()
    for character in (_LF, _CR):
        has_end = (stops > starts) & (array[np.maximum(stops - 1, 0)] == character)
        stops = stops - has_end
    return stops


def _unquote(
    inner: pa.Array,
    whole: pa.Array,
    opens: npt.NDArray[np.bool_],
    closes: npt.NDArray[np.bool_],
) -> pa.Array:
    """Undo the doubling of quotes, and look closer at what stands behind them.

    Parameters
    ----------
    inner : string[n]
        Cells without a quote at both ends, where there is one at both.
    whole : string[n]
        The same cells as they stand.
    opens, closes : bool[n]
        Whether a cell begins with a quote, and whether it ends with another one too.
    """
    text = pc.if_else(pa.array(closes), pc.replace_substring(inner, '""', '"'), inner)
    has_single = pc.match_substring(pc.replace_substring(inner, '""', ""), '"')
    is_odd = opens & (~closes | has_single.to_numpy(zero_copy_only=False))
    if not is_odd.any():
        return text
    odd = [_unquote_odd(cell) for cell in whole.filter(pa.array(is_odd)).to_pylist()]
    return pc.replace_with_mask(text, pa.array(is_odd), pa.array(odd, pa.string()))


def _unquote_odd(cell: str) -> str:
    """Unquote a cell that goes on behind its closing quote.

    Examples
    --------
    >>> _unquote_odd('"a""b"c"d"')
    'a"bc"d"'
    """
    parts: list[str] = []
    at = 1
    while (quote := cell.find('"', at)) >= 0:
        if cell[quote : quote + 2] != '""':
            return "".join([*parts, cell[at:quote], cell[quote + 1 :]])
        parts.append(cell[at : quote + 1])
        at = quote + 2
    return "".join([*parts, cell[at:]])
