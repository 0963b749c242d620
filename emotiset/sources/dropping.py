"""Rows that became no tweet: each is counted in a bin, and the bad ones are shown."""

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from emotiset.sources.blocks import Reject, make_reject
from emotiset.sources.lines import Lines

BLANK: Final = ("blank", "")

Rows = npt.NDArray[np.int64]
Dropped = tuple[dict[str, int], tuple[Reject, ...]]


def count_dropped(
    source: str,
    rows: Rows,
    explain: Callable[[int], tuple[str, str]],
    locate: Callable[[int], tuple[str, bytes]],
) -> Dropped:
    """Count rows by bin, and make a reject of each that has a reason.

    Parameters
    ----------
    source
        What rejects name.
    rows : int64[n_dropped]
        As `emotiset.sources.door.make_tweets` returns them.
    explain
        Says of a row its bin, and why it is bad; an empty reason is none.
    locate
        Says where a row stands, and what it is.

    Returns
    -------
    bins : dict
    rejects : tuple of Reject
        In the order of *rows*.

    Examples
    --------
    >>> why = [("blank", ""), ("unreadable", "is no JSON")]
    >>> bins, [reject] = count_dropped(
    ...     "/a.json", np.array([0, 1]), why.__getitem__, lambda row: ("byte 1", b"{")
    ... )
    >>> bins, reject.reason
    ({'blank': 1, 'unreadable': 1}, 'is no JSON')
    """
    bins: dict[str, int] = {}
    rejects = []
    for row in rows.tolist():
        name, reason = explain(row)
        bins[name] = bins.get(name, 0) + 1
        if reason:
            where, record = locate(row)
            rejects.append(make_reject(source, where, reason, record))
    return bins, tuple(rejects)


def count_dropped_lines(
    source: str, chunk: Lines, rows: Rows, explain: Callable[[int], tuple[str, str]]
) -> Dropped:
    """Do what `count_dropped` does, for lines."""
    offsets = chunk.offsets() if rows.size else []
    return count_dropped(
        source, rows, explain, lambda row: (f"byte {offsets[row]}", chunk.lines[row])
    )
