"""Words of feature maps: sorted and joined to the canonical form of `emotiset.maps`."""

import numpy as np

from emotiset.kernels._jit import jitable, njit

_BLANK = np.uint8(32)


@njit("maps")
def join_words(firsts, order, offsets, data, places, out_offsets, out):
    """Join the words of each row, sorted, each once, with a blank between two.

    Parameters
    ----------
    firsts : int64[n_rows + 1]
        Row r has the words ``order[firsts[r]:firsts[r + 1]]``.
    order : int64[n_words]
        Numbers of words, row by row.
    offsets : int32[n_words + 1]
        Word w is ``data[offsets[w]:offsets[w + 1]]``; one of no bytes is none.
    data : uint8[n_bytes]
    places : int64[longest row]
        Scratch.
    out_offsets : int32[n_rows + 1]
        Written.
    out : uint8[n_bytes + n_words]
        Written, as far as the last of *out_offsets*.
    """
    top = 0
    out_offsets[0] = 0
    for row in range(len(firsts) - 1):
        n = 0
        is_sorted = True
        for k in range(firsts[row], firsts[row + 1]):
            word = order[k]
            if offsets[word + 1] > offsets[word]:
                places[n] = word
                is_sorted &= n == 0 or compare(offsets, data, places[n - 1], word) < 0
                n += 1
        if not is_sorted:
            _sort(offsets, data, places, n)
        for k in range(n):
            word = places[k]
            if k and compare(offsets, data, places[k - 1], word) == 0:
                continue
            if k:
                out[top] = _BLANK
                top += 1
            for at in range(offsets[word], offsets[word + 1]):
                out[top] = data[at]
                top += 1
        out_offsets[row + 1] = top


@jitable
def compare(offsets, data, one, other):
    """Compare two words by their bytes: below, at or above 0."""
    at, of_one = offsets[one], offsets[one + 1] - offsets[one]
    by, of_other = offsets[other], offsets[other + 1] - offsets[other]
    for k in range(min(of_one, of_other)):
        difference = np.int64(data[at + k]) - np.int64(data[by + k])
        if difference != 0:
            return difference
    return np.int64(of_one) - np.int64(of_other)


@jitable
def _sort(offsets, data, places, n):
    # Shell's, with gaps of 1, 4, 13, ...: short rows as insertion, long ones not n * n.
    gap = 1
    while gap < n // 3:
        gap = 3 * gap + 1
    while gap >= 1:
        for k in range(gap, n):
            word = places[k]
            at = k
            while at >= gap and compare(offsets, data, places[at - gap], word) > 0:
                places[at] = places[at - gap]
                at -= gap
            places[at] = word
        gap //= 3
