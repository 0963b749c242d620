"""Folds of cross-validation: what is in which, and that nothing else is different."""

import datetime
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dask.distributed import Client

from emotiset import TrainConfig
from emotiset.errors import ConfigError, OnePolarityError, TooFewError
from emotiset.folding import Folding, count_minutes, find_minutes, find_starts
from emotiset.keys import make_keys
from emotiset.labeling import normalize_text
from emotiset.schema import KEYED, TIME, empty_batch
from emotiset.train import train

START = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
MINUTE = datetime.timedelta(minutes=1)


@pytest.fixture(scope="module")
def threads() -> Iterator[Client]:
    with Client(
        processes=False, n_workers=1, threads_per_worker=2, dashboard_address=":0"
    ) as client:
        yield client


def make_rows(texts: list[str], times: list[Any]) -> pa.RecordBatch:
    n = len(texts)
    key = make_keys(normalize_text(pa.array(texts, pa.string())), seed=0)
    columns = [pa.array(key), pa.array([1, -1] * n, pa.int8())[:n]]
    columns += [
        pa.array(times, TIME),
        pa.nulls(n, pa.string()),
        pa.nulls(n, pa.string()),
    ]
    return pa.record_batch([*columns, pa.array(texts, pa.string())], schema=KEYED)


def words(n: int) -> list[str]:
    """Return texts of which no two are near-copies."""
    letters = "bcdfghjklmnpqrstvwz"
    every = (f"to {a}i{b}u{c}e" for a in letters for b in letters for c in letters)
    return list(itertools.islice(every, n))


def test_folding__each_row_is_in_one_fold_and_they_are_about_as_large() -> None:
    rows = make_rows(words(3000), [None] * 3000)
    folding = Folding(5, seed=1)
    sizes = []
    seen: list[str] = []
    for fold in range(5):
        outside, inside = folding.split([rows], fold)
        assert outside[0].num_rows + inside[0].num_rows == 3000
        sizes.append(inside[0].num_rows)
        seen += inside[0]["text"].to_pylist()
    assert sorted(seen) == sorted(rows["text"].to_pylist())
    assert 500 < min(sizes) < max(sizes) < 700
    other = Folding(5, seed=2).find([rows])[0]
    assert 0.1 < (other == folding.find([rows])[0]).mean() < 0.3


def test_folding__cut_of_the_rows_makes_no_difference() -> None:
    rows = make_rows(words(90), [START + MINUTE * (i % 40) for i in range(90)])
    cuts = [rows.slice(0, 7), empty_batch(KEYED), rows.slice(7)]
    for folding in (Folding(4), Folding(3, starts=(26297290, 26297305))):
        whole = folding.find([rows])[0]
        assert np.array_equal(np.concatenate(folding.find(cuts)), whole)
        assert len(set(whole.tolist())) == folding.n_folds
        assert folding.find([]) == []


def test_folding__near_copies_are_in_one_fold() -> None:
    copies = ["so good 1", "SOOO good!! 22", "so good 333", "soo good..."]
    rows = make_rows([*words(40), *copies], [START + MINUTE * i for i in range(44)])
    for folding in (Folding(7, seed=3), Folding(2, starts=(26297322,))):
        assert len(set(folding.find([rows])[0][-4:].tolist())) == 1


def test_find_minutes__earliest_near_copy_decides_and_no_time_is_the_earliest() -> None:
    late, early = START + 9 * MINUTE, START + 2 * MINUTE
    rows = make_rows(
        ["so good 1", "bad", "SO GOOD 2", "none"], [late, late, early, None]
    )
    found = find_minutes([rows.slice(0, 2), rows.slice(2)])
    start = int(START.timestamp()) // 60
    assert found[0].tolist() == [start + 2, start + 9]
    assert found[1][0] == start + 2
    assert found[1][1] < -(10**9)


def test_find_starts__blocks_are_about_as_large_whatever_the_parts() -> None:
    rng = np.random.default_rng(0)
    times = [START + MINUTE * int(i) for i in rng.geometric(0.01, 2000)]
    rows = make_rows(words(2000), times)
    whole = find_starts([count_minutes([rows])], 4)
    parts = [count_minutes([rows.slice(0, 300)]), count_minutes([rows.slice(300)])]
    assert find_starts([*parts, count_minutes([])], 4) == whole
    sizes = np.bincount(Folding(4, starts=whole).find([rows])[0])
    assert sizes.min() > 470 and sizes.max() < 530
    by_time = pd.Series(Folding(4, starts=whole).find([rows])[0], index=times)
    assert by_time.sort_index().is_monotonic_increasing


def test_find_starts__too_few_minutes() -> None:
    rows = make_rows(words(9), [START, START + MINUTE, *[None] * 7])
    with pytest.raises(TooFewError, match="3 different minutes and 7 of 9 examples"):
        find_starts([count_minutes([rows])], 3)


def test_config__refuses_folds_that_make_no_sense() -> None:
    with pytest.raises(ConfigError, match="--folds needs a value of at least 2"):
        TrainConfig(folds=1)
    with pytest.raises(ConfigError, match="--fold-by needs one of key, time"):
        TrainConfig(folds=2, fold_by="day")  # type: ignore[arg-type]


SETTINGS: dict[str, Any] = {
    "members": 2,
    "n_features": 1 << 12,
    "calibration": 0,
    "language": "any",
}


@pytest.mark.parametrize("by", ["key", "time"])
def test_train__fold_is_a_training_without_it(
    by: Any, tweet_file: Path, threads: Client, tmp_path: Path
) -> None:
    sample_path = tmp_path / "sample.parquet"
    config = TrainConfig(**SETTINGS, folds=3, fold_by=by)
    found = train([tweet_file], config, threads, sample_out=sample_path)
    plain = train([tweet_file], TrainConfig(**SETTINGS), threads)
    assert found.summary["model_sha256"] == plain.summary["model_sha256"]
    assert "folds" not in plain.summary
    told = found.summary["folds"]
    assert sum(each["n_test"] for each in told["each"]) == found.summary["n_train"]

    sample = pq.read_table(sample_path).to_pandas()
    sample = sample[sample["part"] == "train"]
    near = sample["key"].to_numpy(np.uint64) // 2**32
    if by == "time":
        earliest = sample["created_at"].groupby(near).transform("min")
        is_second = earliest.between(told["each"][1]["first"], told["each"][1]["last"])
        last_of_first = pd.Timestamp(told["each"][0]["last"])
        assert last_of_first < pd.Timestamp(told["each"][1]["first"])
    else:
        rows = pa.record_batch({"key": sample["key"]})
        is_second = pd.Series(Folding(3).find([rows])[0] == 1, index=sample.index)
        assert not set(near[is_second]) & set(near[~is_second])

    outside = tmp_path / "outside.parquet"
    sample[~is_second][["text", "polarity"]].to_parquet(outside)
    other = TrainConfig(**SETTINGS, label_column="polarity")
    ensemble = train([outside], other, threads).ensemble
    inside = sample[is_second]
    is_right = ensemble.predict(inside["text"].tolist()) == inside["polarity"]
    assert told["each"][1]["n_test"] == len(inside)
    assert told["each"][1]["n_train"] == int((~is_second).sum())
    assert told["each"][1]["accuracy"] == is_right.mean()


def test_train__fold_without_a_polarity_outside_is_told(
    threads: Client, tmp_path: Path
) -> None:
    # All that is good was said on one day.
    path = tmp_path / "days.csv"
    lines = []
    for i, word in enumerate(words(60)):
        day, minute = divmod(i, 30)
        lines.append(f"{word},{1 - day},2020-01-0{1 + day}T00:{minute:02}:00Z")
    path.write_text("\n".join(["text,label,created_at", *lines]) + "\n")
    config = TrainConfig(label_column="label", folds=2, fold_by="time", n_features=1024)
    with pytest.raises(OnePolarityError, match=r"fold . of 2, by time: .*take fewer"):
        train([path], config, threads)


def test_train__more_folds_than_examples(threads: Client, tmp_path: Path) -> None:
    path = tmp_path / "few.csv"
    lines = [f"{word},{i % 2}" for i, word in enumerate(words(12))]
    path.write_text("\n".join(["text,label", *lines]) + "\n")
    config = TrainConfig(label_column="label", folds=30, n_features=1024)
    with pytest.raises(TooFewError, match="found none in fold"):
        train([path], config, threads)
