"""A member that goes on from its past, against steps written out."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from emotiset.config import FeatureConfig, LearnerConfig, LearnerName
from emotiset.examples import EXAMPLES
from emotiset.features import hash_rows
from emotiset.holdback import fit_around
from emotiset.learner import fit_member
from emotiset.member import Member
from emotiset.scaling import find_gains
from emotiset.warm import Past, pack_past, unpack_past

FEATURES = FeatureConfig(features="byte4", n_features=256)


def make_batch(n: int, seed: int) -> pa.RecordBatch:
    rng = np.random.default_rng(seed)
    sign = rng.choice(np.array([-1, 1], np.int8), n)
    words = np.array(["gloom", "rainy", "sunny", "bloom", "table", "chair"])
    texts = [
        " ".join(
            [*rng.choice(words[1:5], 2), *rng.choice(words[3 if s > 0 else 0 :], 2)]
        )
        for s in sign
    ]
    return pa.record_batch([pa.array(sign), texts], schema=EXAMPLES)


def as_past(member: Member, decay: float = 1) -> Past:
    n_examples = int(decay * member.n_examples)
    return Past(member.weights, member.intercept, 0.75, n_examples)


def go_on(
    past: Past, batch: pa.RecordBatch, learner: LearnerConfig, **how: Any
) -> Member:
    return fit_around([batch], [], FEATURES, learner, past=past, **how)[1]


@pytest.mark.parametrize("name", ["logistic", "pegasos"])
def test_past__of_plain_learners_is_as_if_it_had_never_ended(
    name: LearnerName,
) -> None:
    first, second = make_batch(90, 1), make_batch(40, 2)
    learner = LearnerConfig(learner=name, epochs=1, alpha=0.01)
    together = fit_member([first, second], FEATURES, learner)
    past = as_past(fit_member([first], FEATURES, learner))
    updated = go_on(past, second, learner)
    assert np.allclose(updated.weights, together.weights, rtol=1e-4, atol=1e-6)
    assert updated.intercept == pytest.approx(together.intercept, rel=1e-4)
    assert updated.n_examples == together.n_examples == 130
    assert updated.vote_weight == 0.75  # too few for a slice: the old one stays


def dense(batch: pa.RecordBatch) -> NDArray[np.float64]:
    indptr, indices = hash_rows(batch["text"], FEATURES)
    rows = np.zeros((batch.num_rows, FEATURES.n_features))
    for row in range(batch.num_rows):
        rows[row, indices[int(indptr[row]) : int(indptr[row + 1])]] = 1
    return rows


@pytest.mark.parametrize("decay", [0.0, 0.3, 1.0])
def test_past__of_the_averaged_counts_as_so_many_iterates(decay: float) -> None:
    first, second = make_batch(90, 1), make_batch(40, 2)
    eta0, alpha = 0.5, 0.01
    learner = LearnerConfig(learner="averaged", epochs=2, eta0=eta0, alpha=alpha)
    rng = np.random.default_rng(3)
    gains = rng.random(FEATURES.n_features).astype(np.float32)
    old = fit_member([first], FEATURES, learner, gains)
    past = as_past(old, decay)
    assert past.n_examples == int(90 * decay)

    weights, intercept = old.weights.astype(float), old.intercept
    n_past = 2 * past.n_examples
    iterates = [weights.copy()] * n_past
    intercepts = [intercept] * n_past
    for step, (row, sign) in enumerate(
        list(zip(dense(second), second["polarity"].to_pylist(), strict=True)) * 2
    ):
        eta = eta0 / (1 + alpha * eta0 * (n_past + step))
        pull = eta * sign / (1 + np.exp(sign * (row @ weights + intercept)))
        weights = weights * (1 - eta * alpha) + pull * row * gains
        intercept += pull
        iterates.append(weights)
        intercepts.append(intercept)

    updated = go_on(past, second, learner, gains=gains)
    assert np.allclose(updated.weights, np.mean(iterates, axis=0), atol=1e-5)
    assert updated.intercept == pytest.approx(np.mean(intercepts), abs=1e-5)
    assert updated.n_examples == past.n_examples + 40


def test_past__with_a_slice_is_judged_by_new_examples_alone() -> None:
    first, second, last = (make_batch(n, n) for n in (90, 40, 30))
    learner = LearnerConfig(learner="logistic", epochs=3)
    past = as_past(fit_member([first], FEATURES, learner))
    before, after = fit_around([second], [last], FEATURES, learner, past=past)
    assert before.n_examples == 90 + 40
    assert after.n_examples == 90 + 40 + 30
    assert before.n_correct < after.n_correct <= 70
    assert not np.array_equal(before.weights, after.weights)


def test_scale__of_an_update_is_that_of_its_own_examples() -> None:
    first, second = make_batch(90, 1), make_batch(40, 2)
    learner = LearnerConfig(learner="averaged")
    past = as_past(fit_member([first], FEATURES, learner))
    counts = np.zeros((FEATURES.n_features, 2), np.int32)
    for row, sign in zip(dense(second), second["polarity"].to_pylist(), strict=True):
        counts[:, int(sign > 0)] += row.astype(np.int32)
    own = go_on(past, second, learner)
    told = go_on(past, second, learner, gains=find_gains(counts))
    assert np.array_equal(own.weights, told.weights)


def test_pack_past__cuts_what_is_large() -> None:
    weights = np.random.default_rng(0).random(1 << 21).astype(np.float32)
    past = Past(weights, 0.5, 1.0, 7)
    pieces = pack_past(past)
    assert len(pieces) > 1
    assert max(map(len, pieces)) <= 4 << 20
    found = unpack_past(pieces, Past(weights[:0], 0.5, 1.0, 7), len(weights))
    assert np.array_equal(found.weights, weights)
    assert (found.intercept, found.vote_weight, found.n_examples) == (0.5, 1.0, 7)
