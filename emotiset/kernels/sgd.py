"""Stochastic gradient descent over the rows of one batch, one example at a time.

Both learners hold the weights as ``scale * weights``, so that shrinking all of them
costs one multiplication and an example costs O(its features), whatever
``n_features`` is.  The intercept is held the same way: it is the weight of a feature
that every example has.

A row is the columns that hold a one, or all the same value.  Positions are made
unsigned, since behind a signed index numba puts a test for negative ones.
"""

from typing import NamedTuple

import numpy as np

from emotiset.kernels._jit import jitable, njit
from emotiset.kernels._math import log1p_exp, logistic

_LEAST_SCALE = 1e-9  # fold the scale into the weights before it underflows


class Progress(NamedTuple):
    """What one example hands to the next, beside the weights.

    Attributes
    ----------
    scale : float
        The true weights are ``scale * weights``.
    intercept : float
        The true one is ``scale * intercept``.
    step : int
        Examples visited, over all epochs.
    n_correct : int
        How many of them had a score on the right side of 0 just before their own
        update; a score of 0 is on neither side.
    total_loss : float
        Sum of their losses, each taken just before its own update.
    total_scale, total_intercept : float
        Sums of the scales and the intercepts after each step; of
        `emotiset.kernels.averaged` alone.
    """

    scale: float = 1.0
    intercept: float = 0.0
    step: int = 0
    n_correct: int = 0
    total_loss: float = 0.0
    total_scale: float = 0.0
    total_intercept: float = 0.0


@jitable
def row_value(n_columns):
    """Return what each one of a normalized row counts; 1 in a row without any."""
    return 1.0 / np.sqrt(max(float(n_columns), 1.0))


@jitable
def intercept_step(normalize):
    """Return how far the intercept moves where a column of value 1 moves by 1.

    Beside normalized rows as far as in a row of 100 columns: with a step of its own row
    the shortest rows, whose values are large, would throw it about (measured: accuracy
    0.77 instead of 0.82).
    """
    return 0.01 if normalize else 1.0


@njit("paper")
def sgd_logistic(indptr, indices, polarity, weights, progress, eta0, alpha, normalize):
    """Visit each row once by SGD on the L2-regularized log loss.

    Minimizes ``mean(log(1 + exp(-margin))) + alpha / 2 * |w|**2`` with the step size
    ``eta = eta0 / (1 + alpha * eta0 * step)`` [1]_.

    Parameters
    ----------
    indptr, indices : uint64[n_rows + 1], uint32[nnz]
        Row r has ones in the columns ``indices[indptr[r]:indptr[r + 1]]``, each named
        once.
    polarity : int8[n_rows]
        -1 or +1.
    weights : float64[n_features]
        Updated in place.
    progress : Progress
        Where the rows before these have led.
    eta0 : float
        First step size, > 0 and with ``eta0 * alpha < 1``.
    alpha : float
        L2 regularization strength, >= 0.
    normalize : bool
        Divide a row of n ones by the square root of n; see `intercept_step`.

    Returns
    -------
    Progress
        ``total_loss`` is in nats.

    References
    ----------
    .. [1] L. Bottou, "Stochastic Gradient Descent Tricks", 2012, section 5.2.
    """
    scale, intercept, step, n_correct, total_loss, _, _ = progress
    for row in range(len(polarity)):
        start, stop = np.uint64(indptr[row]), np.uint64(indptr[row + 1])
        sign = float(polarity[row])
        value = row_value(stop - start) if normalize else 1.0

        held_score = 0.0
        for k in range(start, stop):
            held_score += weights[np.uint32(indices[k])]
        margin = sign * scale * (value * held_score + intercept)
        n_correct += margin > 0.0
        total_loss += log1p_exp(-margin)

        eta = eta0 / (1.0 + alpha * eta0 * step)
        scale *= 1.0 - eta * alpha
        if scale < _LEAST_SCALE:
            for column in range(len(weights)):
                weights[column] *= scale
            intercept *= scale
            scale = 1.0
        change = sign * eta * logistic(-margin) / scale
        intercept += change * intercept_step(normalize)
        change *= value
        for k in range(start, stop):
            weights[np.uint32(indices[k])] += change
        step += 1
    return Progress(scale, intercept, step, n_correct, total_loss, 0.0, 0.0)


@njit("paper")
def pegasos(indptr, indices, polarity, weights, progress, alpha, normalize):
    """Visit each row once by Pegasos, a support vector machine's SGD.

    Minimizes ``mean(max(0, 1 - margin)) + alpha / 2 * |w|**2`` with the step size
    ``1 / (alpha * step)``, without the projection, which the authors found to make no
    difference [1]_ (section 2.2), and with the intercept as one more weight
    (section 6).

    After t steps the solution is ``1 / (alpha * t)`` times the sum of ``polarity * x``
    over the examples met with a margin below 1.  That sum is what is held: whole
    numbers where rows are not normalized, so that no rounding gathers.

    Parameters
    ----------
    indptr, indices, polarity, weights, progress
        As for `sgd_logistic`.
    alpha : float
        L2 regularization strength, > 0.
    normalize : bool
        As for `sgd_logistic`.

    Returns
    -------
    Progress
        ``total_loss`` is the hinge loss.

    References
    ----------
    .. [1] S. Shalev-Shwartz, Y. Singer, N. Srebro, A. Cotter, "Pegasos: primal
       estimated sub-gradient solver for SVM", Mathematical Programming 127, 2011.
    """
    scale, intercept, step, n_correct, total_loss, _, _ = progress
    for row in range(len(polarity)):
        start, stop = np.uint64(indptr[row]), np.uint64(indptr[row + 1])
        sign = float(polarity[row])
        value = row_value(stop - start) if normalize else 1.0

        held_score = 0.0
        for k in range(start, stop):
            held_score += weights[np.uint32(indices[k])]
        margin = sign * scale * (value * held_score + intercept)
        n_correct += margin > 0.0

        step += 1
        scale = 1.0 / (alpha * step)
        if margin < 1.0:
            total_loss += 1.0 - margin
            change = value * sign
            for k in range(start, stop):
                weights[np.uint32(indices[k])] += change
            intercept += sign * intercept_step(normalize)
    return Progress(scale, intercept, step, n_correct, total_loss, 0.0, 0.0)
