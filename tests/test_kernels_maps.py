"""The kernels of feature maps, beside slow twins."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import minimize

from emotiset import TrainConfig
from emotiset.config import FeatureConfig, LearnerConfig
from emotiset.errors import ConfigError
from emotiset.kernels.line import fit_line
from emotiset.kernels.map_hashing import read_number
from emotiset.learner import EXAMPLES, fit_member
from emotiset.map_features import hash_map_features
from emotiset.map_scaling import count_maps, merge_map_counts
from emotiset.maps import canonical_objects

FEATURES = FeatureConfig(features="maps", n_features=64)

# XXH64 multiplies beyond 64 bits, of which NumPy warns where it is not compiled.
pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered")


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


@settings(deadline=None)
@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_read_number__gives_back_what_arrow_wrote(number: float) -> None:
    text = pa.array([number], pa.float32()).cast(pa.string())[0].as_py().encode()
    data = np.frombuffer(text, np.uint8)
    assert np.float32(read_number(data, 0, len(data))) == np.float32(number)


def _columns(row: Mapping[str, Any], cross: tuple[str, str] | None) -> dict[str, float]:
    """Name columns instead of hashing them."""
    found: dict[str, float] = {}
    for name, value in row.items():
        if isinstance(value, str):
            found[f"{name}={value}"] = 1.0
        elif value is not None and np.isfinite(value) and value:
            found[name] = value
    pairs = {}
    if cross is not None:
        left = {k: v for k, v in found.items() if k.split("=")[0] == cross[0]}
        right = {k: v for k, v in found.items() if k.split("=")[0] == cross[1]}
        pairs = {f"{k} x {m}": v * w for k, v in left.items() for m, w in right.items()}
    return {**found, **pairs}


@pytest.mark.parametrize("cross", [None, ("a", "b"), ("b", "n")])
def test_hash_maps__is_one_column_a_name(cross: tuple[str, str] | None) -> None:
    rng = np.random.default_rng(0)
    rows = [
        {
            "a": f"v{rng.integers(3)}",
            "b": ["x", None][rng.integers(2)],
            "n": float(rng.integers(-2, 3)),
        }
        for _ in range(50)
    ]
    config = FeatureConfig(
        features="maps", n_features=1 << 24, cross=() if cross is None else (cross,)
    )
    X = hash_map_features(canonical_objects(rows), config)
    named = [_columns(row, cross) for row in rows]
    names = sorted({name for row in named for name in row})
    dense = np.array([[row.get(name, 0.0) for name in names] for row in named])
    used = np.flatnonzero(np.diff(X.tocsc().indptr))
    found = X[:, used].toarray()
    assert sorted(map(tuple, found.T)) == sorted(map(tuple, dense.T))


def test_hash_maps__words_that_meet_in_a_column_add_up() -> None:
    config = FeatureConfig(features="maps", n_features=2)
    X = hash_map_features(pa.array(["a:1 b:2 c:4 d:8", "", None]), config)
    assert X[0].sum() == 15 and X[0].nnz <= 2
    assert X.getnnz(axis=1).tolist()[1:] == [0, 0]
