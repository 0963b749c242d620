"""Packed weights answer as the weights themselves do."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pytest

from emotiset.config import FeatureConfig, SourceConfig
from emotiset.labeling import strip_symbols
from emotiset.lexicon import load_lexicon
from emotiset.packing import PackedWeights, mean_of_texts, members_of_texts
from emotiset.sources import plan_blocks, read_block
from emotiset.voting import decide, score_texts, vote_probability
from tests.test_ensemble import make_ensemble, make_members
from tests.test_kernels_packed import make_model


@pytest.mark.parametrize("vote", ["mean", "majority", "weighted"])
def test_packed__a_score_of_zero_stays_zero(vote):
    # Equal and opposite weights: each text sums to 0, or to what float32 leaves of it.
    features = FeatureConfig(features="byte4", n_features=64)
    weights = np.repeat(np.float32([[0.1], [-0.1]]), 32, axis=0) @ np.float32([[1, 3]])
    model = weights, np.zeros(2)
    text = pa.array([f"{i:x} {i * 7919:b}" for i in range(3000)])
    scores = score_texts(text, *model, features)
    assert (np.abs(scores.mean(axis=1)) < 1e-6).any()
    expected = decide(vote_probability(scores, vote, np.ones(2)))
    assert np.array_equal(_decide(text, model, features, vote), expected)


def _decide(text, model, features, vote):
    packed = PackedWeights.pack(model[0], vote)
    if vote == "mean":
        means = mean_of_texts(text, packed, model, features, np.zeros(1))
        return np.where(means > 0, 1, -1)
    scores = members_of_texts(text, packed, model, features)
    return decide(vote_probability(scores, vote, np.ones(len(model[1]))))


@pytest.fixture(scope="module")
def real_texts(real_data):
    """Texts of the stream as they are scored, in batches."""
    config, lexicon = SourceConfig(), load_lexicon()
    block, *_ = plan_blocks([str(real_data / "stream" / "2013-08-10")], config)
    readings = read_block(block, config)
    return [strip_symbols(each.tweets["text"], lexicon) for each in readings]


@pytest.mark.parametrize("name", ["byte4", "mixed"])
@pytest.mark.parametrize("vote", ["mean", "majority"])
@pytest.mark.parametrize("scale", [1e-30, 0.01, 1.0, 1e25])
def test_packed__polarities_of_the_real_stream_are_exact(real_texts, name, vote, scale):
    features = FeatureConfig(features=name, n_features=1 << 16)
    model = make_model(8, features, 1, scale=scale)
    for text in real_texts:
        scores = score_texts(text, *model, features)
        expected = vote_probability(scores, vote, np.ones(8))
        assert np.array_equal(_decide(text, model, features, vote), decide(expected))


@pytest.mark.parametrize("vote", ["mean", "majority", "weighted"])
def test_predict_proba__is_that_of_the_scores(vote):
    ensemble = make_ensemble(make_members(8), vote=vote)
    texts = [f"text {i} {'so long ' * (i % 40)}" for i in range(2000)]
    scores = ensemble.scores(texts)
    expected = vote_probability(scores, vote, ensemble.vote_weights)
    found = ensemble.predict_proba(texts)[:, 1]
    assert np.abs(found - expected).max() < (1e-4 if vote == "mean" else 1e-12)
    assert np.array_equal(ensemble.predict(texts), decide(expected))


@pytest.mark.parametrize("vote", ["mean", "majority"])
def test_predict_proba__the_same_bytes_whatever_the_batch(vote):
    ensemble = make_ensemble(make_members(5), vote=vote)
    texts = [f"text {i} {'so long ' * (i % 40)}" for i in range(500)]
    whole = ensemble.predict_proba(texts)
    for size in (1, 7, 499):
        cut = [texts[at : at + size] for at in range(0, len(texts), size)]
        parts = np.concatenate([ensemble.predict_proba(part) for part in cut])
        assert parts.tobytes() == whole.tobytes()


def test_predict_proba__threads_meet_an_ensemble_not_packed_yet():
    ensemble = make_ensemble(make_members(8))
    texts = [f"text {i}" for i in range(3000)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: ensemble.predict_proba(texts), range(16)))
    assert {each.tobytes() for each in answers} == {answers[0].tobytes()}
