"""Hashing byte 4-grams and one pass of SGD, beside scikit-learn, on one core.

    python benchmarks/learning.py [--tweets N] [--peer-tweets N] [--runs N]

Prints a Markdown table.  With the environment variable ``EMOTISET_REAL_DATA`` the
tweets are those of Sentiment140, repeated, each made distinct by a number at its end;
without it they are strings of made-up words.  scikit-learn comes with
``pip install emotiset[bench]``.
"""

import argparse
import csv
import gzip
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import sklearn
from numpy.typing import NDArray
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import SGDClassifier
from threadpoolctl import threadpool_limits

import emotiset
from emotiset.config import FeatureConfig, LearnerConfig
from emotiset.features import hash_features
from emotiset.learner import EXAMPLES, fit_batch, fit_member, start_learner

N_FEATURES = 1 << 20
BATCH_ROWS = 16_384
PEER_ROWS = 10_000
FEATURES = FeatureConfig(features="byte4", n_features=N_FEATURES)
SETTINGS = FEATURES, LearnerConfig(epochs=1)


def main() -> None:
    """Time both, in turn, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tweets", type=int, default=1_000_000)
    parser.add_argument("--peer-tweets", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    n_peer = min(options.peer_tweets, options.tweets)

    use_one_core()
    texts, polarity, kind = make_tweets(options.tweets)
    examples = pa.record_batch([pa.array(polarity), texts], schema=EXAMPLES)
    peer_texts = texts.slice(0, n_peer).to_pylist()
    compile_seconds = seconds(lambda: fit_member([examples.slice(0, 100)], *SETTINGS))

    ours: list[tuple[float, float]] = []
    peers: list[tuple[float, float]] = []
    with threadpool_limits(1):
        for _ in range(options.runs):
            ours.append(time_emotiset(examples))
            peers.append(time_scikit_learn(peer_texts, polarity[:n_peer]))
    print_table(ours, peers, options.tweets, n_peer)
    print(
        f"\nMedians of {options.runs} runs in turn, one core, {kind} tweets of "
        f"{texts.nbytes / len(texts) - 4:.0f} bytes, {N_FEATURES:,} columns. "
        f"scikit-learn saw {n_peer:,} tweets; its seconds are scaled. Not counted: "
        f"{compile_seconds:.1f} s to compile emotiset's kernels, once a process.\n\n"
        f"{machine()}"
    )


def use_one_core() -> None:
    """Keep this process on one core, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def make_tweets(n_tweets: int) -> tuple[pa.Array, NDArray[np.int8], str]:
    """Return distinct texts, their polarities and what kind of text they are."""
    folder = os.environ.get("EMOTISET_REAL_DATA")
    if folder:
        path = Path(folder) / "sentiment140" / "train.csv.gz"
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines))
        pool = [row["text"] for row in rows]
        polarity = np.array([int(row["polarity"]) for row in rows], np.int8)
    else:
        pool, polarity = make_up_texts(80_000)
    texts = (f"{pool[i % len(pool)]} {i:x}" for i in range(n_tweets))
    kind = "real" if folder else "made-up"
    return pa.array(texts, pa.string()), np.resize(polarity, n_tweets), kind


def make_up_texts(n_texts: int) -> tuple[list[str], NDArray[np.int8]]:
    """Return texts of 14 words, common ones often, and polarities they hint at."""
    rng = np.random.default_rng(0)
    letters = np.array(list("etaoinshrdlucmfw"))
    lengths = rng.integers(1, 9, 20_000)
    vocabulary = np.array(["".join(rng.choice(letters, n)) for n in lengths])
    leaning = rng.normal(size=len(vocabulary))
    share = 1 / np.arange(2, len(vocabulary) + 2)
    drawn = rng.choice(len(vocabulary), (n_texts, 14), p=share / share.sum())
    polarity = np.where(leaning[drawn].sum(axis=1) > 0, 1, -1).astype(np.int8)
    return [" ".join(words) for words in vocabulary[drawn].tolist()], polarity


def time_emotiset(examples: pa.RecordBatch) -> tuple[float, float]:
    """Return the seconds of hashing alone and of hashing and learning."""
    starts = range(0, examples.num_rows, BATCH_ROWS)
    batches = [examples.slice(start, BATCH_ROWS) for start in starts]

    def hash_all() -> None:
        for batch in batches:
            hash_features(batch["text"], FEATURES)

    def learn_all() -> None:
        state = start_learner(*SETTINGS)
        for batch in batches:
            state = fit_batch(state, batch, *SETTINGS)

    return seconds(hash_all), seconds(learn_all)


def time_scikit_learn(
    texts: list[str], polarity: NDArray[np.int8]
) -> tuple[float, float]:
    """Return the same for scikit-learn, in batches of 10,000."""
    hasher = HashingVectorizer(
        analyzer="char",
        ngram_range=(4, 4),
        binary=True,
        n_features=N_FEATURES,
        alternate_sign=False,
        norm=None,
        lowercase=False,
    )
    learner = SGDClassifier(loss="log_loss", random_state=0)
    hashing = total = 0.0
    for start in range(0, len(texts), PEER_ROWS):
        began = time.perf_counter()
        X = hasher.transform(texts[start : start + PEER_ROWS])
        hashing += time.perf_counter() - began
        learner.partial_fit(X, polarity[start : start + PEER_ROWS], classes=[-1, 1])
        total += time.perf_counter() - began
    return hashing, total


def seconds(work: Callable[[], object]) -> float:
    """Return how long *work* takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def print_table(
    ours: list[tuple[float, float]],
    peers: list[tuple[float, float]],
    n_tweets: int,
    n_peer: int,
) -> None:
    """Print seconds per million tweets, and the ratio."""
    print("| seconds per million tweets | emotiset | scikit-learn | ratio |")
    print("|---|---:|---:|---:|")
    rows = [
        ("byte 4-grams to CSR", lambda run: run[0]),
        ("one pass of SGD", lambda run: run[1] - run[0]),
        ("both", lambda run: run[1]),
    ]
    for name, pick in rows:
        mine = statistics.median(map(pick, ours)) * 1e6 / n_tweets
        other = statistics.median(map(pick, peers)) * 1e6 / n_peer
        print(f"| {name} | {mine:.2f} | {other:.2f} | {other / mine:.0f} |")
    both = statistics.median(run[1] for run in ours)
    print(f"\n{n_tweets / both / 1e6:.2f} million tweets a second.")


def machine() -> str:
    """Return what the figures depend on."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line for line in info.read_text().splitlines() if "model name" in line]
        model = names[0].split(": ")[1] if names else model
    return (
        f"{model}, {os.cpu_count()} cores; Python {platform.python_version()}, "
        f"emotiset {emotiset.__version__}, NumPy {np.__version__}, "
        f"scikit-learn {sklearn.__version__}"
    )


if __name__ == "__main__":
    main()
