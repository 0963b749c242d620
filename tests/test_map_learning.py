"""Learning from feature maps: learners, scales, class weights, probabilities."""

import datetime
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dask.distributed import Client
from numpy.typing import NDArray
from scipy.optimize import minimize

from emotiset import TrainConfig
from emotiset.calibration import Calibration, count_confidence
from emotiset.config import FeatureConfig, LearnerConfig
from emotiset.errors import ConfigError
from emotiset.kernels.line import fit_line
from emotiset.learner import EXAMPLES, fit_member
from emotiset.lines import fit_line_calibration
from emotiset.map_features import hash_map_features
from emotiset.map_keys import make_map_keys, number_twins, put_numbers
from emotiset.map_scaling import count_maps, merge_map_counts
from emotiset.maps import canonical_objects
from emotiset.partition import order_rows
from emotiset.sampling import Pairs, is_held_out, make_rule
from emotiset.schema import LABELED
from emotiset.tally import Tally
from emotiset.train import train

FEATURES = FeatureConfig(features="maps", n_features=64)


def make_examples(n: int = 60, *, factor: float = 1.0) -> pa.RecordBatch:
    rng = np.random.default_rng(3)
    x, a = rng.normal(size=n), rng.integers(0, 3, n)
    polarity = np.where(x + a - 2 + rng.normal(size=n) > 0, 1, -1)
    rows = [
        {"x": factor * float(v), "a": f"{k}"}
        for v, k in zip(x.tolist(), a, strict=True)
    ]
    columns = [pa.array(polarity, pa.int8()), canonical_objects(rows)]
    return pa.record_batch(columns, schema=EXAMPLES)


def slow_member(
    batch: pa.RecordBatch, learner: LearnerConfig, weights: tuple[float, float]
) -> tuple[NDArray[np.float64], float]:
    """Learn as the kernels do, on dense rows, from the definitions."""
    X = hash_map_features(batch["text"], FEATURES).toarray().astype(np.float64)
    largest = np.abs(X).max(axis=0)
    X = X / np.where(largest > 0, largest, 1)
    y = batch["polarity"].to_numpy().astype(np.float64)
    n_negative, n_positive = (y < 0).sum(), (y > 0).sum()
    w, b, t = np.zeros(X.shape[1]), 0.0, 0
    if learner.learner != "pegasos":
        b = np.log(weights[1] * n_positive / (weights[0] * n_negative))
    assert learner.alpha is not None and learner.eta0 is not None
    all_w, all_b = [], []
    for row, sign in zip(X, y, strict=True):
        margin, weight = sign * (w @ row + b), weights[int(sign > 0)]
        if learner.learner == "pegasos":
            t += 1
            pull = weight * sign * (margin < 1) / (learner.alpha * t)
            w = w * (1 - 1 / t) + pull * row
            b = b * (1 - 1 / t) + pull
            continue
        eta = learner.eta0 / (1 + learner.alpha * learner.eta0 * t)
        pull = weight * sign * eta / (1 + np.exp(margin))
        w = w * (1 - eta * learner.alpha) + pull * row
        keeps_b = learner.learner == "averaged"
        b = (b if keeps_b else b * (1 - eta * learner.alpha)) + pull
        all_w.append(w)
        all_b.append(b)
        t += 1
    if learner.learner == "averaged":
        w, b = np.mean(all_w, axis=0), float(np.mean(all_b))
    return w / np.where(largest > 0, largest, 1), float(b)


@pytest.mark.parametrize("name", ["averaged", "logistic", "pegasos"])
@pytest.mark.parametrize("weights", [(1.0, 1.0), (0.5, 3.0)])
def test_learners__agree_with_slow_twin(
    name: Any, weights: tuple[float, float]
) -> None:
    learner = LearnerConfig(
        learner=name, alpha=0.0137, eta0=0.3, epochs=1, class_weight=weights
    )
    batch = make_examples()
    member = fit_member([batch], FEATURES, learner)
    expected, intercept = slow_member(batch, learner.resolve("maps"), weights)
    np.testing.assert_allclose(member.weights, expected, rtol=2e-4, atol=2e-5)
    assert member.intercept == pytest.approx(intercept, rel=1e-4)


def test_scale__numbers_in_other_units_give_the_same_answers() -> None:
    members = [
        fit_member([make_examples(factor=factor)], FEATURES, LearnerConfig())
        for factor in (1.0, 1024.0)
    ]
    ratio = {
        round(float(a / b), 3)
        for a, b in zip(members[0].weights, members[1].weights, strict=True)
        if b
    }
    assert ratio == {1.0, 1024.0}


def test_class_weight__balanced_is_the_inverse_of_the_shares() -> None:
    batch = make_examples()
    n_positive = int((batch["polarity"].to_numpy() > 0).sum())
    shares = 60 / (2 * (60 - n_positive)), 60 / (2 * n_positive)
    one = fit_member([batch], FEATURES, LearnerConfig(class_weight="balanced"))
    other = fit_member([batch], FEATURES, LearnerConfig(class_weight=shares))
    assert one.weights.tobytes() == other.weights.tobytes()
    with pytest.raises(ConfigError, match="class-weight"):
        LearnerConfig(class_weight="even")
    with pytest.raises(ConfigError, match="feature maps"):
        TrainConfig(class_weight="balanced")


def test_count_maps__any_cut_counts_the_same() -> None:
    batch = make_examples()
    whole = count_maps([batch], FEATURES)
    parts = [count_maps([batch.slice(at, 20)], FEATURES) for at in (0, 20, 40)]
    merged = merge_map_counts(parts[::-1])
    assert merged.examples == whole.examples
    assert merged.columns.tobytes() == whole.columns.tobytes()
    assert merged.largest.tobytes() == whole.largest.tobytes()


def test_fit_line__finds_the_minimum() -> None:
    rng = np.random.default_rng(0)
    x = np.linspace(-6, 2, 40)
    n = rng.integers(1, 500, 40).astype(float)
    positive = np.floor(n / (1 + np.exp(-(0.7 * x - 1))))

    def loss(line: NDArray[np.float64]) -> float:
        odds = line[1] + line[0] * x
        fit = positive @ np.logaddexp(0, -odds) + (n - positive) @ np.logaddexp(0, odds)
        return float(fit + 2 * ((line[0] - 1) ** 2 + line[1] ** 2))

    found = fit_line(x, n - positive, positive, 4.0)
    expected = minimize(loss, np.array([1.0, 0.0]), tol=1e-12).x
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_line__needs_ten_of_each_class() -> None:
    gold = np.repeat(np.int8([-1, 1]), [500, 9])
    counts = count_confidence(np.zeros(509, np.float32), gold)
    assert fit_line_calibration(counts, 0.02) == Calibration(prior=0.02)


def test_numbers__identical_rows_get_other_keys_whatever_the_cut() -> None:
    rows = pa.table(
        {
            "polarity": pa.array([1, 1, -1, 1, 1], pa.int8()),
            "created_at": pa.nulls(5, LABELED.field("created_at").type),
            "id": pa.array(["7", "7", "8", None, None]),
            "lang": pa.nulls(5, pa.string()),
            "text": ["a:1", "a:1", "a:1", "a:1", "b:1"],
        },
        LABELED,
    ).to_batches()[0]
    by_row, by_id = (make_map_keys(rows, 0, by_id=flag) for flag in (False, True))
    assert len(set(by_row.tolist())) == 3 and len(set(by_id.tolist())) == 4
    found = set()
    for cuts in ([], [1, 3], [2]):
        parts = np.split(by_row, cuts)
        numbers = number_twins([(part, part) for part in parts])
        keys = [put_numbers(*each, seed=0) for each in zip(parts, numbers, strict=True)]
        found.add(tuple(sorted(np.concatenate(keys).tolist())))
    assert len(found) == 1 and len(set(found.pop())) == 5


def test_rule__each_row_is_on_the_side_of_its_own_time() -> None:
    config = TrainConfig(
        features_column="f", label_column="y", test_after=datetime.date(2020, 1, 1)
    )
    rule = make_rule(config)
    key = np.array([1 << 32, (1 << 32) + 1, (1 << 32) + 2], np.uint64)
    pairs = Pairs(key, np.array([0, 2, 3], np.uint8))  # the last two are late
    assert is_held_out(key, pairs, rule).tolist() == [False, True, True]
    texts = replace(rule, has_maps=False)  # of which these would be near-copies
    assert is_held_out(key, pairs, texts).tolist() == [False, False, False]


def test_keys__of_ids_do_not_change_with_the_features() -> None:
    config = TrainConfig(features_column="f", label_column="y", id_column="n")
    rule = make_rule(config)
    keys = []
    for text in (["a:1", "a:1", "b:1"], ["a:2 c:1", "b=x", "a:1"]):
        columns = {
            "polarity": pa.array([1, -1, 1], pa.int8()),
            "created_at": pa.nulls(3, LABELED.field("created_at").type),
            "id": pa.array(["7", "8", "9"]),
            "lang": pa.nulls(3, pa.string()),
            "text": text,
        }
        [rows] = pa.table(columns, LABELED).to_batches()
        run = order_rows(rows, Tally(), 0, rule).rows
        keys.append(dict(zip(run["id"].to_pylist(), run["key"], strict=True)))
    assert keys[0] == keys[1] and len(set(keys[0].values())) == 3


def test_train__identical_rows_are_on_both_sides_whatever_the_cut(
    tmp_path: Path, client: Client
) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 3, (2, 2000))
    clicked = (rng.random(2000) < 0.02 + 0.1 * (a == b)).astype(int)
    rows = pa.array([{"a": f"{i}", "b": f"{j}"} for i, j in zip(a, b, strict=True)])
    table = pa.table({"features": rows, "y": clicked})
    pq.write_table(table, tmp_path / "whole.parquet")
    turned = table.take(np.arange(2000)[::-1])
    pq.write_table(turned, tmp_path / "cut.parquet", row_group_size=300)
    config = TrainConfig(
        features_column="features",
        label_column="y",
        cross=(("a", "b"),),
        test_fraction=0.25,
        members=2,
        n_features=256,
        block_size=1024,
    )
    result = train([tmp_path / "whole.parquet"], config, client)
    other = train([tmp_path / "cut.parquet"], config, client)

    assert result.summary["model_sha256"] == other.summary["model_sha256"]
    assert 400 < result.summary["n_test"] < 600
    assert result.summary["funnel"]["copy"] == 0
    assert result.summary["n_train"] + result.summary["n_test"] == 2000
    metadata = result.ensemble.to_model_file().metadata
    assert metadata["features"]["cross"] == (("a", "b"),)
    cells = [{"a": f"{i}", "b": f"{j}"} for i in range(3) for j in range(3)]
    told = result.ensemble.predict_proba(cells)[:, 1].reshape(3, 3)
    is_same = np.eye(3, dtype=bool)
    assert told[is_same].mean() > 1.4 * told[~is_same].mean()
