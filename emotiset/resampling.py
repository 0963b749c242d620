"""What folds say together: means, with intervals that know that folds are alike.

Each model of a cross-validation shares most of its examples with each other one, so
their scores differ by less than those of models of fresh samples would: the textbook
interval of the mean is too narrow.  The corrected resampled t interval adds the share
of test to training examples to the variance [1]_.

References
----------
.. [1] C. Nadeau, Y. Bengio, "Inference for the generalization error", Machine Learning
   52 (2003), 239-281, section 3; R. Bouckaert, E. Frank, "Evaluating the replicability
   of significance tests for comparing learning algorithms", PAKDD 2004, for folds.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from emotiset.folds import FoldConfig

INTERVAL: Final = "95%, corrected resampled t (Nadeau and Bengio 2003)"
_LEVEL: Final = 0.95

# Metrics of a fold of which means are told, with the least and the most they can be.
_BOUNDS: Final = {
    "accuracy": (0.0, 1.0),
    "macro_recall": (0.0, 1.0),
    "f1": (0.0, 1.0),
    "auc": (0.0, 1.0),
    "log_loss": (0.0, np.inf),
    "ece": (0.0, 1.0),
}


class Mean(NamedTuple):
    """A mean over folds and its 95% interval."""

    mean: float
    low: float
    high: float


def find_mean(scores: Sequence[float], test_per_train: float) -> Mean:
    """Return the mean of scores of folds, and its corrected resampled t interval.

    Parameters
    ----------
    scores
        One of each fold, at least two.
    test_per_train
        Test examples for each training example of a fold: 1 / (K - 1) of K folds; 0
        gives the textbook interval.

    Examples
    --------
    >>> [round(each, 3) for each in find_mean([0.7, 0.8, 0.9], 1 / 2)]
    [0.8, 0.407, 1.193]
    >>> [round(each, 3) for each in find_mean([0.7, 0.8, 0.9], 0)]
    [0.8, 0.552, 1.048]
    """
    from scipy.special import stdtrit  # 0.2 s, of which most runs have no use

    n = len(scores)
    mean = float(np.mean(scores))
    variance = float(np.var(scores, ddof=1))
    quantile = float(stdtrit(n - 1, (1 + _LEVEL) / 2))
    half = quantile * ((1 / n + test_per_train) * variance) ** 0.5
    return Mean(mean, mean - half, mean + half)


def find_means(each: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any] | None]:
    """Return for each metric its ``mean`` over folds and its ``interval``.

    Parameters
    ----------
    each
        Metrics of each fold, with ``n_train`` and ``n_test``.

    Returns
    -------
    dict
        Plain JSON values; None for a metric that some fold leaves undefined, as the AUC
        of examples of one polarity is.
    """
    share = sum(one["n_test"] for one in each) / sum(one["n_train"] for one in each)
    found: dict[str, dict[str, Any] | None] = {}
    for name, (least, most) in _BOUNDS.items():
        scores = [one[name] for one in each if one[name] is not None]
        found[name] = None
        if len(scores) == len(each):
            mean, low, high = find_mean(scores, share)
            found[name] = {
                "mean": mean,
                "interval": [max(low, least), min(high, most)],
            }
    return found


def summarize_folds(
    each: Sequence[Mapping[str, Any]], config: FoldConfig
) -> dict[str, Any]:
    """Return what a summary tells of a cross-validation, as plain JSON values.

    Parameters
    ----------
    each
        What each fold gave, in order; see `emotiset.fold_fitting.judge_fold`.
    config
        How the folds were cut.
    """
    return {
        "k": len(each),
        "by": config.fold_by,
        "interval": INTERVAL,
        "means": find_means(each),
        "each": [dict(one) for one in each],
    }
