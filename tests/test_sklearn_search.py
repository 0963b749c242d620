"""Searches with scikit-learn's parameters, beside scikit-learn's own."""

import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn.model_selection as peers
from dask.distributed import Client
from sklearn.base import clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import emotiset.sklearn as ours
from emotiset.config import FeatureConfig
from emotiset.errors import InputError
from emotiset.sklearn import EmotisetClassifier, HashedVotingClassifier, TextHasher
from emotiset.sklearn import shared as shared_module
from emotiset.sklearn.shared import share_texts
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
    assert pickle.loads(pickle.dumps(found)).best_params_ == own.best_params_


@pytest.mark.parametrize(
    ("model", "grid"),
    [
        (PIPELINE, GRID),
        (
            EmotisetClassifier(n_features=1 << 10),
            {"features": ["mixed", "byte4"], "alpha": [1e-6, 1e-7], "members": [1, 2]},
        ),
    ],
)
def test_search__hashes_the_texts_once_for_each_set_of_features(
    model: Any,
    grid: Any,
    labeled: tuple[list[str], np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    n_hashed: list[int] = []

    def count(text: Any, config: FeatureConfig) -> Any:
        n_hashed.append(len(text))
        return hash_rows(text, config)

    hash_rows = shared_module.hash_rows
    monkeypatch.setattr(shared_module, "hash_rows", count)
    ours.GridSearchCV(model, grid, cv=3).fit(*labeled)
    assert n_hashed == [len(labeled[0])] * 2


@pytest.mark.parametrize("features", ["mixed", "byte4"])
def test_share_texts__rows_are_those_of_the_hasher(features: Any) -> None:
    texts = ["so good :)", None, "", "nicht schön", "so good :)", "x" * 50]
    hasher = TextHasher(features=features, n_features=1 << 12)
    whole = share_texts(texts)
    rows = np.array([4, 0, 0, 3])
    for some, plain in (
        (whole, texts),
        (whole[rows, ...], [texts[row] for row in rows]),
        (whole[rows][np.array([True, False, False, True])], [texts[4], texts[3]]),
        (whole[1:2], [None]),
        (whole[:0], []),
    ):
        assert list(some) == [each or "" for each in plain]
        assert (hasher.transform(some) != hasher.transform(plain)).nnz == 0
        assert hasher.transform(some).dtype == hasher.transform(plain).dtype
        again = pickle.loads(pickle.dumps(some))
        assert (hasher.transform(again) != hasher.transform(plain)).nnz == 0


def test_search__leaves_other_estimators_alone(
    labeled: tuple[list[str], np.ndarray],
) -> None:
    texts, labels = labeled
    model = make_pipeline(HashingVectorizer(n_features=64), LogisticRegression())
    grid = {"logisticregression__C": [0.1, 1.0]}
    check_same(
        ours.GridSearchCV(model, grid, cv=2).fit(texts, labels),
        peers.GridSearchCV(model, grid, cv=2).fit(texts, labels),
    )
    with pytest.raises(InputError, match="a list of texts is needed"):
        ours.GridSearchCV(PIPELINE, GRID, cv=2).fit([1, 2, 3, 4], [0, 1, 0, 1])
