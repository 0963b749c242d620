"""The plain Dask way: from raw tweets to a model with the parts that come to hand.

    python benchmarks/whole_dask.py train TWEETS.json MODEL
    python benchmarks/whole_dask.py predict MODEL TEXTS OUT.npy

A bag of lines, ``json``, ``re``, py3langid, scikit-learn's hasher and learner, and
dask-ml's `BlockwiseVotingClassifier`, on two processes.
"""

import json
import random
import re
import sys
import warnings
from html import unescape

import dask.array as da
import joblib
import numpy as np
from dask import bag, delayed
from dask.distributed import Client, LocalCluster
from whole_rules import (
    EITHER,
    MIN_LENGTH,
    N_FEATURES,
    N_MEMBERS,
    NEGATIVE,
    POSITIVE,
    is_english,
    make_hasher,
    make_learner,
    read_texts,
    tell,
)


def read_tweet(line: str) -> list[tuple[int, str]]:
    """Return a tweet's polarity and text, or nothing where it does not count."""
    tweet = json.loads(line)
    text = (tweet.get("extended_tweet") or tweet).get("full_text") or tweet.get("text")
    if not text or tweet.get("retweeted_status"):
        return []
    text = unescape(text)
    is_positive, is_negative = re.search(POSITIVE, text), re.search(NEGATIVE, text)
    if bool(is_positive) == bool(is_negative) or len(text) < MIN_LENGTH:
        return []
    stripped = re.sub(EITHER, " ", text)
    if not is_english(tweet.get("lang"), stripped):
        return []
    return [(1 if is_positive else -1, stripped)]


def train(tweets: str, model: str) -> None:
    """Train on two processes and save."""
    from dask_ml.ensemble import BlockwiseVotingClassifier

    cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    with cluster, Client(cluster):
        lines = bag.read_text(tweets, blocksize="64MiB")
        labeled = lines.map(read_tweet).flatten().persist()
        counts = dict(labeled.pluck(0).frequencies().compute())
        share = {sign: min(counts.values()) / n for sign, n in counts.items()}
        drawn = labeled.map_partitions(draw, share).repartition(N_MEMBERS)
        X, y = make_arrays(drawn)
        learner = make_learner()
        found = BlockwiseVotingClassifier(learner, voting="soft", classes=[0, 1])
        found.fit(X, y)
        joblib.dump(found.estimators_, model)
    tell(sum(counts.values()), 2 * min(counts.values()))


def draw(rows: list[tuple[int, str]], share: dict[int, float]) -> list[tuple[int, str]]:
    """Keep as many of the more frequent polarity as there are of the other, about."""
    rows = list(rows)
    chance = random.Random(len(rows))
    return [row for row in rows if chance.random() < share[row[0]]]


def make_arrays(drawn: bag.Bag) -> tuple[da.Array, da.Array]:
    """Return features and classes, a block for each partition."""
    parts = drawn.to_delayed()
    X = [delayed(hash_part)(part) for part in parts]
    y = [delayed(take_classes)(part) for part in parts]
    wide = [
        da.from_delayed(each, shape=(np.nan, N_FEATURES), dtype=np.float64)
        for each in X
    ]
    flat = [da.from_delayed(each, shape=(np.nan,), dtype=np.int64) for each in y]
    return da.concatenate(wide, allow_unknown_chunksizes=True), da.concatenate(
        flat, allow_unknown_chunksizes=True
    )


def hash_part(rows: list[tuple[int, str]]):  # type: ignore[no-untyped-def]
    """Hash the texts of a partition."""
    return make_hasher().transform([text for _, text in rows])


def take_classes(rows: list[tuple[int, str]]) -> np.ndarray:
    """Return 1 for positive, 0 for negative: dask-ml does not vote on -1."""
    return np.array([int(sign > 0) for sign, _ in rows])


def predict(model: str, texts: str, out: str) -> None:
    """Write the mean probability's polarity for each text."""
    X = make_hasher().transform(read_texts(texts))
    members = joblib.load(model)
    positive = np.mean([member.predict_proba(X)[:, 1] for member in members], axis=0)
    np.save(out, np.where(positive > 0.5, 1, -1).astype(np.int8))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    {"train": train, "predict": predict}[sys.argv[1]](*sys.argv[2:])
