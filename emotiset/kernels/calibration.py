"""From a vote's confidence to a probability, and the fit of that map.

A *confidence* is signed: its side is the vote's answer, its size says how clear the
vote is.  The map is ``log-odds = exp(log_slope) * |confidence| ** exponent`` on the
side of the answer, so it rises, is 0 at the decision and never changes an answer.
"""

import numpy as np

from emotiset.kernels._jit import jitable, njit
from emotiset.kernels._math import exp, log, log1p_exp, logistic
from emotiset.kernels.votes import on_side

# A share of 1 must not become infinite odds; see `log_odds_of_shares`.
_SHRINK = 0.97
_LEAST = np.float32(2.0**-126)  # the smallest normal number
_LOG_SLOPE_LIMIT = 40.0
_HALVINGS = 50


@njit("paper")
def log_odds_of_shares(share, confidence):
    """Write the log-odds of shares of a vote, each first drawn 3% towards even.

    Parameters
    ----------
    share : float32[n]
        From 0 to 1; above 0.5 exactly where positive wins.
    confidence : float32[n]
        Overwritten; above 0 exactly where positive wins.
    """
    for row in range(len(share)):
        lead = _SHRINK * (2.0 * share[row] - 1.0)
        confidence[row] = log((1.0 + lead) / (1.0 - lead))


@njit("learn")
def mean_scores(scores, confidence):
    """Write the mean score of each row.

    Parameters
    ----------
    scores : float32[n_rows, n_members]
        Finite.
    confidence : float32[n_rows]
        Overwritten; above 0 exactly where the mean, before it is rounded, is.
    """
    n_members = scores.shape[1]
    for row in range(scores.shape[0]):
        total_score = 0.0
        for member in range(n_members):
            total_score += float(scores[row, member])
        confidence[row] = _round(total_score / n_members, total_score > 0)


@njit("learn")
def round_means(means, confidence):
    """Write each mean score as `mean_scores` does.

    Parameters
    ----------
    means : float64[n]
        Finite.
    confidence : float32[n]
        Overwritten; above 0 exactly where the mean is.
    """
    for row in range(len(means)):
        confidence[row] = _round(means[row], means[row] > 0)


@jitable
def _round(mean, is_positive):
    rounded = np.float32(mean)
    return max(rounded, _LEAST) if is_positive else rounded


@njit("learn")
def calibrate(confidence, log_slopes, exponents, probability):
    """Write the probability of positive that each confidence stands for.

    Parameters
    ----------
    confidence : float32[n]
    log_slopes, exponents : float64[2]
        Of the negative side, then of the positive one.
    probability : float32[n]
        Overwritten.  Above 0.5 exactly where the confidence is above 0.
    """
    for row in range(len(confidence)):
        is_positive = confidence[row] > 0
        side = 1 if is_positive else 0
        size = abs(np.float64(confidence[row]))
        odds = 0.0
        if size > 0.0:
            odds = exp(log_slopes[side] + exponents[side] * log(size))
        probability[row] = on_side(
            logistic(odds if is_positive else -odds), is_positive
        )


@njit("learn")
def fit_slope(log_size, n, n_right, exponent):
    """Find the log-slope that makes the answers of one side most likely.

    The likelihood is concave in the slope, so its derivative changes sign once: where,
    is found by halving the interval of log-slopes, which can neither diverge nor end
    elsewhere on another machine.

    Parameters
    ----------
    log_size : float64[n_bins]
        Logarithm of the size of the confidences in each bin.
    n, n_right : float64[n_bins]
        Examples in each bin, and how many of them the vote had right.
    exponent : float

    Returns
    -------
    log_slope : float
    loss : float
        Sum of the log losses in nats.
    """
    low, high = -_LOG_SLOPE_LIMIT, _LOG_SLOPE_LIMIT
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        derivative = 0.0
        for k in range(len(n)):
            odds = exp(middle + exponent * log_size[k])
            derivative += (n_right[k] - n[k] * logistic(odds)) * odds
        if derivative > 0.0:
            low = middle
        else:
            high = middle
    loss = 0.0
    for k in range(len(n)):
        odds = exp(low + exponent * log_size[k])
        loss += n_right[k] * log1p_exp(-odds) + (n[k] - n_right[k]) * log1p_exp(odds)
    return low, loss
