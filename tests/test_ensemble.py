"""What a user calls: predict, predict_proba, scores, save and load."""

import hashlib
import json
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import emotiset
from emotiset import ensemble as module
from emotiset.calibration import Calibration, Side
from emotiset.config import FeatureConfig, TrainConfig
from emotiset.ensemble import Ensemble
from emotiset.errors import ConfigError, InputError, ModelFileError
from emotiset.evaluate import evaluate_members
from emotiset.kernels.votes import mean_votes, score_rows, share_votes
from emotiset.learner import Member
from emotiset.lexicon import load_lexicon
from emotiset.loading import load_ensemble

N_FEATURES = 1 << 12
TEXTS = ["what a day", "", "so tired of this", "日本語のテキスト", "x", "a" * 5000]


def make_members(n=4, n_features=N_FEATURES):
    rng = np.random.default_rng(5)
    return [
        Member(
            weights=rng.normal(size=n_features).astype(np.float32),
            intercept=float(rng.normal()),
            vote_weight=float(rng.random()),
            n_examples=1000 + i,
            n_correct=700,
            progressive_loss=0.5,
        )
        for i in range(n)
    ]


def make_ensemble(members=None, **changes):
    others = {
        "features": FeatureConfig(n_features=N_FEATURES),
        "vote": "majority",
        "language": "en",
        "lexicon": load_lexicon(),
        "settings": TrainConfig(members=4, n_features=N_FEATURES).result_settings(),
        "versions": {"emotiset": "0.1.0"},
        "sample_digest": "00ff",
    }
    return Ensemble.from_members(members or make_members(), **{**others, **changes})


@pytest.mark.parametrize("vote", ["majority", "weighted", "mean"])
def test_predict_proba__argmax_agrees_with_predict(vote):
    ensemble = make_ensemble(vote=vote)
    texts = [f"text number {i}" for i in range(500)]
    polarity, both = ensemble.predict(texts), ensemble.predict_proba(texts)
    assert polarity.dtype == np.int8
    assert both.dtype == np.float32
    assert both.shape == (500, 2)
    assert set(polarity.tolist()) == {-1, 1}
    assert np.array_equal(np.where(both.argmax(axis=1) == 1, 1, -1), polarity)
    np.testing.assert_allclose(both.sum(axis=1), 1, rtol=1e-6)


def test_predict__majority_is_that_of_the_members_alone():
    members = make_members(5)
    texts = [f"text number {i}" for i in range(200)]
    alone = [make_ensemble([member]).predict(texts) for member in members]
    expected = np.sign(np.sum(alone, axis=0))
    assert np.array_equal(make_ensemble(members).predict(texts), expected)


def test_scores__columns_are_the_members_in_order():
    members = make_members(3)
    together = make_ensemble(members).scores(TEXTS)
    assert together.dtype == np.float32
    assert together.shape == (len(TEXTS), 3)
    for i, member in enumerate(members):
        alone = make_ensemble([member]).scores(TEXTS)
        assert alone[:, 0].tolist() == together[:, i].tolist()
    assert together[1].tolist() == [np.float32(each.intercept) for each in members]


class Series:
    """What pandas and Polars series are to Arrow."""

    def __init__(self, values):
        self._values = pa.chunked_array([values])

    def __arrow_c_stream__(self, requested_schema=None):
        return self._values.__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize(
    "convert",
    [
        tuple,
        iter,
        np.array,
        lambda texts: np.array(texts, object),
        lambda texts: np.array(texts, np.dtypes.StringDType()),
        pa.array,
        lambda texts: pa.array(["skip", *texts])[1:],
        lambda texts: pa.array(texts, pa.large_string()),
        lambda texts: pa.array(texts, pa.string_view()),
        lambda texts: pa.array(texts).dictionary_encode(),
        lambda texts: pa.chunked_array([texts[:2], [], texts[2:]]),
        Series,
    ],
)
def test_scores__any_container_of_text_gives_the_same(convert):
    ensemble = make_ensemble()
    expected = ensemble.scores(TEXTS)
    assert ensemble.scores(convert(TEXTS)).tobytes() == expected.tobytes()


def test_scores__null_is_an_empty_text():
    ensemble = make_ensemble()
    expected = ensemble.scores([""] * 3).tobytes()
    for nulls in (
        [None, "", None],
        [None] * 3,
        np.array([None, float("nan"), ""], object),
        pa.nulls(3),
        pa.nulls(3, pa.string()),
        pa.chunked_array([pa.nulls(2, pa.large_string()), [""]], pa.large_string()),
    ):
        assert ensemble.scores(nulls).tobytes() == expected


@pytest.mark.parametrize(
    "empty", [[], (), np.array([]), pa.array([]), pa.chunked_array([], pa.string())]
)
def test_predict__no_text(empty):
    ensemble = make_ensemble()
    assert ensemble.predict(empty).shape == (0,)
    assert ensemble.predict(empty).dtype == np.int8
    assert ensemble.predict_proba(empty).shape == (0, 2)
    assert ensemble.scores(empty).shape == (0, 4)


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ("one text", "found one str"),
        (b"one text", "found one bytes"),
        ([1, 2], "found int64"),
        ([b"bytes"], "found binary"),
        (["a", 1], "str"),
        ([["a"]], "found list"),
        (np.array([["a"]]), "found 2 dimensions"),
        (np.array([1.5]), "found double"),
        (None, "NoneType"),
        (5, "int"),
        (["\ud800"], "surrogates"),
        (pa.table({"text": ["a"]}), "found struct"),
        (pa.array([1]).dictionary_encode(), "found dictionary"),
    ],
)
def test_predict__what_is_no_list_of_texts(texts, found):
    with pytest.raises(InputError, match=found) as caught:
        make_ensemble().predict(texts)
    assert "\n" not in str(caught.value)


def test_predict__batches_do_not_show(monkeypatch):
    ensemble = make_ensemble(vote="mean")
    texts = [f"text {i} 日本" for i in range(23)]
    whole = ensemble.scores(texts), ensemble.predict_proba(texts)
    monkeypatch.setattr(module, "_BATCH_ROWS", 4)
    parts = ensemble.scores(texts), ensemble.predict_proba(texts)
    assert [each.tobytes() for each in whole] == [each.tobytes() for each in parts]


def test_predict__symbols_are_taken_out_as_in_training():
    ensemble = make_ensemble()
    bare = ensemble.scores(["what a day"]).tobytes()
    for text in ("what a day :)", ":( what a day", " what  a\tday\n:-) "):
        assert ensemble.scores([text]).tobytes() == bare
    assert ensemble.scores(["what a week"]).tobytes() != bare


def test_predict__language_of_the_model():
    expected = make_ensemble().predict(TEXTS).tolist()
    for own, asked in (
        ("en", "en"),
        ("en+es", "es"),
        ("en+es", "es+en"),
        ("any", "ja"),
    ):
        ensemble = make_ensemble(language=own)
        assert ensemble.predict(TEXTS, language=asked).tolist() == expected
        assert ensemble.predict(TEXTS, language=None).tolist() == expected


@pytest.mark.parametrize("asked", ["es", "any", "en+es", "", "no such"])
def test_predict__another_language(asked):
    for call in ("predict", "predict_proba", "scores"):
        with pytest.raises(ConfigError):
            getattr(make_ensemble(), call)(TEXTS, language=asked)


def test_predict__threads_share_an_ensemble():
    ensemble = make_ensemble()
    texts = [f"text number {i}" for i in range(2000)]
    expected = ensemble.scores(texts).tobytes()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(ensemble.scores, [texts] * 8))
    assert {each.tobytes() for each in found} == {expected}


def test_ensemble__is_frozen_and_pickles():
    ensemble = make_ensemble()
    with pytest.raises(ValueError, match="read-only"):
        ensemble.weights[0, 0] = 1
    copy = pickle.loads(pickle.dumps(ensemble))
    assert copy.scores(TEXTS).tobytes() == ensemble.scores(TEXTS).tobytes()
    assert copy.sha256() == ensemble.sha256()


def test_predict__compiles_nothing_that_evaluation_did_not(tmp_path):
    if not hasattr(score_rows, "signatures"):
        pytest.skip("kernels run as plain Python")
    kernels = (score_rows, share_votes, mean_votes)
    batch = pa.record_batch({"text": TEXTS, "polarity": np.ones(6, np.int8)})
    for vote in ("weighted", "mean"):
        config = FeatureConfig(n_features=N_FEATURES)
        evaluate_members([batch], make_members(), config, vote)
    before = [len(kernel.signatures) for kernel in kernels]
    for vote in ("majority", "weighted", "mean"):
        ensemble = make_ensemble(vote=vote)
        ensemble.save(tmp_path / "m")
        shipped = pickle.loads(pickle.dumps(ensemble))
        for each in (ensemble, shipped, load_ensemble(tmp_path / "m")):
            each.predict(TEXTS)
    assert [len(kernel.signatures) for kernel in kernels] == before


def test_ensemble__says_what_it_is():
    assert repr(make_ensemble()) == (
        "<Ensemble of 4 for en: majority vote, mixed in 4,096 columns, "
        "trained on 4,006 examples>"
    )


def test_from_members__nothing_to_vote():
    with pytest.raises(ConfigError, match="found none"):
        Ensemble.from_members([])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 2e30])
def test_from_members__diverged(value):
    members = make_members()
    members[2].weights[7] = value
    with pytest.raises(ConfigError, match="lower --eta0 or raise --alpha"):
        make_ensemble(members)


@pytest.mark.parametrize("vote", ["majority", "weighted", "mean"])
def test_save__load_gives_the_same(tmp_path, vote):
    ensemble = make_ensemble(vote=vote, language="en+es")
    ensemble.save(tmp_path / "m.parquet")
    loaded = load_ensemble(str(tmp_path / "m.parquet"))
    assert repr(loaded) == repr(ensemble)
    for call in ("scores", "predict_proba", "predict"):
        ours, theirs = getattr(loaded, call)(TEXTS), getattr(ensemble, call)(TEXTS)
        assert ours.tobytes() == theirs.tobytes()
    for name in ("features", "settings", "versions", "sample_digest", "lexicon"):
        assert getattr(loaded, name) == getattr(ensemble, name)
    loaded.save(tmp_path / "again.parquet")
    content = (tmp_path / "m.parquet").read_bytes()
    assert (tmp_path / "again.parquet").read_bytes() == content
    assert ensemble.sha256() == hashlib.sha256(content).hexdigest()


def test_save__wider_settings_do_not_show(tmp_path):
    """A `TrainConfig` is a `FeatureConfig`, but its workers are no part of a model."""
    config = TrainConfig(n_features=N_FEATURES, block_size=12345)
    assert make_ensemble(features=config).sha256() == make_ensemble().sha256()


def save_forged(path, **changes):
    make_ensemble().save(path)
    rows = pq.read_table(path)
    document = json.loads(rows.schema.metadata[b"emotiset"])
    del document["digest"]
    document.update(changes)
    with pq.ParquetWriter(path, rows.schema, store_schema=False) as writer:
        writer.write_table(rows)
        writer.add_key_value_metadata({"emotiset": json.dumps(document)})


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"vote": "loudest"}, "loudest"),
        ({"vote": None}, "vote"),
        ({"features": {"features": "byte4", "n_features": 1000}}, "power of two"),
        ({"features": {"features": "byte4", "n_features": 1024}}, "1024"),
        ({"features": {"features": "bytes", "n_features": N_FEATURES}}, "bytes"),
        ({"features": []}, "features"),
        ({"lexicon": 5}, "lexicon"),
        ({"lexicon": [["a", "b"]]}, "lexicon"),
        ({"settings": None}, "settings"),
        ({"versions": {"emotiset": 1}}, "versions"),
        ({"sample_digest": 1}, "sample_digest"),
    ],
)
def test_load_ensemble__metadata_that_makes_no_sense(tmp_path, changes, found):
    path = tmp_path / "m.parquet"
    save_forged(path, **changes)
    with pytest.raises(ModelFileError, match=found) as caught:
        load_ensemble(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_load_ensemble__unknown_language(tmp_path):
    path = tmp_path / "m.parquet"
    make_ensemble(language="no such").save(path)
    with pytest.raises(ModelFileError, match="no such"):
        load_ensemble(path)


def test_package__has_the_public_names():
    assert emotiset.Ensemble is Ensemble
    assert emotiset.load_ensemble is load_ensemble


CALIBRATION = Calibration(Side(0.3, 0.7), Side(-0.5, 1.1), n_examples=500, prior=0.4)


@pytest.mark.parametrize("vote", ["majority", "weighted", "mean"])
def test_predict_proba__calibration_survives_the_file(vote, tmp_path):
    ensemble = make_ensemble(vote=vote, calibration=CALIBRATION)
    ensemble.save(tmp_path / "model.parquet")
    loaded = load_ensemble(tmp_path / "model.parquet")
    assert loaded.calibration == CALIBRATION
    expected, found = ensemble.predict_proba(TEXTS), loaded.predict_proba(TEXTS)
    assert found.tobytes() == expected.tobytes()
    plain = make_ensemble(vote=vote)
    assert np.array_equal(plain.predict(TEXTS), loaded.predict(TEXTS))
    assert not np.array_equal(plain.predict_proba(TEXTS), found)


def test_predict__prior_and_abstain():
    ensemble = make_ensemble(vote="mean", calibration=CALIBRATION)
    texts = [f"text number {i}" for i in range(500)]
    as_trained = ensemble.predict_proba(texts)
    assert np.array_equal(ensemble.predict_proba(texts, prior=0.4), as_trained)
    fewer = ensemble.predict_proba(texts, prior=0.1)
    assert (fewer[:, 1] < as_trained[:, 1]).all()
    predicted = ensemble.predict(texts, prior=0.1)
    assert np.array_equal(predicted == 1, fewer.argmax(axis=1) == 1)
    banded = ensemble.predict(texts, prior=0.1, abstain=0.9)
    assert np.array_equal(banded == 0, fewer.max(axis=1) < np.float32(0.9))
    assert np.array_equal(banded[banded != 0], predicted[banded != 0])
    assert 0 < (banded == 0).sum() < 500


@pytest.mark.parametrize(
    "asked",
    [
        *({"prior": each} for each in (0, 1, float("nan"), "x", [0.5])),
        *({"abstain": each} for each in (0.4, "0.9")),
    ],
)
def test_predict__refuses_shares_that_leave_no_doubt(asked):
    with pytest.raises(ConfigError, match=next(iter(asked))):
        make_ensemble().predict(TEXTS, **asked)


def test_save__the_same_file_whether_its_hash_was_asked_for_or_not(tmp_path):
    asked, silent = make_ensemble(), make_ensemble()
    digest = asked.sha256()
    for number, model in enumerate((asked, asked, silent)):
        model.save(tmp_path / str(number))
        written = (tmp_path / str(number)).read_bytes()
        assert hashlib.sha256(written).hexdigest() == digest
    assert pickle.loads(pickle.dumps(asked)).sha256() == digest
