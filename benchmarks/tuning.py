"""What folds and searches cost, beside the same work done one by one.

    EMOTISET_REAL_DATA=FOLDER python benchmarks/tuning.py [--runs N]

Prints a Markdown table: CPU seconds, medians of runs in turn, on training tweets of
Sentiment140 alone, of which the last 16,000 stay unused.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pyarrow as pa
import pyarrow.parquet as pq
from dask.distributed import Client
from tables import machine, print_table, read_validation

from emotiset import TrainConfig
from emotiset.train import train
from emotiset.tune import SearchConfig, tune

N_FOLDS = 5
N_TWEETS = 20_000
CONFIG = TrainConfig(label_column="polarity")
SPACE = {"epochs": [1, 2, 3], "alpha": [1e-7, 1e-6, 1e-5]}


def main() -> None:
    """Measure each pair in turn and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    tweets = read_validation()[0].slice(0, N_TWEETS)
    with (
        tempfile.TemporaryDirectory() as folder,
        Client(processes=False, n_workers=1, dashboard_address=":0") as client,
    ):
        path = Path(folder) / "tweets.parquet"
        pq.write_table(pa.Table.from_batches([tweets]), path)
        pairs = make_pairs(path, client)
        rows = []
        for name, (together, apart) in pairs.items():
            together(), apart()  # so that nothing is compiled while it is measured
            spent = [(measure(together), measure(apart)) for _ in range(runs)]
            first, second = (median(each) for each in zip(*spent, strict=True))
            rows.append(
                [name, f"{first:.2f}", f"{second:.2f}", f"{second / first:.1f}"]
            )
    print_table(["CPU seconds", "here", "one by one", "ratio"], rows)
    print(f"\n{N_TWEETS:,} tweets, medians of {runs} runs in turn.  {machine()}")


def make_pairs(
    path: Path, client: Client
) -> dict[str, tuple[Callable[[], object], ...]]:
    """Return work on a cluster of threads, together and one by one."""

    def fold() -> None:
        train([path], TrainConfig(label_column="polarity", folds=N_FOLDS), client)

    def train_each() -> None:
        for seed in range(N_FOLDS + 1):
            train([path], TrainConfig(label_column="polarity", seed=seed), client)

    def halve() -> None:
        tune([path], SPACE, CONFIG, client, search=SearchConfig(search="grid"))

    def try_all() -> None:
        how = SearchConfig(search="grid", halving=1)
        tune([path], SPACE, CONFIG, client, search=how)

    return {
        f"{N_FOLDS} folds beside the model; a run each": (fold, train_each),
        "10 settings, 3 folds, halving; all on all": (halve, try_all),
    }


def measure(work: Callable[[], object]) -> float:
    """Return the CPU seconds of this process, all threads together."""
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    main()
