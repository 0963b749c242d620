"""Train on a Dask cluster that runs already.

python pipelines/cluster.py SCHEDULER MODEL INPUT [INPUT ...]

SCHEDULER is an address such as tcp://10.0.0.1:8786, or the file that
``dask scheduler --scheduler-file`` wrote.  Looks first whether the cluster has what a
run needs.  Workers may join late and leave early; the model has the same bytes.
"""

import sys
from pathlib import Path
from typing import Any

from emotiset import TrainConfig
from emotiset.cluster import ClusterConfig
from emotiset.doctor import examine
from emotiset.train import train


def main(
    scheduler: str, model: str, inputs: list[str], **cluster: Any
) -> dict[str, Any]:
    """Train on *inputs*, save the model; *cluster* are fields of `ClusterConfig`."""
    is_file = Path(scheduler).is_file()
    where = {"scheduler_file" if is_file else "scheduler": scheduler}
    config = ClusterConfig(**where, **cluster)
    diagnosis = examine(inputs, TrainConfig(), config, output=model)
    for finding in diagnosis.findings:
        print(finding.text, file=sys.stderr)
    if diagnosis.problems:
        sys.exit(4)
    result = train(inputs, TrainConfig(), config, other_outputs=[model])
    result.ensemble.save(model)
    return result.summary


if __name__ == "__main__":
    summary = main(sys.argv[1], sys.argv[2], sys.argv[3:])
    print(
        f"{summary['n_train']:,} tweets, accuracy {summary['metrics']['accuracy']:.3f}"
    )
