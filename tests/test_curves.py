"""Points of curves against scikit-learn."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import roc_auc_score

from emotiset.curves import N_BINS, find_reliability, find_roc
from emotiset.ranking import rank


def make(n=5000, seed=0):
    rng = np.random.default_rng(seed)
    probability = rng.random(n).astype(np.float32)
    polarity = np.where(rng.random(n) < probability**2, 1, -1).astype(np.int8)
    return polarity, probability


def test_find_roc__few_points_with_nearly_the_whole_area():
    polarity, probability = make()
    points = np.array(find_roc(rank(polarity, probability)))
    assert len(points) <= 101
    assert points[0].tolist() == [0, 0]
    assert points[-1].tolist() == [(polarity < 0).sum(), (polarity > 0).sum()]
    assert (np.diff(points, axis=0) >= 0).all()
    x, y = (points / points[-1]).T
    area = np.trapezoid(y, x)
    assert area == pytest.approx(roc_auc_score(polarity, probability), abs=1e-3)


def test_find_roc__ties_and_one_polarity():
    even = rank(np.int8([1, -1]), np.float32([0.5, 0.5]))
    assert find_roc(even) == [[0, 0], [1, 1]]
    alone = rank(np.int8([1, 1]), np.float32([0.5, 0.7]))
    assert find_roc(alone) == [[0, 0], [0, 1], [0, 2]]
    assert find_roc(rank(np.empty(0, np.int8), np.empty(0, np.float32))) == [[0, 0]]


def test_find_reliability__agrees_with_scikit_learn():
    polarity, probability = make()
    found = find_reliability(rank(polarity, probability))
    share, said = calibration_curve(polarity > 0, probability, n_bins=N_BINS)
    assert len(found) == N_BINS
    assert [each["n_positive"] / each["n"] for each in found] == pytest.approx(share)
    assert [each["mean_probability"] for each in found] == pytest.approx(said)
    assert sum(each["n"] for each in found) == len(polarity)


def test_find_reliability__ends_and_empty_bins():
    found = find_reliability(rank(np.int8([1, -1]), np.float32([1, 0])))
    assert (found[0]["n"], found[-1]["n_positive"]) == (1, 1)
    assert found[7]["mean_probability"] is None
