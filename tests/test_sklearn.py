"""The estimators, by scikit-learn's own checks and beside its models."""

import os
import subprocess
import sys

import numpy as np
import pytest
from joblib import parallel_config
from scipy.sparse import csr_array, csr_matrix, random_array
from sklearn.base import clone
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from emotiset import load_ensemble
from emotiset.errors import ConfigError, InputError
from emotiset.sklearn import (
    EmotisetClassifier,
    HashedVotingClassifier,
    TextHasher,
    to_linear_model,
)
from tests.conftest import make_tweets


@pytest.fixture(scope="module")
def labeled():
    tweets = [each for each in make_tweets(1500) if each["text"][-1] in ")🙂(😢"]
    text = [each["text"].lower() for each in tweets]
    return text, np.array([t[-1] in ")🙂" for t in text])


# In a process of its own: SciPy looks at the variable when it is imported, and without
# it one check would skip.
CHECKS = """
import sys
from sklearn.utils.estimator_checks import check_estimator
from emotiset.sklearn import HashedVotingClassifier

for settings in ({}, {"members": 3, "vote": "majority"}):
    results = check_estimator(HashedVotingClassifier(**settings), on_skip=None)
    assert len(results) > 50, len(results)
    print([each for each in results if each["status"] != "passed"])
"""


@pytest.mark.slow
def test_hashed_voting__passes_all_checks_of_scikit_learn():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", CHECKS],
        env={**os.environ, "SCIPY_ARRAY_API": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("[]\n[]\n", "")


LABELS = [(0, 1), (-1, 1), ("bad", "good"), (False, True), (3.0, 7.0)]


@pytest.mark.parametrize("classes", LABELS)
def test_classifiers__labels_of_any_kind(labeled, classes):
    text, is_positive = labeled
    y = np.where(is_positive, classes[1], classes[0])
    own = EmotisetClassifier(n_features=4096).fit(text[:400], y[:400])
    matrix = TextHasher(n_features=4096).transform(text)
    hashed = HashedVotingClassifier().fit(matrix[:400], y[:400])
    for model, X in ((own, text[400:]), (hashed, matrix[400:])):
        answers = model.predict(X)
        assert answers.dtype == y.dtype
        assert np.mean(answers == y[400:]) > 0.9
        assert np.array_equal(model.classes_, np.sort(classes))
        decided = model.classes_[(model.decision_function(X) > 0).astype(int)]
        assert np.array_equal(decided, answers)
        by_proba = model.classes_[model.predict_proba(X).argmax(axis=1)]
        assert np.array_equal(by_proba, answers)


@pytest.mark.parametrize("vote", ["mean", "majority"])
def test_hashed_voting__sparse_of_any_kind_is_dense(vote):
    rng = np.random.default_rng(0)
    X = random_array((200, 30), density=0.3, rng=rng, format="csr")
    y = np.asarray(X.sum(axis=1)).ravel() > 4.5
    model = HashedVotingClassifier(vote=vote)
    expected = clone(model).fit(X.toarray(), y)
    for kind in (csr_array(X), csr_matrix(X), X.tocoo(), X.tocsc()):
        found = clone(model).fit(kind, y)
        assert found.coef_.tobytes() == expected.coef_.tobytes()
        near = pytest.approx(expected.decision_function(X.toarray()), abs=1e-12)
        assert found.decision_function(kind) == near


def test_hashed_voting__comes_near_the_optimum_of_logistic_regression():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(4000, 5))
    y = X @ [1, -2, 0, 0.5, 1] + rng.logistic(size=4000) > 0.3
    best = LogisticRegression(C=1e4).fit(X, y)
    ours = (
        HashedVotingClassifier(members=1, epochs=30, eta0=0.02)
        .fit(X, y)
        .to_linear_model()
    )
    assert ours.coef_ == pytest.approx(best.coef_, abs=0.06)
    assert ours.intercept_ == pytest.approx(best.intercept_, abs=0.06)


@pytest.mark.parametrize("alpha", [0.01, 0.1])
def test_hashed_voting__alpha_is_the_strength_of_l2(alpha):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(4000, 5))
    y = X @ [1, -2, 0, 0.5, 1] + rng.logistic(size=4000) > 0.0
    best = LogisticRegression(C=1 / (alpha * len(y))).fit(X, y)
    ours = HashedVotingClassifier(members=1, epochs=30, alpha=alpha, eta0=0.02).fit(
        X, y
    )
    assert ours.coef_ == pytest.approx(best.coef_, abs=0.06)


def test_hashed_voting__many_regularized_steps_do_not_underflow():
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(400, 3)), np.arange(400) % 2
    ours = HashedVotingClassifier(alpha=0.9, eta0=1.0, epochs=50).fit(X, y)
    assert np.isfinite(ours.coef_).all()
    assert np.abs(ours.coef_).max() < 1


@pytest.mark.parametrize("features", ["mixed", "byte4"])
@pytest.mark.parametrize("member", [None, 0, 2])
def test_to_linear_model__decides_as_the_members(labeled, features, member):
    text, is_positive = labeled
    ours = EmotisetClassifier(features, 1 << 16, members=3).fit(text, is_positive)
    theirs = ours.to_linear_model(member)
    matrix = TextHasher(features, 1 << 16).transform(text)
    scores = ours.ensemble_.scores(text).astype(float)
    expected = scores.mean(axis=1) if member is None else scores[:, member]
    assert theirs.decision_function(matrix) == pytest.approx(expected, abs=1e-4)
    if member is None:
        assert np.array_equal(theirs.predict(matrix), ours.predict(text))
        near = pytest.approx(ours.predict_proba(text), abs=1e-4)
        assert theirs.predict_proba(matrix) == near


def test_hashed_voting__to_linear_model_decides_the_same(labeled):
    text, y = labeled
    matrix = HashingVectorizer(n_features=1 << 12).fit_transform(text)
    ours = HashedVotingClassifier().fit(matrix, y)
    near = pytest.approx(ours.decision_function(matrix), abs=1e-9)
    assert ours.to_linear_model().decision_function(matrix) == near
    one = ours.to_linear_model(1)
    assert np.array_equal(one.coef_[0], ours.coef_[1])
    with pytest.raises(ConfigError, match="from 0 to 4"):
        ours.to_linear_model(5)


def test_to_linear_model__no_such_member(labeled):
    ours = EmotisetClassifier(n_features=64).fit(*labeled)
    with pytest.raises(ConfigError, match="0 to 0"):
        to_linear_model(ours.ensemble_, 1)


def test_estimators__in_pipelines_and_searches_on_a_cluster(labeled, client):
    text, y = labeled
    pipeline = make_pipeline(TextHasher(n_features=4096), HashedVotingClassifier())
    search = GridSearchCV(
        pipeline, {"hashedvotingclassifier__members": [1, 3]}, cv=3, error_score="raise"
    )
    with parallel_config("dask"):
        search.fit(text, y)
        own = GridSearchCV(
            EmotisetClassifier(n_features=4096),
            {"features": ["mixed", "byte4"]},
            cv=3,
            error_score="raise",
        ).fit(text, y)
    assert search.best_score_ > 0.9 and own.best_score_ > 0.9
    here = cross_val_score(clone(own.best_estimator_), text, y, cv=3)
    assert here.mean() == own.best_score_


def test_emotiset_classifier__order_of_rows_and_copies_do_not_matter(labeled):
    text, y = labeled
    one = EmotisetClassifier(n_features=4096).fit(text, y)
    back = EmotisetClassifier(n_features=4096).fit(text[::-1], y[::-1])
    same = [t for t in text if "@someone" not in t]
    assert np.array_equal(one.predict(same), back.predict(same))


def test_emotiset_classifier__its_ensemble_is_saved_and_loaded(labeled, tmp_path):
    model = EmotisetClassifier(n_features=4096, members=2).fit(*labeled)
    model.ensemble_.save(tmp_path / "m.parquet")
    loaded = load_ensemble(tmp_path / "m.parquet")
    assert (
        loaded.predict(labeled[0]).tolist()
        == np.where(model.predict(labeled[0]), 1, -1).tolist()
    )


@pytest.mark.parametrize(
    ("X", "y", "error", "match"),
    [
        (["a", "b"], [1, 1], ValueError, "one class"),
        (["a", "b", "c"], [1, 2, 3], ValueError, "Only binary"),
        (["a", "b"], [0, 1, 1], ValueError, "inconsistent"),
        ("ab", [0, 1], InputError, "list of texts"),
    ],
)
def test_emotiset_classifier__what_it_cannot_learn_from(X, y, error, match):
    with pytest.raises(error, match=match):
        EmotisetClassifier(n_features=64).fit(X, y)


@pytest.mark.parametrize(
    "settings", [{"members": 0}, {"vote": "weighted"}, {"epochs": 0}, {"eta0": 0}]
)
def test_hashed_voting__settings_that_make_no_sense(settings):
    with pytest.raises(ConfigError):
        HashedVotingClassifier(**settings).fit([[1], [2]], [0, 1])


def test_classifier__without_examples_says_what_is_needed():
    with pytest.raises(ValueError, match="two classes are needed, found no label"):
        EmotisetClassifier(n_features=1024).fit([], [])
