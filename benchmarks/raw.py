"""Accuracy when the labels come from emoticons, put back into labeled tweets.

    python benchmarks/raw.py

The training tweets of Sentiment140 as a stream would give them, ``:)`` or ``:(`` at
their end again, trained on with several settings beside their own labels, and judged
as `accuracy.py` does.  Takes ``EMOTISET_REAL_DATA``.  Prints a Markdown table.
"""

import html
import json
import tempfile
from pathlib import Path

from accuracy import Judge, run_emotiset
from tables import machine, print_table, read_split, use_one_core

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
    """Train on all, and print the table."""
    use_one_core()
    with tempfile.TemporaryDirectory() as folder:
        judge = Judge()
        compare_raw(judge.split_into(Path(folder)), Path(folder), judge)
    print(f"\n{machine()}")


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


if __name__ == "__main__":
    main()
