"""The paper's experiment: accuracy by sample size and number of members.

python pipelines/learning_curve.py [INPUT ...]

Each sample holds the one before it, and all are judged on the same held-out range of
key space.  Without input: simulated tweets.
"""

import sys
from collections.abc import Sequence

from dask.distributed import Client, LocalCluster

from emotiset import TrainConfig
from emotiset.train import train


def main(
    inputs: list[str],
    client: Client,
    sizes: Sequence[int] = (1000, 4000, 16_000),
    members: Sequence[int] = (1, 3, 5, 11),
) -> dict[tuple[int, int], float]:
    """Return the accuracy for each (examples per polarity, members)."""
    accuracy = {}
    for per_class in sizes:
        for n_members in members:
            config = TrainConfig(per_class=per_class, members=n_members)
            metrics = train(inputs, config, client).summary["metrics"]
            accuracy[per_class, n_members] = metrics["accuracy"]
    return accuracy


def print_table(accuracy: dict[tuple[int, int], float]) -> None:
    """Print a Markdown table: a row for each size, a column for each ensemble."""
    sizes = sorted({size for size, _ in accuracy})
    members = sorted({n for _, n in accuracy})
    print("| per class | " + " | ".join(f"{n} members" for n in members) + " |")
    print("|---" * (len(members) + 1) + "|")
    for size in sizes:
        cells = " | ".join(f"{accuracy[size, n]:.3f}" for n in members)
        print(f"| {size:,} | {cells} |")


if __name__ == "__main__":
    with LocalCluster(threads_per_worker=1) as cluster, Client(cluster) as client:
        print_table(main(sys.argv[1:] or ["simulated:1000000"], client))
