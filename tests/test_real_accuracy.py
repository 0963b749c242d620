"""A model of raw tweets, judged on real ones that it has never seen."""

import csv
import gzip
import html
import json
from pathlib import Path

import numpy as np
import pytest
from dask.distributed import Client

from emotiset import TrainConfig
from emotiset.config import SourceConfig
from emotiset.gold import GoldConfig
from emotiset.judging import evaluate_files
from emotiset.train import train


def write_raw_tweets(source: Path, target: Path) -> None:
    """Put ``:)`` or ``:(`` back, and keep a third of the negatives."""
    rng = np.random.default_rng(0)
    with (
        gzip.open(source, "rt", encoding="utf-8", newline="") as rows,
        target.open("w", encoding="utf-8") as file,
    ):
        for i, row in enumerate(csv.DictReader(rows)):
            is_positive = row["polarity"] == "1"
            if is_positive or rng.random() < 1 / 3:
                text = html.escape(html.unescape(row["text"]), quote=False)
                symbol = ":)" if is_positive else ":("
                tweet = {"id": i, "text": f"{text} {symbol}", "lang": "en"}
                file.write(json.dumps(tweet) + "\n")


@pytest.mark.slow
def test_byte4__of_thinned_negatives_reaches_076(
    real_data: Path, client: Client, tmp_path: Path
) -> None:
    write_raw_tweets(real_data / "sentiment140" / "train.csv.gz", tmp_path / "raw.json")
    config = TrainConfig(features="byte4", min_length=0)
    result = train([tmp_path / "raw.json"], config, client)
    [metrics] = evaluate_files(
        {"model": result.ensemble},
        [real_data / "sentiment140" / "test.csv.gz"],
        SourceConfig(label_column="polarity"),
        GoldConfig(),
    )["models"]
    assert metrics["n"] == 20_000
    assert metrics["accuracy"] >= 0.76


@pytest.mark.slow
def test_defaults__of_labeled_tweets_reach_08125_and_mean_what_they_say(
    real_data: Path, client: Client
) -> None:
    folder = real_data / "sentiment140"
    config = TrainConfig(label_column="polarity")
    result = train([folder / "train.csv.gz"], config, client)
    [metrics] = evaluate_files(
        {"model": result.ensemble},
        [folder / "test.csv.gz"],
        SourceConfig(label_column="polarity"),
        GoldConfig(),
    )["models"]
    assert result.summary["members"] == 1
    assert metrics["accuracy"] >= 0.8125
    assert metrics["ece"] < 0.02
