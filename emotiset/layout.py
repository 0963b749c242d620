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
AT_ONCE: Final = 4  # columns that are written or taken apart together, and held


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
    matrix = np.empty((len(columns[0]), len(columns)), np.float32)
    lay_into(matrix, range(len(columns)), columns)
    return matrix


def lay_into(
    matrix: NDArray[np.float32],
    places: Sequence[int],
    columns: Sequence[NDArray[np.float32]],
) -> None:
    """Write columns to their *places* in a matrix; the more at once, the quicker.

    Parameters
    ----------
    matrix : float32[n_rows, n_columns]
    places
        Number of each column.
    columns : float32[n_rows]
    """
    for start in range(0, len(matrix), _ROWS):
        rows = slice(start, start + _ROWS)
        for place, column in zip(places, columns, strict=True):
            matrix[rows, place] = column[rows]


def take_apart(matrix: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """Yield the columns of a matrix, each C-contiguous; at most four are held.

    Examples
    --------
    >>> [column.tolist() for column in take_apart(np.float32([[1, 3], [2, 4]]))]
    [[1.0, 2.0], [3.0, 4.0]]
    """
    n_rows, n_columns = matrix.shape
    for first in range(0, n_columns, AT_ONCE):
        some = matrix[:, first : first + AT_ONCE]
        columns = np.empty(some.shape[::-1], np.float32)
        for start in range(0, n_rows, _ROWS):
            rows = slice(start, start + _ROWS)
            columns[:, rows] = some[rows].T
        yield from columns
