"""Searches with scikit-learn's parameters, beside scikit-learn's own."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn.model_selection as peers
from dask.distributed import Client
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import emotiset.sklearn as ours
from emotiset.sklearn import EmotisetClassifier, HashedVotingClassifier, TextHasher
from tests.conftest import make_tweets

PIPELINE = make_pipeline(
    TextHasher(n_features=1 << 10), HashedVotingClassifier(members=1, epochs=1)
)
GRID = {
    "texthasher__features": ["mixed", "byte4"],
    "hashedvotingclassifier__members": [1, 3],
}
SEARCHES = {
    "GridSearchCV": {"param_grid": GRID},
    "RandomizedSearchCV": {
        "param_distributions": {**GRID, "hashedvotingclassifier__seed": range(9)},
        "n_iter": 4,
        "random_state": 1,
    },
    "HalvingGridSearchCV": {"param_grid": GRID, "random_state": 1, "factor": 2},
    "HalvingRandomSearchCV": {
        "param_distributions": GRID,
        "n_candidates": 4,
        "factor": 2,
        "random_state": 1,
    },
}


@pytest.fixture(scope="module")
def labeled() -> tuple[list[str], np.ndarray]:
    tweets = [each for each in make_tweets(300) if each["text"][-1] in ")🙂(😢"]
    return (
        [each["text"].lower() for each in tweets],
        np.array([each["text"][-1] in ")🙂" for each in tweets]),
    )


@pytest.fixture
def dask() -> Iterator[Client]:
    with Client(
        processes=False, n_workers=1, threads_per_worker=2, dashboard_address=":0"
    ) as client:
        yield client


def check_same(found: Any, own: Any) -> None:
    assert found.best_params_ == own.best_params_
    assert found.best_score_ == own.best_score_
    assert found.best_index_ == own.best_index_
    assert set(found.cv_results_) == set(own.cv_results_)
    for name, column in own.cv_results_.items():
        if "_time" not in name:
            assert np.array_equal(found.cv_results_[name], column), name


@pytest.mark.parametrize("name", SEARCHES)
def test_search__is_scikit_learns_own(
    name: str, labeled: tuple[list[str], np.ndarray]
) -> None:
    own = getattr(peers, name)(PIPELINE, cv=2, **SEARCHES[name]).fit(*labeled)
    found = getattr(ours, name)(PIPELINE, cv=2, **SEARCHES[name])
    assert set(clone(found).get_params()) == set(own.get_params())
    check_same(found.fit(*labeled), own)
    texts = ["so happy today", "what a sad day"]
    assert np.array_equal(found.predict_proba(texts), own.predict_proba(texts))
    assert found.estimator is PIPELINE


def test_search__same_on_dask(
    labeled: tuple[list[str], np.ndarray], dask: Client
) -> None:
    texts, labels = labeled
    grid = {"epochs": [1, 2], "members": [1, 2]}
    model = EmotisetClassifier(n_features=1 << 10, features="byte4")
    own = peers.GridSearchCV(model, grid, cv=2).fit(texts, labels)
    before = len(dask.get_task_stream())
    found = ours.GridSearchCV(model, grid, cv=2).fit(pd.Series(texts), labels)
    assert len(dask.get_task_stream()) > before
    check_same(found, own)
    assert isinstance(found.best_estimator_, EmotisetClassifier)


def test_search__takes_any_estimator(
    labeled: tuple[list[str], np.ndarray],
) -> None:
    texts, labels = labeled
    model = make_pipeline(HashingVectorizer(n_features=64), LogisticRegression())
    grid = {"logisticregression__C": [0.1, 1.0]}
    check_same(
        ours.GridSearchCV(model, grid, cv=2).fit(texts, labels),
        peers.GridSearchCV(model, grid, cv=2).fit(texts, labels),
    )


@pytest.mark.usefixtures("client")
def test_search__again_and_again_on_the_same_data(
    labeled: tuple[list[str], np.ndarray],
) -> None:
    search = ours.GridSearchCV(DummyClassifier(), {"strategy": ["prior"]}, cv=2)
    scores = {search.fit(*labeled).best_score_ for _ in range(20)}
    assert len(scores) == 1
