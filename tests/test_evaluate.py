"""Metrics against scikit-learn and scipy."""

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn import metrics as judge

from emotiset.config import FeatureConfig
from emotiset.errors import InputError
from emotiset.evaluate import (
    Confusion,
    count_confusion,
    evaluate_members,
    evaluate_scores,
    wilson,
)
from emotiset.features import hash_features
from emotiset.learner import Member
from emotiset.ranking import rank
from emotiset.voting import decide, vote_probability

VOTES = ("majority", "weighted", "mean")
DESIGN = ("accuracy", "macro_recall", "f1", "auc", "log_loss", "single_member_accuracy")


def make_scores(n=400, n_members=6, seed=0):
    rng = np.random.default_rng(seed)
    polarity = rng.choice(np.array([-1, 1], np.int8), n, p=[0.7, 0.3])
    noise = rng.normal(size=(n, n_members))
    # Rounded, so that scores of 0 and ties between rows occur.
    scores = np.round(0.5 * polarity[:, None] + noise, 1).astype(np.float32)
    return scores, polarity, rng.random(n_members)


@pytest.mark.parametrize("vote", VOTES)
def test_evaluate_scores__agrees_with_scikit_learn(vote):
    scores, polarity, weights = make_scores()
    found = evaluate_scores(scores, polarity, vote, weights)
    probability = vote_probability(scores, vote, weights)
    predicted = decide(probability)
    expected = {
        "accuracy": judge.accuracy_score(polarity, predicted),
        "macro_recall": judge.recall_score(polarity, predicted, average="macro"),
        "f1": judge.f1_score(polarity, predicted),
        "auc": judge.roc_auc_score(polarity, probability),
        "log_loss": judge.log_loss(polarity, probability),
        "base_log_loss": judge.log_loss(
            polarity, np.full(len(polarity), (polarity > 0).mean())
        ),
        "average_precision": judge.average_precision_score(polarity, probability),
        "mean_probability": probability.mean(dtype=float),
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-6), name
    matrix = judge.confusion_matrix(polarity, predicted).ravel().tolist()
    assert list(found["confusion"].values()) == matrix
    alone = [
        judge.accuracy_score(polarity, np.where(scores[:, i] > 0, 1, -1))
        for i in range(6)
    ]
    assert found["member_accuracy"] == alone
    assert found["single_member_accuracy"] == pytest.approx(np.mean(alone))


@pytest.mark.parametrize("vote", VOTES)
def test_evaluate_scores__curve_is_that_of_smaller_ensembles(vote):
    scores, polarity, weights = make_scores()
    found = evaluate_scores(scores, polarity, vote, weights)
    smaller = [
        evaluate_scores(scores[:, :size], polarity, vote, weights[:size])["accuracy"]
        for size in range(1, 7)
    ]
    assert found["accuracy_by_members"] == smaller
    assert found["accuracy_by_members"][0] == found["member_accuracy"][0]
    assert found["accuracy_by_members"][-1] == found["accuracy"]


@pytest.mark.parametrize("vote", VOTES)
def test_evaluate_scores__order_of_rows_changes_no_digit(vote):
    scores, polarity, weights = make_scores()
    order = np.random.default_rng(1).permutation(len(scores))
    shuffled = evaluate_scores(scores[order], polarity[order], vote, weights)
    assert shuffled == evaluate_scores(scores, polarity, vote, weights)


def test_evaluate_scores__is_json_with_the_promised_names():
    scores, polarity, weights = make_scores()
    found = evaluate_scores(scores, polarity, "majority", weights)
    assert set(DESIGN) <= set(found)
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@pytest.mark.parametrize("vote", VOTES)
def test_evaluate_scores__no_example(vote):
    nothing = np.empty((0, 2), np.float32)
    found = evaluate_scores(nothing, np.empty(0, np.int8), vote, np.ones(2))
    assert found["n"] == 0
    assert all(found[name] is None for name in (*DESIGN, "accuracy_interval"))
    assert found["member_accuracy"] == found["accuracy_by_members"] == [None, None]
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize("polarity", [-1, 1])
def test_evaluate_scores__one_polarity(polarity):
    scores = np.float32([[1.0], [2.0], [-1.0]])
    gold = np.full(3, polarity, np.int8)
    found = evaluate_scores(scores, gold, "mean", np.ones(1))
    assert found["accuracy"] == pytest.approx(2 / 3 if polarity == 1 else 1 / 3)
    assert found["macro_recall"] is found["auc"] is None
    assert found["log_loss"] > 0
    json.dumps(found, allow_nan=False)


def test_evaluate_scores__one_row_surely_wrong():
    found = evaluate_scores(
        np.float32([[50.0, 60.0]]), np.array([-1], np.int8), "majority", np.ones(2)
    )
    assert found["accuracy"] == 0
    assert found["f1"] == 0
    assert found["log_loss"] == pytest.approx(23 * np.log(2))  # the clip, 2^-23


def test_evaluate_scores__other_labels_or_lengths():
    scores = np.zeros((2, 1), np.float32)
    with pytest.raises(InputError, match="found 0"):
        evaluate_scores(scores, np.array([0, 1], np.int8), "mean", np.ones(1))
    with pytest.raises(InputError, match="found 1 for 2"):
        evaluate_scores(scores, np.array([1], np.int8), "mean", np.ones(1))


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4)), min_size=2, max_size=30))
def test_rank__auc_counts_pairs(examples):
    polarity = np.array([1 if up else -1 for up, _ in examples], np.int8)
    probability = np.array([step / 4 for _, step in examples], np.float32)
    pairs = [
        1.0 if ours > theirs else 0.5 if ours == theirs else 0.0
        for ours in probability[polarity == 1]
        for theirs in probability[polarity == -1]
    ]
    expected = sum(pairs) / len(pairs) if pairs else None
    assert rank(polarity, probability).auc == expected


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson__agrees_with_scipy(counts):
    n_right, n = counts
    expected = binomtest(n_right, n).proportion_ci(method="wilson")
    assert wilson(n_right, n) == pytest.approx(expected, abs=1e-12)


def test_wilson__no_example():
    assert wilson(0, 0) is None


def test_confusion__merges_by_addition():
    rng = np.random.default_rng(0)
    gold, predicted = rng.choice(np.array([-1, 1], np.int8), (2, 100))
    whole = count_confusion(gold, predicted)
    parts = [
        count_confusion(gold[cut], predicted[cut])
        for cut in (slice(0, 0), slice(0, 33), slice(33, None))
    ]
    assert sum(parts, Confusion()) == whole
    assert whole.n == 100
    assert all(type(count) is int for count in vars(whole).values())


def test_evaluate_members__is_that_of_their_scores():
    config = FeatureConfig(n_features=64)
    rng = np.random.default_rng(3)
    members = [
        Member(
            weights=rng.normal(size=64).astype(np.float32),
            intercept=0.125 * i,
            vote_weight=0.5 + i,
            n_examples=5,
            n_correct=3,
            progressive_loss=0.5,
        )
        for i in range(3)
    ]
    texts = [f"text number {i} 日本" for i in range(40)]
    polarity = rng.choice(np.array([-1, 1], np.int8), 40)
    batches = [
        pa.record_batch({"text": texts[cut], "polarity": polarity[cut]})
        for cut in (slice(0, 0), slice(0, 7), slice(7, 40))
    ]
    weights = np.stack([each.weights for each in members], axis=1)
    scores = hash_features(pa.array(texts), config) @ weights + [0, 0.125, 0.25]
    found = evaluate_members(batches, members, config, "weighted")
    expected = evaluate_scores(
        scores.astype(np.float32), polarity, "weighted", np.array([0.5, 1.5, 2.5])
    )
    log_losses = found.pop("log_loss"), expected.pop("log_loss")
    assert log_losses[0] == pytest.approx(log_losses[1], rel=1e-6)
    assert found == expected


def test_evaluate_members__nothing_held_out():
    member = Member(np.zeros(64, np.float32), 0.0, 1.0, 2, 1, 0.5)
    found = evaluate_members([], [member], FeatureConfig(n_features=64), "majority")
    assert found["n"] == 0
    assert found["accuracy"] is None
