"""How a run grows: memory under a limit, two workers against one, and a cost model.

    python benchmarks/scale.py [--gigabytes 5] [--rounds 3] [--scratch FOLDER]

Writes simulated tweets, and trains on all of them with two workers of 512 MiB each and
with one, in turn, each with the input in the system's file cache; and on as many real
ones, made distinct, where ``EMOTISET_REAL_DATA`` names their folder.  The constants of
`cost_model` come from smaller runs, as often: on two fifths of them, a fiftieth, and on
tweets of which each has an emoticon.  Then 10,000 tiny blocks under a scheduler that is
a process of its own.  Prints Markdown tables: peaks, pauses and workers started anew;
the ratio of the medians, in all and past start-up, which is what a fiftieth takes; what
the model makes of the whole input beside what it took, and what it says of a billion
tweets on 100 workers.  5 GB take some three minutes on two cores that nobody else uses.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from cost_model import Constants, Cost, predict_cost
from inputs import warm, write_distinct
from memory import Watch, ask
from tables import machine, print_table, real_data

from emotiset.cluster import ClusterConfig, connect
from emotiset.compiling import COMMON, compile_kernels
from emotiset.config import TrainConfig
from emotiset.forking import start_early
from emotiset.shape import count_tasks
from emotiset.train import train

_TWEET_BYTES = 2_377  # of a simulated one, about
_LIMIT = "512MiB"
_N_BLOCKS = 10_000
_PART, _BIT = 0.4, 0.02  # of the input, for the constants
_DENSE = "simulated:150000?emoticon_share=1"
_KINDS = (("simulated", "whole", "bit"), ("real", "real", "real bit"))
_LEARNING = ("draw", "exchange", "scale", "train", "calibrate", "evaluate")


@dataclass(frozen=True)
class Ran:
    """What one training run took."""

    summary: dict[str, Any]
    seconds: float
    peak: float
    pauses: int
    spilled: float
    n_new: int

    @property
    def reading(self) -> float:
        """Seconds of the stage that reads."""
        return float(self.summary["seconds"]["read"])

    @property
    def learning(self) -> float:
        """Seconds of the stages behind reading."""
        return sum(self.summary["seconds"].get(name, 0.0) for name in _LEARNING)


def main() -> None:
    """Do all of it; print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scratch", type=Path, help="folder for the input")
    options = parser.parse_args()
    if options.scratch is not None:
        options.scratch.mkdir(parents=True, exist_ok=True)
    compile_kernels([*COMMON, "scan"])  # as the command does
    start_early()  # workers are forked, as those of the command are
    with tempfile.TemporaryDirectory(dir=options.scratch) as folder:
        sizes = make_inputs(Path(folder), options.gigabytes)
        plans = [(name, n) for name in sizes if name != "part" for n in (1, 2)]
        plans += [("part", 2), ("dense", 2)]
        runs: dict[tuple[str, int], list[Ran]] = {plan: [] for plan in plans}
        for _ in range(options.rounds):
            for (name, n_workers), found in runs.items():
                for path in sorted(Path(folder, name).glob("*")):
                    warm(path)
                inputs = str(Path(folder, name)) if name in sizes else _DENSE
                found.append(run(inputs, n_workers))
        tasks = run_tiny_blocks(Path(folder))
    show_runs(runs, sizes)
    show_tasks(*tasks)
    small = {name: runs[name, 2] for name in ("part", "bit", "dense")}
    show_model(make_constants(small, sizes, tasks), runs["whole", 2])
    print(f"\n{machine()}")


def make_inputs(folder: Path, gigabytes: float) -> dict[str, int]:
    """Write the inputs, each a folder of its own; return their bytes by name."""
    shares = {"whole": 1.0, "part": _PART, "bit": _BIT}
    sizes = {
        name: simulate(folder / name, gigabytes * share)
        for name, share in shares.items()
    }
    if "EMOTISET_REAL_DATA" in os.environ:
        for name, share in {"real": 1.0, "real bit": _BIT}.items():
            path = folder / name / "tweets.json"
            path.parent.mkdir()
            write_distinct(path, real_data() / "stream", int(gigabytes * share * 1e9))
            sizes[name] = path.stat().st_size
    os.sync()  # what was just written shall not be written while a run reads
    return sizes


def simulate(folder: Path, gigabytes: float) -> int:
    """Write simulated tweets; return how many bytes there are."""
    n_tweets = int(gigabytes * 1e9 / _TWEET_BYTES)
    command = [sys.executable, "-m", "emotiset", "simulate", "--quiet"]
    given = ["--tweets", str(n_tweets), "--output", str(folder)]
    subprocess.run([*command, *given], check=True)
    return sum(path.stat().st_size for path in folder.iterdir())


def run(inputs: str, n_workers: int) -> Ran:
    """Train on a folder or a simulation, with workers that have started; watch them."""
    config = ClusterConfig(workers=n_workers, memory_limit=_LIMIT)
    with connect(config) as client:
        client.register_plugin(Watch(), name="watch")
        before = {each["pid"] for each in ask(client)}
        began = time.perf_counter()
        result = train([inputs], TrainConfig(), client)
        seconds = time.perf_counter() - began
        after = ask(client)
    return Ran(
        summary=result.summary,
        seconds=seconds,
        peak=max(each["peak"] for each in after),
        pauses=sum(each["pauses"] for each in after),
        spilled=sum(each["spilled"] for each in after),
        n_new=len({each["pid"] for each in after} - before),
    )


def run_tiny_blocks(folder: Path) -> tuple[int, float, float]:
    """Return tasks, the scheduler's processor seconds, and all seconds."""
    line = '{"text": "number %07d of many, as one may say %s", "lang": "en"}\n'
    lines = [line % (i, ":(" if i % 2 else ":)") for i in range(_N_BLOCKS * 16)]
    path, file = folder / "tiny.json", folder / "scheduler.json"
    path.write_text("".join(lines))
    size = max(path.stat().st_size // _N_BLOCKS, 1024)
    dask = [sys.executable, "-m", "dask"]
    shared = ["--scheduler-file", str(file), "--dashboard-address", ":0"]
    with ExitStack() as stack:
        scheduler = _start(stack, [*dask, "scheduler", "--port", "0", *shared])
        for _ in range(2):
            _start(stack, [*dask, "worker", "--nthreads", "1", *shared])
        while not file.exists():
            time.sleep(0.1)
        with connect(ClusterConfig(scheduler_file=str(file))) as client:
            client.wait_for_workers(2)
            process = psutil.Process(scheduler.pid)
            before, began = sum(process.cpu_times()[:2]), time.perf_counter()
            result = train([path], TrainConfig(block_size=size), client)
            seconds = time.perf_counter() - began
            spent = sum(process.cpu_times()[:2]) - before
    summary = result.summary
    n_blocks = -(-path.stat().st_size // size)
    n_labeled = summary["funnel"]["trained"] + summary["funnel"]["held_out"]
    return count_tasks(n_blocks, n_labeled, summary["members"]), spent, seconds


def _start(stack: ExitStack, command: list[str]) -> "subprocess.Popen[bytes]":
    """Start a process that ends with the stack."""
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    stack.callback(process.wait)
    stack.callback(process.terminate)
    return process


def show_runs(runs: dict[tuple[str, int], list[Ran]], sizes: dict[str, int]) -> None:
    """Print what the whole input took with one worker and with two."""
    rows, told = [], []
    for kind, whole, bit in _KINDS:
        if whole not in sizes:
            continue
        pairs = [(runs[whole, n], runs[bit, n]) for n in (1, 2)]
        seconds = [_median(found, "seconds") for found, _ in pairs]
        beyond = [_median(a, "seconds") - _median(b, "seconds") for a, b in pairs]
        for i, (found, _) in enumerate(pairs):
            first = found[0].summary
            rows.append(
                [
                    f"{kind}, {sizes[whole] / 1e9:.1f} GB",
                    f"{first['read']:,}",
                    f"{first['n_train'] + first['n_test']:,}",
                    f"{i + 1} of {_LIMIT}",
                    f"{seconds[i]:.1f}",
                    f"{beyond[i]:.1f}",
                    f"{max(each.peak for each in found):.0f} MB",
                    sum(each.pauses for each in found),
                    f"{sum(each.spilled for each in found) / 1e6:.0f} MB",
                    sum(each.n_new for each in found),
                ]
            )
        told.append(
            f"{kind}: two workers are {beyond[0] / beyond[1]:.2f} times as fast as one "
            f"past start-up, {seconds[0] / seconds[1]:.2f} times in all."
        )
    head = ["input", "tweets", "drawn", "workers", "s", "s past start-up"]
    print_table([*head, "peak", "pauses", "spilled", "started anew"], rows)
    n_rounds = len(runs["whole", 1])
    print("\n" + "  ".join(told) + f"  Medians of {n_rounds} runs in turn.\n")


def show_tasks(n_tasks: int, spent: float, seconds: float) -> None:
    """Print what tiny blocks cost the scheduler."""
    print(
        f"{_N_BLOCKS:,} tiny blocks, at most {n_tasks:,} tasks: {spent:.1f} s of the "
        f"scheduler's processor, {seconds:.1f} s in all.\n"
    )


def make_constants(
    small: dict[str, list[Ran]],
    sizes: dict[str, int],
    tasks: tuple[int, float, float],
) -> Constants:
    """Take the constants from the smaller runs, and from that on tiny blocks.

    What reading costs for each byte is the slope between a fiftieth and two fifths, and
    what learning costs for each example that between a fiftieth and tweets which all
    have an emoticon; the rest is the same for any size, as libraries that load.
    """
    part, bit, dense = (small[name] for name in ("part", "bit", "dense"))
    summary = part[0].summary
    n_read, n_drawn = summary["read"], _count_drawn(part)
    read = 2 * (_median(part, "reading") - _median(bit, "reading"))
    read /= sizes["part"] - sizes["bit"]
    learn = _median(dense, "learning") - _median(bit, "learning")
    learn /= _count_drawn(dense) - _count_drawn(bit)
    whole = _median(part, "seconds")
    return Constants(
        read_seconds=read,
        fixed_seconds=whole - read * sizes["part"] / 2 - learn * n_drawn,
        example_seconds=learn,
        task_seconds=tasks[1] / tasks[0],
        tweet_bytes=sizes["part"] / n_read,
        labeled_share=(n_drawn + summary["funnel"]["surplus"]) / n_read,
        drawn_share=n_drawn / n_read,
        text_bytes=200,
        worker_bytes=max(each.peak for each in part) * 1e6,
    )


def _median(runs: list[Ran], name: str) -> float:
    return statistics.median(getattr(each, name) for each in runs)


def _count_drawn(runs: list[Ran]) -> int:
    return int(runs[0].summary["n_train"] + runs[0].summary["n_test"])


def show_model(constants: Constants, runs: list[Ran]) -> None:
    """Print what the model says of the whole input and of a billion tweets."""
    n_read = runs[0].summary["read"]
    measured = _median(runs, "seconds")
    here = predict_cost(constants, n_read, 2)
    far = predict_cost(constants, 1e9, 100)
    rows = [
        [f"{n_read:,} tweets, 2 workers", *_cells(here), f"{measured:.1f}"],
        ["1,000,000,000 tweets, 100 workers", *_cells(far), ""],
    ]
    head = ["cost model", "raw", "moved", "tasks", "s to read", "s to learn"]
    head += ["s of the scheduler", "memory of a worker", "s", "s measured"]
    print_table(head, rows)
    print(
        f"\nThe model is {here.seconds / measured - 1:+.0%} off.  What saturates first "
        f"at a billion: {far.limit}.  Constants: "
        f"`{json.dumps({k: float(f'{v:.3g}') for k, v in vars(constants).items()})}`"
    )


def _cells(cost: Cost) -> list[str]:
    return [
        f"{cost.raw_bytes / 1e9:,.0f} GB",
        f"{cost.moved_bytes / 1e9:.3g} GB",
        f"{cost.tasks:,}",
        f"{cost.read_seconds:,.1f}",
        f"{cost.learn_seconds:,.1f}",
        f"{cost.scheduler_seconds:,.1f}",
        f"{cost.worker_bytes / 1e6:,.0f} MB",
        f"{cost.seconds:,.1f}",
    ]


if __name__ == "__main__":
    main()
