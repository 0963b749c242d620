"""Which ad will be clicked: learned from feature maps, and day by day, by a deadline.

python pipelines/click_through.py [REQUESTS_A_DAY [DEADLINE_IN_SECONDS]]

Simulates a week of ads that were shown; 2% are clicked.  What is learned on day 1 is
updated by the log of each day; where that is late, the older model serves another day.
Day 7 judges: how near are probabilities to those that no model can better, and how
many clicks more are there, if the model picks the ad for each request?
"""

import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from dask.distributed import Client, LocalCluster

from emotiset import Ensemble, TrainConfig
from emotiset.ranking import Ranking, rank
from emotiset.simulate.ads import simulate_ads
from emotiset.train import train
from emotiset.update import update

LAST_DAY, OFFERS = 7, 20
COLUMNS = {"features_column": "features", "label_column": "clicked"}
CONFIG = TrainConfig(
    **COLUMNS,
    cross=(("segment", "category"),),
    n_features=1 << 18,
)


@dataclass(frozen=True)
class Week:
    """What came of it.

    Attributes
    ----------
    judged
        On day 7, by what foretold its clicks.
    picked
        Clicks in a thousand requests of day 7, by who picked the ad.
    seconds
        What each update took.
    late
        Days whose model missed the deadline.
    """

    judged: dict[str, Ranking]
    picked: dict[str, float]
    seconds: list[float]
    late: list[int]


def main(requests: int, deadline: float, client: Client, folder: Path = Path()) -> Week:
    """Simulate the week, learn from days 1 to 6, judge on day 7."""
    logs = [folder / f"day-{day}.parquet" for day in range(1, LAST_DAY)]
    for day, log in enumerate(logs, start=1):
        pq.write_table(simulate_ads(day, requests).drop_columns("best"), log)
    first = newest = serving = train(logs[:1], CONFIG, client).ensemble
    seconds, late = [], []
    for day, log in enumerate(logs[1:], start=2):
        start = time.monotonic()
        newest = update(newest, [log], client, settings=COLUMNS).ensemble
        seconds.append(time.monotonic() - start)
        if seconds[-1] <= deadline:
            serving = newest
        else:
            late.append(day)
    at_once = train(logs, CONFIG, client).ensemble
    models = {"day 1": first, "day by day": serving, "all at once": at_once}
    return Week(judge(models, requests), pick_ads(serving, requests), seconds, late)


def judge(models: dict[str, Ensemble], requests: int) -> dict[str, Ranking]:
    """Compare what each model says of day 7 with the clicks."""
    log = simulate_ads(LAST_DAY, requests)
    said = {
        "always the same": np.full(requests, 0.02),
        **{
            name: model.predict_proba(log["features"])[:, 1]
            for name, model in models.items()
        },
        "best possible": log["best"].to_numpy(),
    }
    polarity = np.where(log["clicked"].to_numpy(), 1, -1).astype(np.int8)
    return {name: rank(polarity, p.astype(np.float32)) for name, p in said.items()}


def pick_ads(model: Ensemble, requests: int) -> dict[str, float]:
    """Let each pick one of 20 ads for a request; return clicks in a thousand."""
    offers = simulate_ads(LAST_DAY, requests // OFFERS, offers=OFFERS, seed=1)
    best = offers["best"].to_numpy().reshape(-1, OFFERS)
    said = model.predict_proba(offers["features"])[:, 1].reshape(-1, OFFERS)
    picked = {
        "chance": best.mean(axis=1),
        "day by day": best[np.arange(len(best)), said.argmax(axis=1)],
        "best possible": best.max(axis=1),
    }
    return {name: 1000 * float(chance.mean()) for name, chance in picked.items()}


def show(week: Week) -> None:
    """Print what came of it."""
    print(f"{'on day 7':16}  log loss    AUC  clicks foretold of 100")
    for name, found in week.judged.items():
        foretold = (found.n_negative + found.n_positive) @ found.probability
        share = 100 * foretold / found.n_positive.sum()
        print(f"{name:16}  {found.log_loss:8.4f}  {found.auc:5.3f}  {share:22.0f}")
    late = f"late: {week.late}" if week.late else "none was late"
    print(f"\nan update took at most {max(week.seconds):.1f} s; {late}\n")
    print("clicks in 1,000 requests, by who picks one of 20 ads:")
    for name, clicks in week.picked.items():
        print(f"{name:16}  {clicks:8.1f}")


if __name__ == "__main__":
    requests, deadline = [
        *map(float, sys.argv[1:]),
        *(100_000, 60)[len(sys.argv) - 1 :],
    ]
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalCluster(threads_per_worker=1) as cluster,
        Client(cluster) as client,
    ):
        show(main(int(requests), deadline, client, Path(folder)))
