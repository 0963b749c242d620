"""Learners that a user brings: members like all others, or one line why not."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from dask.distributed import Client
from sklearn.naive_bayes import MultinomialNB

from emotiset import TrainConfig, load_ensemble
from emotiset.config import FeatureConfig, LearnerConfig
from emotiset.errors import ClusterError, ConfigError, EmotisetError, InputError
from emotiset.features import hash_features
from emotiset.learner import fit_member
from emotiset.own import Batches
from emotiset.train import train
from emotiset.tune import tune
from emotiset.update import update

MODULE = """
import numpy as np
from sklearn.naive_bayes import MultinomialNB

class Bayes:
    def __init__(self):
        self.model, self.calls = MultinomialNB(), 0
    def fit(self, batches):
        self.calls += 1
        for rows in batches:
            self.model.partial_fit(rows.X, rows.polarity, classes=[-1, 1])
        return self
    @property
    def weights(self):
        return np.diff(self.model.feature_log_prob_, axis=0)
    @property
    def intercept(self):
        return np.diff(self.model.class_log_prior_)

class Few(Bayes):
    weights = [1, 2, 3]

class Infinite(Bayes):
    weights = property(lambda self: np.full(4096, np.nan))

class Forest:
    def fit(self, batches):
        return self

class Unfit:
    pass
"""
SETTINGS: dict[str, Any] = {"n_features": 4096, "members": 2}


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A module of learners that this process can import, and no worker."""
    (tmp_path / "code").mkdir()
    path = tmp_path / "code" / "own_of_tests.py"
    path.write_text(MODULE)
    monkeypatch.syspath_prepend(path.parent)
    yield path
    sys.modules.pop("own_of_tests", None)


@pytest.fixture(scope="module")
def threads() -> Iterator[Client]:
    """A cluster in this process."""
    with Client(processes=False, dashboard_address=":0") as client:
        yield client


def configure(name: str, **settings: Any) -> TrainConfig:
    learner = f"own_of_tests:{name}"
    return TrainConfig(learner=learner, **{**SETTINGS, **settings})


def test_train__member_is_what_scikit_learn_makes_of_its_part(
    module: Path, threads: Client, tweet_file: Path, tmp_path: Path
) -> None:
    sample_out = tmp_path / "sample.parquet"
    config = configure("Bayes", calibration=0)
    result = train([tweet_file], config, threads, sample_out=sample_out)
    sample = pq.read_table(sample_out, filters=[("member", "=", 1)])
    X = hash_features(sample["text"], FeatureConfig(n_features=4096))
    judge = MultinomialNB().fit(X, sample["polarity"].to_numpy())
    difference = judge.feature_log_prob_[1] - judge.feature_log_prob_[0]
    assert np.allclose(result.ensemble.weights[:, 1], difference, atol=1e-5)
    assert result.ensemble.n_examples[1] == sample.num_rows
    assert result.summary["metrics"]["accuracy"] > 0.9

    result.ensemble.save(tmp_path / "model.parquet")
    model = load_ensemble(tmp_path / "model.parquet")
    assert model.settings["learner"] == "own_of_tests:Bayes"
    assert model.predict(["what a happy great win", "awful sad cry"]).tolist() == [
        1,
        -1,
    ]
    with pytest.raises(ConfigError, match="update needs a learner of this package"):
        update(model, [tweet_file], threads)


def test_train__own_learner_same_bytes_however_cut(
    module: Path, threads: Client, tweet_file: Path
) -> None:
    digests = {
        train(
            [tweet_file], configure("Bayes", block_size=size), threads
        ).ensemble.sha256()
        for size in (100_000, 64 << 20)
    }
    assert len(digests) == 1


def test_train__changed_source_is_another_learner(
    module: Path, threads: Client, tweet_file: Path, tmp_path: Path
) -> None:
    def count_trained() -> int:
        work = tmp_path / "work"
        result = train([tweet_file], configure("Bayes"), threads, work_dir=work)
        n_trained: int = result.summary["work"]["members_trained"]
        return n_trained

    assert [count_trained(), count_trained()] == [2, 0]
    module.write_text(MODULE + "\n# changed\n")
    assert count_trained() == 2


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("Few", ConfigError, "4096 weights and one intercept, found 3 and 1"),
        ("Infinite", InputError, "finite weights"),
        ("Forest", ConfigError, "found Forest without"),
        ("Unfit", ConfigError, "needs a class with a method fit"),
        ("Missing", ConfigError, "has no attribute 'Missing'"),
    ],
)
def test_train__learner_that_cannot_be_a_member(
    name: str,
    error: type[EmotisetError],
    message: str,
    module: Path,
    threads: Client,
    tweet_file: Path,
) -> None:
    with pytest.raises(error, match=message):
        train([tweet_file], configure(name), threads)


def test_train__workers_that_cannot_import_it(
    module: Path, client: Client, tweet_file: Path
) -> None:
    told = r"tcp://.* 1 more says: .*PYTHONPATH; --ship-code sends no more than"
    with pytest.raises(ClusterError, match=told):
        train([tweet_file], configure("Bayes"), client)
    space = {"learner": ["averaged", "own_of_tests:Bayes"]}
    with pytest.raises(ClusterError, match=told):
        tune([tweet_file], space, TrainConfig(), client)


def test_command__learner_that_is_not_there(run: Any, tweet_file: Path) -> None:
    done = run("train", tweet_file, "--learner", "nowhere:Learner", "--workers", "1")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "found 'nowhere:Learner' (No module named 'nowhere')" in done.stderr


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 3, "alpha": 0.1}, "found also --epochs, --alpha: leave that out"),
        ({"scale": "nb"}, "found also --scale"),
        ({"features_column": "features", "label_column": "y"}, "for feature maps"),
    ],
)
def test_config__own_learner_has_its_own_settings(
    settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        configure("Bayes", **settings)
    assert configure("Bayes").resolve("mixed").scale == "none"


def test_fit_member__one_polarity_is_refused(module: Path) -> None:
    import pyarrow as pa

    day = pa.record_batch(
        {"polarity": pa.array([1, 1], pa.int8()), "text": ["what a day", "so good"]}
    )
    own = LearnerConfig(learner="own_of_tests:Bayes")
    with pytest.raises(InputError, match="2 positive and 0 negative"):
        fit_member([day], FeatureConfig(n_features=4096), own)
    rows = Batches([day, day.slice(0, 0), day], FeatureConfig(n_features=4096))
    assert len(rows) == 1
    assert [each.X.shape for each in rows[:1]] == [(4, 4096)]
