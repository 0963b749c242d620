"""Members: what they learn, what they refuse, and that their bytes never change."""

import csv
import gzip
import hashlib
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from emotiset.config import FeatureConfig, FeatureSet, LearnerConfig, TrainConfig
from emotiset.errors import ConfigError, InputError, OnePolarityError, SchemaError
from emotiset.features import hash_features, hash_rows
from emotiset.hashed import HashedBatches
from emotiset.kernels.averaged import averaged_logistic
from emotiset.kernels.counts import write_gains
from emotiset.kernels.ngrams import hash_byte4
from emotiset.kernels.sgd import pegasos, sgd_logistic
from emotiset.learner import (
    EXAMPLES,
    Member,
    finish_member,
    fit_batch,
    fit_member,
    start_learner,
)
from emotiset.member import vote_weight
from emotiset.scaling import count_part, make_scale, merge_counts

SMALL = FeatureConfig(features="byte4", n_features=1 << 12)
MIXED = FeatureConfig(n_features=1 << 16)
LOGISTIC = LearnerConfig(learner="logistic")
PEGASOS = LearnerConfig(learner="pegasos")
AVERAGED = LearnerConfig(learner="averaged")
WORDS = {
    1: ["lovely", "great", "happy", "née", "\U0001f31e sunny"],
    -1: ["awful", "sad", "tired", "\u00fcbel", "\U0001f327 rain"],
    0: ["the", "day", "to", "work", "\u4eca\u65e5", "and", "so", "it", "was"],
}


def _batch(polarity: list[int | None], text: list[str | None]) -> pa.RecordBatch:
    columns = [pa.array(polarity, pa.int8()), pa.array(text, pa.string())]
    return pa.record_batch(columns, schema=EXAMPLES)


def _tweets(n_rows: int, seed: int = 0) -> pa.RecordBatch:
    rng = np.random.default_rng(seed)
    polarity = rng.choice([-1, 1], n_rows).tolist()
    texts = []
    for sign in polarity:
        pool = WORDS[sign] + 4 * WORDS[0]
        texts.append(" ".join(rng.choice(pool, rng.integers(1, 12)).tolist()))
    return _batch(polarity, texts)


def _scores(member: Member, text: pa.Array, features: FeatureConfig) -> Any:
    return hash_features(text, features) @ member.weights + member.intercept


def _bytes(member: Member) -> bytes:
    rest = [member.intercept, member.vote_weight, member.progressive_loss]
    counts = [member.n_examples, member.n_correct]
    return member.weights.tobytes() + np.array([*rest, *counts]).tobytes()


@pytest.mark.parametrize("learner", [LOGISTIC, PEGASOS, AVERAGED])
def test_fit_member__learns(learner: LearnerConfig) -> None:
    member = fit_member([_tweets(2000)], SMALL, learner)
    fresh = _tweets(1000, seed=1)
    is_right = _scores(member, fresh["text"], SMALL) * fresh["polarity"].to_numpy() > 0
    assert is_right.mean() > 0.6  # 3 in 10 tweets hold no word of either kind
    assert member.weights.dtype == np.float32
    assert member.weights.shape == (SMALL.n_features,)
    assert (member.n_examples, type(member.intercept)) == (2000, float)
    assert 0.6 < member.n_correct / member.n_examples < 1
    assert member.vote_weight > 0


def test_fit_member__progressive_scores_are_those_before_each_update() -> None:
    tweets = _tweets(40)
    member = fit_member([tweets], SMALL, LearnerConfig(epochs=2))
    n_correct, total_loss = 0, 0.0
    state = start_learner(SMALL, LOGISTIC)
    for row in range(tweets.num_rows):
        one = tweets.slice(row, 1)
        weights = state.progress.scale * state.weights
        intercept = state.progress.scale * state.progress.intercept
        (score,) = hash_features(one["text"], SMALL) @ weights + intercept
        margin = one["polarity"][0].as_py() * score
        n_correct += margin > 0
        total_loss += math.log1p(math.exp(-margin))
        state = fit_batch(state, one, SMALL, LOGISTIC)
    assert (member.n_examples, member.n_correct) == (40, n_correct)
    assert member.progressive_loss == pytest.approx(total_loss / 40, rel=1e-9)


@pytest.mark.parametrize("learner", [LOGISTIC, PEGASOS, AVERAGED])
def test_fit_member__same_bytes_however_cut(learner: LearnerConfig) -> None:
    tweets = _tweets(500)
    cuts = [0, 0, 1, 130, 131, 499, 500]
    batches = [tweets.slice(a, b - a) for a, b in pairwise(cuts)]
    whole = _bytes(fit_member([tweets], SMALL, learner))
    assert _bytes(fit_member(batches, SMALL, learner)) == whole
    copied = [pa.RecordBatch.from_pylist(b.to_pylist(), EXAMPLES) for b in batches]
    assert _bytes(fit_member(copied, SMALL, learner)) == whole


@pytest.mark.parametrize("learner", [LOGISTIC, PEGASOS, AVERAGED])
def test_fit_member__mixed_learns(learner: LearnerConfig) -> None:
    member = fit_member([_tweets(2000)], MIXED, learner)
    fresh = _tweets(1000, seed=1)
    is_right = _scores(member, fresh["text"], MIXED) * fresh["polarity"].to_numpy() > 0
    assert is_right.mean() > 0.65


def test_fit_member__gains_of_the_whole_sample_are_its_own_where_it_is_whole() -> None:
    tweets = _tweets(500)
    counts = [count_part([tweets.slice(at, 100)], MIXED) for at in range(0, 500, 100)]
    gains = make_scale(merge_counts([merge_counts(counts[:2]), *counts[2:]]), AVERAGED)
    given = fit_member([tweets], MIXED, AVERAGED, gains)
    assert _bytes(given) == _bytes(fit_member([tweets], MIXED, AVERAGED))
    unscaled = fit_member([tweets], MIXED, LearnerConfig(scale="none"))
    assert _bytes(given) != _bytes(unscaled)


def test_fit_member__order_matters() -> None:
    tweets = _tweets(500)
    turned = tweets.take(pa.array(range(499, -1, -1)))
    members = [fit_member([each], SMALL, LOGISTIC) for each in (tweets, turned)]
    assert _bytes(members[0]) != _bytes(members[1])


def test_fit_member__iterates_its_batches_once_an_epoch() -> None:
    class Counted(list[pa.RecordBatch]):
        n_passes = 0

        def __iter__(self) -> Iterator[pa.RecordBatch]:
            self.n_passes += 1
            return super().__iter__()

    batches = Counted([_tweets(50), _tweets(50, seed=1)])
    one = fit_member(batches, SMALL, LearnerConfig(epochs=1))
    assert batches.n_passes == 1
    four = fit_member(batches, SMALL, LearnerConfig(epochs=4))
    assert batches.n_passes == 5
    assert (four.n_examples, four.n_correct) == (100, one.n_correct)
    assert four.progressive_loss == one.progressive_loss
    assert four.weights.tobytes() != one.weights.tobytes()


def test_fit_member__epochs_are_the_same_as_more_data() -> None:
    tweets = _tweets(100)
    twice = fit_member([tweets], SMALL, LearnerConfig(epochs=2))
    longer = fit_member([tweets, tweets], SMALL, LearnerConfig(epochs=1))
    assert twice.weights.tobytes() == longer.weights.tobytes()
    assert (longer.n_examples, twice.n_examples) == (200, 100)


def test_finish_member__rounds_once_and_is_independent() -> None:
    state = fit_batch(start_learner(SMALL, LOGISTIC), _tweets(100), SMALL, LOGISTIC)
    member = finish_member(state)
    exact = state.progress.scale * state.weights
    assert member.weights.tobytes() == exact.astype(np.float32).tobytes()
    before = member.weights.tobytes()
    fit_batch(state, _tweets(100), SMALL, LOGISTIC)
    assert member.weights.tobytes() == before


@pytest.mark.parametrize(
    ("polarity", "found"),
    [
        ([], "0 positive and 0 negative"),
        ([1], "1 positive and 0 negative"),
        ([-1, -1], "0 positive and 2 negative"),
    ],
)
@pytest.mark.parametrize("learner", [LOGISTIC, PEGASOS, AVERAGED])
def test_fit_member__one_polarity(
    polarity: list[int | None], found: str, learner: LearnerConfig
) -> None:
    batch = _batch(polarity, ["what a day"] * len(polarity))
    with pytest.raises(OnePolarityError, match=found):
        fit_member([batch, _batch([], [])], SMALL, learner)


def test_fit_member__no_batch() -> None:
    with pytest.raises(OnePolarityError, match="0 positive and 0 negative"):
        fit_member([], SMALL, LOGISTIC)


@pytest.mark.parametrize("learner", [LOGISTIC, PEGASOS, AVERAGED])
def test_fit_member__one_row_of_each_and_texts_without_features(
    learner: LearnerConfig,
) -> None:
    member = fit_member([_batch([1, -1], [None, ""])], SMALL, learner)
    assert not member.weights.any()
    assert math.isfinite(member.intercept)
    assert member.n_examples == 2


@pytest.mark.parametrize(
    ("polarity", "found"),
    [([1, None, -1, None], "2 nulls"), ([1, 0, -1, 4], "found 0")],
)
def test_fit_member__strange_polarity(polarity: list[int | None], found: str) -> None:
    with pytest.raises(InputError, match=found):
        fit_member([_batch(polarity, ["a day"] * 4)], SMALL, LOGISTIC)


def test_fit_member__columns_are_checked() -> None:
    with pytest.raises(SchemaError, match="fit_member needs column 'polarity'"):
        fit_member([pa.record_batch({"text": ["a"]})], SMALL, LOGISTIC)
    wrong = pa.record_batch({"text": ["a"], "polarity": [1]})
    with pytest.raises(SchemaError, match="type int8, found int64"):
        fit_member([wrong], SMALL, LOGISTIC)


@pytest.mark.parametrize(
    "learner",
    [
        LearnerConfig(alpha=0),
        LearnerConfig(alpha=1, eta0=0.999),
        LearnerConfig(alpha=0, eta0=1e3),
        LearnerConfig(eta0=1e-9),
        LearnerConfig(learner="pegasos", alpha=1),
        LearnerConfig(learner="pegasos", alpha=1e-12),
    ],
)
def test_fit_member__settings_at_their_limits(learner: LearnerConfig) -> None:
    member = fit_member([_tweets(300)], SMALL, learner)
    assert np.isfinite(member.weights).all()
    assert math.isfinite(member.intercept)
    assert math.isfinite(member.progressive_loss)


def test_fit_member__compiles_once() -> None:
    for learner in (LOGISTIC, PEGASOS, AVERAGED):
        fit_member([_tweets(20)], SMALL, learner)
    kernels = (hash_byte4, sgd_logistic, pegasos, averaged_logistic, write_gains)
    compiled = [list(kernel.signatures) for kernel in kernels]
    for learner in (LearnerConfig(alpha=0, eta0=1), LOGISTIC, PEGASOS, AVERAGED):
        fit_member(
            [_batch([], []), _tweets(20).slice(3)],
            FeatureConfig(features="byte4"),
            learner,
        )
    assert [list(kernel.signatures) for kernel in kernels] == compiled


def test_vote_weight__log_odds_of_being_right() -> None:
    assert vote_weight(79, 99) == pytest.approx(math.log(80 / 21), rel=1e-12)
    assert vote_weight(0, 0) == vote_weight(5, 10) == vote_weight(0, 10**9) == 0.0
    assert vote_weight(10**9, 10**9) == pytest.approx(math.log(10**9 + 1))


def test_learner_config__defaults_by_learner_and_features() -> None:
    assert LearnerConfig().resolve("byte4") == LOGISTIC.resolve("byte4")
    assert LearnerConfig().resolve("mixed") == AVERAGED.resolve("mixed")
    assert LOGISTIC.resolve("byte4").alpha == 1e-5
    assert PEGASOS.resolve("byte4").alpha == 3e-3
    assert LearnerConfig(learner="pegasos", alpha=1).resolve("mixed").alpha == 1
    assert TrainConfig(alpha=0).resolve("mixed").alpha == 0
    assert TrainConfig().resolve("mixed").scale == "nb"
    assert LearnerConfig(scale="none").resolve("mixed").scale == "none"
    found = LearnerConfig().resolve("mixed")
    assert found.resolve("byte4") == found


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"learner": "pegasos", "alpha": 0}, "alpha needs a value of at least 1e-12"),
        ({"alpha": -1}, "alpha needs"),
        ({"alpha": math.nan}, "alpha needs"),
        ({"alpha": 0.01, "eta0": 100}, "under 1, found 1"),
        ({"epochs": 0}, "epochs needs"),
        ({"learner": "perceptron"}, "--learner needs one of"),
        ({"scale": "idf"}, "--scale needs one of"),
        ({"scale": "nb", "learner": "pegasos"}, "needs --learner averaged"),
    ],
)
def test_learner_config__refuses(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        LearnerConfig(**settings).resolve("mixed")


# The digest of all learners' members, computed where it is asked for.
_PRINT_DIGEST = """
import hashlib
import pyarrow as pa
from emotiset.config import FeatureConfig, LearnerConfig
from emotiset.features import hash_rows
from emotiset.hashed import HashedBatches
from emotiset.learner import EXAMPLES, fit_member

state, rows = 1, []
for _ in range(300):
    words = []
    for _ in range(12):
        state = state * 6364136223846793005 % 2**64 + 1442695040888963407
        words.append("%x" % (state >> 50))
    rows.append({"polarity": 1 if "7" in words[0] else -1, "text": " ".join(words)})
batch = pa.RecordBatch.from_pylist(rows, EXAMPLES)
digest = hashlib.sha256()
for name in ("logistic", "pegasos", "averaged"):
    learner = LearnerConfig(learner=name, alpha=0.01, epochs=2)
    features = "mixed" if name == "averaged" else "byte4"
    config = FeatureConfig(features=features, n_features=4096)
    member = fit_member([batch], config, learner)
    digest.update(member.weights.astype("<f4").tobytes())
    numbers = member.intercept, member.vote_weight, member.progressive_loss
    digest.update(" ".join(number.hex() for number in numbers).encode())
print(digest.hexdigest())
"""
_DIGEST = "76e3d9ceec8c484aa0fc21dff95da8d4b892e773bfb14adeccb84cf4c60714cd"


@pytest.mark.slow
@pytest.mark.parametrize(
    "machine",
    [
        {},
        {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""},
        {"NUMBA_DISABLE_JIT": "1"},
        {"NUMBA_OPT": "0"},
    ],
)
def test_fit_member__same_bytes_on_every_machine(machine: dict[str, str]) -> None:
    found = subprocess.run(
        [sys.executable, "-c", _PRINT_DIGEST],
        env={**os.environ, **machine},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == _DIGEST


def _read_sentiment140(path: Path) -> pa.RecordBatch:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [
            {"polarity": int(row["polarity"]), "text": row["text"]}
            for row in csv.DictReader(lines)
        ]
    return pa.RecordBatch.from_pylist(rows, EXAMPLES)


@pytest.mark.parametrize(
    ("name", "learner", "expected"),
    [
        ("byte4", LOGISTIC, 0.785),
        ("byte4", PEGASOS, 0.775),
        ("byte4", AVERAGED, 0.798),
        ("mixed", LOGISTIC, 0.808),
        ("mixed", PEGASOS, 0.80),
        ("mixed", AVERAGED, 0.82),
    ],
)
def test_fit_member__real_tweets(
    real_data: Path, name: FeatureSet, learner: LearnerConfig, expected: float
) -> None:
    # Learned on the first 64,000 training tweets, judged on the other 16,000.
    tweets = _read_sentiment140(real_data / "sentiment140" / "train.csv.gz")
    features = FeatureConfig(features=name)
    member = fit_member([tweets.slice(0, 64_000)], features, learner)
    judged = tweets.slice(64_000)
    polarity: NDArray[np.int8] = judged["polarity"].to_numpy()
    accuracy = (_scores(member, judged["text"], features) * polarity > 0).mean()
    assert accuracy > expected
    assert 0.73 < member.n_correct / member.n_examples < 0.82


def test_member__compares_by_identity() -> None:
    member = fit_member([_tweets(20)], SMALL, LOGISTIC)
    again = fit_member([_tweets(20)], SMALL, LOGISTIC)
    assert member != again
    assert hashlib.sha256(_bytes(member)) != hashlib.sha256(_bytes(again))


@pytest.mark.slow
def test_benchmark__prints_its_table() -> None:
    script = Path(__file__).parents[1] / "benchmarks" / "learning.py"
    sizes = ["--tweets", "3000", "--peer-tweets", "500", "--runs", "1"]
    found = subprocess.run(
        [sys.executable, str(script), *sizes],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "| both |" in found.stdout
    assert "scikit-learn saw 500 tweets" in found.stdout


@pytest.mark.parametrize("most_kept", [0, 40, 1 << 20])
def test_hashed_batches__kept_or_not_are_the_same_rows(most_kept: int) -> None:
    features = FeatureConfig(n_features=1 << 10)
    texts = [[f"day {i} of {j}" for i in range(3)] for j in range(4)]
    batches = [
        pa.record_batch([pa.array([1, -1, 1], pa.int8()), each], schema=EXAMPLES)
        for each in texts
    ]
    hashed = HashedBatches(batches, features, most_kept)
    for _ in range(3):
        for found, batch in zip(hashed, batches, strict=True):
            indptr, indices = hash_rows(batch["text"], features)
            assert found.indptr.tolist() == indptr.tolist()
            assert found.indices.tolist() == indices.tolist()
            assert found.polarity.tolist() == [1, -1, 1]
