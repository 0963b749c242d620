"""Probabilities that mean something: of the answers at 0.8, eight in ten are right.

A vote's confidence is mapped to a probability by a curve with two numbers for each
side, fitted on examples that the voting members had not learned from.  What is merged
over partitions is whole numbers, confidences counted in bins of fixed edges, so how
the examples were cut changes no digit.

The curve is Platt's logistic function [1]_ of a power of the confidence, as in beta
calibration [2]_, without an intercept: an answer keeps its side of 0.5.  A power,
since a score grows with the length of a text faster than what it tells; two sides,
since a vote can be surer of one of them.

References
----------
.. [1] J. Platt, "Probabilistic outputs for support vector machines and comparisons to
   regularized likelihood methods", 1999.
.. [2] M. Kull, T. Silva Filho, P. Flach, "Beta calibration", AISTATS 2017.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emotiset.errors import ConfigError
from emotiset.kernels._math import log
from emotiset.kernels.calibration import calibrate, fit_slope
from emotiset.kernels.line import apply_line
from emotiset.schema import POSITIVE

# A bin is the first bits of a float32: its sign, exponent and 5 bits of fraction, so
# that the sizes in it differ by 3% at most.
_DROPPED_BITS: Final = 18
_N_BINS: Final = 1 << (31 - _DROPPED_BITS)
_EXPONENTS: Final = tuple(tenth / 10 for tenth in range(2, 21))
_LEAST_ON_SIDE: Final = 20
_LEAST_SIZE: Final = 2.0**-100  # a CPU can be told to take a subnormal number for 0
_LIMIT: Final = 100.0
_LARGEST: Final = 1e6


@dataclass(frozen=True)
class Side:
    """The curve of one side: ``log-odds = exp(log_slope) * |confidence| ** exponent``.

    Attributes
    ----------
    log_slope
    exponent
        Above 0, so that the curve rises.
    """

    log_slope: float
    exponent: float

    def __post_init__(self) -> None:
        """Refuse numbers that no fit gives."""
        if not (abs(self.log_slope) <= _LIMIT and 0 < self.exponent <= _LIMIT):
            raise ConfigError(
                f"calibration needs finite numbers, found log_slope {self.log_slope} "
                f"and exponent {self.exponent}: train again"
            )


@dataclass(frozen=True)
class Line:
    """The line of `emotiset.lines`: ``log-odds = intercept + slope * confidence``."""

    slope: float
    intercept: float

    def __post_init__(self) -> None:
        """Refuse numbers that no fit gives."""
        if not (0 < self.slope <= _LARGEST and abs(self.intercept) <= _LARGEST):
            raise ConfigError(
                f"calibration needs finite numbers, found slope {self.slope} and "
                f"intercept {self.intercept}: train again"
            )


@dataclass(frozen=True)
class Calibration:
    """What turns the confidence of a vote into a probability.

    Attributes
    ----------
    negative, positive
        The curves; None for both: too few examples for a fit, and the probability is
        what the vote itself says.
    n_examples
        Examples behind the fit.
    prior
        Share of positive examples in training.
    line
        In the place of the curves, where the classes may be unbalanced.
    """

    negative: Side | None = None
    positive: Side | None = None
    n_examples: int = 0
    prior: float = 0.5
    line: Line | None = None

    def __post_init__(self) -> None:
        """Refuse half a calibration, and a prior that leaves no doubt."""
        if (self.negative is None) != (self.positive is None) or self.n_examples < 0:
            raise ConfigError("calibration needs both sides, found one: train again")
        if not 0 < self.prior < 1:
            raise ConfigError(
                f"calibration needs a prior between 0 and 1, found {self.prior}: train "
                "again"
            )

    @property
    def is_fitted(self) -> bool:
        """Whether there is anything to apply."""
        return self.positive is not None or self.line is not None

    def to_metadata(self) -> dict[str, Any]:
        """Return what a model file says of it; a line only where there is one."""
        found = asdict(self)
        if self.line is None:
            del found["line"]
        return found

    def apply(self, confidence: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probability of positive of each confidence.

        Returns
        -------
        float32[n]
            Above 0.5 exactly where the confidence is above 0; by a line where that is.

        Raises
        ------
        ConfigError
            If there is no curve.
        """
        probability = np.empty(len(confidence), np.float32)
        if self.line is not None:
            apply_line(confidence, self.line.slope, self.line.intercept, probability)
            return probability
        if self.negative is None or self.positive is None:
            raise ConfigError(
                "there is no calibration to apply: train on more examples"
            )
        sides = (self.negative, self.positive)
        calibrate(
            confidence,
            np.array([side.log_slope for side in sides]),
            np.array([side.exponent for side in sides]),
            probability,
        )
        return probability


NOT_CALIBRATED: Final = Calibration()


def count_confidence(
    confidence: NDArray[np.float32], polarity: NDArray[np.int8]
) -> NDArray[np.int64]:
    """Count the answers of a vote by side, by right and wrong, and by confidence.

    Parameters
    ----------
    confidence : float32[n]
    polarity : int8[n]
        Gold.

    Returns
    -------
    int64[2, 2, n_bins]
        Negative side first, wrong answers first.
    """
    is_positive = confidence > 0
    is_right = is_positive == (polarity == POSITIVE)
    cell = 2 * is_positive.astype(np.int64) + is_right
    where = np.abs(confidence).view(np.uint32) >> np.uint32(_DROPPED_BITS)
    counts = np.bincount(cell * _N_BINS + where, minlength=4 * _N_BINS)
    return counts.reshape(2, 2, _N_BINS)


def merge_counts(counts: Iterable[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Add up what `count_confidence` counted; in any order."""
    return sum(counts, np.zeros((2, 2, _N_BINS), np.int64))


def fit_calibration(counts: NDArray[np.int64], prior: float) -> Calibration:
    """Fit the curve of each side.

    Parameters
    ----------
    counts : int64[2, 2, n_bins]
        Of examples that the members had not learned from.
    prior
        Share of positive examples in training.

    Returns
    -------
    Calibration
        Without curves where a side has fewer than 20 answers.

    Examples
    --------
    Of 1,000 answers of each side at the same confidence 800 are right:

    >>> confidence = np.repeat(np.float32([-2, 2]), 1000)
    >>> gold = np.tile(np.repeat(np.int8([-1, 1]), [800, 200]), 2)
    >>> gold[1000:] *= -1
    >>> found = fit_calibration(count_confidence(confidence, gold), 0.5)
    >>> found.apply(np.float32([-2, 0, 2])).round(2).tolist()
    [0.20000000298023224, 0.5, 0.800000011920929]
    """
    n_on_side = counts.sum(axis=(1, 2))
    if n_on_side.min() < _LEAST_ON_SIDE:
        return Calibration(prior=prior)
    negative, positive = (_fit_side(*side) for side in counts)
    return Calibration(negative, positive, int(n_on_side.sum()), prior)


def shift_prior(
    probability: NDArray[np.float32], trained: float, wanted: float
) -> NDArray[np.float32]:
    """Return probabilities for texts of which another share is positive.

    The log-odds move by as much as those of the share do [1]_.

    Parameters
    ----------
    probability : float32[n]
        Of positive.
    trained, wanted
        Share of positive texts in training and where the model is used.

    References
    ----------
    .. [1] M. Saerens, P. Latinne, C. Decaestecker, "Adjusting the outputs of a
       classifier to new a priori probabilities", Neural Computation 14, 2002.

    Examples
    --------
    >>> shift_prior(np.float32([0.5, 0.8]), 0.5, 0.2).tolist()
    [0.20000000298023224, 0.5]
    """
    ratio = wanted * (1 - trained) / (trained * (1 - wanted))
    odds = probability.astype(np.float64) * ratio
    # 1 - probability is exact in float64, and not 0 together with the odds.
    return (odds / (odds + (1.0 - probability.astype(np.float64)))).astype(np.float32)


def _fit_side(n_wrong: NDArray[np.int64], n_right: NDArray[np.int64]) -> Side:
    """Try each exponent; keep the one with the lowest loss, the first of equals."""
    total_wrong, total_right = int(n_wrong.sum()), int(n_right.sum())
    bins = np.flatnonzero(n_wrong + n_right)
    log_size = np.array([log(size) for size in _sizes(bins).tolist()])
    n = (n_wrong + n_right)[bins].astype(np.float64)
    # Platt's targets: never surer than that one more answer was wrong.
    right = n_right[bins] * ((total_right + 1) / (total_right + 2))
    right += n_wrong[bins] / (total_wrong + 2)
    fits = [(fit_slope(log_size, n, right, each), each) for each in _EXPONENTS]
    (log_slope, _), exponent = min(fits, key=lambda fit: fit[0][1])
    return Side(log_slope, exponent)


def bin_sizes() -> NDArray[np.float64]:
    """Return the size of confidence that each bin stands for, float64[n_bins]."""
    infinite = np.float32(np.inf).view(np.uint32) >> np.uint32(_DROPPED_BITS)
    sizes = np.zeros(_N_BINS)
    sizes[:infinite] = _sizes(np.arange(infinite))
    return sizes


def _sizes(bins: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the middle of each bin; of the first one, which holds 0, too."""
    middle = (2 * bins + 1) << (_DROPPED_BITS - 1)
    sizes = middle.astype(np.uint32).view(np.float32).astype(np.float64)
    return np.maximum(sizes, _LEAST_SIZE)
