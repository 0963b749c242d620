"""Scores of all members at once, and the votes over them.

The weights lie as (n_features, n_members), so that what one column of the feature
matrix adds to every member is read from one place: with 8 members half a cache
line.  Scores are summed in float32 where they are written: float64 sums in a row of
their own took a third longer, and a loop unrolled by hand saved nothing.
"""

import numpy as np

from emotiset.kernels._jit import jitable, njit
from emotiset.kernels._math import logistic  # libm's differ between CPUs
from emotiset.kernels.sgd import row_value

_HALF = np.float32(0.5)
_JUST_OVER_HALF = np.nextafter(np.float32(0.5), np.float32(1))


@njit("learn")
def score_rows(indptr, indices, weights, intercepts, scores, normalize):
    """Write ``X @ weights + intercepts`` to *scores*.

    Parameters
    ----------
    indptr, indices : int32[n_rows + 1], int32[nnz]
        Row r of ``X`` has ones in the columns ``indices[indptr[r]:indptr[r + 1]]``.
    weights : float32[n_features, n_members]
        C-contiguous.
    intercepts : float64[n_members]
    scores : float32[n_rows, n_members]
        Overwritten.  Summed in float32, first column of the row first, the
        intercept last.
    normalize : bool
        Divide a row of n ones by the square root of n.
    """
    for row in range(len(indptr) - 1):
        start, stop = indptr[row], indptr[row + 1]
        value = row_value(stop - start) if normalize else 1.0
        score_row(indices, start, stop, weights, intercepts, scores, row, value)


@jitable
def score_row(indices, start, stop, weights, intercepts, scores, row, value):
    """Write one row of *scores*, whose ones count *value* each; see `score_rows`."""
    n_members = weights.shape[1]
    for member in range(n_members):
        scores[row, member] = 0.0
    for k in range(start, stop):
        column = np.uint32(indices[k])  # a sign costs a fifth: it may wrap
        for member in range(n_members):
            scores[row, member] += weights[column, member]
    rounded = np.float32(value)
    for member in range(n_members):
        scores[row, member] = scores[row, member] * rounded + intercepts[member]


@njit("paper")
def share_votes(scores, vote_weights, probability):
    """Write the share of vote weight that is positive, on the side that wins.

    A member votes by the sign of its score, and gives half its vote to either side
    where that is 0.  Even weights, or none at all, fall to the sign of the mean
    score, and a mean of 0 to negative.

    Parameters
    ----------
    scores : float32[n_rows, n_members]
        Finite.
    vote_weights : float64[n_members]
        Not negative.
    probability : float32[n_rows]
        Overwritten.  Above 0.5 exactly where positive wins.
    """
    n_members = scores.shape[1]
    for row in range(scores.shape[0]):
        positive, negative, total_score = 0.0, 0.0, 0.0
        for member in range(n_members):
            score = scores[row, member]
            total_score += score
            if score > 0:
                positive += vote_weights[member]
            elif score < 0:
                negative += vote_weights[member]
            else:
                positive += vote_weights[member] / 2
                negative += vote_weights[member] / 2
        is_even = positive == negative
        share = 0.5 if is_even else positive / (positive + negative)
        wins = total_score > 0 if is_even else positive > negative
        probability[row] = on_side(share, wins)


@njit("learn")
def mean_votes(scores, probability):
    """Write the logistic function of the mean score.

    Parameters
    ----------
    scores : float32[n_rows, n_members]
        Finite.
    probability : float32[n_rows]
        Overwritten.  Above 0.5 exactly where the mean is above 0.
    """
    n_members = scores.shape[1]
    for row in range(scores.shape[0]):
        total_score = 0.0
        for member in range(n_members):
            total_score += float(scores[row, member])
        share = logistic(total_score / n_members)
        probability[row] = on_side(share, total_score > 0)


@njit("learn")
def logistic_of(means, probability):
    """Write the logistic function of each of *means*, as `mean_votes` does.

    Parameters
    ----------
    means : float64[n_rows]
        Finite.
    probability : float32[n_rows]
        Overwritten.  Above 0.5 exactly where the mean is above 0.
    """
    for row in range(len(means)):
        probability[row] = on_side(logistic(means[row]), means[row] > 0)


@jitable
def on_side(share, is_positive):
    """Round to float32, but not across 0.5: argmax and predict read it as negative."""
    rounded = np.float32(share)
    if is_positive:
        return max(rounded, _JUST_OVER_HALF)
    return min(rounded, _HALF)
