"""Averaged SGD on rows whose columns hold any values, not only ones."""

from emotiset.kernels._jit import njit
from emotiset.kernels._math import logistic

_LEAST_SCALE = 1e-9  # fold the scale into the weights before it underflows


@njit("matrix")
def averaged_sgd(indptr, indices, values, polarity, order, epochs, eta0, alpha, held):
    """Minimize the L2-regularized log loss; return the mean intercept of all steps.

    An example moves the weights by ``eta = eta0 / (1 + alpha * eta0 * step)`` times
    its gradient [1]_; what counts in the end is the mean over all steps [2]_.  The
    weights are held as ``scale * held[0]`` and their sum as ``total_scale * held[0] +
    held[1]``, so an example costs O(its columns), whatever the number of columns.

    Parameters
    ----------
    indptr, indices, values : int64[n_rows + 1], uint32[nnz], float64[nnz]
        CSR arrays.
    polarity : int8[n_rows]
        -1 or 1.
    order : int64[n]
        Rows to visit, in each epoch.
    epochs : int
        Passes, at least 1.
    eta0, alpha : float
        First step size, and L2 regularization strength; ``alpha * eta0 < 1``.
    held : float64[2, n_features]
        Zeros; on return the mean weights are in ``held[1]``.

    References
    ----------
    .. [1] L. Bottou, "Stochastic Gradient Descent Tricks", 2012, section 5.
    .. [2] W. Xu, "Towards Optimal One Pass Large Scale Learning with Averaged
       Stochastic Gradient Descent", 2011.
    """
    weights, behind = held[0], held[1]
    scale, total_scale = 1.0, 0.0
    intercept, total_intercept = 0.0, 0.0
    step = 0
    for _ in range(epochs):
        for row in order:
            start, stop = indptr[row], indptr[row + 1]
            sign = float(polarity[row])
            score = 0.0
            for k in range(start, stop):
                score += weights[indices[k]] * values[k]
            gradient = -sign * logistic(-sign * (scale * score + intercept))
            eta = eta0 / (1.0 + alpha * eta0 * step)
            scale *= 1.0 - eta * alpha
            if scale < _LEAST_SCALE:
                weights *= scale
                total_scale /= scale
                scale = 1.0
            for k in range(start, stop):
                change = -eta * gradient * values[k] / scale
                weights[indices[k]] += change
                behind[indices[k]] -= total_scale * change
            intercept -= eta * gradient
            total_scale += scale
            total_intercept += intercept
            step += 1
    for column in range(len(weights)):
        behind[column] = (behind[column] + total_scale * weights[column]) / step
    return total_intercept / step
