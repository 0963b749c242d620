"""Each n-gram with the column that it is hashed to: the way back from a model.

The hashing of `emotiset.kernels.ngrams` once more, but what it forgets is kept.
"""

import numpy as np

from emotiset.kernels._jit import njit
from emotiset.kernels.folding import fold_white_space
from emotiset.kernels.hashing import xxh64
from emotiset.kernels.ngrams import mix_byte4

_0, _1, _2, _3, _4 = map(np.uint64, range(5))
_NUL = np.uint8(0)
_SEED = np.uint64(0)


@njit("inspect")
def enumerate_byte4(offsets, data, n_features, folded, columns, starts, stops, rows):
    """List the byte 4-grams of each text, repeated ones too.

    Parameters
    ----------
    offsets, data, n_features
        As for `emotiset.kernels.ngrams.hash_byte4`.
    folded : uint8[n_bytes + 4 * n_rows]
        Overwritten: the texts one after another, white space folded.
    columns, starts, stops, rows : int64[n_bytes + n_rows]
        Overwritten.  4-gram k of text ``rows[k]`` is ``folded[starts[k]:stops[k]]``.

    Returns
    -------
    int
        How many there are.
    """
    column_mask = np.uint64(n_features - 1)
    n = 0
    base = _0
    for row in range(len(offsets) - 1):
        text = folded[base:]
        n_bytes = fold_white_space(data, offsets[row], offsets[row + 1], text)
        while _0 < n_bytes < _4:
            text[n_bytes] = _NUL
            n_bytes += _1
        at = _0
        while at + _3 < n_bytes:
            gram = text[at], text[at + _1], text[at + _2], text[at + _3]
            columns[n] = mix_byte4(*gram) & column_mask
            starts[n], stops[n], rows[n] = base + at, base + at + _4, row
            n += 1
            at += _1
        base += n_bytes
    return n


@njit("inspect")
def hash_spans(data, starts, stops, out):
    """Write a 64-bit hash of each ``data[starts[k]:stops[k]]`` to *out*.

    Parameters
    ----------
    data : uint8[n_bytes]
    starts, stops : int64[n]
    out : uint64[n]
    """
    for k in range(len(starts)):
        out[k] = xxh64(data, starts[k], stops[k], _SEED)
