"""Sums of packed weights, against the product of matrices."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emotiset.config import FeatureConfig
from emotiset.features import hash_features
from emotiset.packing import PackedWeights, mean_of_texts, members_of_texts

WORDS = ["so", "good", "awful", "not", "日本", "x", "", "sunny day", "a" * 300]
TEXTS = st.lists(st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join), max_size=9)


@pytest.fixture(autouse=True)
def wrapping():
    """Let products of 64 bits wrap where the kernels run as Python."""
    with np.errstate(over="ignore"):
        yield


def make_model(n_members, features, seed, *, share_used=0.3, scale=1.0):
    rng = np.random.default_rng(seed)
    shape = features.n_features, n_members
    weights = (rng.normal(size=shape) * scale).astype(np.float32)
    weights[rng.random(len(weights)) > share_used] = 0
    return weights, rng.normal(size=n_members) * scale


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    TEXTS,
    st.integers(1, 13),
    st.sampled_from(["mixed", "byte4"]),
    st.sampled_from([2, 32, 64, 4096]),
    st.integers(0, 99),
    st.sampled_from([0.0, 0.3, 1.0]),
)
def test_packed__is_the_matrix_product(texts, n_members, name, n_features, seed, used):
    features = FeatureConfig(features=name, n_features=n_features)
    weights, intercepts = model = make_model(n_members, features, seed, share_used=used)
    text = pa.array(texts, pa.string())
    exact = hash_features(text, features) @ weights.astype(np.float64) + intercepts
    length = np.diff(hash_features(text, features).indptr)[:, None]

    packed = PackedWeights.pack(weights, "mean")
    means = mean_of_texts(text, packed, model, features, np.zeros(1))
    assert means == pytest.approx(exact.mean(axis=1), abs=1e-3)

    packed = PackedWeights.pack(weights, "majority")
    scores = members_of_texts(text, packed, model, features)
    assert (np.abs(scores - exact) <= 1e-3 + 1e-4 * length).all()


def test_packed__columns_without_a_weight_have_no_row():
    weights = np.zeros((256, 2), np.float32)
    weights[[3, 70, 255], [0, 1, 0]] = 1, 2, 3
    packed = PackedWeights.pack(weights, "mean")
    assert packed.table.shape == (3,)
    assert packed.ranks.tolist() == [0, 1, 2, 2]


def test_members_of_texts__more_columns_than_a_lane_can_add():
    features = FeatureConfig(features="byte4", n_features=1 << 20)
    rng = np.random.default_rng(2)
    text = pa.array(["".join(map(chr, rng.integers(33, 126, 200_000)))])
    model = np.ones((1 << 20, 3), np.float32), np.zeros(3)
    packed = PackedWeights.pack(model[0], "majority")
    scores = members_of_texts(text, packed, model, features)
    assert scores[0, 0] == hash_features(text, features).nnz > 1 << 16
