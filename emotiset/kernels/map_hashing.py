"""Canonical feature maps to rows of a sparse matrix: names and values hashed together.

A word ``name=value`` is a one in the column that all of its bytes hash to, a word
``name:1.5`` the number in the column that ``name:`` hashes to.  A cross of two names is
a column for each pair of their words, hashed from both, whose value is the product.
"""

import numpy as np

from emotiset.kernels._jit import jitable, njit
from emotiset.kernels.hashing import xxh64

_BLANK, _EQUALS, _COLON = np.uint8(32), np.uint8(61), np.uint8(58)
_MINUS, _POINT, _E, _ZERO = np.uint8(45), np.uint8(46), np.uint8(101), np.uint8(48)
_SEED = np.uint64(0)
_LEFT, _RIGHT = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_29, _32 = np.uint64(29), np.uint64(32)

_TENS = 10.0 ** np.arange(23)  # all of them exact


@njit("maps")
def count_words(offsets, data, crosses, out):
    """Write at most how many columns each row has.

    Parameters
    ----------
    offsets : uint64[n_rows + 1]
        Row r is ``data[offsets[r]:offsets[r + 1]]``.
    data : uint8[n_bytes]
        Canonical feature maps, see `emotiset.maps`.
    crosses : uint64[n_crosses, 2]
        Hashes of the names that are crossed.
    out : int64[n_rows, 2]
        Words, and columns with those of the crosses.
    """
    sides = np.empty((len(crosses), 2), np.int64)
    for row in range(len(out)):
        sides[:] = 0
        n = 0
        at, stop = np.int64(offsets[row]), np.int64(offsets[row + 1])
        while at < stop:
            end, split = _find_ends(data, at, stop)
            n += 1
            if len(crosses):
                name = xxh64(data, at, split, _SEED)
                for cross in range(len(crosses)):
                    sides[cross, 0] += name == crosses[cross, 0]
                    sides[cross, 1] += name == crosses[cross, 1]
            at = end + 1
        out[row, 0] = n
        for cross in range(len(crosses)):
            n += sides[cross, 0] * sides[cross, 1]
        out[row, 1] = n


@njit("maps")
def hash_words(offsets, data, crosses, n_features, scratch, slots, indptr, out):
    """Write the columns of each row and what stands in them.

    Parameters
    ----------
    offsets, data, crosses
        As for `count_words`.
    n_features : int
        A power of two.
    scratch : tuple
        ``names`` and ``hashes``, uint64, and ``numbers``, float64: as many as the
        longest row has words.
    slots : int64[n_slots]
        Zeros, as on return; a power of two, at least twice the columns of any row.
    indptr : uint64[n_rows + 1]
        Written.
    out : tuple
        ``indices``, uint32, and ``values``, float32: written, each column once in a
        row; where several words of a row meet in a column, their sum.
    """
    names, hashes, numbers = scratch
    indices, _ = out
    top = 0
    indptr[0] = 0
    for row in range(len(indptr) - 1):
        first = top
        at, stop = np.int64(offsets[row]), np.int64(offsets[row + 1])
        n = 0
        while at < stop:
            end, split = _find_ends(data, at, stop)
            if split < end and data[split] == _COLON:
                numbers[n] = read_number(data, split + 1, end)
                hashes[n] = xxh64(data, at, split + 1, _SEED)
            else:
                numbers[n] = 1.0
                hashes[n] = xxh64(data, at, end, _SEED)
            if len(crosses):
                names[n] = xxh64(data, at, split, _SEED)
            top = _add(hashes[n], numbers[n], n_features, slots, first, top, out)
            n += 1
            at = end + 1
        for cross in range(len(crosses)):
            for one in range(n):
                if names[one] != crosses[cross, 0]:
                    continue
                for other in range(n):
                    is_pair = names[other] == crosses[cross, 1]
                    # A name crossed with itself: each two of its words once.
                    if is_pair and (names[one] != names[other] or one < other):
                        both = _mix(hashes[one] * _LEFT + hashes[other] * _RIGHT)
                        value = numbers[one] * numbers[other]
                        top = _add(both, value, n_features, slots, first, top, out)
        for k in range(first, top):
            _clear(slots, indices[k])
        indptr[row + 1] = top


@jitable
def read_number(data, start, stop):
    """Read a number as Arrow writes a float32: ``-12.5`` or ``1e-07``.

    Up to nine digits are exact as a float64, and so is each power of ten up to 22:
    what comes out rounds to the float32 that was written.
    """
    at = start
    is_negative = at < stop and data[at] == _MINUS
    if is_negative:
        at += 1
    whole, scale = np.int64(0), 0
    is_behind_point = False
    while at < stop and data[at] != _E:
        if data[at] == _POINT:
            is_behind_point = True
        else:
            whole = whole * 10 + np.int64(data[at] - _ZERO)
            scale -= is_behind_point
        at += 1
    if at < stop:
        scale += _read_exponent(data, at + 1, stop)
    number = float(whole)
    while scale > 0:
        step = min(scale, 22)
        number *= _TENS[step]
        scale -= step
    while scale < 0:
        step = min(-scale, 22)
        number /= _TENS[step]
        scale += step
    return -number if is_negative else number


@jitable
def _read_exponent(data, at, stop):
    is_negative = data[at] == _MINUS
    exponent = 0
    for k in range(at, stop):
        if data[k] >= _ZERO:
            exponent = exponent * 10 + np.int64(data[k] - _ZERO)
    return -exponent if is_negative else exponent


@jitable
def _find_ends(data, at, stop):
    """Return where the word that begins at *at* ends, and where its name does."""
    end, split = at, -1
    while end < stop and data[end] != _BLANK:
        if split < 0 and (data[end] == _EQUALS or data[end] == _COLON):
            split = end
        end += 1
    return end, end if split < 0 else split


@jitable
def _add(hashed, value, n_features, slots, first, top, out):
    """Add to the column of a hash; return how many there are now."""
    indices, values = out
    column = np.uint32(hashed & np.uint64(n_features - 1))
    mask = len(slots) - 1
    slot = (np.int64(column) * 0x9E3779B1 >> 7) & mask
    while slots[slot] != 0:
        k = slots[slot] - 1
        if indices[k] == column:
            values[k] += np.float32(value)
            return top
        slot = (slot + 1) & mask
    slots[slot] = top + 1
    indices[top] = column
    values[top] = np.float32(value)
    return top + 1


@jitable
def _clear(slots, column):
    mask = len(slots) - 1
    slot = (np.int64(column) * 0x9E3779B1 >> 7) & mask
    while slots[slot] != 0:
        slots[slot] = 0
        slot = (slot + 1) & mask


@jitable
def _mix(x):
    x = (x ^ (x >> _29)) * _RIGHT
    return x ^ (x >> _32)
