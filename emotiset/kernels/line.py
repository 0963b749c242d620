"""The fit of a logistic line: log-odds as intercept + slope * confidence."""

from emotiset.kernels._jit import jitable, njit
from emotiset.kernels._math import log1p_exp, logistic

_STEPS, _HALVINGS = 50, 40


@njit("maps")
def apply_line(confidence, slope, intercept, probability):
    """Write the probability of positive that each confidence stands for.

    Parameters
    ----------
    confidence, probability : float32[n]
        The latter is overwritten.
    slope, intercept : float
    """
    for row in range(len(confidence)):
        probability[row] = logistic(intercept + slope * float(confidence[row]))


@njit("maps")
def fit_line(confidence, n_negative, n_positive, ridge):
    """Minimize the log loss, and *ridge* times half the squared way from (1, 0).

    By Newton's steps, each halved until it is one down: the loss is convex.

    Parameters
    ----------
    confidence, n_negative, n_positive : float64[n_bins]
        Each bin's confidence and the examples of either polarity in it.
    ridge : float
        Above 0.

    Returns
    -------
    slope, intercept : float
    """
    slope, intercept = 1.0, 0.0
    loss = _find_loss(confidence, n_negative, n_positive, ridge, slope, intercept)
    for _ in range(_STEPS):
        down_slope, down = ridge * (slope - 1.0), ridge * intercept
        bend_both, bend_slope, bend = 0.0, ridge, ridge
        for k in range(len(confidence)):
            chance = logistic(intercept + slope * confidence[k])
            n = n_negative[k] + n_positive[k]
            wrong = n * chance - n_positive[k]
            doubt = n * chance * (1.0 - chance)
            down += wrong
            down_slope += wrong * confidence[k]
            bend += doubt
            bend_both += doubt * confidence[k]
            bend_slope += doubt * confidence[k] * confidence[k]
        size = bend * bend_slope - bend_both * bend_both
        by_slope = (bend * down_slope - bend_both * down) / size
        by = (bend_slope * down - bend_both * down_slope) / size
        is_lower = False
        for _ in range(_HALVINGS):
            to_slope, to = slope - by_slope, intercept - by
            to_loss = _find_loss(
                confidence, n_negative, n_positive, ridge, to_slope, to
            )
            is_lower = to_loss < loss
            if is_lower:
                slope, intercept, loss = to_slope, to, to_loss
                break
            by_slope, by = 0.5 * by_slope, 0.5 * by
        if not is_lower:
            break
    return slope, intercept


@jitable
def _find_loss(confidence, n_negative, n_positive, ridge, slope, intercept):
    loss = 0.5 * ridge * ((slope - 1.0) * (slope - 1.0) + intercept * intercept)
    for k in range(len(confidence)):
        odds = intercept + slope * confidence[k]
        loss += n_positive[k] * log1p_exp(-odds) + n_negative[k] * log1p_exp(odds)
    return loss
