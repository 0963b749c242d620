"""Reading and labeling against the floor: decoding every line of JSON, and no more.

``python benchmarks/ingest.py FOLDER --gigabytes 2`` builds an input of that size from
the tweets under FOLDER, each copy made distinct, and prints a Markdown table: GB/s and
tweets/s of two processes that do all of `label_block` (read, scan, decode, label,
language, key), of two that only decode each line with the typed decoder, and of two
that only decompress.  Starting the processes and compiling is not counted; the numbers
of one row come from runs that take turns, and the median of them is shown.
"""

import argparse
import bz2
import gzip
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import msgspec
import zstandard

from emotiset.config import TrainConfig
from emotiset.lexicon import load_lexicon
from emotiset.partition import label_block
from emotiset.sampling import make_rule
from emotiset.sources import Block, Piece, plan_blocks
from emotiset.sources.decoding import Tweet
from emotiset.sources.opening import read_bytes

_BLOCK = 32 << 20  # bytes of a plain block, and of a compressed file before compression
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
    parser.add_argument("folder", type=Path, help="tweets as JSON lines")
    parser.add_argument("--gigabytes", type=float, default=2.0, help="of plain input")
    parser.add_argument(
        "--share", type=float, default=0.1, help="of it for each compressed input"
    )
    parser.add_argument("--kinds", default=",".join(_SUFFIXES), help="what to measure")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    lines = _read_lines(args.folder)
    print("| input | all of `label_block` | floor: decode only | decompress only |")
    print("|---|---|---|---|")
    with ProcessPoolExecutor(args.processes) as pool:
        for kind in args.kinds.split(","):
            share = 1.0 if kind == "none" else args.share
            with tempfile.TemporaryDirectory(prefix="ingest-") as folder:
                size = int(args.gigabytes * share * 1e9)
                n_bytes, n_lines = _build(lines, Path(folder), kind, size)
                blocks = plan_blocks([folder], replace(_CONFIG, block_size=_BLOCK))
                row = _measure(pool, blocks, args.rounds)
            print(f"| {kind} | " + " | ".join(_show(row, n_bytes, n_lines)) + " |")


def _read_lines(folder: Path) -> list[bytes]:
    lines: list[bytes] = []
    for path in sorted(folder.rglob("*.json.bz2")):
        lines += bz2.decompress(path.read_bytes()).splitlines()
    return lines


def _build(lines: list[bytes], folder: Path, kind: str, size: int) -> tuple[int, int]:
    """Write files of about *size* bytes in all; return bytes and lines written."""
    n_bytes = n_lines = n_files = 0
    for part in _parts(_distinct(lines), size):
        data = b"\n".join(part) + b"\n"
        written = data if kind == "none" else _COMPRESS[kind](data)
        (folder / f"{n_files:04}{_SUFFIXES[kind]}").write_bytes(written)
        n_bytes, n_lines, n_files = (
            n_bytes + len(data),
            n_lines + len(part),
            n_files + 1,
        )
    return n_bytes, n_lines


def _distinct(lines: list[bytes]) -> Iterator[bytes]:
    """Yield the lines over and over, each copy with another text and id."""
    copy = 0
    while True:
        head = b'"text":"%x ' % copy if copy else b'"text":"'
        number = b'"id_str":"%d' % copy if copy else b'"id_str":"'
        for line in lines:
            yield line.replace(b'"text":"', head).replace(b'"id_str":"', number, 1)
        copy += 1


def _parts(lines: Iterator[bytes], size: int) -> Iterator[list[bytes]]:
    while size > 0:
        part: list[bytes] = []
        n_bytes = 0
        while n_bytes < min(_BLOCK, size):
            part.append(next(lines))
            n_bytes += len(part[-1]) + 1
        yield part
        size -= n_bytes


def _measure(
    pool: ProcessPoolExecutor, blocks: list[Block], rounds: int
) -> list[float]:
    """Return the median of seconds for each task, after a run that warms up."""
    tasks = [label, decode, decompress]
    seconds: list[list[float]] = [[] for _ in tasks]
    for _ in range(rounds + 1):
        for task, found in zip(tasks, seconds, strict=True):
            start = time.perf_counter()
            list(pool.map(task, blocks))
            found.append(time.perf_counter() - start)
    return [statistics.median(found[1:]) for found in seconds]


def _show(seconds: list[float], n_bytes: int, n_lines: int) -> list[str]:
    return [
        f"{each:.2f} s, {n_bytes / each / 1e9:.2f} GB/s, {n_lines / each:,.0f} lines/s"
        for each in seconds
    ]


def label(block: Block) -> int:
    """Do all that a task of the run does with a block."""
    lexicon = load_lexicon(_CONFIG.lexicon)
    return label_block(block, _CONFIG, lexicon, make_rule(_CONFIG)).rows.num_rows


def decode(block: Block) -> int:
    """Decode each line, and nothing else."""
    n_lines = 0
    for piece in block.pieces:
        rest = b""
        for chunk in _read(piece):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                _DECODER.decode(line) if line.strip() else None
            n_lines += len(lines)
    return n_lines


def decompress(block: Block) -> int:
    """Read the bytes of a block, and nothing else."""
    return sum(len(chunk) for piece in block.pieces for chunk in _read(piece))


def _read(piece: Piece) -> Iterator[bytes]:
    """Yield the bytes of a piece; plain ones are whole files here."""
    return read_bytes(piece.path, piece.compression)


if __name__ == "__main__":
    main()
