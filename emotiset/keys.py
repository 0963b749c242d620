"""The key of a text: 64 bits that copies share, and near-copies half of.

The high half is a hash of the *near form*, in which case, digits, punctuation, blanks
and repeated characters make no difference; the low half is a hash of the normal form.
So equal keys are copies, and near-copies are neighbors in key space: what is decided
by the high half alone, such as which side of a split a text is on, near-copies share.
"""

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from emotiset.kernels.hashing import hash_rows, mix64
from emotiset.kernels.near import squeeze_letters

Keys = npt.NDArray[np.uint64]

NEAR_BITS: Final = 32
KEY_SPACE: Final = 1 << 64

_NEAR: Final = np.uint64(NEAR_BITS)
_LOW_HALF: Final = np.uint64((1 << NEAR_BITS) - 1)
_N_CODES: Final = 0x20000
_NO_LETTER: Final = r"[^\p{L}\p{M}]+"

# Which independent stream of the seed a hash draws from.
_COPY_STREAM: Final = 0
_ORDER_STREAM: Final = 1
_NEAR_STREAM: Final = 2


def make_keys(text: pa.Array, seed: int) -> Keys:
    """Return the key of each text.

    Parameters
    ----------
    text
        Strings in the normal form of `emotiset.labeling.normalize_text`.
    seed
        Another seed gives other keys.

    Returns
    -------
    uint64[n]

    Examples
    --------
    >>> key = make_keys(pa.array(["so good", "sooo good!! 2", "not so"]), seed=0)
    >>> near = near_group(key)
    >>> bool(key[0] == key[1]), bool(near[0] == near[1]), bool(near[0] == near[2])
    (False, True, False)
    """
    near = hash_texts(_near_form(text), stream(seed, _NEAR_STREAM))
    copy = hash_texts(text, stream(seed, _COPY_STREAM))
    return (near & ~_LOW_HALF) | (copy & _LOW_HALF)


def near_group(key: Keys) -> Keys:
    """Return what near-copies have in common: the high half of their keys."""
    group: Keys = key >> _NEAR
    return group


def choose_member(key: Keys, seed: int, n_members: int) -> npt.NDArray[np.int64]:
    """Return the member that each key belongs to, int64[n]; near-copies go to one."""
    high = mix64(near_group(key) ^ stream(seed, _ORDER_STREAM)) >> np.uint64(32)
    return ((high * np.uint64(n_members)) >> np.uint64(32)).astype(np.int64)


def visiting_order(key: Keys, seed: int) -> Keys:
    """Return the fresh random number by which a member visits its examples.

    Equal keys in *key*, which is sorted, are copies; each gets a number of its own.

    Returns
    -------
    uint64[n]
    """
    salt = stream(seed, _ORDER_STREAM)
    return mix64(mix64(key ^ salt) + copy_numbers(key) * salt)


def stream(seed: int, number: int) -> np.uint64:
    """Return the salt of one of the independent streams of a seed."""
    mixed: np.uint64 = mix64(mix64(np.array([seed], np.uint64)) + np.uint64(number))[0]
    return mixed


def _near_form(text: pa.Array) -> pa.Array:
    """Return letters alone, none repeated; texts without letters stay as they are."""
    squeezed, is_beyond = _squeeze(text)
    if is_beyond:  # which is rare, since the table ends behind all but ideographs
        letters = pc.replace_substring_regex(text, _NO_LETTER, "")
        squeezed, _ = _squeeze(letters)
    return pc.if_else(pc.equal(squeezed, ""), text, squeezed)


def _squeeze(text: pa.Array) -> tuple[pa.Array, bool]:
    offsets, data = _buffers(text)
    out_offsets = np.empty(len(offsets), np.int32)
    out = np.empty(len(data), np.uint8)
    is_beyond = squeeze_letters(offsets, data, _find_letters(), out_offsets, out)
    buffers = [None, pa.py_buffer(out_offsets), pa.py_buffer(out)]
    return pa.Array.from_buffers(pa.string(), len(text), buffers), bool(is_beyond)


@cache
def _find_letters() -> npt.NDArray[np.uint8]:
    """Return which code points below 2^17 are letters or marks, as RE2 says."""
    codes = [code for code in range(_N_CODES) if not 0xD800 <= code < 0xE000]
    every = pa.array(["".join(map(chr, codes))])
    letters = pc.replace_substring_regex(every, _NO_LETTER, "")[0].as_py()
    is_letter = np.zeros(_N_CODES, np.uint8)
    is_letter[np.frombuffer(letters.encode("utf-32-le"), np.uint32)] = 1
    return is_letter


def hash_texts(text: pa.Array, salt: np.uint64) -> Keys:
    """Return the salted hash of each string, uint64[n]; *text* holds no nulls."""
    offsets, data = _buffers(text)
    out = np.empty(len(text), np.uint64)
    hash_rows(offsets, data, salt, out)
    return out


def _buffers(text: pa.Array) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
    _, offsets, data = text.buffers()
    starts = np.frombuffer(offsets or b"\0\0\0\0", np.int32)
    # An Arrow view can be writable or not; numba would compile a kernel for either.
    starts = starts[text.offset : text.offset + len(text) + 1].view()
    values = np.frombuffer(data or b"", np.uint8).view()
    starts.flags.writeable = values.flags.writeable = False
    return starts, values


def copy_numbers(key: Keys) -> Keys:
    """Count up from 0 over each run of equal values in a sorted array.

    Examples
    --------
    >>> copy_numbers(np.array([3, 3, 8], np.uint64)).tolist()
    [0, 1, 0]
    """
    starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]][: len(key)])
    lengths = np.diff(np.r_[starts, len(key)])
    return (np.arange(len(key)) - np.repeat(starts, lengths)).astype(np.uint64)
