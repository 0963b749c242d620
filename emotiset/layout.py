"""Weights of members side by side, as scoring wants them, or one after the other.

Laid side by side at once, each member's weights touch all of the memory of all members,
so that the time grows with the square of their number.  Here it is done in pieces that
fit into a processor's cache.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

_ROWS: Final = 4096
_COLUMNS: Final = 4  # members that are taken apart together, and held


def lay_side_by_side(columns: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return the columns as a C-contiguous matrix.

    Parameters
    ----------
    columns : float32[n_rows]
        At least one.

    Returns
    -------
    float32[n_rows, n_columns]

    Examples
    --------
    >>> lay_side_by_side([np.float32([1, 2]), np.float32([3, 4])]).tolist()
    [[1.0, 3.0], [2.0, 4.0]]
    """
    n_rows = len(columns[0])
    matrix = np.empty((n_rows, len(columns)), np.float32)
    for start in range(0, n_rows, _ROWS):
        rows = slice(start, start + _ROWS)
        for number, column in enumerate(columns):
            matrix[rows, number] = column[rows]
    return matrix


def take_apart(matrix: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """Yield the columns of a matrix, each C-contiguous; at most four are held.

    Examples
    --------
    >>> [column.tolist() for column in take_apart(np.float32([[1, 3], [2, 4]]))]
    [[1.0, 2.0], [3.0, 4.0]]
    """
    n_rows, n_columns = matrix.shape
    for first in range(0, n_columns, _COLUMNS):
        some = matrix[:, first : first + _COLUMNS]
        columns = np.empty(some.shape[::-1], np.float32)
        for start in range(0, n_rows, _ROWS):
            rows = slice(start, start + _ROWS)
            columns[:, rows] = some[rows].T
        yield from columns
