"""Points of the curves that a report draws, counted from a `Ranking`."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emotiset.ranking import Ranking

N_BINS: Final = 15
_N_POINTS: Final = 101


def find_roc(ranking: Ranking) -> list[list[int]]:
    """Return at most 101 points of the ROC curve, from nothing found to all.

    Returns
    -------
    list
        Pairs of counts: negative and positive examples above a probability, which
        falls from point to point.
    """
    points = np.zeros((len(ranking.probability) + 1, 2), np.int64)
    points[1:, 0] = np.cumsum(ranking.n_negative[::-1])
    points[1:, 1] = np.cumsum(ranking.n_positive[::-1])
    # Evenly along the way, not along the probabilities, of which many can be equal.
    way = points.sum(axis=1)
    wanted = np.linspace(0, way[-1], _N_POINTS)
    kept = np.unique(np.searchsorted(way, wanted))
    found: list[list[int]] = points[kept].tolist()
    return found


def find_reliability(ranking: Ranking) -> list[dict[str, Any]]:
    """Return what was said and what was found in 15 equal bins of probability.

    Returns
    -------
    list
        ``from`` and ``to``, ``n`` examples, ``n_positive`` of them, and their
        ``mean_probability``, None in an empty bin.
    """
    n_all = ranking.n_negative + ranking.n_positive
    where = np.minimum(ranking.probability * N_BINS, N_BINS - 1).astype(np.int64)
    n = _count(where, n_all)
    n_positive = _count(where, ranking.n_positive)
    said = np.bincount(where, n_all * ranking.probability, N_BINS)
    return [
        {
            "from": i / N_BINS,
            "to": (i + 1) / N_BINS,
            "n": n[i],
            "n_positive": n_positive[i],
            "mean_probability": float(said[i]) / n[i] if n[i] else None,
        }
        for i in range(N_BINS)
    ]


def _count(where: NDArray[np.int64], n: NDArray[np.int64]) -> list[int]:
    counts = np.zeros(N_BINS, np.int64)
    np.add.at(counts, where, n)
    found: list[int] = counts.tolist()
    return found
