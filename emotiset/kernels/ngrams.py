"""Hashed byte n-grams, from Arrow's offsets and bytes to CSR.

No text becomes a Python object on the way.  Positions are unsigned: behind a signed
index numba puts a test for negative ones, and the loops here took half as long again.
"""

import numpy as np

from emotiset.kernels._jit import jitable, njit
from emotiset.kernels.columns import count_slots, keep_distinct
from emotiset.kernels.folding import fold_white_space

_0, _1, _2, _3, _4, _8, _13, _16, _24 = map(np.uint64, (0, 1, 2, 3, 4, 8, 13, 16, 24))
_NUL = np.uint8(0)

_MURMUR_1, _MURMUR_2 = np.uint64(0x85EBCA6B), np.uint64(0xC2B2AE35)
_LOW_32 = np.uint64(0xFFFFFFFF)


def scratch_sizes(longest_text: int, n_features: int) -> tuple[int, int]:
    """Return the sizes of the two scratch arrays that `hash_byte4` needs.

    Parameters
    ----------
    longest_text : int
        Bytes.
    n_features : int
        Columns.

    Returns
    -------
    n_folded, n_slots : int
        See `emotiset.kernels.columns.count_slots`.
    """
    return max(longest_text, 4), count_slots(longest_text, n_features)


@njit("paper")
def hash_byte4(offsets, data, n_features, folded, slots, indptr, indices):
    """Hash each text's distinct byte 4-grams into columns.

    A run of white space counts as one blank and none at either end, so what is
    removed from a text between two blanks leaves no trace.  A text shorter than four
    bytes is padded with NULs to one 4-gram; an empty one has no feature.  The columns
    of a row stand in the order in which they first occur.

    Parameters
    ----------
    offsets : uint64[n_rows + 1]
        Text r is ``data[offsets[r]:offsets[r + 1]]``.
    data : uint8[n_bytes]
        UTF-8.
    n_features : int
        Columns, a power of two up to 2**31.
    folded, slots : uint8[n_folded], uint32[n_slots]
        Scratch, of the sizes that `scratch_sizes` gives.
    indptr : uint64[n_rows + 1]
        Written.
    indices : uint32[offsets[-1] - offsets[0] + n_rows]
        Written; the first ``indptr[-1]`` entries count.
    """
    column_mask = np.uint64(n_features - 1)
    top = _0
    indptr[0] = top
    for row in range(len(offsets) - 1):
        n_bytes = fold_white_space(data, offsets[row], offsets[row + 1], folded)
        while _0 < n_bytes < _4:
            folded[n_bytes] = _NUL
            n_bytes += _1
        stop = top
        if n_bytes > _0:
            stop += n_bytes - _3
        # A loop of its own, which LLVM turns into vector instructions.
        for k in range(stop - top):
            gram = folded[k], folded[k + _1], folded[k + _2], folded[k + _3]
            indices[top + k] = mix_byte4(*gram) & column_mask
        top = keep_distinct(indices, top, stop, slots)
        indptr[row + 1] = top


@jitable
def mix_byte4(first, second, third, fourth):
    """Return the 32-bit hash of a byte 4-gram."""
    # The finalizer of MurmurHash3: one-to-one on 32 bits, and each bit of the gram
    # moves each bit of the result.  In 64 bits, where no product overflows.
    h = np.uint64(first) | np.uint64(second) << _8
    h |= np.uint64(third) << _16 | np.uint64(fourth) << _24
    h ^= h >> _16
    h = (h * _MURMUR_1) & _LOW_32
    h ^= h >> _13
    h = (h * _MURMUR_2) & _LOW_32
    return h ^ (h >> _16)
