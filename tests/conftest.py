"""What tests share: made-up tweets, a cluster, and the real tweets where they are."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dask.distributed import Client, LocalCluster

REAL_DATA = "EMOTISET_REAL_DATA"

_GOOD = ["love", "great", "happy", "sunny", "smile", "win", "thanks", "best", "fun"]
_BAD = ["hate", "awful", "sad", "rainy", "cry", "lose", "sorry", "worst", "lonely"]
_WORDS = [f"{a}{b}{c}" for a in "bdfglm" for b in ("a", "ei", "o") for c in "nrst"]


def pytest_configure(config: pytest.Config) -> None:
    """Compile the kernels once, before the processes start that share the tests.

    In a process of its own: what has looked for the kernels once does not look again.
    """
    if not hasattr(config, "workerinput"):
        compiling = "from emotiset.warmup import compile_kernels; compile_kernels()"
        subprocess.run([sys.executable, "-c", compiling], check=True)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real tweets; skips the test where there is none."""
    folder = os.environ.get(REAL_DATA)
    if not folder:
        pytest.skip(f"{REAL_DATA} is not set: no real tweets to test on")
    return Path(folder).resolve()


@pytest.fixture(scope="session")
def client() -> Iterator[Client]:
    """Two worker processes, which a test run shares."""
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as own,
        Client(own) as client,
    ):
        yield client


def make_tweets(n: int, seed: int = 0) -> list[dict[str, Any]]:
    """Return v2 tweets in English: a few words, one in three of them telling."""
    rng = np.random.default_rng(seed)
    tweets = []
    for i in range(n):
        words = rng.choice(_WORDS, 8).tolist()
        is_positive = bool(rng.random() < 0.55)
        words[3:5] = rng.choice(_GOOD if is_positive else _BAD, 2).tolist()
        words.append(str(i))
        symbol = rng.choice([":)", "🙂", "<3"] if is_positive else [":(", "😢"])
        text = " ".join(words) + f" {symbol}" * (rng.random() < 0.8)
        day, second = divmod(i * 60, 86_400)
        hour, minute = divmod(second // 60, 60)
        tweets.append(
            {
                "id": str(10**18 + i),
                "created_at": f"2020-01-{day % 28 + 1:02}T{hour:02}:{minute:02}:00Z",
                "lang": "en" if rng.random() < 0.9 else "fr",
                "text": text.replace("<3", "&lt;3"),
            }
        )
    for copy, original in zip(tweets[-n // 20 :], tweets, strict=False):
        copy["text"] = f"@someone {original['text'].upper()}"
        copy["lang"] = original["lang"]
    return tweets


@pytest.fixture(scope="session")
def tweets() -> list[dict[str, Any]]:
    """Tweets to train on: 6,000, of which some are copies."""
    return make_tweets(6000)


@pytest.fixture(scope="session")
def tweet_file(tweets: list[dict[str, Any]], tmp_path_factory: Any) -> Path:
    """The tweets as JSON lines, with a blank, a broken and a delete line."""
    path: Path = tmp_path_factory.mktemp("tweets") / "tweets.json"
    lines = [json.dumps(tweet) for tweet in tweets]
    lines[100:100] = ["", '{"text": "cut sho :)', '{"delete": {"status": {"id": 1}}}']
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
