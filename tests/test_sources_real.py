"""Real tweets: every line is in one place, and the reader misses none."""

import bz2
import csv
import html
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from emotiset.config import SourceConfig
from emotiset.sources import Block, plan_blocks, read_block

pytestmark = pytest.mark.slow


def _read(blocks: list[Block], config: SourceConfig) -> tuple[list[Any], Counter[str]]:
    rows: list[Any] = []
    bins: Counter[str] = Counter()
    for block in blocks:
        for reading in read_block(block, config):
            rows += reading.tweets.to_pylist()
            bins.update(reading.bins)
    return rows, bins


@pytest.mark.parametrize(
    "day", ["2011-09-28", "2013-08-10", "2016-01-06", "2019-07-03"]
)
def test_stream__as_the_standard_library_reads_it(real_data: Path, day: str) -> None:
    files = sorted((real_data / "stream" / day).glob("*.bz2"))[:5]
    config = SourceConfig()
    rows, bins = _read(plan_blocks([str(path) for path in files], config), config)
    expected = []
    n_lines = 0
    for path in files:
        for line in bz2.decompress(path.read_bytes()).splitlines():
            n_lines += 1
            tweet = json.loads(line)
            if "delete" in tweet:
                continue
            longer = tweet.get("extended_tweet", {})
            text = html.unescape(longer.get("full_text", tweet["text"]))
            is_retweet = "retweeted_status" in tweet or text.startswith("RT @")
            expected.append((text, tweet.get("lang"), tweet["id_str"], is_retweet))
    names = ("text", "lang", "id", "is_retweet")
    assert [tuple(row[name] for name in names) for row in rows] == expected
    assert len(rows) + sum(bins.values()) == n_lines
    assert set(bins) <= {"delete"}
    times = [row["created_at"] for row in rows]
    assert {f"{time:%Y-%m-%d}" for time in times} == {day}


@pytest.mark.parametrize("block_size", [1024, 100_000, 64 << 20])
def test_nltk__10000_rows_with_line_ends_inside(
    real_data: Path, block_size: int
) -> None:
    config = SourceConfig(block_size=block_size)
    rows, bins = _read(plan_blocks([str(real_data / "nltk")], config), config)
    assert bins == Counter()
    assert len(rows) == 10_000
    assert sum("\n" in row["text"] for row in rows) == 651
    expected = []
    for path in sorted((real_data / "nltk").glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            expected += list(csv.reader(file))[1:]
    assert [row["text"] for row in rows] == [html.unescape(row[6]) for row in expected]
    assert [row["id"] for row in rows] == [row[0] for row in expected]
    assert all(row["created_at"] is not None for row in rows)


def test_sentiment140__labels(real_data: Path) -> None:
    config = SourceConfig(label_column="polarity")
    path = real_data / "sentiment140" / "test.csv.gz"
    rows, bins = _read(plan_blocks([str(path)], config), config)
    assert bins == Counter()
    assert len(rows) == 20_000
    assert {row["label"] for row in rows} == {"1", "-1"}
