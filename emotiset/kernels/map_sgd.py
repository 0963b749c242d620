"""The learners of `emotiset.kernels.sgd` and `averaged` on rows that hold any values.

They differ in that a column counts its value, not one, and that examples of either
polarity weigh what they are told.  What is held, and how, is told there.
"""

import numpy as np

from emotiset.kernels._jit import njit
from emotiset.kernels._math import log1p_exp, logistic
from emotiset.kernels.averaged import CHANGES, GAIN, WEIGHT
from emotiset.kernels.sgd import Progress

_LEAST_SCALE = 1e-9  # fold the scale into the weights before it underflows


@njit("maps")
def averaged_maps(rows, polarity, table, progress, eta0, alpha, class_weights):
    """Visit each row once by SGD on the log loss; sum all iterates.

    Parameters
    ----------
    rows : tuple
        ``indptr``, uint64[n_rows + 1], ``indices``, uint32[nnz], and ``values``,
        float32[nnz].
    polarity : int8[n_rows]
        -1 or +1.
    table, progress, eta0, alpha
        As for `emotiset.kernels.averaged.averaged_logistic`.
    class_weights : float64[2]
        What an example weighs, negative and positive: its loss is multiplied by it.

    Returns
    -------
    Progress
        ``total_loss`` is weighted.
    """
    indptr, indices, values = rows
    scale, intercept, step, n_correct, total_loss, total_scale, intercepts = progress
    for row in range(len(polarity)):
        start, stop = np.uint64(indptr[row]), np.uint64(indptr[row + 1])
        sign = float(polarity[row])
        weight = class_weights[np.uint64(polarity[row] > 0)]

        held_score = 0.0
        for k in range(start, stop):
            column = np.uint32(indices[k])
            held_score += float(table[column, WEIGHT]) * float(values[k])
        margin = sign * (scale * held_score + intercept)
        n_correct += margin > 0.0
        total_loss += weight * log1p_exp(-margin)

        eta = eta0 / (1.0 + alpha * eta0 * step)
        scale *= 1.0 - eta * alpha
        if scale < _LEAST_SCALE:
            for column in range(len(table)):
                held = float(table[column, WEIGHT])
                changes = float(table[column, CHANGES]) - held * total_scale
                table[column, CHANGES] = changes
                table[column, WEIGHT] = held * scale
            scale, total_scale = 1.0, 0.0
        change = weight * sign * eta * logistic(-margin)
        intercept += change
        change /= scale
        for k in range(start, stop):
            column = np.uint32(indices[k])
            moved = change * float(values[k]) * float(table[column, GAIN])
            table[column, WEIGHT] = float(table[column, WEIGHT]) + moved
            changes = float(table[column, CHANGES]) + moved * total_scale
            table[column, CHANGES] = changes
        total_scale += scale
        intercepts += intercept
        step += 1
    return Progress(
        scale, intercept, step, n_correct, total_loss, total_scale, intercepts
    )


@njit("maps")
def logistic_maps(rows, polarity, weights, progress, gains, eta0, alpha, class_weights):
    """Visit each row once by plain SGD on the log loss.

    Parameters
    ----------
    rows, polarity, class_weights
        As for `averaged_maps`.
    weights, progress, eta0, alpha
        As for `emotiset.kernels.sgd.sgd_logistic`.
    gains : float32[n_features]
        What the step of each column is multiplied by.
    """
    indptr, indices, values = rows
    scale, intercept, step, n_correct, total_loss, _, _ = progress
    for row in range(len(polarity)):
        start, stop = np.uint64(indptr[row]), np.uint64(indptr[row + 1])
        sign = float(polarity[row])
        weight = class_weights[np.uint64(polarity[row] > 0)]

        held_score = 0.0
        for k in range(start, stop):
            held_score += weights[np.uint32(indices[k])] * float(values[k])
        margin = sign * scale * (held_score + intercept)
        n_correct += margin > 0.0
        total_loss += weight * log1p_exp(-margin)

        eta = eta0 / (1.0 + alpha * eta0 * step)
        scale *= 1.0 - eta * alpha
        if scale < _LEAST_SCALE:
            for column in range(len(weights)):
                weights[column] *= scale
            intercept *= scale
            scale = 1.0
        change = weight * sign * eta * logistic(-margin) / scale
        intercept += change
        for k in range(start, stop):
            column = np.uint32(indices[k])
            weights[column] += change * float(values[k]) * float(gains[column])
        step += 1
    return Progress(scale, intercept, step, n_correct, total_loss, 0.0, 0.0)


@njit("maps")
def pegasos_maps(rows, polarity, weights, progress, gains, alpha, class_weights):
    """Visit each row once by Pegasos.

    Parameters
    ----------
    rows, polarity, class_weights
        As for `averaged_maps`.
    weights, progress, alpha
        As for `emotiset.kernels.sgd.pegasos`.
    gains
        As for `logistic_maps`.
    """
    indptr, indices, values = rows
    scale, intercept, step, n_correct, total_loss, _, _ = progress
    for row in range(len(polarity)):
        start, stop = np.uint64(indptr[row]), np.uint64(indptr[row + 1])
        sign = float(polarity[row])
        weight = class_weights[np.uint64(polarity[row] > 0)]

        held_score = 0.0
        for k in range(start, stop):
            held_score += weights[np.uint32(indices[k])] * float(values[k])
        margin = sign * scale * (held_score + intercept)
        n_correct += margin > 0.0

        step += 1
        scale = 1.0 / (alpha * step)
        if margin < 1.0:
            total_loss += weight * (1.0 - margin)
            change = weight * sign
            for k in range(start, stop):
                column = np.uint32(indices[k])
                weights[column] += change * float(values[k]) * float(gains[column])
            intercept += change
    return Progress(scale, intercept, step, n_correct, total_loss, 0.0, 0.0)


@njit("maps")
def count_map_columns(indptr, indices, values, polarity, counts, largest):
    """Count in how many rows of each polarity a column stands, and its largest size.

    Parameters
    ----------
    indptr, indices, values
        As for `averaged_maps`.
    polarity : int8[n_rows]
    counts : int32[n_features, 2]
        Added to: negative, positive.
    largest : float32[n_features]
        Raised to the largest value without its sign.
    """
    for row in range(len(polarity)):
        side = np.uint64(polarity[row] > 0)
        for k in range(np.uint64(indptr[row]), np.uint64(indptr[row + 1])):
            column = np.uint32(indices[k])
            counts[column, side] += np.int32(1)
            largest[column] = max(largest[column], abs(values[k]))


@njit("maps")
def score_maps(indptr, indices, values, weights, intercepts, scores):
    """Write ``X @ weights + intercepts``.

    Parameters
    ----------
    indptr, indices, values
        As for `averaged_maps`.
    weights : float32[n_features, n_members]
        C-contiguous.
    intercepts : float64[n_members]
    scores : float32[n_rows, n_members]
        Overwritten.  Summed in float64, first column of the row first.
    """
    n_members = weights.shape[1]
    totals = np.empty(n_members, np.float64)
    for row in range(len(indptr) - 1):
        for member in range(n_members):
            totals[member] = intercepts[member]
        for k in range(indptr[row], indptr[row + 1]):
            column, value = np.uint32(indices[k]), float(values[k])
            for member in range(n_members):
                totals[member] += float(weights[column, member]) * value
        for member in range(n_members):
            scores[row, member] = totals[member]
