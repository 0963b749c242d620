"""Train a sentiment model and keep what one wants to see of it.

python pipelines/train_sentiment.py [INPUT ...]

Without input: simulated tweets.  Writes sentiment.parquet, sample.parquet.
"""

import sys
from pathlib import Path

from emotiset import TrainConfig
from emotiset.train import train


def main(inputs: list[str], folder: Path = Path()) -> dict[str, object]:
    """Train on *inputs*, save the model and the sample to *folder*."""
    result = train(
        inputs or ["simulated:100000"],
        TrainConfig(members=5, vote="majority"),
        sample_out=folder / "sample.parquet",
    )
    result.ensemble.save(folder / "sentiment.parquet")
    return result.summary


if __name__ == "__main__":
    summary = main(sys.argv[1:])
    metrics = summary["metrics"]
    print(f"{summary['n_train']:,} tweets, {summary['members']} members")
    print(f"accuracy {metrics['accuracy']:.3f}, AUC {metrics['auc']:.3f}")
