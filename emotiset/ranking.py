"""How well probabilities rank and how far they are from frequencies.

Counts of examples at each distinct probability are all that is kept, so the order of
the examples changes no digit.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emotiset.schema import POSITIVE

ECE_BINS: Final = 15
_CLIP: Final = float(np.finfo(np.float32).eps)  # as scikit-learn does for float32


@dataclass(frozen=True)
class Ranking:
    """Examples of either polarity at each distinct probability, lowest first.

    Attributes
    ----------
    probability : float64[n_distinct]
    n_negative, n_positive : int64[n_distinct]
    """

    probability: NDArray[np.float64]
    n_negative: NDArray[np.int64]
    n_positive: NDArray[np.int64]

    @property
    def auc(self) -> float | None:
        """Chance that a positive example ranks over a negative one, ties half [1]_.

        References
        ----------
        .. [1] H. B. Mann, D. R. Whitney, "On a test of whether one of two random
           variables is stochastically larger than the other", 1947.
        """
        n_below = np.cumsum(self.n_negative) - self.n_negative
        twice_won = int(np.sum(self.n_positive * (2 * n_below + self.n_negative)))
        n_pairs = int(self.n_negative.sum()) * int(self.n_positive.sum())
        return _divide(twice_won, 2 * n_pairs)

    @property
    def ece(self) -> float | None:
        """Expected calibration error: how far probabilities are from frequencies [1]_.

        Of 15 equal bins of the probability of positive, each counted by its examples,
        the mean distance between mean probability and share of positives.  No less
        than the same of the probability of the answer.

        References
        ----------
        .. [1] M. P. Naeini, G. Cooper, M. Hauskrecht, "Obtaining well calibrated
           probabilities using Bayesian binning", AAAI 2015.
        """
        n_all = self.n_negative + self.n_positive
        where = np.minimum(self.probability * ECE_BINS, ECE_BINS - 1).astype(np.int64)
        expected = np.bincount(where, n_all * self.probability, ECE_BINS)
        found = np.bincount(where, self.n_positive, ECE_BINS)
        return _divide(float(np.abs(expected - found).sum()), int(n_all.sum()))

    @property
    def log_loss(self) -> float | None:
        """Mean log loss in nats, of probabilities kept 2^-23 away from 0 and 1."""
        n = int(self.n_negative.sum() + self.n_positive.sum())
        clipped = np.clip(self.probability, _CLIP, 1 - _CLIP)
        gains = self.n_positive * np.log(clipped) + self.n_negative * np.log1p(-clipped)
        return _divide(-float(gains.sum()), n)

    @property
    def base_log_loss(self) -> float | None:
        """Log loss of who says the share of positives of every example, in nats.

        Where few are positive a log loss says little without it.
        """
        n_negative, n_positive = int(self.n_negative.sum()), int(self.n_positive.sum())
        share = _divide(n_positive, n_negative + n_positive)
        if share is None or not 0 < share < 1:
            return share if share is None else 0.0
        gains = n_positive * np.log(share) + n_negative * np.log1p(-share)
        return -float(gains) / (n_negative + n_positive)

    @property
    def average_precision(self) -> float | None:
        """Mean of the precision at each positive example, from the highest down [1]_.

        Examples of one probability are taken together.  A model that knows nothing
        has the share of positives.

        References
        ----------
        .. [1] C. D. Manning, P. Raghavan, H. Schuetze, "Introduction to Information
           Retrieval", 2008, section 8.4.
        """
        n_found = np.cumsum(self.n_positive[::-1])
        n_told = np.cumsum((self.n_negative + self.n_positive)[::-1])
        total = float(np.sum(self.n_positive[::-1] * (n_found / n_told)))
        return _divide(total, int(self.n_positive.sum()))

    @property
    def mean_probability(self) -> float | None:
        """Mean probability of positive: calibrated, it is their share."""
        n_all = self.n_negative + self.n_positive
        return _divide(float(np.sum(n_all * self.probability)), int(n_all.sum()))


def rank(polarity: NDArray[np.int8], probability: NDArray[np.float32]) -> Ranking:
    """Count the examples of either polarity at each distinct probability."""
    distinct, place = np.unique(probability, return_inverse=True)
    n_all = np.bincount(place, minlength=len(distinct))
    n_positive = np.bincount(place[polarity == POSITIVE], minlength=len(distinct))
    return Ranking(distinct.astype(np.float64), n_all - n_positive, n_positive)


def _divide(part: float, whole: int) -> float | None:
    return part / whole if whole else None
