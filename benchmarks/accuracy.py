"""Accuracy and time of whole programs: emotiset beside its peers, on real tweets.

    python benchmarks/accuracy.py [--runs N]

Learns from the 80,000 training tweets of Sentiment140 and judges on the 20,000 test
tweets, which no choice was made on; their folder is named by the environment variable
``EMOTISET_REAL_DATA``.  The NLTK tweets, their emoticons taken out, are judged beside
them: another source, another year.  Each program runs in processes of its own, on one
core, in turn with the others, each right after a run that does not count; seconds are
medians and count all: starting, reading, learning, predicting.  A peer that is not
installed (``pip install emotiset[bench]``) is left out.
Prints a Markdown table, or writes what it is made of with ``--json FILE``.
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
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from peers import LABELS, find_module
from tables import (
    machine,
    make_table,
    mark_best,
    read_nltk,
    read_split,
    real_data,
    use_one_core,
)

from emotiset.keys import make_keys
from emotiset.labeling import normalize_text

# Seconds in all and past start-up, and what was predicted.
Found = tuple[tuple[float, float], NDArray[np.int8]]

# Name of the row, and options of `emotiset train`.
OURS = {
    "emotiset": [],
    "emotiset --features byte4": ["--features", "byte4"],
}


def main() -> None:
    """Run everything in turn and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", type=Path, help="to be written")
    options = parser.parse_args()
    use_one_core()  # and all processes that are started here
    with tempfile.TemporaryDirectory() as folder:
        judge = Judge()
        found = compare(
            judge.split_into(Path(folder)), Path(folder), judge, options.runs
        )
    if options.json:
        options.json.write_text(json.dumps(found))
    else:
        print(f"{render(found)}\n\n{machine()}")


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

    def split_into(self, folder: Path) -> dict[str, Path]:
        """Return the files to learn from and to judge on, the latter in *folder*."""
        return {
            "train": real_data() / "sentiment140" / "train.csv.gz",
            "test": self.write_texts(folder / "test.csv.gz"),
        }

    def cells(self, predicted: NDArray[np.int8]) -> list[str]:
        """Return the accuracy on the test tweets, on the new ones, and on NLTK's."""
        n = self.test.num_rows
        is_right = predicted[:n] == self.test["polarity"].to_numpy()
        on_nltk = predicted[n:] == self.nltk["polarity"].to_numpy()
        shares = (is_right.mean(), is_right[self.is_new].mean(), on_nltk.mean())
        return [f"{share:.4f}" for share in shares]


def compare(
    split: dict[str, Path], folder: Path, judge: Judge, runs: int
) -> dict[str, Any]:
    """Measure accuracy and seconds of emotiset and its peers."""
    peers = [name for name in LABELS if importlib.util.find_spec(find_module(name))]
    rows: dict[str, dict[str, Any]] = {}
    for _ in range(runs):
        for name, given in OURS.items():
            given = [str(split["train"]), "--label-column", "polarity", *given]
            ours = partial(run_emotiset, given, split["test"], folder)
            _add(rows, name, judge, run_again(ours))
        for peer in peers:
            theirs = partial(run_peer, peer, split, folder)
            _add(rows, LABELS[peer], judge, run_again(theirs))
    absent = [LABELS[name] for name in LABELS if name not in peers]
    return {
        "rows": list(rows.values()),
        "n_new": int(judge.is_new.sum()),
        "left_out": absent,
    }


def run_again(program: Callable[[], Found]) -> Found:
    """Run a program twice; return what was found at the second time.

    While the others ran, the system may have put away the libraries that it needs.
    """
    program()
    return program()


def _add(
    rows: dict[str, dict[str, Any]],
    name: str,
    judge: "Judge",
    found: Found,
) -> None:
    (seconds, work), predicted = found
    row = rows.setdefault(name, {"program": name, "seconds": [], "work": []})
    row["seconds"].append(seconds)
    row["work"].append(work)
    row["accuracy"] = judge.cells(predicted)


def render(found: dict[str, Any]) -> str:
    """Return the Markdown table of what `compare` found."""
    rows = []
    for row in found["rows"]:
        times = [statistics.median(row[name]) for name in ("seconds", "work")]
        rows.append([row["program"], *row["accuracy"], *(f"{t:.1f}" for t in times)])
    head = ["program", "accuracy", f"on the {found['n_new']:,} new", "NLTK"]
    absent = "".join(f"{name} is left out.  " for name in found["left_out"])
    best = {1: max, 2: max, 3: max, 4: min, 5: min}
    table = make_table([*head, "s, all", "s, past start-up"], mark_best(rows, best))
    n_runs = len(found["rows"][0]["seconds"])
    return (
        f"{table}\n\n{absent}Medians of {n_runs} runs in turn on one core, each right "
        "after a run that does not count.  "
        "New: the key of the tweet is not in the training tweets.  Past start-up: "
        "without importing, starting workers and compiling."
    )


def run_emotiset(given: list[str], test: Path, folder: Path) -> Found:
    """Train and predict by the command line; return seconds and predictions.

    Predicting past start-up is what it takes of the processor beyond predicting for a
    single text: on one core the clock says the same, with more noise.
    """
    names = ("m.parquet", "p.parquet", "s.json", "one.csv")
    model, out, summary, one = (folder / name for name in names)
    one.write_text("text\none\n", encoding="utf-8")
    began = time.perf_counter()
    run("emotiset", "train", *given, "-o", model, "--summary", summary, "--quiet")
    cpu = spend("emotiset", "predict", model, test, "-o", out, "--quiet")
    total = time.perf_counter() - began
    predicted = pq.read_table(out, columns=["polarity"])["polarity"].to_numpy()
    cpu -= spend("emotiset", "predict", model, one, "-o", out, "--quiet")
    told: dict[str, Any] = json.loads(summary.read_text())["seconds"]
    return (total, told["total"] - told["start"] + cpu), predicted


def spend(program: str, *given: str | Path) -> float:
    """Run a program; return the processor seconds of all its processes."""
    before = os.times()
    run(program, *given)
    after = os.times()
    return sum(after[2:4]) - sum(before[2:4])


def run_peer(peer: str, split: dict[str, Path], folder: Path) -> Found:
    """Run one peer; return seconds and predictions."""
    out = folder / "predicted.npy"
    script = Path(__file__).parent / "peers.py"
    began = time.perf_counter()
    run(script, peer, split["train"], split["test"], out)
    total = time.perf_counter() - began
    work = total - import_seconds(find_module(peer))
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
