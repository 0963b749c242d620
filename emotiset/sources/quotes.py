r"""Where records and cells of delimited text end, with line ends inside of quotes.

A quote opens at the start of a cell only, ``""`` inside of quotes is one quote, and
what follows a closing quote belongs to the cell as it stands: the rules of Python's
`csv`, which the tests compare with.  Nothing here loops over bytes: only runs of an
odd number of quotes can open or close, so only those are looked at.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]
_Bool = npt.NDArray[np.bool_]

_QUOTE: Final = ord('"')
_LF, _CR = ord("\n"), ord("\r")


def find_record_ends(data: bytes, delimiter: str, *, is_final: bool) -> Int64:
    r"""Find where records end, line end included.

    Parameters
    ----------
    data
        Begins with a record.
    delimiter
        One character.
    is_final
        Whether nothing follows *data*, so that its last record needs no line end.

    Returns
    -------
    int64[n_records]
        Ascending.  A record that is not closed has none.

    Examples
    --------
    >>> find_record_ends(b'a,"b\nc"\nd,e', ",", is_final=False).tolist()
    [8]
    >>> find_record_ends(b'a,"b\nc"\nd,e', ",", is_final=True).tolist()
    [8, 11]
    """
    array = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(array == _LF) + 1
    lone = _lone_returns(array, is_final=is_final)
    if lone.size:
        ends = np.sort(np.concatenate([ends, lone + 1]))
    runs, is_open = _quote_states(array, data, delimiter)
    ends = ends[~_is_quoted(ends, runs, is_open)]
    is_closed = not (is_open.size and is_open[-1])
    if is_final and is_closed and len(data) > (ends[-1] if ends.size else 0):
        ends = np.append(ends, len(data))
    return ends


def find_delimiters(data: bytes, delimiter: str) -> Int64:
    """Find the delimiters that are not inside of quotes.

    Parameters
    ----------
    data
        Whole records.
    delimiter
        One character.

    Returns
    -------
    int64[n]
        Positions, ascending.
    """
    array = np.frombuffer(data, np.uint8)
    found = np.flatnonzero(array == ord(delimiter))
    runs, is_open = _quote_states(array, data, delimiter)
    return found[~_is_quoted(found, runs, is_open)]


def _lone_returns(array: npt.NDArray[np.uint8], *, is_final: bool) -> Int64:
    """Find carriage returns that no line feed follows; the last one may get one."""
    returns: Int64 = np.flatnonzero(array == _CR)
    following = array[np.minimum(returns + 1, len(array) - 1)]
    is_lone: _Bool = following != _LF
    if returns.size and returns[-1] == len(array) - 1:
        is_lone[-1] = is_final
    return returns[is_lone]


def _quote_states(
    array: npt.NDArray[np.uint8], data: bytes, delimiter: str
) -> tuple[Int64, _Bool]:
    """Return where runs of an odd number of quotes begin, and if quotes are open then.

    An odd run at the start of a cell opens; inside of quotes it closes.  Elsewhere,
    such as in ``5" tall``, it is text, and quotes are closed behind it in any case.
    So the state is the parity of the runs of the first kind since the last of the
    second.
    """
    if b'"' not in data:
        return np.empty(0, np.int64), np.empty(0, np.bool_)
    quotes = np.flatnonzero(array == _QUOTE)
    is_first = np.diff(quotes, prepend=-2) != 1
    firsts = np.flatnonzero(is_first)
    is_odd = np.diff(firsts, append=len(quotes)) % 2 == 1
    runs = quotes[firsts[is_odd]]

    before = np.where(runs > 0, array[runs - 1], _LF)
    can_open = np.isin(before, (_LF, _CR, ord(delimiter)))
    n_opening = np.cumsum(can_open)
    n_at_reset = np.maximum.accumulate(np.where(can_open, 0, n_opening))
    is_open = np.equal((n_opening - n_at_reset) % 2, 1)
    return runs, is_open


def _is_quoted(positions: Int64, runs: Int64, is_open: _Bool) -> _Bool:
    if not runs.size:
        return np.zeros(len(positions), np.bool_)
    last_run = np.searchsorted(runs, positions) - 1
    return (last_run >= 0) & is_open[last_run]
