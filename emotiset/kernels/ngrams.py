"""Hashed byte n-grams, from Arrow's offsets and bytes to CSR.

No text becomes a Python object on the way.  Positions are unsigned: behind a signed
index numba puts a test for negative ones, and the loops here took half as long again.
"""

import numpy as np

from emotiset.kernels._jit import njit

_0, _1, _2, _3, _4, _8, _13, _16, _24 = map(np.uint64, (0, 1, 2, 3, 4, 8, 13, 16, 24))

# White space is what `str.split` splits at.  Of its characters these are one byte
# in UTF-8; the others begin with 0xC2, 0xE1, 0xE2 or 0xE3.
_IS_WHITE = np.zeros(256, np.uint64)
_IS_WHITE[[9, 10, 11, 12, 13, 28, 29, 30, 31, 32]] = 1
_BLANK = np.uint8(32)
_NUL = np.uint8(0)
_FOLDED = np.arange(256).astype(np.uint8)
_FOLDED[_IS_WHITE == 1] = _BLANK

_MURMUR_1, _MURMUR_2 = np.uint64(0x85EBCA6B), np.uint64(0xC2B2AE35)
_LOW_32 = np.uint64(0xFFFFFFFF)

_FREE = np.uint32(0xFFFFFFFF)  # above every column
_LEAST_SLOTS = np.uint64(64)
_SLOTS_PER_GRAM = np.uint64(8)  # so roomy that most grams find a free slot at once


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
        ``n_slots`` is a power of two and more than a row can have columns.
    """
    n_slots = 4096
    while n_slots < 2 * min(longest_text, n_features):
        n_slots *= 2
    return max(longest_text, 4), n_slots


@njit
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
        top = _keep_distinct(indices, top, stop, slots)
        indptr[row + 1] = top


@njit
def fold_white_space(data, start, stop, folded):
    """Write a text with white space folded; return the number of its bytes."""
    # Writes every byte and moves on only past those that stay: no branch to
    # mispredict at the end of each word, which doubles the speed.
    n_folded = _0
    after_white = _1
    position = start
    while position < stop:
        byte = data[position]
        position += _1
        is_white = _IS_WHITE[byte]
        if 0xC2 <= byte <= 0xE3:
            second = data[position] if position < stop else _NUL
            third = data[position + _1] if position + _1 < stop else _NUL
            n_more = _wide_white(byte, second, third)
            if n_more > _0:
                position += n_more
                is_white = _1
                byte = _BLANK
        folded[n_folded] = _FOLDED[byte]
        n_folded += _1 - (is_white & after_white)
        after_white = is_white
    if n_folded > _0:
        n_folded -= after_white
    return n_folded


@njit
def _wide_white(first, second, third):
    # How many bytes of a white-space character follow its first, 0 if it is none.
    if first == 0xC2:  # U+0085, U+00A0
        return _1 if second == 0x85 or second == 0xA0 else _0
    if first == 0xE2 and second == 0x80:  # U+2000 to U+200A, U+2028, U+2029, U+202F
        is_white = 0x80 <= third <= 0x8A or third in (0xA8, 0xA9, 0xAF)
    elif first == 0xE2:
        is_white = second == 0x81 and third == 0x9F  # U+205F
    elif first == 0xE3:
        is_white = second == 0x80 and third == 0x80  # U+3000
    else:
        is_white = first == 0xE1 and second == 0x9A and third == 0x80  # U+1680
    return _2 if is_white else _0


@njit
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


@njit
def _keep_distinct(indices, start, stop, slots):
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
