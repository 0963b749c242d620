"""What `emotiset.kernels.mixed` hashes, with the column that it is hashed to.

The same walk once more, but what hashing forgets is kept.
"""

import numpy as np

from emotiset.kernels._jit import jitable, njit
from emotiset.kernels.folding import fold_white_space
from emotiset.kernels.mixed import (
    NEGATION_REACH,
    hash_long,
    hash_negated,
    hash_pair,
    hash_short,
    hash_token,
)
from emotiset.kernels.tokens import (
    BLANK,
    KINDS,
    MARK,
    is_negation,
    simplify,
    token_end,
)

TOKEN, PAIR, NEGATED, BYTES = range(4)
COLUMN, START, STOP, ROW, KIND = range(5)
N_FIELDS = 5

_0, _1, _4, _6, _8 = map(np.uint64, (0, 1, 4, 6, 8))

# Of text: a text simplified, and each pair of its tokens written out.
KEPT_PER_BYTE, KEPT_PER_ROW = 4, 8


@njit("inspect")
def enumerate_mixed(offsets, data, n_features, folded, kept, found):
    """List the tokens, pairs, negated tokens and byte n-grams of each text.

    Parameters
    ----------
    offsets, data, n_features
        As for `emotiset.kernels.mixed.hash_mixed`.
    folded : uint8[longest text]
        Scratch.
    kept : uint8[4 * n_bytes + 8 * n_rows]
        Overwritten: each text simplified, then its pairs, a blank within each.
    found : int64[5 * n_bytes + 10 * n_rows, 5]
        Overwritten.  Of each n-gram, repeated ones too: its column, where in *kept* it
        starts and stops, its text and its kind.

    Returns
    -------
    int
        How many there are.
    """
    mask = np.uint64(n_features - 1)
    n = 0
    base = _0
    for row in range(len(offsets) - 1):
        n_folded = fold_white_space(data, offsets[row], offsets[row + 1], folded)
        if n_folded == _0:
            continue
        n_simple = simplify(folded, n_folded, kept[base:])
        n_before = n
        n, top = _list_tokens(kept, base, base + n_simple, mask, found, n)
        n = _list_bytes(kept, base, base + n_simple, mask, found, n)
        found[n_before:n, ROW] = row
        base = top
    return n


@jitable
def _list_tokens(kept, base, stop, mask, found, n):
    """List tokens and pairs; return how many n-grams and where the pairs end."""
    top = stop
    before, before_at, before_end = _0, _0, _0
    n_negated = 0
    at = base
    while at < stop:
        if kept[at] == BLANK:
            at += _1
            continue
        end = token_end(kept, at, stop)
        token = hash_token(kept, at, end)
        n = _note(found, n, token & mask, at, end, TOKEN)
        if before != _0:
            start = top
            top = _copy(kept, before_at, before_end, top)
            kept[top] = BLANK
            top = _copy(kept, at, end, top + _1)
            n = _note(found, n, hash_pair(before, token) & mask, start, top, PAIR)
        if KINDS[kept[at]] == MARK:
            n_negated = 0
        elif n_negated > 0:
            n = _note(found, n, hash_negated(token) & mask, at, end, NEGATED)
            n_negated -= 1
        if is_negation(kept, at, end):
            n_negated = NEGATION_REACH
        before, before_at, before_end = token, at, end
        at = end
    return n, top


@jitable
def _list_bytes(kept, base, stop, mask, found, n):
    gram = _0
    for i in range(base, stop):
        gram = (gram << _8) | np.uint64(kept[i])
        end = i + _1
        if end - base >= _4:
            n = _note(found, n, hash_short(gram) & mask, end - _4, end, BYTES)
        if end - base >= _6:
            n = _note(found, n, hash_long(gram) & mask, end - _6, end, BYTES)
    return n


@jitable
def _copy(kept, start, stop, top):
    for i in range(start, stop):
        kept[top] = kept[i]
        top += _1
    return top


@jitable
def _note(found, n, column, start, stop, kind):
    found[n, COLUMN] = column
    found[n, START] = start
    found[n, STOP] = stop
    found[n, KIND] = kind
    return n + 1
