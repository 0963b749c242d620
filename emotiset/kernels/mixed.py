"""Hashed words, pairs of words and byte n-grams of one text, in one row.

Words tell most and n-grams of bytes what words miss: other forms, misspellings and
scripts without blanks.  Which of them, and how many columns, was chosen by
``benchmarks/features.py``.
"""

import numpy as np

from emotiset.kernels._jit import jitable, njit
from emotiset.kernels.columns import count_slots, keep_distinct
from emotiset.kernels.folding import fold_white_space
from emotiset.kernels.tokens import (
    BLANK,
    KINDS,
    MARK,
    is_negation,
    simplify,
    token_end,
)

_0, _1, _4, _6, _8 = map(np.uint64, (0, 1, 4, 6, 8))

# What `hash_mixed` writes for each byte of text, at most: a token, a pair, a negated
# token and two n-grams; and as much for the two blanks around a text.
COLUMNS_PER_BYTE = 5
COLUMNS_PER_ROW = 10

NEGATION_REACH = 3  # tokens that a negation turns, unless a mark comes first

_WORD = np.uint64(0xC2B2AE3D27D4EB4F)
_PRIME = np.uint64(0x9E3779B185EBCA87)
_NEGATED = np.uint64(0x165667B19E3779F9)
_SHORT, _LONG = np.uint64(4 << 56), np.uint64(6 << 56)  # so that sizes differ
_LOW_32, _LOW_48 = np.uint64(2**32 - 1), np.uint64(2**48 - 1)
_MIX_1, _MIX_2 = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)
_33 = np.uint64(33)


def mixed_scratch_sizes(longest_text: int, n_features: int) -> tuple[int, int]:
    """Return the sizes of the two scratch arrays that `hash_mixed` needs.

    Parameters
    ----------
    longest_text : int
        Bytes.
    n_features : int
        Columns.

    Returns
    -------
    n_folded, n_slots : int
        Room for a text folded and simplified; see `count_slots`.
    """
    most_columns = COLUMNS_PER_BYTE * longest_text + COLUMNS_PER_ROW
    return 2 * longest_text + 2, count_slots(most_columns, n_features)


@njit("learn")
def hash_mixed(offsets, data, n_features, folded, slots, indptr, indices):
    """Hash each text's distinct tokens, pairs and byte n-grams into columns.

    White space is folded, then `emotiset.kernels.tokens.simplify` takes out what
    matters little.  Of what is left: each token; each pair of tokens in a row; each of
    up to three tokens after a negation once more, as negated; each 4 and 6 bytes in a
    row, with a blank before and after the text.  An empty text has no feature.

    Parameters
    ----------
    offsets, data, n_features
        As for `emotiset.kernels.ngrams.hash_byte4`, the texts in lower case.
    folded, slots : uint8[n_folded], uint32[n_slots]
        Scratch, of the sizes that `mixed_scratch_sizes` gives.
    indptr : uint64[n_rows + 1]
        Written.
    indices : uint32[5 * (offsets[-1] - offsets[0]) + 10 * n_rows]
        Written; the first ``indptr[-1]`` entries count.
    """
    mask = np.uint64(n_features - 1)
    simple = folded[len(folded) // 2 - 1 :]
    top = _0
    indptr[0] = top
    for row in range(len(offsets) - 1):
        n = fold_white_space(data, offsets[row], offsets[row + 1], folded)
        if n > _0:
            n = simplify(folded, n, simple)
            stop = _hash_tokens(simple, n, mask, indices, top)
            stop = _hash_grams(simple, n, mask, indices, stop)
            top = keep_distinct(indices, top, stop, slots)
        indptr[row + 1] = top


@jitable
def _hash_tokens(simple, n, mask, indices, top):
    """Write the columns of tokens and pairs; return where they end."""
    before = _0
    n_negated = 0
    at = _1
    while at < n:
        if simple[at] == BLANK:
            at += _1
            continue
        end = token_end(simple, at, n)
        token = hash_token(simple, at, end)
        indices[top] = token & mask
        top += _1
        if before != _0:
            indices[top] = hash_pair(before, token) & mask
            top += _1
        if KINDS[simple[at]] == MARK:
            n_negated = 0
        elif n_negated > 0:
            indices[top] = hash_negated(token) & mask
            top += _1
            n_negated -= 1
        if is_negation(simple, at, end):
            n_negated = NEGATION_REACH
        before = token
        at = end
    return top


@jitable
def _hash_grams(simple, n, mask, indices, top):
    """Write the columns of byte n-grams; return where they end."""
    gram = _0
    for i in range(n):
        gram = (gram << _8) | np.uint64(simple[i])
        if i + _1 >= _4:
            indices[top] = hash_short(gram) & mask
            top += _1
        if i + _1 >= _6:
            indices[top] = hash_long(gram) & mask
            top += _1
    return top


@jitable
def hash_token(simple, at, end):
    """Return the hash of the token ``simple[at:end]``."""
    token = _WORD
    for i in range(at, end):
        token = (token ^ np.uint64(simple[i])) * _PRIME
    return _mix(token)


@jitable
def hash_pair(before, token):
    """Return the hash of two tokens in a row, from theirs."""
    return _mix(before * _PRIME + token)


@jitable
def hash_negated(token):
    """Return the hash of a token after a negation, from its own."""
    return _mix(token ^ _NEGATED)


@jitable
def hash_short(gram):
    """Return the hash of the last four bytes of a number."""
    return _mix((gram & _LOW_32) | _SHORT)


@jitable
def hash_long(gram):
    """Return the hash of the last six bytes of a number."""
    return _mix((gram & _LOW_48) | _LONG)


@jitable
def _mix(h):
    # The finalizer of MurmurHash3 for 64 bits: each bit moves each other.
    h = (h ^ (h >> _33)) * _MIX_1
    h = (h ^ (h >> _33)) * _MIX_2
    return h ^ (h >> _33)
