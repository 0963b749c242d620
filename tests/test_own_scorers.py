"""Learners whose score is no sum of weights: they vote, are judged and saved."""

import pickle
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dask.distributed import Client
from sklearn.neural_network import MLPClassifier

from emotiset import Ensemble, Polyglot, TrainConfig, load_ensemble
from emotiset.card import make_card
from emotiset.config import FeatureConfig
from emotiset.errors import ConfigError, EmotisetError, InputError, ModelFileError
from emotiset.evidence import find_evidence
from emotiset.features import hash_features
from emotiset.inspection import describe_model
from emotiset.own_class import find_own
from emotiset.polyglot import by_language
from emotiset.result import TrainResult
from emotiset.scorer import Scorer
from emotiset.sklearn import to_linear_model
from emotiset.store import ModelFile, read_model, write_model
from emotiset.train import train
from emotiset.update import update

MODULE = """
import io
import numpy as np
from sklearn.neural_network import MLPClassifier

class Net:
    def __init__(self):
        self.model = MLPClassifier(8, learning_rate_init=0.01, random_state=0)
    def fit(self, batches):
        for rows in batches:
            self.model.partial_fit(rows.X, rows.polarity, classes=[-1, 1])
        return self
    def to_bytes(self):
        file = io.BytesIO()
        np.savez(file, *self.model.coefs_, *self.model.intercepts_)
        return file.getvalue()
    @classmethod
    def from_bytes(cls, state):
        net = cls()
        with np.load(io.BytesIO(state), allow_pickle=False) as arrays:
            net.arrays = list(arrays.values())
        return net
    def score(self, X):  # row by row: no sum that more rows would do otherwise
        inward, outward, bias, last = self.arrays
        return (np.maximum(X @ inward + bias, 0) * outward[:, 0]).sum(axis=1) + last

class NoBytes(Net):
    to_bytes = None

class Text(Net):
    def to_bytes(self):
        return "text"

class Short(Net):
    def score(self, X):
        return [1.0]

class Infinite(Net):
    def score(self, X):
        return np.full(X.shape[0], np.nan)
"""
FEATURES = FeatureConfig(features="byte4", n_features=1024)


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A module of learners that this process can import."""
    path = tmp_path_factory.mktemp("code") / "nets_of_tests.py"
    path.write_text(MODULE)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(path.parent)
        yield path
    sys.modules.pop("nets_of_tests", None)


@pytest.fixture(scope="module")
def threads() -> Iterator[Client]:
    """A cluster in this process."""
    with Client(processes=False, dashboard_address=":0") as client:
        yield client


def configure(name: str = "Net", **settings: Any) -> TrainConfig:
    shared = {"features": "byte4", "n_features": 1024, "members": 2}
    return TrainConfig(learner=f"nets_of_tests:{name}", **{**shared, **settings})


@dataclass(frozen=True)
class Trained:
    """What one run has given."""

    result: TrainResult
    model: Path
    sample: Path

    @property
    def ensemble(self) -> Ensemble:
        """What was trained."""
        assert isinstance(self.result.ensemble, Ensemble)
        return self.result.ensemble


@pytest.fixture(scope="module")
def trained(
    module: Path, threads: Client, tweet_file: Path, tmp_path_factory: Any
) -> Trained:
    """Two networks, of all examples at once, and the sample they learned from."""
    folder = tmp_path_factory.mktemp("trained")
    config = configure(calibration=0)
    sample = folder / "sample.parquet"
    result = train([tweet_file], config, threads, sample_out=sample, keep_texts=True)
    result.ensemble.save(folder / "model.parquet")
    return Trained(result, folder / "model.parquet", sample)


def test_train__network_is_what_scikit_learn_makes_of_its_part(
    trained: Trained,
) -> None:
    sample = pq.read_table(trained.sample, filters=[("member", "=", 1)])
    X = hash_features(sample["text"].combine_chunks(), FEATURES)
    judge = MLPClassifier(8, learning_rate_init=0.01, random_state=0)
    judge.partial_fit(X, sample["polarity"].to_numpy(), classes=[-1, 1])
    positive = judge.predict_proba(X)[:, 1]
    scores = trained.ensemble.scores(sample["text"])
    assert scores.shape == (sample.num_rows, 2)
    assert np.allclose(scores[:, 1], np.log(positive / (1 - positive)), atol=1e-4)
    assert trained.result.summary["metrics"]["accuracy"] > 0.8


def test_ensemble__networks_vote(trained: Trained) -> None:
    texts = ["what a happy great win", "awful sad cry", "", "the game is on tonight"]
    scores = trained.ensemble.scores(texts)
    by_mean = np.where(scores.mean(axis=1) > 0, 1, -1)
    first = np.where(scores[:, 0] > 0, 1, -1)
    weights = np.array([3.0, 1.0])
    for vote, expected in (("mean", by_mean), ("weighted", first)):
        voting = replace(trained.ensemble, vote=vote, vote_weights=weights)  # type: ignore[arg-type]
        assert voting.predict(texts).tolist() == expected.tolist()
        assert pickle.loads(pickle.dumps(voting)).predict(texts).tolist() == list(
            expected
        )
    shares = replace(trained.ensemble, vote="majority").predict_proba(texts)[:, 1]
    assert np.allclose(shares, (scores > 0).mean(axis=1), atol=1e-6)


def test_load_ensemble__network_comes_back_only_with_its_class(
    trained: Trained, threads: Client, tweet_file: Path
) -> None:
    loaded = load_ensemble(trained.model, find_own("nets_of_tests:Net"))
    texts = ["what a happy great win", "awful sad cry"]
    assert loaded.sha256() == trained.ensemble.sha256()
    assert isinstance(loaded, Ensemble)
    assert np.array_equal(loaded.scores(texts), trained.ensemble.scores(texts))
    told = r"needs its class, found None for .*, nets_of_tests:Net in training"
    with pytest.raises(ConfigError, match=told):
        load_ensemble(trained.model)
    with pytest.raises(ConfigError, match="needs its class, found <class 'str'>"):
        load_ensemble(trained.model, str)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="update needs a learner of this package"):
        update(trained.model, [tweet_file], threads)


def test_read_model__changed_state_is_found(trained: Trained, tmp_path: Path) -> None:
    table = pq.read_table(trained.model)
    states = [each.as_py() + b"\0" for each in table["state"]]
    where = table.schema.get_field_index("state")
    changed = table.set_column(where, table.schema.field("state"), [states])
    with pq.ParquetWriter(
        tmp_path / "m.parquet", changed.schema, store_schema=False
    ) as writer:
        writer.write_table(changed)
        text = pq.read_metadata(trained.model).metadata[b"emotiset"]
        writer.add_key_value_metadata({"emotiset": text.decode()})
    with pytest.raises(ModelFileError, match="it was changed after training"):
        load_ensemble(tmp_path / "m.parquet", find_own("nets_of_tests:Net"))


def test_read_model__any_flipped_byte_of_states_is_refused_or_harmless(
    tmp_path: Path,
) -> None:
    rng, path = np.random.default_rng(0), tmp_path / "m.parquet"
    ones, states = np.ones(2), (rng.bytes(300), b"")
    none = np.empty((0, 2), np.float32)
    numbers = none, ones, ones, ones.astype(np.int64)
    write_model(path, ModelFile("en", *numbers, metadata={}, states=states))
    whole, n_refused = path.read_bytes(), 0
    assert read_model(path).states == states
    for where in rng.integers(0, len(whole), 300):
        damaged = bytearray(whole)
        damaged[where] ^= rng.integers(1, 256)
        path.write_bytes(damaged)
        try:
            assert read_model(path).states == states
        except ModelFileError as error:
            n_refused += 1
            assert "\n" not in str(error)
    assert n_refused > 100


def test_polyglot__networks_of_two_languages(trained: Trained, tmp_path: Path) -> None:
    swapped = trained.ensemble.scorers[::-1]
    other = replace(trained.ensemble, language="es", scorers=swapped)
    both, text = Polyglot((trained.ensemble, other)), ["awful sad cry"]
    both.save(tmp_path / "both.parquet")
    loaded = load_ensemble(tmp_path / "both.parquet", find_own("nets_of_tests:Net"))
    assert loaded.sha256() == both.sha256()
    en, es = (each.scores(text) for each in by_language(loaded).values())
    assert es[0].tolist() == en[0, ::-1].tolist() != en[0].tolist()


def test_train__network_same_bytes_however_cut_or_kept(
    module: Path, threads: Client, tweet_file: Path, tmp_path: Path
) -> None:
    found = []
    for size, work in ((100_000, None), (64 << 20, tmp_path), (64 << 20, tmp_path)):
        config = configure(block_size=size)
        result = train([tweet_file], config, threads, work_dir=work)
        found.append(result.ensemble.sha256())
    assert result.summary["work"]["members_trained"] == 0
    assert result.summary["n_calibration"] > 0
    assert len(set(found)) == 1


def test_describe_model__needs_no_class(trained: Trained, run: Any) -> None:
    member = describe_model(trained.ensemble, trained.model)["members"][0]
    assert member["n_bytes"] == len(trained.ensemble.scorers[0].state)
    assert "nets_of_tests:Net" in run("inspect", trained.model).stdout
    refused = run("inspect", trained.model, "--texts", "simulated:10")
    assert refused.returncode == 2
    assert "needs members that have weights" in refused.stderr
    card = make_card(
        describe_model(trained.ensemble, trained.model), trained.result.summary
    )
    assert "learner)  # the class 'nets_of_tests:Net'" in card
    assert "linear" not in card
    evidence = find_evidence(trained.ensemble, trained.result.texts)
    assert evidence["strongest"] == {}
    with pytest.raises(ConfigError, match="members that have weights"):
        to_linear_model(trained.ensemble)


def test_command__predict_and_evaluate_are_told_the_class(
    trained: Trained, run: Any, tmp_path: Path
) -> None:
    named = ["--learner", "nets_of_tests:Net"]
    done = run("predict", trained.model, "-", *named, stdin="awful sad cry\n")
    assert '"polarity":-1' in done.stdout
    silent = run("predict", trained.model, "-", stdin="awful sad cry\n")
    assert (silent.returncode, silent.stderr.count("\n")) == (2, 1)
    assert "by --learner" in silent.stderr
    (tmp_path / "gold.csv").write_text("text,y\nso happy,1\nso sad,0\n")
    gold = [tmp_path / "gold.csv", "--label-column", "y", "--json"]
    judged = run("evaluate", trained.model, *gold, *named)
    assert '"accuracy":' in judged.stdout


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("NoBytes", ConfigError, "needs to give what has to_bytes"),
        ("Text", ConfigError, "bytes, found str: give"),
        ("Short", InputError, "numbers, one for each row, found 1: mend"),
        ("Infinite", InputError, "needs to give finite numbers"),
    ],
)
def test_train__network_that_cannot_be_a_member(
    name: str,
    error: type[EmotisetError],
    message: str,
    module: Path,
    threads: Client,
    tweet_file: Path,
) -> None:
    with pytest.raises(error, match=message):
        train([tweet_file], configure(name), threads)


def test_scorer__without_a_class_is_silent() -> None:
    X = hash_features(pa.array(["what a day"]), FEATURES)
    with pytest.raises(ConfigError, match="needs its class to score"):
        Scorer(b"", None).score(X)
