"""Read one large .gz and tell how much memory that takes.

    python benchmarks/memory.py --gigabytes 5 FILE.json.bz2 ...

The tweets of the files are repeated up to the size asked for.
One line of 100 MB stands amid them, which has to be a reject.
"""

import argparse
import bz2
import gzip
import resource
import tempfile
import time
from collections import Counter
from pathlib import Path

from emotiset.config import SourceConfig
from emotiset.sources import plan_blocks, read_block


def main() -> None:
    """Write the file, read it, and print the counts and the peak."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--gigabytes", type=float, default=1)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    size = int(options.gigabytes * 1e9)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = Path(folder) / "large.json.gz"
        _write(path, options.files, size)
        before = _peak()
        start = time.perf_counter()
        bins: Counter[str] = Counter()
        config = SourceConfig()
        for block in plan_blocks([str(path)], config):
            for reading in read_block(block, config):
                bins["tweets"] += reading.tweets.num_rows
                bins.update(reading.bins)
        seconds = time.perf_counter() - start
        print(f"| .gz | {path.stat().st_size / 1e9:.2f} GB |\n| --- | --- |")
        print(f"| decompressed | {size / 1e9:.1f} GB |")
        print(f"| bins | {dict(bins)} |\n| seconds | {seconds:.0f} |")
        print(f"| peak before | {before:.0f} MB |\n| peak after | {_peak():.0f} MB |")


def _write(path: Path, files: list[Path], size: int) -> None:
    data = [bz2.decompress(file.read_bytes()) for file in files]
    n = 0
    with gzip.open(path, "wb", compresslevel=1) as file:
        while n < size:
            for each in data:
                file.write(each)
                n += len(each)
            if n > size // 2 and n - sum(map(len, data)) <= size // 2:
                for _ in range(100):
                    file.write(b"x" * 1_000_000)
                file.write(b"\n")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
