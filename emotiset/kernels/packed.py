"""Scores from weights rounded to whole steps, exact where the rounding could matter.

Only columns in which some member has a weight keep a row of the table: tweets have
most of theirs in a few, which then stay in the cache.  A bit for each column and, for
each 64 of them, the rows before say where the row is.  Sums of whole numbers are the
same in any order.

What is exact is what `emotiset.kernels.votes` gives.  It sums in float32, so how far
it is off is bounded too: by half a unit in the last place for each addition.
"""

import numpy as np

from emotiset.kernels._jit import jitable, njit
from emotiset.kernels.sgd import row_value
from emotiset.kernels.votes import score_row

MEMBERS_PER_WORD = 4
BIAS = 32768  # added to each rounded weight of a word, so that none is negative
_MOST_COLUMNS = 1 << 16  # of a row, before a lane of a word could run over

_0, _1, _2, _4, _6, _16, _32, _56, _63 = map(np.uint64, (0, 1, 2, 4, 6, 16, 32, 56, 63))
_LANES, _LOW = np.uint64(0x0000FFFF0000FFFF), np.uint64(0xFFFFFFFF)
_FIVES, _THREES = np.uint64(0x5555555555555555), np.uint64(0x3333333333333333)
_NIBBLES, _ONES = np.uint64(0x0F0F0F0F0F0F0F0F), np.uint64(0x0101010101010101)
_ROUNDING = 2.0**-24  # of float32, relative


@njit("learn")
def mean_scores(
    indptr, indices, columns, table, step, model, cuts, means, hits, normalize
):
    """Write the mean score of each row.

    Parameters
    ----------
    indptr, indices, normalize
        As for `emotiset.kernels.votes.score_rows`.
    columns : tuple
        ``bits``, uint64[n_blocks], and ``ranks``, uint32[n_blocks]: bit c % 64 of
        block c // 64 tells whether column c has a row, and ``ranks`` counts the rows
        of all blocks before.
    table : int32[n_rows_of_table]
        Mean weight of the members, in steps.
    step : float
        What a unit is worth.
    model : tuple
        ``weights`` and ``intercepts`` of the members, as for `score_rows`, and the
        largest weight without its sign.
    cuts : float64[n_cuts]
        Mean scores at which an answer changes: on which side of them a row is, is
        found from the members' scores where rounding could tell otherwise.
    means : float64[n_rows]
        Overwritten.
    hits : uint32[at least the longest row]
        Scratch.
    """
    weights, intercepts, largest = model
    n_members = len(intercepts)
    scores = np.empty((1, n_members), np.float32)
    intercept = 0.0
    for member in range(n_members):
        intercept += intercepts[member] / n_members
    for row in range(len(indptr) - 1):
        start, stop = indptr[row], indptr[row + 1]
        value = row_value(stop - start) if normalize else 1.0
        total = 0
        for k in range(_find_rows(indices, start, stop, columns, hits)):
            total += np.int64(table[np.uint64(hits[k])])
        mean = total * step * value + intercept
        error = _bound_error(float(stop - start) * value, stop - start, largest, step)
        error += (abs(mean) + abs(intercept)) * _ROUNDING
        is_near = False
        for cut in cuts:
            is_near |= abs(mean - cut) <= error
        if is_near:
            # Of a type, not a literal: for that it would be compiled once more.
            first = np.int64(0)
            score_row(indices, start, stop, weights, intercepts, scores, first, value)
            mean = 0.0
            for member in range(n_members):
                mean += scores[0, member]
            mean /= n_members
        means[row] = mean


@njit("paper")
def member_scores(
    indptr, indices, columns, table, steps, model, scores, hits, normalize
):
    """Write the score of each member, with its right sign, and that of the mean too.

    Parameters
    ----------
    indptr, indices, columns, model, hits, normalize
        As for `mean_scores`.
    table : uint64[n_rows_of_table, n_words]
        Member 4 w + i is in the bits from 16 i of word w, in steps, plus `BIAS`.  Its
        halves are added in lanes of 32 bits, two at a time.
    steps : float64[n_members]
        What a unit is worth.
    scores : float32[n_rows, n_members]
        Overwritten.
    """
    weights, intercepts, largest = model
    n_members = len(intercepts)
    largest_step = steps.max()
    for row in range(len(indptr) - 1):
        start, stop = indptr[row], indptr[row + 1]
        value = row_value(stop - start) if normalize else 1.0
        is_near = stop - start >= _MOST_COLUMNS
        if not is_near:
            top = _find_rows(indices, start, stop, columns, hits)
            _add_words(hits, top, table, steps, value, intercepts, scores, row)
            n = float(stop - start)
            error = _bound_error(n * value, stop - start, largest, largest_step)
            total = 0.0
            for member in range(n_members):
                score = scores[row, member]
                own_error = error + (abs(score) + abs(intercepts[member])) * _ROUNDING
                is_near |= abs(score) <= own_error
                error = max(error, own_error)
                total += score
            is_near |= abs(total / n_members) <= error
        if is_near:
            score_row(indices, start, stop, weights, intercepts, scores, row, value)


@jitable
def _bound_error(length, n_columns, largest, step):
    # Half a step for each one, and what float32 loses in a sum of as many weights.
    of_float = largest * (0.5 * float(n_columns) + 4.0) * _ROUNDING
    return length * (0.5000001 * step + of_float)


@jitable
def _find_rows(indices, start, stop, columns, hits):
    """Write which rows of the table the columns have; return how many."""
    # Writes for each column and moves on only past those that have one: no branch.
    bits, ranks = columns
    top = _0
    for k in range(start, stop):
        column = np.uint64(indices[k])
        block = bits[column >> _6]
        at = column & _63
        before = _count_bits(block & ((_1 << at) - _1))
        hits[top] = ranks[column >> _6] + np.uint32(before)
        top += (block >> at) & _1
    return top


@jitable
def _add_words(hits, top, table, steps, value, intercepts, scores, row):
    """Write the sums of some rows of the table as scores."""
    bias = np.int64(top) * BIAS
    for word in range(table.shape[1]):
        even, odd = _0, _0
        for k in range(top):
            four = table[np.uint64(hits[k]), word]
            even += four & _LANES
            odd += (four >> _16) & _LANES
        first = word * MEMBERS_PER_WORD
        lanes = even & _LOW, odd & _LOW, even >> _32, odd >> _32
        for i in range(min(MEMBERS_PER_WORD, len(steps) - first)):
            member = first + i
            units = np.int64(lanes[i]) - bias
            scores[row, member] = units * steps[member] * value + intercepts[member]


@jitable
def _count_bits(x):
    # LLVM makes one instruction of this where the CPU has one.
    x -= (x >> _1) & _FIVES
    x = (x & _THREES) + ((x >> _2) & _THREES)
    x = (x + (x >> _4)) & _NIBBLES
    return (x * _ONES) >> _56
