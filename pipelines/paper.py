"""The paper's own script: dated tweets to an ensemble, judged on the days after.

python pipelines/paper.py [DATE INPUT [INPUT ...]]

Loads dated tweets, keeps English, labels by emoticons, draws as many of each polarity,
deals them to members, hashes byte 4-grams, and has each member learn by plain SGD.
Tweets from DATE on judge one member alone, the majority's vote and the weighted one.
Without input: three simulated days.  Writes paper.parquet and sample.parquet.
"""

import datetime
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from dask.distributed import Client

from emotiset import Ensemble, TrainConfig
from emotiset.simulate import simulate_records
from emotiset.train import train

RECORDS_A_DAY = 28_800
THIRD_DAY = datetime.date(2016, 1, 6)
# load, filter, order by random limit N, hash, order by random parallel P, store using
CONFIG = TrainConfig(
    language="en", per_class=2500, members=5, features="byte4", learner="logistic"
)
PEGASOS = replace(CONFIG, learner="pegasos")


def simulate_days(folder: Path, n_records: int = RECORDS_A_DAY) -> list[Path]:
    """Write three days of simulated tweets, as an archive of them has: a file each."""
    paths = [folder / f"tweets-2016-01-{day:02}.json" for day in (4, 5, 6)]
    for day, path in enumerate(paths):
        start = day * RECORDS_A_DAY
        lines = simulate_records(start, start + n_records, emoticon_share=0.4)
        path.write_bytes(b"".join(lines))
    return paths


def main(
    inputs: list[str | Path],
    judged_from: datetime.date,
    config: TrainConfig = CONFIG,
    folder: Path = Path(),
    client: Client | None = None,
) -> tuple[dict[str, object], dict[str, float]]:
    """Return the summary, and by who votes the accuracy on the days after."""
    config = replace(config, test_after=judged_from)
    drawn = folder / "sample.parquet"
    result = train(inputs, config, client, sample_out=drawn)
    result.ensemble.save(folder / "paper.parquet")
    test = pq.read_table(drawn).filter(pc.field("part") == "test")
    return result.summary, judge(result.ensemble, test)


def judge(ensemble: Ensemble, test: pa.Table) -> dict[str, float]:
    """Classify by one member and by each vote."""
    gold = test["polarity"].to_numpy()
    answers = {"one member": np.where(ensemble.scores(test["text"])[:, 0] > 0, 1, -1)}
    for vote in ("majority", "weighted"):
        answers[vote] = replace(ensemble, vote=vote).predict(test["text"])
    return {name: float(np.mean(answer == gold)) for name, answer in answers.items()}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        inputs = sys.argv[2:] or simulate_days(Path(folder))
        date = datetime.date.fromisoformat(sys.argv[1]) if sys.argv[1:] else THIRD_DAY
        for config in (PEGASOS, CONFIG):
            summary, accuracy = main(inputs, date, config)
            print(f"\n{config.learner}, {summary['n_train']:,} tweets learned from")
            for name, share in accuracy.items():
                print(f"{name:12} {share:.4f} of {summary['n_test']:,} tweets")
