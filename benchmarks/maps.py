"""Feature maps to columns and one pass of SGD, beside scikit-learn, on one core.

    python benchmarks/maps.py [--examples N] [--peer-examples N] [--runs N]

Prints a Markdown table of CPU seconds.  The examples are simulated ads that were shown,
of eight categories each, with one number more and one cross; scikit-learn's
`FeatureHasher` takes the same as dicts, without the cross, which it does not make.
Behind the table: log loss on the day after, beside the best there is.  scikit-learn
comes with ``pip install emotiset[bench]``.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
from learning import machine, use_one_core
from numpy.typing import NDArray
from sklearn.feature_extraction import FeatureHasher
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from threadpoolctl import threadpool_limits

from emotiset.config import FeatureConfig, LearnerConfig
from emotiset.learner import EXAMPLES, fit_batch, fit_member, start_learner
from emotiset.map_features import hash_maps
from emotiset.maps import canonical_array, canonical_list
from emotiset.scaling import find_own_scale
from emotiset.simulate.ads import simulate_ads
from emotiset.voting import score_texts, stack_weights

N_FEATURES = 1 << 20
BATCH_ROWS = 16_384
DAYS = 6
FEATURES = FeatureConfig(features="maps", n_features=N_FEATURES)
CROSSED = FeatureConfig(
    features="maps", n_features=N_FEATURES, cross=(("segment", "category"),)
)
LEARNER = LearnerConfig(epochs=1)


def main() -> None:
    """Time both, in turn, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--examples", type=int, default=300_000)
    parser.add_argument("--peer-examples", type=int, default=60_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    use_one_core()
    days = [simulate_ads(day, options.examples // DAYS) for day in range(1, DAYS + 2)]
    maps = [add_price(day) for day in days]
    polarity = [np.where(day["clicked"].to_numpy() > 0, 1, -1) for day in days]
    polarity = [each.astype(np.int8) for each in polarity]
    rows = pa.chunked_array(maps[:DAYS])
    gold = np.concatenate(polarity[:DAYS])
    warm_up(maps[0].slice(0, 100), gold[:100])
    dicts = rows.slice(0, options.peer_examples).to_pylist()
    with threadpool_limits(1):
        ours = [time_emotiset(rows, gold) for _ in range(options.runs)]
        peers = [time_peer(dicts, gold[: len(dicts)]) for _ in range(options.runs)]
    print_table(ours, peers, len(rows), len(dicts))
    told, base, best = judge(maps, polarity, days[DAYS]["best"].to_numpy())
    print(
        f"\nMedians of {options.runs} runs on one core; {len(rows):,} examples of 9 "
        f"features; scikit-learn saw {len(dicts):,}, its seconds are scaled.  Log loss "
        f"on the day after, with defaults and a cross: {told:.4f}, of the share of "
        f"clicks alone {base:.4f}, the best there is {best:.4f}.\n\n{machine()}"
    )


def add_price(day: pa.Table) -> pa.StructArray:
    """Return the maps of a day with a number that tells nothing."""
    maps = day["features"].combine_chunks()
    price = np.random.default_rng(0).random(len(maps)).round(2)
    columns = [*maps.flatten(), pa.array(price)]
    return pa.StructArray.from_arrays(columns, [*(f.name for f in maps.type), "price"])


def warm_up(maps: pa.Array, polarity: NDArray[np.int8]) -> None:
    """Compile the kernels."""
    for features in (FEATURES, CROSSED):
        polarity[0], polarity[1] = 1, -1
        fit_member([make_batch(canonical_array(maps), polarity)], features, LEARNER)


def make_batch(text: pa.Array, polarity: NDArray[np.int8]) -> pa.RecordBatch:
    """Return what a learner takes."""
    return pa.record_batch([pa.array(polarity), text], schema=EXAMPLES)


def time_emotiset(rows: pa.ChunkedArray, polarity: NDArray[np.int8]) -> list[float]:
    """Return CPU seconds: canonical form, from dicts, columns, with cross, one pass."""
    table = pa.table([rows], ["maps"]).to_batches(BATCH_ROWS)
    text = [canonical_array(batch["maps"]) for batch in table]
    starts = np.cumsum([0, *(len(each) for each in text)])
    batches = [
        make_batch(each, polarity[start : start + len(each)])
        for start, each in zip(starts, text, strict=False)
    ]
    few = table[0]["maps"].slice(0, 2_000).to_pylist()
    scale = find_own_scale(batches, FEATURES, LEARNER)

    def learn() -> None:
        state = start_learner(FEATURES, LEARNER, scale)
        for batch in batches:
            state = fit_batch(state, batch, FEATURES, LEARNER)

    words = seconds(lambda: [canonical_array(batch["maps"]) for batch in table])
    of_dicts = seconds(lambda: canonical_list(few)) * len(rows) / len(few)
    columns = seconds(lambda: [hash_maps(each, FEATURES) for each in text])
    crossed = seconds(lambda: [hash_maps(each, CROSSED) for each in text])
    return [words, of_dicts, columns, crossed, seconds(learn) - columns]


def time_peer(rows: list[dict[str, Any]], polarity: NDArray[np.int8]) -> list[float]:
    """Return CPU seconds: hashing dicts, one pass, and making dicts of Arrow."""
    hasher = FeatureHasher(n_features=N_FEATURES)
    learner = SGDClassifier(loss="log_loss", random_state=0)
    starts = range(0, len(rows), BATCH_ROWS)
    X = [hasher.transform(rows[at : at + BATCH_ROWS]) for at in starts]

    def learn() -> None:
        for at, part in zip(starts, X, strict=True):
            learner.partial_fit(part, polarity[at : at + BATCH_ROWS], classes=[-1, 1])

    def hash_all() -> None:
        for at in starts:
            hasher.transform(rows[at : at + BATCH_ROWS])

    made = pa.array(rows)
    return [seconds(hash_all), seconds(learn), seconds(made.to_pylist)]


def judge(
    maps: list[pa.Array], polarity: list[NDArray[np.int8]], best: NDArray[np.float64]
) -> tuple[float, float, float]:
    """Return the log loss of a member on the last day, of the share, and the least."""
    text = [canonical_array(each) for each in maps]
    batches = [make_batch(*each) for each in zip(text, polarity, strict=True)]
    shuffled = pa.Table.from_batches(batches[:-1]).combine_chunks()
    order = np.random.default_rng(0).permutation(len(shuffled))
    members = [
        fit_member(
            shuffled.take(pa.array(order)).to_batches(BATCH_ROWS),
            CROSSED,
            LearnerConfig(),
        )
    ]
    intercepts = np.array([each.intercept for each in members])
    score = score_texts(text[-1], stack_weights(members), intercepts, CROSSED)[:, 0]
    gold = polarity[-1] > 0
    share = float((shuffled["polarity"].to_numpy() > 0).mean())
    told = 1 / (1 + np.exp(-score.astype(float)))
    losses = (log_loss(gold, each) for each in (told, np.full(len(gold), share), best))
    first, second, third = map(float, losses)
    return first, second, third


def seconds(work: Callable[[], object]) -> float:
    """Return the CPU seconds that *work* takes."""
    began = time.process_time()
    work()
    return time.process_time() - began


def print_table(
    ours: list[list[float]], peers: list[list[float]], n: int, n_peer: int
) -> None:
    """Print thousands of examples a second, and the ratio."""
    mine = [n / statistics.median(run[i] for run in ours) / 1000 for i in range(5)]
    other = [
        n_peer / statistics.median(run[i] for run in peers) / 1000 for i in range(3)
    ]
    print("| thousand examples a second | emotiset | scikit-learn | ratio |")
    print("|---|---:|---:|---:|")
    told = (
        ("from Arrow to columns", add(mine[0], mine[2]), add(other[2], other[0])),
        ("the same with a cross", add(mine[0], mine[3]), None),
        ("from dicts to columns", add(mine[1], mine[2]), other[0]),
        ("from the canonical form to columns", mine[2], None),
        ("one pass of SGD", mine[4], other[1]),
    )
    for name, speed, peer in told:
        ratio = "" if peer is None else f"{speed / peer:.1f}"
        shown = "" if peer is None else f"{peer:,.0f}"
        print(f"| {name} | {speed:,.0f} | {shown} | {ratio} |")


def add(first: float, second: float) -> float:
    """Return the speed of doing one after the other."""
    return 1 / (1 / first + 1 / second)


if __name__ == "__main__":
    main()
