"""What training one part of the sample gives."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emotiset.kernels._math import log
from emotiset.pressing import press, release
from emotiset.scorer import Scorer


@dataclass(frozen=True, eq=False)
class Member:
    """One trained classifier; a positive score means positive polarity.

    Attributes
    ----------
    weights
        float32[n_features], one for each column; empty where there is a scorer.
    intercept
        Added to every score.
    vote_weight
        What its vote counts in a weighted vote, >= 0; see `vote_weight`.
    n_examples
        Examples it was trained on, in each epoch.
    n_correct
        How many of them it had right in the first epoch, each scored just before it
        was learned from; a score of 0 is not right.  More than of new examples where
        columns are scaled: the counts behind the scale know them all.
    progressive_loss
        Mean loss of the same scores, of the learner's own kind: log loss in nats, or
        hinge for ``pegasos``.
    scorer
        What gives the scores of a member that is not linear.

    References
    ----------
    .. [1] A. Blum, A. Kalai, J. Langford, "Beating the Hold-Out: Bounds for K-fold and
       Progressive Cross-Validation", COLT 1999.
    """

    weights: NDArray[np.float32]
    intercept: float
    vote_weight: float
    n_examples: int
    n_correct: int
    progressive_loss: float
    scorer: Scorer | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Travel light: of weights that are mostly zero only the others go along."""
        return {**vars(self), "weights": press(self.weights)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Arrive with all weights."""
        vars(self).update(state, weights=release(state["weights"]))


def vote_weight(n_correct: int, n_examples: int) -> float:
    """Return the log-odds that a member is right, at least 0.

    The weights that make the best weighted vote of independent members [1]_.  One is
    added to the right and to the wrong answers, so that the weight is finite.

    Parameters
    ----------
    n_correct, n_examples
        Progressive counts, as in `Member`.

    Returns
    -------
    float
        0 for a member that is right no more often than wrong.

    References
    ----------
    .. [1] L. Shapley, B. Grofman, "Optimizing group judgmental accuracy in the
       presence of interdependencies", Public Choice 43, 1984.

    Examples
    --------
    >>> round(vote_weight(3, 4), 4), vote_weight(1, 4), vote_weight(0, 0)
    (0.6931, 0.0, 0.0)
    """
    odds = (n_correct + 1) / (n_examples - n_correct + 1)
    weight: float = log(max(odds, 1.0))
    return weight
