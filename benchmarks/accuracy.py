"""Accuracy and time of whole programs: emotiset beside its peers, on real tweets.

    python benchmarks/accuracy.py [--runs N]

Learns from the 80,000 training tweets of Sentiment140 and judges on the 20,000 test
tweets, which no choice was made on; their folder is named by the environment variable
``EMOTISET_REAL_DATA``.  The NLTK tweets, their emoticons taken out, are judged beside
them: another source, another year.  Each program runs in processes of its own, on one
core, in turn with the others; seconds are medians and count all: starting, reading,
learning, predicting.  A peer that is not installed (``pip install emotiset[bench]``) is
left out.
Prints two Markdown tables.
"""

import argparse
import csv
import gzip
import html
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from tables import (
    machine,
    print_table,
    read_nltk,
    read_split,
    real_data,
    use_one_core,
)

from emotiset.keys import make_keys
from emotiset.labeling import normalize_text

PEERS = {
    "fasttext": ("fastText, word pairs, characters 3-6, 5 epochs", "fasttext"),
    "vw": ("Vowpal Wabbit, word pairs, 3 passes", "vowpalwabbit"),
    "sklearn": ("scikit-learn, characters 4, SGD", "sklearn"),
}
# Name of the row, and options of `emotiset train`.
OURS = {
    "emotiset": [],
    "emotiset --features byte4": ["--features", "byte4"],
}
KEEP_ALL = ["--language", "any", "--min-length", "0", "--keep-copies"]
RAW = {
    "`" + " ".join([*KEEP_ALL, "--test-fraction", "0"]) + "`": [
        *KEEP_ALL,
        *["--test-fraction", "0"],
    ],
    "`" + " ".join(KEEP_ALL) + "`, a tenth held out": KEEP_ALL,
    "`--test-fraction 0`": ["--test-fraction", "0"],
    "defaults, a tenth held out": [],
}


def main() -> None:
    """Run everything in turn and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    use_one_core()  # and all processes that are started here
    with tempfile.TemporaryDirectory() as folder:
        judge = Judge()
        split = {
            "train": real_data() / "sentiment140" / "train.csv.gz",
            "test": judge.write_texts(Path(folder) / "test.csv.gz"),
        }
        compare(split, Path(folder), judge, options.runs)
        compare_raw(split, Path(folder), judge)
    print(f"\n{machine()}")


class Judge:
    """Knows the answers, and which test tweets are no copy of a training tweet."""

    def __init__(self) -> None:
        train, self.test = read_split("train"), read_split("test")
        self.nltk = read_nltk()
        keys = [
            make_keys(normalize_text(each["text"]), 0) for each in (train, self.test)
        ]
        self.is_new = ~np.isin(keys[1], keys[0])

    def write_texts(self, target: Path) -> Path:
        """Write what is to be judged: the test tweets, then those of NLTK."""
        with gzip.open(target, "wt", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["polarity", "text"])
            for each in (self.test, self.nltk):
                texts = (
                    html.escape(text, quote=False) for text in each["text"].to_pylist()
                )
                writer.writerows(zip(each["polarity"].to_pylist(), texts, strict=True))
        return target

    def cells(self, predicted: NDArray[np.int8]) -> list[str]:
        """Return the accuracy on the test tweets, on the new ones, and on NLTK's."""
        n = self.test.num_rows
        is_right = predicted[:n] == self.test["polarity"].to_numpy()
        on_nltk = predicted[n:] == self.nltk["polarity"].to_numpy()
        shares = (is_right.mean(), is_right[self.is_new].mean(), on_nltk.mean())
        return [f"{share:.4f}" for share in shares]


def compare(split: dict[str, Path], folder: Path, judge: Judge, runs: int) -> None:
    """Print accuracy and seconds of emotiset and its peers."""
    peers = []
    for peer, (label, module) in PEERS.items():
        if importlib.util.find_spec(module):
            peers.append(peer)
        else:
            print(f"{label}: left out, {module} is not installed\n")
    seconds: dict[str, list[tuple[float, float]]] = {}
    cells = {}
    for _ in range(runs):
        for name, given in OURS.items():
            times, predicted = run_emotiset(
                [str(split["train"]), "--label-column", "polarity", *given],
                split["test"],
                folder,
            )
            seconds.setdefault(name, []).append(times)
            cells[name] = judge.cells(predicted)
        for peer in peers:
            name = PEERS[peer][0]
            times, predicted = run_peer(peer, split, folder)
            seconds.setdefault(name, []).append(times)
            cells[name] = judge.cells(predicted)
    rows = []
    for name, found in cells.items():
        total, work = (
            statistics.median(each) for each in zip(*seconds[name], strict=True)
        )
        rows.append([name, *found, f"{total:.1f}", f"{work:.1f}"])
    head = ["program", "accuracy", f"on the {judge.is_new.sum():,} new"]
    print_table([*head, "NLTK", "s, all", "s, past start-up"], rows)
    print(
        f"\nMedians of {runs} runs in turn on one core.  New: the key of the tweet is "
        "not in the training tweets.  Past start-up: without importing, starting "
        "workers and compiling.\n"
    )


def compare_raw(split: dict[str, Path], folder: Path, judge: Judge) -> None:
    """Print the accuracy when the labels come from emoticons put back."""
    raw = folder / "raw.json"
    write_raw_tweets(raw)
    held_out = [str(split["train"]), "--label-column", "polarity"]
    held_out += ["--test-fraction", "0.1"]
    _, predicted = run_emotiset(held_out, split["test"], folder)
    rows = [["labels, a tenth held out", *judge.cells(predicted)]]
    for name, given in RAW.items():
        _, predicted = run_emotiset([str(raw), *given], split["test"], folder)
        rows.append([name, *judge.cells(predicted)])
    head = ["raw tweets, `:)` or `:(` put back", "accuracy", "on the new", "NLTK"]
    print_table(head, rows)


def write_raw_tweets(target: Path) -> None:
    """Write the training tweets as a stream would give them, ``:)`` or ``:(`` back."""
    train = read_split("train")
    with target.open("w", encoding="utf-8") as file:
        for i, row in enumerate(train.to_pylist()):
            text = html.escape(row["text"], quote=False)
            symbol = ":)" if row["polarity"] == 1 else ":("
            tweet = {"id": i, "text": f"{text} {symbol}", "lang": "en"}
            file.write(json.dumps(tweet) + "\n")


def run_emotiset(
    given: list[str], test: Path, folder: Path
) -> tuple[tuple[float, float], NDArray[np.int8]]:
    """Train and predict by the command line; return seconds and predictions."""
    model, out, summary = (
        folder / name for name in ("m.parquet", "p.parquet", "s.json")
    )
    began = time.perf_counter()
    run("emotiset", "train", *given, "-o", model, "--summary", summary, "--quiet")
    run("emotiset", "predict", model, test, "-o", out, "--quiet")
    total = time.perf_counter() - began
    told: dict[str, Any] = json.loads(summary.read_text())["seconds"]
    predicted = pq.read_table(out, columns=["polarity"])["polarity"].to_numpy()
    return (total, told["total"] - told["start"]), predicted


def run_peer(
    peer: str, split: dict[str, Path], folder: Path
) -> tuple[tuple[float, float], NDArray[np.int8]]:
    """Run one peer; return seconds and predictions."""
    out = folder / "predicted.npy"
    script = Path(__file__).parent / "peers.py"
    began = time.perf_counter()
    run(script, peer, split["train"], split["test"], out)
    total = time.perf_counter() - began
    work = total - import_seconds(PEERS[peer][1])
    return (total, work), np.load(out)


def import_seconds(module: str) -> float:
    """Return how long a process takes that does nothing but import *module*."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", f"import numpy, {module}"], check=True)
    return time.perf_counter() - began


def run(program: str | Path, *given: str | Path) -> None:
    """Run a script, or a module of that name, and raise where it fails."""
    command = ["-m", program] if program == "emotiset" else [str(program)]
    subprocess.run(
        [sys.executable, *command, *map(str, given)],
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=True,
    )


if __name__ == "__main__":
    main()
