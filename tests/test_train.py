"""The whole job on worker processes, and what must not change its result."""

import bz2
import csv
import datetime
import gzip
import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from dask.distributed import Client

from emotiset import TrainConfig, load_ensemble
from emotiset.cluster import ClusterConfig
from emotiset.errors import (
    BadDataError,
    InputError,
    OnePolarityError,
    TooFewError,
)
from emotiset.progress import Step
from emotiset.schema import BINS
from emotiset.train import train

CONFIG = TrainConfig(members=3, n_features=1 << 14)


@pytest.fixture(scope="module")
def base(tweet_file: Path, client: Client, tmp_path_factory: Any) -> bytes:
    """Bytes of the model that every variation must give."""
    path = tmp_path_factory.mktemp("base") / "model.parquet"
    train([tweet_file], CONFIG, client).ensemble.save(path)
    return bytes(path.read_bytes())


def model_bytes(
    inputs: list[Path],
    client: Client | ClusterConfig,
    folder: Path,
    config: TrainConfig = CONFIG,
) -> bytes:
    path = folder / "model.parquet"
    result = train(inputs, config, client)
    result.ensemble.save(path)
    return path.read_bytes()


def test_train__learns_and_tells_what_became_of_every_record(
    tweet_file: Path, client: Client, tmp_path: Path
) -> None:
    steps: list[Step] = []
    sample_path = tmp_path / "sample.parquet"
    result = train(
        [tweet_file], CONFIG, client, progress=steps.append, sample_out=sample_path
    )
    summary = result.summary
    assert list(summary["funnel"]) == list(BINS)
    assert sum(summary["funnel"].values()) == summary["read"] == 6003
    funnel = summary["funnel"]
    assert (funnel["blank"], funnel["unreadable"]) == (1, 1)
    assert summary["first_reject"].startswith(f"{tweet_file}, byte ")
    assert "is no JSON" in summary["first_reject"]
    assert funnel["delete"] == 0  # without a symbol it is passed over undecoded
    assert funnel["other_language"] > 250
    assert funnel["copy"] > 100
    assert summary["members"] == 3
    assert summary["metrics"]["accuracy"] > 0.85
    assert len(summary["metrics"]["accuracy_by_members"]) == 3
    assert {step.stage for step in steps} >= {"read", "count", "train", "evaluate"}
    assert json.loads(json.dumps(summary)) == summary

    sample = pq.read_table(sample_path)
    train_rows = sample.filter(pc.equal(sample["part"], "train"))
    counts = dict(
        train_rows["polarity"].value_counts().to_pylist()[i].values() for i in range(2)
    )
    assert counts[1] == counts[-1] == summary["n_train"] // 2
    assert sample.num_rows - train_rows.num_rows == summary["n_test"]
    assert not pc.any(pc.match_substring_regex(sample["text"], r"[:()🙂😢]")).as_py()
    assert result.ensemble.predict(["happy sunny smile", "awful sad cry"]).tolist() == [
        1,
        -1,
    ]


def test_train__summary_names_the_saved_file(
    tweet_file: Path, client: Client, tmp_path: Path
) -> None:
    import hashlib

    result = train([tweet_file], CONFIG, client)
    result.ensemble.save(tmp_path / "m.parquet")
    digest = hashlib.sha256((tmp_path / "m.parquet").read_bytes()).hexdigest()
    assert result.summary["model_sha256"] == digest
    texts = ["love it so much", "what an awful day"]
    loaded = load_ensemble(tmp_path / "m.parquet")
    assert np.array_equal(
        loaded.predict_proba(texts), result.ensemble.predict_proba(texts)
    )


def test_train__same_bytes_whatever_the_compression(
    tweet_file: Path, client: Client, tmp_path: Path, base: bytes
) -> None:
    data = tweet_file.read_bytes()
    (tmp_path / "a").write_bytes(gzip.compress(data))
    (tmp_path / "b").write_bytes(bz2.compress(data))
    assert model_bytes([tmp_path / "a"], client, tmp_path) == base
    assert model_bytes([tmp_path / "b"], client, tmp_path) == base


def test_train__same_bytes_from_parquet(
    tweets: list[dict[str, Any]], client: Client, tmp_path: Path, base: bytes
) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.Table.from_pylist(tweets), path, row_group_size=700)
    assert model_bytes([path], client, tmp_path) == base


def test_train__same_bytes_from_csv(
    tweets: list[dict[str, Any]], client: Client, tmp_path: Path, base: bytes
) -> None:
    with (tmp_path / "t.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, tweets[0])
        writer.writeheader()
        writer.writerows(tweets)
    assert model_bytes([tmp_path / "t.csv"], client, tmp_path) == base


def test_train__same_bytes_for_files_renamed_and_reordered(
    tweet_file: Path, client: Client, tmp_path: Path, base: bytes
) -> None:
    lines = tweet_file.read_bytes().splitlines(keepends=True)
    rng = np.random.default_rng(1)
    shuffled = [lines[i] for i in rng.permutation(len(lines))]
    for i in range(5):
        (tmp_path / f"part{9 - i}.json").write_bytes(b"".join(shuffled[i::5]))
    assert model_bytes(sorted(tmp_path.glob("part*")), client, tmp_path) == base


@pytest.mark.parametrize("block_size", [8192, 64_000, 64 << 20])
def test_train__same_bytes_for_any_block_size(
    block_size: int, tweet_file: Path, client: Client, tmp_path: Path, base: bytes
) -> None:
    config = TrainConfig(members=3, n_features=1 << 14, block_size=block_size)
    assert model_bytes([tweet_file], client, tmp_path, config) == base


@pytest.mark.slow
def test_train__same_bytes_for_one_worker_with_threads(
    tweet_file: Path, tmp_path: Path, base: bytes
) -> None:
    cluster = ClusterConfig(workers=1, threads=2)
    assert model_bytes([tweet_file], cluster, tmp_path) == base


def test_train__another_seed_is_another_sample(
    tweet_file: Path, client: Client, tmp_path: Path, base: bytes
) -> None:
    config = TrainConfig(members=3, n_features=1 << 14, seed=1)
    assert model_bytes([tweet_file], client, tmp_path, config) != base


def test_train__test_after_holds_out_the_later_days(
    tweet_file: Path, client: Client, tmp_path: Path
) -> None:
    config = TrainConfig(
        members=1, n_features=1 << 14, test_after=datetime.date(2020, 1, 4)
    )
    sample_path = tmp_path / "sample.parquet"
    result = train([tweet_file], config, client, sample_out=sample_path)
    sample = pq.read_table(sample_path)
    day = datetime.datetime(2020, 1, 4, tzinfo=datetime.UTC)
    is_late = pc.greater_equal(sample["created_at"], pa.scalar(day))
    assert pc.equal(sample["part"], "test").to_pylist() == is_late.to_pylist()
    assert result.summary["n_test"] > 100
    assert result.summary["metrics"]["accuracy"] > 0.8


def test_train__limit_reads_just_the_first_records(
    tweet_file: Path, client: Client
) -> None:
    config = TrainConfig(limit=1234, n_features=1 << 14, members=1, block_size=50_000)
    assert train([tweet_file], config, client).summary["read"] == 1234


def test_train__label_column_takes_every_row_as_it_is(
    client: Client, tmp_path: Path
) -> None:
    rows = [("good :)", 1)] * 60 + [("bad", 0)] * 40 + [("good :)", 0)] * 3
    path = tmp_path / "gold.csv"
    path.write_text("text,y\n" + "".join(f"{t},{y}\n" for t, y in rows))
    config = TrainConfig(label_column="y", members=1, n_features=1 << 10)
    summary = train([path], config, client).summary
    assert (summary["n_train"], summary["n_test"]) == (103, 0)
    assert summary["metrics"]["accuracy"] is None


def test_train__one_polarity_is_refused(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    line = '{"text": "what a wonderful day number %d :)", "lang": "en"}\n'
    path.write_text("".join(line % i for i in range(50)))
    with pytest.raises(OnePolarityError, match=r"found .* positive and 0 negative"):
        train([path], TrainConfig(), client)


def test_train__too_few_for_per_class_is_refused(
    tweet_file: Path, client: Client
) -> None:
    with pytest.raises(TooFewError, match="needs 100000 examples of each polarity"):
        train([tweet_file], TrainConfig(per_class=100_000), client)


def test_train__too_many_bad_lines_are_refused(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    good_and_bad = '{"text": "so happy today, all is well :)"}\n{"broken\n'
    path.write_text(good_and_bad * 3 + "{x\n")
    with pytest.raises(BadDataError, match=r"found 4 of 7.*bad\.json") as raised:
        train([path], TrainConfig(format="tweets"), client)
    assert raised.value.exit_code == 3


def test_train__corrupt_file_is_refused_alone_and_a_reject_among_others(
    tweet_file: Path, client: Client, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.bz2"
    broken.write_bytes(bz2.compress(b"x" * 9000)[:20] + b"garbage")
    with pytest.raises(InputError, match=r"broken\.bz2"):
        train([broken], TrainConfig(format="tweets"), client)
    rejects = tmp_path / "rejects.json"
    result = train([broken, tweet_file], CONFIG, client, rejects_out=rejects)
    assert result.summary["funnel"]["unreadable"] == 2
    told = [json.loads(line) for line in rejects.read_text().splitlines()]
    assert [Path(each["source"]).name for each in told] == ["broken.bz2", "tweets.json"]
    assert all(each["where"] and each["reason"] for each in told)


def test_train__real_stream_puts_every_line_in_one_bin(
    real_data: Path, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    files = sorted(real_data.glob("stream/*/*.bz2"))[::4]  # of three years
    n_lines = sum(bz2.decompress(path.read_bytes()).count(b"\n") for path in files)
    with caplog.at_level(logging.WARNING):
        config = TrainConfig(members=3, n_features=1 << 16)
        summary = train(files, config, client).summary
    assert summary["read"] == n_lines == sum(summary["funnel"].values())
    assert summary["funnel"]["trained"] > 100
    assert summary["funnel"]["unreadable"] == 0
    assert not caplog.records
