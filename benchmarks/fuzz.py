"""Feed mutated lines to every reader, and count what becomes of them.

    python benchmarks/fuzz.py --lines 1000000 [FILE ...]

Lines of the files, or made-up ones of every format, are cut, spliced and overwritten.
Checked for each file of them: nothing is raised but `EmotisetError`, each line is in
one bin, no tweet appears twice, and blocks cut at another size give the same tweets.
"""

import argparse
import bz2
import json
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from emotiset.config import SourceConfig
from emotiset.errors import EmotisetError
from emotiset.sources import plan_blocks, read_block

_FORMATS = ["tweets", "bluesky", "mastodon", "reddit", "json", "csv", "text", "auto"]
_ODD = [b'"', b"\\", b"{", b"}", b"[", b",", b"\xff", b"\0", b"\\ud83d", b"\r", b"null"]
_LINES = 10_000


def main() -> None:
    """Mutate, read, check and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    seeds = _make_lines() + [line for path in options.files for line in _load(path)]
    counts: Counter[str] = Counter()
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mutated"
        for n in range(0, options.lines, _LINES):
            format = _FORMATS[n // _LINES % len(_FORMATS)]
            n_lines = min(_LINES, options.lines - n)
            counts["lines"] += n_lines
            lines = [_mutate(seeds, rng, n + i) for i in range(n_lines)]
            if format == "csv":
                lines.insert(0, b"id,text")
            path.write_bytes(b"\n".join(lines) + b"\n")
            counts += _check(path, format, int(rng.integers(1024, 1 << 20)))
    print("| what | count |\n| --- | ---: |")
    for name, count in counts.most_common():
        print(f"| {name} | {count:,} |")
    print(f"\n{time.perf_counter() - start:.0f} s, no other exception, no difference")


def _load(path: Path) -> list[bytes]:
    data = path.read_bytes()
    return (bz2.decompress(data) if data[:3] == b"BZh" else data).splitlines()


def _make_lines() -> list[bytes]:
    record = {"text": "so happy 🙂", "langs": ["en"], "createdAt": "2024-01-01"}
    commit = {"operation": "create", "collection": "app.bsky.feed.post"}
    objects = [
        {"text": "what a day :) &lt;3", "id_str": "1", "lang": "en"},
        {"data": [{"text": "a page", "id": "2"}], "meta": {}},
        {"did": "d", "kind": "commit", "commit": {**commit, "record": record}},
        {"id": "3", "content": "<p>so &lt;3<br>happy</p>", "account": {}},
        {"id": "c1", "body": "nice :)", "created_utc": 1199145600},
        {"delete": {"status": {"id": 7}}},
    ]
    tables = [b'4,"a ""quoted"", text"', b"5,plain", b"", b'6,"']
    return [json.dumps(each).encode() for each in objects] + tables


def _mutate(seeds: list[bytes], rng: np.random.Generator, number: int) -> bytes:
    """Return a line with a few changes, and with a text that no other line has."""
    line = seeds[int(rng.integers(len(seeds)))]
    line = line.replace(b'"text": "', b'"text": "%d ' % number, 1)
    line = line.replace(b'"text":"', b'"text":"%d ' % number, 1)
    for _ in range(int(rng.integers(4))):
        at, n = int(rng.integers(len(line) + 1)), int(rng.integers(6))
        kind = int(rng.integers(5))
        if kind == 0:
            line = line[:at]
        elif kind == 1:
            line = line[:at] + rng.bytes(n).replace(b"\n", b"") + line[at + n :]
        elif kind == 2:
            line = line[:at] + _ODD[int(rng.integers(len(_ODD)))] + line[at:]
        elif kind == 3:
            line = line[:at] + line[at + n :]
        else:
            other = seeds[int(rng.integers(len(seeds)))]
            line = line[:at] + other[int(rng.integers(len(other) + 1)) :]
    return line


def _check(path: Path, format: str, block_size: int) -> Counter[str]:
    counts: Counter[str] = Counter()
    whole = _read(path, format, 64 << 20, counts)
    cut = _read(path, format, block_size, Counter())
    assert whole == cut, f"{format}: {block_size} gives other tweets"
    return counts


def _read(
    path: Path, format: str, block_size: int, counts: Counter[str]
) -> list[tuple[str, str]]:
    # Of made-up formats only the text's name has to be told.
    named = "text" if format == "json" else None
    config = SourceConfig(format=format, block_size=block_size, text_column=named)
    rows: list[tuple[str, str]] = []
    n_records = 0
    try:
        for block in plan_blocks([str(path)], config):
            for reading in read_block(block, config):
                n_records += reading.n_records
                counts.update(reading.bins)
                columns = reading.tweets.to_pydict()
                rows += zip(columns["text"], columns["id"], strict=True)
    except EmotisetError as error:
        counts[type(error).__name__] += 1
        return [(str(error), "")]
    counts["tweet"] += len(rows)
    counts["records"] += n_records
    if format in ("bluesky", "mastodon", "reddit", "json", "text"):
        n_lines = path.read_bytes().count(b"\n")
        assert n_records == n_lines, f"{format}: {n_records} of {n_lines} lines"
    return rows


if __name__ == "__main__":
    main()
