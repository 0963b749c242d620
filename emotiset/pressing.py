"""Arrays that are mostly zero, pressed to what is not, to be kept and sent.

A member of a small part has seen few columns, and an array of all of them is 8 MB: of
16 members sent from process to process that took longer than to train them.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Pressed:
    """An array of which less than half is not zero.

    Attributes
    ----------
    shape
        Of the array.
    where : uint32[n]
        Places that are not zero, of the array as a row.
    others
        What stands there.
    """

    shape: tuple[int, ...]
    where: NDArray[np.uint32]
    others: NDArray[Any]


def press(array: NDArray[Any]) -> NDArray[Any] | Pressed:
    """Press an array, if less than half of it is not zero.

    Parameters
    ----------
    array
        C-contiguous, of 4 bytes an element; at most 2^32 of them.

    Examples
    --------
    >>> pressed = press(np.float32([0, -0.0, 7, 0, 0]))  # a negative zero is kept
    >>> pressed.where.tolist(), pressed.others.tolist(), release(pressed).tolist()
    ([1, 2], [-0.0, 7.0], [0.0, -0.0, 7.0, 0.0, 0.0])
    """
    row = array.reshape(-1)
    bits = row.view(np.uint32)
    if 2 * np.count_nonzero(bits) >= len(row):  # and their places take no memory
        return array
    where = np.flatnonzero(bits).astype(np.uint32)
    return Pressed(array.shape, where, row[where])


def release(array: NDArray[Any] | Pressed) -> NDArray[Any]:
    """Return the array that was pressed; one that was not is handed on as it is."""
    if not isinstance(array, Pressed):
        return array
    released = np.zeros(array.shape, array.others.dtype)
    released.reshape(-1)[array.where] = array.others
    return released


def add_to(total: NDArray[Any], array: NDArray[Any] | Pressed) -> None:
    """Add an array to *total*, in place."""
    if isinstance(array, Pressed):
        total.reshape(-1)[array.where] += array.others
    else:
        total += array
