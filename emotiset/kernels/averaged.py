"""Averaged stochastic gradient descent, with a step of its own for each column.

As in `emotiset.kernels.sgd` the weights are held as ``scale * weights``.  Their
average over all steps costs no more: beside each weight stands the sum of its changes,
each times the sum of all scales before it, from which the average follows at the end.
What belongs to one column lies side by side, so that it comes in one read of memory.

A table holds float32, all arithmetic is float64: hence each ``float``, without which
the same code, run as Python, would round to float32 in between.
"""

import numpy as np

from emotiset.kernels._jit import jitable, njit
from emotiset.kernels._math import log1p_exp, logistic
from emotiset.kernels.sgd import Progress, intercept_step, row_value

WEIGHT, CHANGES, GAIN = 0, 1, 2  # columns of a table
TABLE_WIDTH = 3

_LEAST_SCALE = 1e-9  # fold the scale into the weights before it underflows


@njit("learn")
def averaged_logistic(
    indptr, indices, polarity, table, progress, eta0, alpha, normalize
):
    """Visit each row once by SGD on the L2-regularized log loss; sum all iterates.

    That is `emotiset.kernels.sgd.sgd_logistic`, with two differences.  The step of a
    column is ``eta`` times its gain: a gain of r squared is what SGD does to a column
    whose ones are replaced by r, written in weights that already hold the r.  And the
    sum of the weights after each step is kept, whose mean is much less noisy than the
    weights after the last [1]_; see `average_weights`.

    Parameters
    ----------
    indptr, indices : uint64[n_rows + 1], uint32[nnz]
        Row r has ones in the columns ``indices[indptr[r]:indptr[r + 1]]``, each named
        once.
    polarity : int8[n_rows]
        -1 or +1.
    table : float32[n_features, 3]
        Weight, changes and gain of each column; the first two are updated in place.
    progress : Progress
        Where the rows before these have led.
    eta0, alpha : float
        First step size and L2 regularization strength, as for `sgd_logistic`.
    normalize : bool
        Divide a row of n ones by the square root of n.

    Returns
    -------
    Progress
        ``total_loss`` is in nats.

    References
    ----------
    .. [1] B. Polyak, A. Juditsky, "Acceleration of Stochastic Approximation by
       Averaging", SIAM Journal on Control and Optimization 30, 1992.
    """
    scale, intercept, step, n_correct, total_loss, total_scale, intercepts = progress
    for row in range(len(polarity)):
        start, stop = np.uint64(indptr[row]), np.uint64(indptr[row + 1])
        sign = float(polarity[row])
        value = row_value(stop - start) if normalize else 1.0

        held_score = 0.0
        for k in range(start, stop):
            held_score += float(table[np.uint32(indices[k]), WEIGHT])
        margin = sign * (scale * value * held_score + intercept)
        n_correct += margin > 0.0
        total_loss += log1p_exp(-margin)

        eta = eta0 / (1.0 + alpha * eta0 * step)
        scale *= 1.0 - eta * alpha
        if scale < _LEAST_SCALE:
            _fold_scale(table, scale, total_scale)
            scale, total_scale = 1.0, 0.0
        change = sign * eta * logistic(-margin)
        intercept += change * intercept_step(normalize)
        change *= value / scale
        for k in range(start, stop):
            column = np.uint32(indices[k])
            moved = change * float(table[column, GAIN])
            table[column, WEIGHT] = float(table[column, WEIGHT]) + moved
            changes = float(table[column, CHANGES]) + moved * total_scale
            table[column, CHANGES] = changes
        total_scale += scale
        intercepts += intercept
        step += 1
    return Progress(
        scale, intercept, step, n_correct, total_loss, total_scale, intercepts
    )


@jitable
def _fold_scale(table, scale, total_scale):
    # The sum of all iterates, weight * total_scale - changes, stays what it is.
    for column in range(len(table)):
        weight = float(table[column, WEIGHT])
        changes = float(table[column, CHANGES]) - weight * total_scale
        table[column, CHANGES] = changes
        table[column, WEIGHT] = weight * scale


@njit("learn")
def average_weights(table, total_scale, step, weights):
    """Write the mean of each weight over all steps.

    Parameters
    ----------
    table : float32[n_features, 3]
        As `averaged_logistic` leaves it.
    total_scale : float
        From its progress.
    step : int
        Examples visited, at least 1.
    weights : float32[n_features]
        Overwritten.
    """
    for column in range(len(table)):
        total = float(table[column, WEIGHT]) * total_scale
        total -= float(table[column, CHANGES])
        weights[column] = total / step
