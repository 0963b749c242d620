"""The scan for symbols in undecoded lines, beside the engines for regular expressions.

``python benchmarks/scanning.py FOLDER`` scans the tweets under FOLDER, day by day, and
prints a Markdown table: GB/s on one core and the share of lines to decode.  Hyperscan
(extra ``bench``) and RE2 by way of Arrow are given one expression for each symbol, with
the same ways to write a character; they do not know in which field of the JSON a match
lies, nor that a colon behind a key is none, so symbols that begin with ``:[`` are left
out for them.
"""

import argparse
import bz2
import re
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import hyperscan
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from emotiset.automaton import write_forms
from emotiset.kernels.scanning import KEPT
from emotiset.lexicon import is_repeatable, load_lexicon
from emotiset.scan import build_scan, find_kinds, write_ways
from emotiset.sources.opening import CHUNK

_ROUNDS = 5


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="of folders of *.json.bz2")
    args = parser.parse_args()
    engines = {"the scan": _our_scan(), "Hyperscan": _hyperscan(), "RE2": _re2()}
    titles = [f"{name}: {what}" for name in engines for what in ("GB/s", "lines")]
    print(f"| day | {' | '.join(titles)} |\n|---|{'---:|' * len(titles)}")
    for day in sorted(args.folder.iterdir()):
        data = b"".join(
            bz2.decompress(path.read_bytes()) for path in sorted(day.glob("*.bz2"))
        )
        portions = _cut(data)
        seconds: dict[str, list[float]] = {name: [] for name in engines}
        shares = {}
        for _ in range(_ROUNDS):
            for name, count_lines in engines.items():
                start = time.thread_time()
                n_kept = sum(map(count_lines, portions))
                seconds[name].append(time.thread_time() - start)
                shares[name] = n_kept / data.count(b"\n")
        cells = []
        for name, found in seconds.items():
            speed = len(data) / statistics.median(found) / 1e9
            cells += [f"{speed:.2f}", f"{shares[name]:.1%}"]
        print(f"| {day.name} | {' | '.join(cells)} |")


def _cut(data: bytes) -> list[bytes]:
    """Cut into portions of whole lines, as the reader does."""
    portions = []
    start = 0
    while start < len(data):
        stop = data.rfind(b"\n", start, start + CHUNK) + 1 or len(data)
        portions.append(data[start:stop])
        start = stop
    return portions


def _our_scan() -> Callable[[bytes], int]:
    scan = build_scan(load_lexicon())
    assert scan is not None
    return lambda data: int((find_kinds(data, scan, is_json=True).kinds == KEPT).sum())


def _expressions() -> list[str]:
    found = []
    for symbol in load_lexicon().symbols:
        text, parts = symbol.text, []
        for i, char in enumerate(text):
            ways = [way for form in write_forms(char) for way in write_ways(form)]
            either = "|".join("".join(map(_class, way)) for way in ways)
            inside = 0 < i < len(text) - 1 and is_repeatable(text, i)
            parts.append(f"(?:{either}){'+' if inside else ''}")
        left = "[^0-9A-Za-z]" if _is_word(text[0]) else ""
        right = "[^0-9A-Za-z]" if _is_word(text[-1]) else ""
        if text != ":[":
            found.append(left + "".join(parts) + right)
    return [*found, r"(?:&|\\u0026)#"]


def _class(choice: bytes) -> str:
    escaped = "".join(f"\\x{byte:02x}" for byte in choice)
    return escaped if len(choice) == 1 else f"[{escaped}]"


def _is_word(char: str) -> bool:
    return re.fullmatch("[0-9A-Za-z]", char) is not None


def _hyperscan() -> Callable[[bytes], int]:
    expressions = [each.encode() for each in _expressions()]
    database = hyperscan.Database()
    flags = [hyperscan.HS_FLAG_DOTALL] * len(expressions)
    database.compile(
        expressions=expressions, ids=[0] * len(flags), flags=flags, elements=len(flags)
    )

    def count_lines(data: bytes) -> int:
        ends: list[int] = []

        def note(
            _id: int, _start: int, end: int, _flags: int, _context: object
        ) -> None:
            ends.append(end)

        database.scan(data, match_event_handler=note)
        line_ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n"))
        return len(np.unique(np.searchsorted(line_ends, np.array(ends) - 1)))

    return count_lines


def _re2() -> Callable[[bytes], int]:
    pattern = "|".join(_expressions())

    def count_lines(data: bytes) -> int:
        lines = pa.array(data.split(b"\n")[:-1], pa.binary())
        return int(pc.sum(pc.match_substring_regex(lines, pattern)).as_py() or 0)

    return count_lines


if __name__ == "__main__":
    main()
