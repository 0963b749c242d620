"""Probabilities where classes are unbalanced: a line of log-odds, with an intercept.

`emotiset.calibration` keeps each answer on its side of 0.5, so it cannot move one whose
odds are far from even.  Where two in a hundred are positive all answers are, so feature
maps have Platt's line with both its numbers.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from emotiset.calibration import Calibration, Line, bin_sizes
from emotiset.kernels.line import fit_line

_LEAST_OF_CLASS: Final = 10
# As much as what is known of a line beforehand: that slope and intercept of a logistic
# model are within half of 1 and 0.
_RIDGE: Final = 4.0


def fit_line_calibration(
    counts: NDArray[np.int64],
    prior: float,
    class_weights: tuple[float, float] = (1.0, 1.0),
) -> Calibration:
    """Fit the line to what `emotiset.calibration.count_confidence` counted.

    Parameters
    ----------
    counts : int64[2, 2, n_bins]
        Of examples that the members had not learned from.
    prior
        Share of positive examples in training, weighted.
    class_weights
        What an example counts, negative and positive.

    Returns
    -------
    Calibration
        Without a line where a class has fewer than 10 examples, or where what scores
        higher is not more often positive.

    Examples
    --------
    At even odds of the vote one example in ten is positive:

    >>> from emotiset.calibration import count_confidence
    >>> gold = np.tile(np.repeat(np.int8([-1, 1]), [90, 10]), 20)
    >>> counts = count_confidence(np.zeros(2000, np.float32), gold)
    >>> found = fit_line_calibration(counts, 0.1)
    >>> found.apply(np.zeros(1, np.float32)).round(2).tolist()
    [0.10000000149011612]
    """
    (wrong_low, right_low), (wrong_high, right_high) = counts
    positive = np.concatenate([wrong_low[::-1], right_high]).astype(np.float64)
    negative = np.concatenate([right_low[::-1], wrong_high]).astype(np.float64)
    if min(positive.sum(), negative.sum()) < _LEAST_OF_CLASS:
        return Calibration(prior=prior)
    sizes = bin_sizes()
    used = np.flatnonzero(positive + negative)
    slope, intercept = fit_line(
        np.concatenate([-sizes[::-1], sizes])[used],
        negative[used] * class_weights[0],
        positive[used] * class_weights[1],
        _RIDGE,
    )
    if slope <= 0:
        return Calibration(prior=prior)
    n = int(counts.sum())
    return Calibration(n_examples=n, prior=prior, line=Line(slope, intercept))
