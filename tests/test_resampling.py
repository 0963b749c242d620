"""Intervals of means over folds, beside SciPy's and statsmodels'."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.weightstats import DescrStatsW

from emotiset.folds import FoldConfig
from emotiset.resampling import find_mean, find_means, summarize_folds

SCORES = [0.781, 0.802, 0.795, 0.779, 0.811]


@pytest.mark.parametrize("n", [2, 3, 5])
def test_find_mean__without_shared_examples_is_the_textbook_interval(n: int) -> None:
    found = find_mean(SCORES[:n], 0)
    assert found.mean == pytest.approx(np.mean(SCORES[:n]))
    assert found[1:] == pytest.approx(DescrStatsW(SCORES[:n]).tconfint_mean(0.05))


@pytest.mark.parametrize("k", [2, 5])
def test_find_mean__adds_test_per_training_examples_to_the_variance(k: int) -> None:
    scores = SCORES[:k]
    spread = stats.tstd(scores) * np.sqrt(1 / k + 1 / (k - 1))
    wanted = stats.t.interval(0.95, k - 1, loc=stats.tmean(scores), scale=spread)
    assert find_mean(scores, 1 / (k - 1))[1:] == pytest.approx(wanted)


def test_find_mean__covers_more_than_the_textbook_interval() -> None:
    # Scores that share most of what they come from: one draw in common, one their own.
    rng = np.random.default_rng(0)
    n_inside = {0.0: 0, 1 / 4: 0}
    for _ in range(400):
        scores = 0.8 + 0.01 * (rng.normal() + rng.normal(size=5) * 2)
        for share in n_inside:
            _, low, high = find_mean(scores, share)
            n_inside[share] += low <= 0.8 <= high
    assert n_inside[0.0] / 400 < 0.9
    assert 0.92 < n_inside[1 / 4] / 400 < 0.98


def test_find_means__undefined_in_one_fold_is_undefined() -> None:
    fold = {"n_train": 80, "n_test": 20, "macro_recall": 1, "f1": 1, "ece": 0}
    each = [
        {**fold, "accuracy": 0.99, "log_loss": 0.1, "auc": None},
        {**fold, "accuracy": 0.97, "log_loss": 0.4, "auc": 0.9},
    ]
    means = find_means(each)
    assert means["auc"] is None
    assert means["accuracy"] is not None and means["accuracy"]["interval"][1] == 1
    assert means["log_loss"] is not None and means["log_loss"]["interval"][0] == 0
    assert means["f1"] == {"mean": 1, "interval": [1, 1]}
    told = summarize_folds(each, FoldConfig(folds=2, fold_by="time"))
    assert (told["k"], told["by"], told["each"]) == (2, "time", each)
