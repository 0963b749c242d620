"""64-bit hashing: XXH64 of byte strings, and a mix of integers.

Everything random about a run is one of these two, so nothing depends on order of
arrival, on Python's ``hash`` or on a generator's version.
"""

import numpy as np

from emotiset.kernels._jit import jitable, njit

_P1 = np.uint64(0x9E3779B185EBCA87)
_P2 = np.uint64(0xC2B2AE3D27D4EB4F)
_P3 = np.uint64(0x165667B19E3779F9)
_P4 = np.uint64(0x85EBCA77C2B2AE63)
_P5 = np.uint64(0x27D4EB2F165667C5)

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX2 = np.uint64(0x94D049BB133111EB)


# Rotations by unsigned numbers alone: each type of argument is compiled on its own.
_R1, _R7, _R11, _R12 = np.uint64(1), np.uint64(7), np.uint64(11), np.uint64(12)
_R18, _R23, _R27, _R31 = np.uint64(18), np.uint64(23), np.uint64(27), np.uint64(31)
_WORD_BITS = np.uint64(64)


@jitable
def _rotate(x, n):
    return (x << n) | (x >> (_WORD_BITS - n))


@jitable
def _read(data, at, stop):
    word = np.uint64(0)
    for i in range(at, stop):
        word |= np.uint64(data[i]) << np.uint64(8 * (i - at))
    return word


@jitable
def _round(lane, word):
    return _rotate(lane + word * _P2, _R31) * _P1


@jitable
def xxh64(data, start, stop, seed):
    """Hash ``data[start:stop]`` with XXH64 [1]_.

    Parameters
    ----------
    data : uint8[n]
    start, stop : int
    seed : uint64

    Returns
    -------
    uint64

    References
    ----------
    .. [1] Y. Collet, "xxHash fast digest algorithm", the published specification.
    """
    at = start
    if stop - start >= 32:
        a, b, c, d = seed + _P1 + _P2, seed + _P2, seed, seed - _P1
        while at + 32 <= stop:
            a = _round(a, _read(data, at, at + 8))
            b = _round(b, _read(data, at + 8, at + 16))
            c = _round(c, _read(data, at + 16, at + 24))
            d = _round(d, _read(data, at + 24, at + 32))
            at += 32
        h = _rotate(a, _R1) + _rotate(b, _R7) + _rotate(c, _R12) + _rotate(d, _R18)
        for lane in (a, b, c, d):
            h = (h ^ _round(np.uint64(0), lane)) * _P1 + _P4
    else:
        h = seed + _P5
    h += np.uint64(stop - start)
    while at + 8 <= stop:
        h = _rotate(h ^ _round(np.uint64(0), _read(data, at, at + 8)), _R27) * _P1 + _P4
        at += 8
    if at + 4 <= stop:
        h = _rotate(h ^ (_read(data, at, at + 4) * _P1), _R23) * _P2 + _P3
        at += 4
    while at < stop:
        h = _rotate(h ^ (np.uint64(data[at]) * _P5), _R11) * _P1
        at += 1
    h = (h ^ (h >> np.uint64(33))) * _P2
    h = (h ^ (h >> np.uint64(29))) * _P3
    return h ^ (h >> np.uint64(32))


@njit("label")
def hash_rows(offsets, data, seed, out):
    """Hash each row of an Arrow string array.

    Parameters
    ----------
    offsets : int32[n_rows + 1] or int64[n_rows + 1]
        Row i is ``data[offsets[i]:offsets[i + 1]]``.
    data : uint8[n_bytes]
    seed : uint64
    out : uint64[n_rows]
        Written.
    """
    for row in range(len(out)):
        start, stop = np.int64(offsets[row]), np.int64(offsets[row + 1])
        out[row] = xxh64(data, start, stop, seed)


def mix64(x: np.ndarray) -> np.ndarray:
    """Mix 64-bit integers by the finalizer of SplitMix64 [1]_; a bijection.

    Parameters
    ----------
    x : uint64[n]

    Returns
    -------
    uint64[n]

    References
    ----------
    .. [1] G. Steele, D. Lea, C. Flood, "Fast Splittable Pseudorandom Number
       Generators", OOPSLA 2014.

    Examples
    --------
    The first output of SplitMix64 with state 0:

    >>> hex(mix64(np.zeros(1, np.uint64))[0])
    '0xe220a8397b1dcdaf'
    """
    z = x + _GOLDEN
    z = (z ^ (z >> np.uint64(30))) * _MIX1
    z = (z ^ (z >> np.uint64(27))) * _MIX2
    return z ^ (z >> np.uint64(31))
