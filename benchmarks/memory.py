"""Train under a memory limit, and tell what the workers did about it.

    python benchmarks/memory.py [FOLDER] [--memory-limit 512MiB]

Reads three inputs made of the tweets under FOLDER, or of the stream that
``EMOTISET_REAL_DATA`` has, one after the other, with two workers: a plain file; the
same kind of file, smaller, with a line of 100 MB in its middle, which has to be one
reject; and a .gz that cannot be cut.  Prints a Markdown table: the highest resident
memory of a worker, how often one paused, bytes spilled to disk, and workers started
anew.
"""

import argparse
import gzip
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dask.distributed import Client, Worker
from dask.distributed import WorkerPlugin as Plugin
from distributed.core import Status
from inputs import make_distinct, read_lines
from tables import real_data

from emotiset.cluster import ClusterConfig, connect
from emotiset.compiling import COMMON, compile_kernels
from emotiset.config import TrainConfig
from emotiset.forking import start_early
from emotiset.train import train

_SECONDS = 0.02  # between looks; a worker that pauses does so for 0.1 s at least
_LONG_LINE = 100_000_000
_STRETCH = 50_000_000  # bytes of a .gz that are compressed once and then repeated


def main() -> None:
    """Write each input, train on it, and print a row."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", help="tweets as JSON lines")
    parser.add_argument("--plain", type=float, default=2, help="gigabytes")
    parser.add_argument("--gzip", type=float, default=5, help="gigabytes, decompressed")
    parser.add_argument("--memory-limit", default="512MiB", help="of each")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--scratch", type=Path, help="folder for the inputs")
    options = parser.parse_args()
    compile_kernels([*COMMON, "scan"])  # as the command does
    start_early()  # workers are forked, as those of the command are
    lines = read_lines(options.folder or real_data() / "stream")
    print("| input | read | rejects | s | peak of a worker | pauses | spilled | new |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    inputs: dict[str, tuple[Any, float]] = {
        f"plain, {options.plain:g} GB": (_write_plain, options.plain),
        "plain, a line of 100 MB": (_write_long, min(options.plain, 0.3)),
        f".gz, {options.gzip:g} GB": (_write_gzip, options.gzip),
    }
    for name, (write, size) in inputs.items():
        with tempfile.TemporaryDirectory(dir=options.scratch) as folder:
            path = Path(folder) / "input"
            write(path, lines, int(size * 1e9))
            config = ClusterConfig(
                workers=options.workers, memory_limit=options.memory_limit
            )
            print(f"| {name} | {' | '.join(measure(path, config))} |", flush=True)


def measure(path: Path, config: ClusterConfig) -> list[str]:
    """Train on a file; return the cells of its row."""
    with connect(config) as client:
        client.register_plugin(Watch(), name="watch")
        before = ask(client)
        start = time.perf_counter()
        result = train([str(path)], TrainConfig(), client)
        seconds = time.perf_counter() - start
        after = ask(client)
    new = {each["pid"] for each in after} - {each["pid"] for each in before}
    funnel = result.summary["funnel"]
    return [
        f"{result.summary['read']:,}",
        f"{funnel['unreadable']:,}",
        f"{seconds:.0f}",
        f"{max(each['peak'] for each in after):.0f} MB",
        f"{sum(each['pauses'] for each in after)}",
        f"{sum(each['spilled'] for each in after) / 1e6:.0f} MB",
        f"{len(new)}",
    ]


class Watch(Plugin):
    """Looks at its worker now and then, from a thread of its own."""

    def setup(self, worker: Worker) -> None:
        """Begin to look."""
        self.pauses, self._worker, self._is_paused = 0, worker, False
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        while self._worker.status is not Status.closed:
            is_paused = self._worker.status is Status.paused
            self.pauses += is_paused and not self._is_paused
            self._is_paused = is_paused
            time.sleep(_SECONDS)


def ask(client: Client) -> list[dict[str, Any]]:
    """Return what each worker, with the plugin ``watch``, has seen of itself."""
    return list(client.run(_tell).values())


def _tell(dask_worker: Worker) -> dict[str, Any]:
    written = dask_worker.data.cumulative_metrics
    spilled = sum(n for key, n in written.items() if key[:2] == ("disk-write", "bytes"))
    return {
        "pid": os.getpid(),
        "peak": _peak(),
        "pauses": dask_worker.plugins["watch"].pauses,
        "spilled": spilled,
    }


def _peak() -> float:
    """Return the highest resident memory in MB; ``ru_maxrss`` has the parent's too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    [line] = [each for each in status.splitlines() if each.startswith("VmHWM")]
    return int(line.split()[1]) * 1.024e-3


def _distinct(lines: list[bytes], size: int) -> Iterator[bytes]:
    """Yield distinct lines up to a size."""
    for line in make_distinct(lines):
        if size <= 0:
            return
        size -= len(line) + 1
        yield line + b"\n"


def _write_plain(path: Path, lines: list[bytes], size: int) -> None:
    with path.open("wb") as file:
        file.writelines(_distinct(lines, size))


def _write_long(path: Path, lines: list[bytes], size: int) -> None:
    with path.open("wb") as file:
        file.writelines(_distinct(lines, size // 2))
        file.write(b'{"text":":) ' + b"x" * _LONG_LINE + b'"}\n')
        file.writelines(_distinct(lines[::-1], size // 2))


def _write_gzip(path: Path, lines: list[bytes], size: int) -> None:
    stretch = min(size, _STRETCH)
    member = gzip.compress(b"".join(_distinct(lines, stretch)), 6)
    with path.open("wb") as file:
        for _ in range(size // stretch):
            file.write(member)


if __name__ == "__main__":
    main()
