"""What the scripts of this folder share: the validation split, a core, a table."""

import csv
import gzip
import html
import os
import platform
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

import emotiset
from emotiset.examples import EXAMPLES
from emotiset.labeling import strip_symbols
from emotiset.lexicon import load_lexicon

BATCH_ROWS = 16_384
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
N_VALIDATION = 16_000  # the last of the training tweets of Sentiment140


def real_data() -> Path:
    """Return the folder of real tweets, which the environment names."""
    folder = os.environ.get("EMOTISET_REAL_DATA")
    if not folder:
        raise SystemExit("EMOTISET_REAL_DATA needs to name the folder of real tweets")
    return Path(folder)


def read_split(name: str) -> pa.RecordBatch:
    """Read ``train`` or ``test`` of Sentiment140, entities unescaped."""
    path = real_data() / "sentiment140" / f"{name}.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return make_examples(
        [int(row["polarity"]) for row in rows],
        [html.unescape(row["text"]) for row in rows],
    )


def read_validation() -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """Return the training tweets of Sentiment140, shuffled, and those to judge on."""
    train = read_split("train")
    n = train.num_rows - N_VALIDATION
    order = np.random.default_rng(0).permutation(n)
    return train.slice(0, n).take(pa.array(order)), train.slice(n)


def read_nltk() -> pa.RecordBatch:
    """Read the NLTK tweets, their emoticons taken out: another source, another year."""
    texts, polarity = [], []
    for sign, name in ((1, "positive"), (-1, "negative")):
        path = real_data() / "nltk" / f"{name}_tweets.csv"
        with path.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.reader(lines))[1:]
        texts += [html.unescape(row[6]) for row in rows]
        polarity += [sign] * len(rows)
    stripped = strip_symbols(pa.array(texts, pa.string()), load_lexicon())
    return make_examples(polarity, stripped)


def make_examples(
    polarity: Sequence[int] | NDArray[np.int8], texts: Sequence[str] | pa.Array
) -> pa.RecordBatch:
    """Return examples as a learner takes them."""
    columns = [pa.array(polarity, pa.int8()), pa.array(texts, pa.string())]
    return pa.record_batch(columns, schema=EXAMPLES)


def cut_batches(examples: pa.RecordBatch) -> list[pa.RecordBatch]:
    """Cut examples into batches of the size that a run has."""
    starts = range(0, examples.num_rows, BATCH_ROWS)
    return [examples.slice(start, BATCH_ROWS) for start in starts]


def use_one_core() -> None:
    """Keep this process on one core, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def print_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a Markdown table; the first column is text, the others numbers."""
    print(make_table(head, rows))


def make_table(
    head: Sequence[str], rows: Iterable[Sequence[object]], n_texts: int = 1
) -> str:
    """Return a Markdown table; the first columns are text, the others numbers.

    >>> print(make_table(["name", "n"], [["a", 1]]))
    | name | n |
    |---|---:|
    | a | 1 |
    """
    ruler = "|---" * n_texts + "|---:" * (len(head) - n_texts) + "|"
    cells = ["| " + " | ".join(map(str, row)) + " |" for row in (head, *rows)]
    return "\n".join([cells[0], ruler, *cells[1:]])


def mark_best(
    rows: Sequence[Sequence[str]], best: Mapping[int, Callable[..., float]]
) -> list[list[str]]:
    """Return rows of cells with the best number of each column bold.

    Parameters
    ----------
    rows
    best
        Column to `min` or `max`; other columns have no best.

    Examples
    --------
    >>> mark_best([["a", "2.0 s"], ["b", "1.5 s"]], {1: min})
    [['a', '2.0 s'], ['b', '**1.5 s**']]
    """
    marked = [list(row) for row in rows]
    for column, choose in best.items():
        cells = [row[column] for row in marked]
        found = ((cell, _NUMBER.match(cell.replace(",", ""))) for cell in cells)
        numbers = {cell: float(number[0]) for cell, number in found if number}
        if numbers:
            wanted = choose(numbers.values())
            for row in marked:
                if numbers.get(row[column]) == wanted:
                    row[column] = f"**{row[column]}**"
    return marked


def machine() -> str:
    """Return what the figures depend on."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line for line in info.read_text().splitlines() if "model name" in line]
        model = names[0].split(": ")[1] if names else model
    return (
        f"{model}, {os.cpu_count()} cores; Python {platform.python_version()}, "
        f"emotiset {emotiset.__version__}, NumPy {np.__version__}"
    )
