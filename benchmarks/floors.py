"""Where the time of a run goes, stage by stage, and the least each stage could take.

A section of `compare.py`.  A floor is what no program that does the stage's work can go
below: to start, the imports alone; to read, each line decoded and nothing more, in as
many processes; to move texts, one copy in memory; to learn, one pass over the columns
of each example that adds up the weights; to save, the bytes written.

    python benchmarks/floors.py TWEETS MODEL SAMPLE

measures the floors, and prints them as JSON.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow.parquet as pq
from ingest import decode, decompress
from inputs import Plan, make_input, warm
from tables import make_table
from watching import watch
from whole import emotiset_command
from whole_rules import N_FEATURES, write_lexicon

from emotiset.config import FeatureConfig, TrainConfig
from emotiset.features import hash_rows
from emotiset.sources import plan_blocks

_PROCESSES: Final = 2
_EPOCHS: Final = 1  # of `emotiset_command`

# Stages of the summary that make a row, what the floor is, and its name.
STAGES: Final = {
    "start": (("plan", "start"), "imports", "importing what a run needs"),
    "read": (("read",), "decode", "decoding each line, two processes"),
    "draw and exchange": (("draw", "exchange"), "copy", "a copy of the sample"),
    "train": (("scale", "train"), "pass", "one pass over the weights of each example"),
    "calibrate, evaluate": (("calibrate", "evaluate"), "none", "not needed"),
    "collect, save, close": (
        ("collect", "pack", "rest"),
        "save",
        "writing the model's bytes",
    ),
}


def measure(plan: Plan, note: Callable[[str], None]) -> dict[str, Any]:
    """Run the whole job and the floors in turn."""
    gigabytes = 4 if 4 in plan.gigabytes else max(plan.gigabytes)
    tweets = make_input(plan.scratch, gigabytes)
    warm(tweets)
    summary, model, sample = (
        plan.scratch / f"floor-{name}" for name in ("summary", "model", "sample")
    )
    lexicon = write_lexicon(plan.scratch / "symbols.toml")
    command = emotiset_command(tweets, lexicon, summary)
    watch([*command, model, "--sample-out", sample])
    runs: list[dict[str, float]] = []
    floors: list[dict[str, float]] = []
    for number in range(plan.rounds):
        took = watch([*command, model])
        runs.append(
            find_stages(json.loads(summary.read_text())["seconds"], took.seconds)
        )
        printed = watch([sys.executable, __file__, tweets, model, sample]).printed
        floors.append(json.loads(printed.splitlines()[-1]))
        note(f"floors, round {number + 1}: {took.seconds:.1f} s")
    return {"gigabytes": gigabytes, "runs": runs, "floors": floors}


def find_stages(told: dict[str, float], seconds: float) -> dict[str, float]:
    """Return the seconds of each stage; the command's own imports are of the start.

    >>> find_stages({"start": 2.0, "read": 1.0, "total": 3.5}, 4.0)["rest"]
    0.5
    """
    named = {name: value for name, value in told.items() if name != "total"}
    rest = told["total"] - sum(named.values())
    named["start"] = named.get("start", 0.0) + seconds - told["total"]
    return {**named, "rest": rest, "total": seconds}


def measure_floors(tweets: str, model: str, sample: str) -> dict[str, float]:
    """Return the seconds of each floor."""
    texts = pq.read_table(sample, columns=["text"])["text"].combine_chunks()
    config = FeatureConfig(features="byte4", n_features=N_FEATURES)
    _, indices = hash_rows(texts, config)
    weights = np.zeros(N_FEATURES)
    data = Path(model).read_bytes()
    blocks = plan_blocks([tweets], TrainConfig())
    found = {
        "imports": _time(_import),
        "copy": _time(lambda: bytearray(texts.nbytes)),
        "pass": _EPOCHS * _time(lambda: weights[indices].sum()),
        "save": _time(lambda: Path(f"{model}.copy").write_bytes(data)),
        "none": 0.0,
    }
    Path(f"{model}.copy").unlink()
    with ProcessPoolExecutor(_PROCESSES) as pool:
        list(pool.map(os.getpid, []))
        list(pool.map(decompress, blocks[:_PROCESSES]))  # the processes have started
        for name, task in (("bytes", decompress), ("decode", decode)):
            began = time.perf_counter()
            list(pool.map(task, blocks))
            found[name] = time.perf_counter() - began
    return found


def _time(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _import() -> None:
    names = "dask.distributed, msgspec, numba, numpy, pyarrow.parquet, scipy.sparse"
    subprocess.run([sys.executable, "-c", f"import {names}"], check=True)


def render(found: dict[str, Any]) -> str:
    """Return the Markdown table of what `measure` found."""
    floors = {
        name: statistics.median(each[name] for each in found["floors"])
        for name in found["floors"][0]
    }
    total = statistics.median(run["total"] for run in found["runs"])
    rows = []
    for stage, (names, floor, what) in STAGES.items():
        sums = [sum(run.get(name, 0.0) for name in names) for run in found["runs"]]
        seconds, least = statistics.median(sums), floors[floor]
        above = f"{seconds / least:.1f}" if least > 0.005 else ""
        cells = [stage, f"{seconds:.2f}", f"{seconds / total:.0%}", f"{least:.2f}"]
        rows.append([*cells, above, f"{seconds - least:.2f}", what])
    head = ["stage", "s", "of all", "floor, s", "times", "above, s", "the floor is"]
    return (
        f"{make_table(head, rows)}\n\nMedians of {len(found['runs'])} runs in turn "
        f"with the floors, {found['gigabytes']:g} GB, {total:.1f} s in all.  To read "
        f"the bytes alone takes {floors['bytes']:.2f} s.  A stage can be faster than "
        "its floor where it need not do its work: most lines are never decoded."
    )


if __name__ == "__main__":
    print(json.dumps(measure_floors(*sys.argv[1:])))
