"""How many real tweets a core classifies in a second, beside scikit-learn and fastText.

    python benchmarks/scoring.py [--runs N]

Prints a Markdown table.  Every model learns from the training tweets of Sentiment140
and classifies the tweets of the public stream, in many languages; ``labels`` says how
many of them the exact scores label otherwise, ``off by`` how far a probability is.
Times are those of the processor, medians over runs in turn, since other programs may
be at work.  Takes ``pip install 'emotiset[bench]'`` and ``EMOTISET_REAL_DATA``.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import fasttext
import numpy as np
import pyarrow as pa
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import make_pipeline
from tables import machine, print_table, read_split, real_data, use_one_core
from threadpoolctl import threadpool_limits

from emotiset import Ensemble
from emotiset.config import SourceConfig
from emotiset.sklearn import EmotisetClassifier
from emotiset.sources import plan_blocks, read_block
from emotiset.voting import decide, vote_probability

N_MEMBERS = 8
N_PEER = 10_000  # texts that the slower ones get


def main() -> None:
    """Time all, in turn, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    use_one_core()
    stream = read_stream()
    train = read_split("train")
    ensembles = train_ensembles(train)
    peers = train_peers(train)
    texts = [" ".join(each.split()) for each in stream.slice(0, N_PEER).to_pylist()]

    seconds: dict[str, list[float]] = {name: [] for name in (*ensembles, *peers)}
    with threadpool_limits(1):
        for _ in range(options.runs + 1):  # the first warms up
            for name, ensemble in ensembles.items():
                spent = time_call(ensemble.predict_proba, stream) / len(stream)
                seconds[name].append(spent)
            for name, predict in peers.items():
                seconds[name].append(time_call(predict, texts) / len(texts))
    medians = {name: statistics.median(each[1:]) for name, each in seconds.items()}
    rows = [
        [name, f"{1 / spent:,.0f}", *compare(ensembles.get(name), stream)]
        for name, spent in medians.items()
    ]
    print_table(["program", "tweets/s", "labels", "off by"], rows)
    print(f"\n{len(stream):,} tweets.  {machine()}")


def read_stream() -> pa.Array:
    """Return the texts of the stream, as a reader gives them."""
    config = SourceConfig()
    folder = str(real_data() / "stream")
    readings = (
        reading
        for block in plan_blocks([folder], config)
        for reading in read_block(block, config)
    )
    return pa.concat_arrays([reading.tweets["text"] for reading in readings])


def train_ensembles(train: pa.RecordBatch) -> dict[str, Ensemble]:
    """Return ensembles by name."""
    ensembles = {}
    for features in ("byte4", "mixed"):
        model = EmotisetClassifier(features, members=N_MEMBERS)
        ensemble = model.fit(train["text"], train["polarity"]).ensemble_
        for vote in ("mean", "majority"):
            name = f"{features}, {N_MEMBERS} members, {vote} vote"
            ensembles[name] = replace(ensemble, vote=vote)
    return ensembles


def train_peers(train: pa.RecordBatch) -> dict[str, Callable[[list[str]], object]]:
    """Return what classifies a list of texts, by name."""
    hashing = HashingVectorizer(
        analyzer="char", ngram_range=(4, 4), n_features=1 << 21, binary=True, norm=None
    )
    model = make_pipeline(hashing, SGDClassifier(loss="log_loss", random_state=0))
    model.fit(train["text"].to_pylist(), train["polarity"].to_numpy())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.txt"
        rows = zip(*train.to_pydict().values(), strict=True)
        lines = (f"__label__{p} {' '.join(text.split())}\n" for p, text in rows)
        path.write_text("".join(lines), encoding="utf-8")
        words = fasttext.train_supervised(
            str(path), wordNgrams=2, minn=3, maxn=6, dim=20, thread=1, verbose=0
        )
    return {
        "scikit-learn, characters 4, one model": model.predict_proba,
        # Its Python method fails under NumPy 2; this is what it calls.
        "fastText, words 1-2, characters 3-6, one model": (
            lambda texts: words.f.multilinePredict(texts, 1, 0.0, "strict")
        ),
    }


def time_call(function: Callable[..., object], texts: object) -> float:
    """Return the seconds of the processor that a call takes."""
    start = time.process_time()
    function(texts)
    return time.process_time() - start


def compare(ensemble: Ensemble | None, texts: pa.Array) -> list[str]:
    """Return how many labels differ from those of the exact scores, and how far."""
    if ensemble is None:
        return ["", ""]
    scores = ensemble.scores(texts)
    exact = vote_probability(scores, ensemble.vote, ensemble.vote_weights)
    found = ensemble.predict_proba(texts)[:, 1]
    n_differ = int((decide(exact) != decide(found)).sum())
    return [f"{n_differ}", f"{np.abs(exact - found).max():.0e}"]


if __name__ == "__main__":
    main()
