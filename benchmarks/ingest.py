"""Reading and labeling against the floor: decoding every line of JSON, and no more.

``python benchmarks/ingest.py [FOLDER] --gigabytes 2`` builds an input of that size from
the tweets under FOLDER, or the stream of ``EMOTISET_REAL_DATA``, each copy made
distinct, and prints a Markdown table: GB/s and tweets/s of two processes that do all of
`label_block` (read, scan, decode, label, language, key), of two that only decode each
line with the typed decoder, and of two that only decompress.  Starting the processes
and compiling is not counted; the numbers of one row come from runs that take turns, and
the medians are shown: the time on the clock, and that of both processors, which tells
more on a busy machine.
"""

import argparse
import bz2
import gzip
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from io import BytesIO
from pathlib import Path

import msgspec
import zstandard
from inputs import make_distinct, read_lines
from tables import machine, real_data

from emotiset.config import TrainConfig
from emotiset.lexicon import load_lexicon
from emotiset.partition import label_block
from emotiset.sampling import make_rule
from emotiset.sources import Block, plan_blocks
from emotiset.sources.blocks import Flaw
from emotiset.sources.decoding import Tweet
from emotiset.sources.lines import open_runs
from emotiset.sources.scanning import join_lines

_PART = 32 << 20  # bytes that are written at once; of a compressed file, all of them
_SUFFIXES = {"none": ".json", "gzip": ".gz", "bz2": ".bz2", "zst": ".zst"}
_COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, 6),
    "bz2": bz2.compress,
    "zst": zstandard.ZstdCompressor().compress,
}
_CONFIG = TrainConfig()
_DECODER = msgspec.json.Decoder(Tweet)


def main() -> None:
    """Build the inputs, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", help="tweets as JSON lines")
    parser.add_argument("--gigabytes", type=float, default=2.0, help="of plain input")
    parser.add_argument(
        "--share", type=float, default=0.1, help="of it for each compressed input"
    )
    parser.add_argument("--kinds", default=",".join(_SUFFIXES), help="what to measure")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    lines = read_lines(args.folder or real_data() / "stream")
    print("| input | all of `label_block` | floor: decode only | decompress only |")
    print("|---|---|---|---|")
    with ProcessPoolExecutor(args.processes) as pool:
        for kind in args.kinds.split(","):
            share = 1.0 if kind == "none" else args.share
            with tempfile.TemporaryDirectory(prefix="ingest-") as folder:
                size = int(args.gigabytes * share * 1e9)
                n_bytes, n_lines = _build(lines, Path(folder), kind, size)
                blocks = plan_blocks([folder], _CONFIG)
                row = _measure(pool, blocks, args.rounds)
            cells = [_show(seconds, n_bytes, n_lines) for seconds in row]
            print(f"| {kind} | {' | '.join(cells)} |", flush=True)
    print(
        f"\nMedians of {args.rounds} runs in turn, {args.processes} processes; plain "
        f"input is {args.gigabytes:g} GB, compressed input "
        f"{args.gigabytes * args.share:g} GB before compression, in files of "
        f"{_PART >> 20} MiB.\n\n{machine()}"
    )


def _build(lines: list[bytes], folder: Path, kind: str, size: int) -> tuple[int, int]:
    """Write one plain file, or compressed ones; return bytes and lines in them."""
    n_bytes = n_lines = 0
    for number, part in enumerate(_parts(make_distinct(lines), size)):
        data = b"\n".join(part) + b"\n"
        name = f"{number if kind != 'none' else 0:04}{_SUFFIXES[kind]}"
        with open(folder / name, "ab") as file:
            file.write(data if kind == "none" else _COMPRESS[kind](data))
        n_bytes, n_lines = n_bytes + len(data), n_lines + len(part)
    return n_bytes, n_lines


def _parts(lines: Iterator[bytes], size: int) -> Iterator[list[bytes]]:
    while size > 0:
        part: list[bytes] = []
        n_bytes = 0
        while n_bytes < min(_PART, size):
            part.append(next(lines))
            n_bytes += len(part[-1]) + 1
        yield part
        size -= n_bytes


def _measure(
    pool: ProcessPoolExecutor, blocks: list[Block], rounds: int
) -> list[tuple[float, float]]:
    """Return medians of wall and CPU seconds for each task; the first run warms up."""
    found: list[list[tuple[float, float]]] = [[] for _ in _TASKS]
    for _ in range(rounds + 1):
        for task, times in zip(_TASKS, found, strict=True):
            start = time.perf_counter()
            cpu = sum(pool.map(task, blocks))
            times.append((time.perf_counter() - start, cpu))
    medians = [map(statistics.median, zip(*times[1:], strict=True)) for times in found]
    return [(wall, cpu) for wall, cpu in medians]


def _show(seconds: tuple[float, float], n_bytes: int, n_lines: int) -> str:
    wall, cpu = seconds
    return (
        f"{wall:.2f} s ({cpu:.2f} s CPU), {n_bytes / wall / 1e9:.2f} GB/s, "
        f"{n_lines / wall:,.0f} lines/s"
    )


def label(block: Block) -> float:
    """Do all that a task of the run does with a block; return CPU seconds."""
    start = time.process_time()
    label_block(block, _CONFIG, load_lexicon(_CONFIG.lexicon), make_rule(_CONFIG))
    return time.process_time() - start


def decode(block: Block) -> float:
    """Decode each line, and nothing else."""
    start = time.process_time()
    for chunk in _read(block):
        for line in BytesIO(chunk):  # faster than to split: a line stays in the cache
            _DECODER.decode(line)
    return time.process_time() - start


def decompress(block: Block) -> float:
    """Read the whole lines of a block, and nothing else."""
    start = time.process_time()
    for _ in _read(block):
        pass
    return time.process_time() - start


def _read(block: Block) -> Iterator[bytes]:
    """Yield the bytes of a block, whole lines at a time."""
    for piece in block.pieces:
        for run in open_runs(piece):
            for found in join_lines(run):
                assert not isinstance(found, Flaw)
                yield found[1]


_TASKS = (label, decode, decompress)

if __name__ == "__main__":
    main()
