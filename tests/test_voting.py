"""Scores against scipy's, votes against exact fractions."""

from fractions import Fraction

import mpmath
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import random_array

from emotiset.config import FeatureConfig
from emotiset.features import hash_features
from emotiset.kernels.votes import score_rows
from emotiset.voting import decide, score_texts, vote_probability

FINITE = st.floats(-(2.0**90), 2.0**90, width=32)
# Values that meet each other's opposite often, so that votes tie and means are 0.
TYING = st.sampled_from([-2.0, -1.0, -1e-30, 0.0, 1e-30, 1.0, 2.0])
# Scores of a few rows, and a weight for each member.
VOTES = st.integers(1, 9).flatmap(
    lambda m: st.tuples(
        arrays(np.float32, st.tuples(st.integers(0, 6), st.just(m)), elements=FINITE)
        | arrays(np.float32, st.tuples(st.integers(0, 6), st.just(m)), elements=TYING),
        arrays(np.float64, m, elements=st.sampled_from([0, 0.5, 1, 2, 2**-20, 2**20])),
    )
)


def judge_row(row, vote, weights):
    """Return share and answer of one row: exact, and by the words of the docs."""
    mean = sum(map(Fraction, map(float, row)))
    if vote == "mean":
        share = 1 / (1 + mpmath.exp(-mpmath.mpf(float(mean)) / len(row)))
        return float(share), mean > 0
    weights = [Fraction(w if vote == "weighted" else 1.0) for w in weights]
    halves = [1 + int(np.sign(score)) for score in row]
    positive = sum(w * n / 2 for w, n in zip(weights, halves, strict=True))
    negative = sum(weights) - positive
    if positive == negative:
        return 0.5, mean > 0
    return float(positive / (positive + negative)), positive > negative


@pytest.mark.parametrize("vote", ["majority", "weighted", "mean"])
@settings(deadline=None)  # the first call compiles
@given(VOTES)
@example((np.float32([[1, -1]]), np.ones(2)))  # all even
@example((np.float32([[1, -2], [2, -1], [1, 1], [-1, -1]]), np.ones(2)))
@example((np.float32([[1e-30, -1, 1]]), np.ones(3)))  # a mean that rounds to 0.5
@example((np.float32([[-1e30], [1e30]]), np.zeros(1)))
def test_vote_probability__is_what_the_docs_say(vote, votes):
    scores, weights = votes
    probability = vote_probability(scores, vote, weights)
    assert probability.dtype == np.float32
    assert probability.shape == (len(scores),)
    answers = decide(probability)
    for row, found, answer in zip(scores, probability, answers, strict=True):
        share, is_positive = judge_row(row, vote, weights)
        total = float(sum(map(Fraction, map(float, row))))
        in_doubt = abs(total) <= 1e-12 * np.abs(row.astype(float)).sum()
        if not in_doubt or total == 0 == np.sum(row):
            assert answer == (1 if is_positive else -1)
        if abs(share - 0.5) > 1e-6:
            assert found == pytest.approx(share, rel=1e-6)


@pytest.mark.parametrize("vote", ["majority", "weighted", "mean"])
@settings(deadline=None)  # the first call compiles
@given(VOTES)
def test_vote_probability__argmax_agrees_with_the_answer(vote, votes):
    scores, weights = votes
    positive = vote_probability(scores, vote, weights)
    both = np.column_stack([1 - positive, positive])
    assert both.dtype == np.float32
    assert ((both >= 0) & (both <= 1)).all()
    expected = np.where(both.argmax(axis=1) == 1, 1, -1)
    assert np.array_equal(decide(positive), expected)


@given(arrays(np.float32, 50, elements=st.floats(0, 1, width=32)))
def test_decide__argmax_agrees_for_any_probability(positive):
    both = np.column_stack([1 - positive, positive])
    assert np.array_equal(decide(positive), np.array([-1, 1])[both.argmax(axis=1)])


def test_vote_probability__last_bit_of_a_tie():
    scores = np.float32([[1, -2], [2, -1], [1, -1], [0, 0]])
    up = np.nextafter(np.float32(0.5), np.float32(1))
    for vote in ("majority", "weighted", "mean"):
        found = vote_probability(scores, vote, np.ones(2))
        assert decide(found).tolist() == [-1, 1, -1, -1]
        if vote != "mean":
            assert found.tolist() == [0.5, up, 0.5, 0.5]


def test_vote_probability__mean_too_small_to_move_the_logistic():
    scores = np.float32([[1e-20], [-1e-20], [0.0]])
    assert decide(vote_probability(scores, "mean", np.ones(1))).tolist() == [1, -1, -1]


def make_rows(n_rows=40, n_features=64):
    X = random_array((n_rows, n_features), density=0.3, format="csr", rng=1)
    X.data[:] = 1
    return X, X.indptr.astype(np.uint64), X.indices.astype(np.uint32)


@pytest.mark.parametrize("n_members", [1, 3, 8, 17])
def test_score_rows__is_the_matrix_product(n_members):
    X, indptr, indices = make_rows()
    rng = np.random.default_rng(n_members)
    weights = rng.normal(size=(64, n_members)).astype(np.float32)
    intercepts = rng.normal(size=n_members)
    scores = np.full((40, n_members), np.nan, np.float32)
    score_rows(indptr, indices, weights, intercepts, scores, False)
    expected = X.toarray() @ weights.astype(float) + intercepts
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-5)


def test_score_rows__each_member_as_if_alone():
    _, indptr, indices = make_rows()
    weights = np.random.default_rng(0).normal(size=(64, 11)).astype(np.float32)
    together, alone = np.empty((40, 11), np.float32), np.empty((40, 1), np.float32)
    score_rows(indptr, indices, weights, np.ones(11), together, False)
    for member in range(11):
        own = np.ascontiguousarray(weights[:, [member]])
        score_rows(indptr, indices, own, np.ones(1), alone, False)
        assert alone.tobytes() == together[:, [member]].tobytes()


def test_score_texts__adds_up_the_features_of_the_text():
    config = FeatureConfig(n_features=256)
    rng = np.random.default_rng(1)
    weights = rng.normal(size=(256, 2)).astype(np.float32)
    text = pa.array(["what a day", "", "日本語です", "what a day"])
    scores = score_texts(text, weights, np.array([0.25, -1.0]), config)
    assert scores.shape == (4, 2)
    assert scores[1].tolist() == [0.25, -1.0]
    assert scores[0].tolist() == scores[3].tolist()
    expected = hash_features(text, config).toarray() @ weights + [0.25, -1.0]
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-5)


def test_score_texts__no_text():
    none = np.zeros((256, 2), np.float32)
    config = FeatureConfig(n_features=256)
    text = pa.array([], pa.string())
    assert score_texts(text, none, np.zeros(2), config).shape == (0, 2)
