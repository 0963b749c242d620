"""Hashed byte n-grams, from Arrow's offsets and bytes to CSR.

No text becomes a Python object on the way.
"""

import numpy as np

from emotiset.kernels._jit import njit

# White space is what `str.split` splits at.  Of its characters these are one byte
# in UTF-8; the others begin with 0xC2, 0xE1, 0xE2 or 0xE3.
_IS_WHITE = np.zeros(256, np.int64)
_IS_WHITE[[9, 10, 11, 12, 13, 28, 29, 30, 31, 32]] = 1
_BLANK = np.uint8(32)
_NUL = np.uint8(0)
_FOLDED = np.arange(256).astype(np.uint8)
_FOLDED[_IS_WHITE == 1] = _BLANK

_FREE = -1
_SLOTS_PER_GRAM = 4  # a table this much larger than its content is probed about once
_LEAST_SLOTS = 64


def scratch_sizes(longest_row, n_features):
    """Return the sizes of the two scratch arrays that `hash_byte4` needs.

    Parameters
    ----------
    longest_row : int
        Bytes of the longest text.
    n_features : int
        Columns.

    Returns
    -------
    n_folded, n_slots : int
        ``n_slots`` is a power of two and at least twice the columns a row can have.
    """
    n_slots = _LEAST_SLOTS
    most_columns = min(longest_row, n_features)
    while n_slots < _SLOTS_PER_GRAM * most_columns:
        n_slots *= 2
    return longest_row + 4, n_slots


@njit
def hash_byte4(offsets, data, n_features, folded, slots, indptr, indices):
    """Hash each text's distinct byte 4-grams into columns.

    A run of white space counts as one blank and none at either end, so what is
    removed from a text between two blanks leaves no trace.  A text shorter than four
    bytes is padded with NULs to one 4-gram; an empty one has no feature.  The columns
    of a row stand in the order in which they first occur.

    Parameters
    ----------
    offsets : int64[n_rows + 1]
        Text r is ``data[offsets[r]:offsets[r + 1]]``.
    data : uint8[n_bytes]
        UTF-8.
    n_features : int
        Columns, a power of two up to 2**31.
    folded, slots : uint8[n_folded], int32[n_slots]
        Scratch, of the sizes that `scratch_sizes` gives.
    indptr : int64[n_rows + 1]
        Written.
    indices : int32[offsets[-1] - offsets[0] + 4 * n_rows]
        Written; the first ``indptr[-1]`` entries count.
    """
    column_mask = np.uint32(n_features - 1)
    top = 0
    indptr[0] = 0
    for row in range(len(offsets) - 1):
        n_bytes = _fold_white_space(data, offsets[row], offsets[row + 1], folded)
        while 0 < n_bytes < 4:
            folded[n_bytes] = _NUL
            n_bytes += 1
        n_grams = max(n_bytes - 3, 0)
        # A loop of its own, which LLVM turns into vector instructions.
        for k in range(n_grams):
            indices[top + k] = _mix(folded, k) & column_mask
        top = _keep_distinct(indices, top, n_grams, slots)
        indptr[row + 1] = top
