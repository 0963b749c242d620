"""Search settings on one labeled sample, then judge the winner on what no trial saw.

python pipelines/tune.py [INPUT ...]

Without input: simulated tweets.  Begins with a feature set of 64 columns, far too few,
and makes sure that the search finds better.  Writes tuned.parquet.
"""

import sys
from pathlib import Path

from dask.distributed import Client

from emotiset import TrainConfig
from emotiset.train import train
from emotiset.tune import SearchConfig, tune

GIVEN = TrainConfig(n_features=64)
SPACE = {"n_features": [1 << 16, 1 << 18], "epochs": [1, 2], "alpha": [1e-7, 1e-6]}
INPUT = "simulated:40000?emoticon_share=0.5"


def main(inputs: list[str], client: Client, folder: Path = Path()) -> dict[str, float]:
    """Return the held-out accuracy of the settings as given, and of those found."""
    inputs = inputs or [INPUT]
    found = tune(inputs, SPACE, GIVEN, client, search=SearchConfig(trials=5))
    for trial in found.trials:
        low, high = trial.find_mean("log_loss")[1:]
        print(f"log loss {low:.3f} to {high:.3f}", dict(trial.settings))
    before = train(inputs, GIVEN, client).summary
    result = train(inputs, found.best, client)
    result.ensemble.save(folder / "tuned.parquet")
    accuracy = {
        "given": before["metrics"]["accuracy"],
        "tuned": result.summary["metrics"]["accuracy"],
    }
    assert accuracy["tuned"] > accuracy["given"] + 0.03, accuracy
    return accuracy


if __name__ == "__main__":
    with Client(threads_per_worker=1) as client:
        print(main(sys.argv[1:], client))
