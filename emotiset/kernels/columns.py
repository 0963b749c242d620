"""The columns of one row, each once."""

import numpy as np

from emotiset.kernels._jit import jitable

_1, _2 = np.uint64(1), np.uint64(2)

_FREE = np.uint32(0xFFFFFFFF)  # above every column
_LEAST_SLOTS = np.uint64(64)
_SLOTS_PER_GRAM = np.uint64(8)  # so roomy that most grams find a free slot at once


def count_slots(most_columns: int, n_features: int) -> int:
    """Return the size of the scratch array that `keep_distinct` needs.

    A power of two, and more than a row of *most_columns* can have distinct ones.
    """
    n_slots = 4096
    while n_slots < 2 * min(most_columns, n_features):
        n_slots *= 2
    return n_slots


@jitable
def keep_distinct(indices, start, stop, slots):
    """Keep the first of equal columns in ``indices[start:stop]``; return the new stop.

    Parameters
    ----------
    indices : uint32[at least stop]
        Changed in place; the columns that stay keep their order.
    start, stop : uint64
    slots : uint32[n_slots]
        Scratch, of the size that `count_slots` gives.
    """
    # A hash set in the first-level cache; a column is its own hash.
    n_slots = _LEAST_SLOTS
    while n_slots < _SLOTS_PER_GRAM * (stop - start) and n_slots < len(slots):
        n_slots *= _2
    for slot in range(n_slots):
        slots[slot] = _FREE
    top = start
    for k in range(start, stop):
        column = indices[k]
        slot = np.uint64(column) & (n_slots - _1)
        found = slots[slot]
        while found != _FREE and found != column:
            slot = (slot + _1) & (n_slots - _1)
            found = slots[slot]
        slots[slot] = column
        indices[top] = column
        top += np.uint64(found == _FREE)
    return top
