"""What ``emotiset train`` costs from the command until its first block is done.

    python benchmarks/startup.py --rounds 5

Runs the command on a small file, with kernels compiled before.  Workers load this file
too, which notes when a block is done.  It is of 200 kB, so what it takes is starting,
importing, and loading kernels and tables.  Prints a Markdown table of wall seconds and
of the processor's for the whole command, and the machine's load.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from dask.distributed import Worker, WorkerPlugin

from emotiset.compiling import COMMON, compile_kernels

_NOTE = "EMOTISET_STARTUP_NOTE"
_TWEET = '{{"text": "the {} of it was {}", "lang": "en"}}\n'
_LETTERS = str.maketrans("0123456789", "abcdefghij")  # numbers are all the same


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = range(parser.parse_args().rounds)
    compile_kernels([*COMMON, "scan"])
    measured: dict[str, list[float]] = {
        "until the first block": [],
        "of the processor, in all": [],
    }
    before = os.getloadavg()[0]
    for _ in rounds:
        for found, value in zip(measured.values(), measure(), strict=True):
            found.append(value)
    print("| s | median | least | most |")
    print("|---|---:|---:|---:|")
    for name, each in measured.items():
        told = statistics.median(each), min(each), max(each)
        print(f"| {name} | {' | '.join(f'{value:.2f}' for value in told)} |")
    after = os.getloadavg()[0]
    print(
        f"\n{len(rounds)} runs on {os.cpu_count()} cores; load {before:.1f} before and "
        f"{after:.1f} after."
    )


def measure() -> tuple[float, float]:
    """Run the command; return the seconds until its first block, and of processors."""
    with tempfile.TemporaryDirectory() as folder:
        note = Path(folder) / "begun"
        words = [f"{i:b}".translate(_LETTERS) for i in range(4000)]
        tweets = [_TWEET.format(w, ":(" if w[-1] == "a" else ":)") for w in words]
        (Path(folder) / "tweets.json").write_text("".join(tweets))
        command = [sys.executable, "-m", "emotiset.train", "tweets.json"]
        start, before = time.time(), os.times()
        subprocess.run(
            [*command, "-o", "m.parquet"],
            cwd=folder,
            env={
                **os.environ,
                _NOTE: str(note),
                "DASK_DISTRIBUTED__WORKER__PRELOAD": str(Path(__file__).absolute()),
            },
            capture_output=True,
            check=True,
        )
        after = os.times()
        spent = after.children_user - before.children_user
        spent += after.children_system - before.children_system
        return min(map(float, note.read_text().split())) - start, spent


class Note(WorkerPlugin):
    """Notes when its worker has done a block, for the benchmark to read."""

    def transition(
        self, key: object, start: str, finish: str, **kwargs: object
    ) -> None:
        """Write the time into the file that is named, behind what is there."""
        is_block = str(key).startswith("('label_pack")
        if is_block and finish == "memory":
            with Path(os.environ[_NOTE]).open("a") as file:
                file.write(f"{time.time()}\n")


async def dask_setup(worker: Worker) -> None:
    """Is called by a worker that loads this file."""
    await worker.plugin_add(Note())


if __name__ == "__main__":
    main()
