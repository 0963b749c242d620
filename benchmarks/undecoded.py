"""What the scan saves, with lexicons that keep few lines and most: CPU seconds.

``python benchmarks/undecoded.py FOLDER`` labels tweets under FOLDER, each copy made
distinct, with the scan, without it, and as ``--rejects`` does, which decodes each line
and keeps what cannot be read; and prints a Markdown table.
"""

import argparse
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

from ingest import _build
from inputs import read_lines

from emotiset import partition
from emotiset.config import TrainConfig
from emotiset.lexicon import Lexicon, load_lexicon
from emotiset.sampling import make_rule
from emotiset.scan import build_scan, find_kinds
from emotiset.sources import Block, plan_blocks

_CONFIG = TrainConfig()
_LEXICONS = {
    "the built-in one": None,
    "`:[` and `:]`": [":[", ":]"],
    "`.` `@` `/` `!`": [".", "@", "/", "!"],
}


def main() -> None:
    """Build the input, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="tweets as JSON lines")
    parser.add_argument("--gigabytes", type=float, default=0.2)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    print("| lexicon | lines kept | with the scan | without | `--rejects` |")
    print("|---|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory(prefix="undecoded-") as folder:
        size = int(args.gigabytes * 1e9)
        _build(read_lines(args.folder), Path(folder), "none", size)
        blocks = plan_blocks([folder], _CONFIG)
        [path] = Path(folder).iterdir()
        data = path.read_bytes()[: 64 << 20]
        for name, symbols in _LEXICONS.items():
            lexicon = _make(symbols)
            scan = build_scan(lexicon)
            assert scan is not None
            kept = float((find_kinds(data, scan, is_json=True).kinds == 1).mean())
            seconds = _measure(blocks, lexicon, args.rounds)
            told = " | ".join(f"{each:.2f} s" for each in seconds)
            print(f"| {name} | {kept:.1%} | {told} |", flush=True)


def _make(symbols: list[str] | None) -> Lexicon:
    if symbols is None:
        return load_lexicon()
    polarities = ("negative", "positive")
    rows = [
        f'{{ text = "{text}", polarity = "{polarities[i % 2]}" }}'
        for i, text in enumerate(symbols)
    ]
    return load_lexicon(f"symbols = [{', '.join(rows)}]")


def _measure(blocks: list[Block], lexicon: Lexicon, rounds: int) -> list[float]:
    """Return the least CPU seconds with the scan, without, and with rejects."""
    best = [float("inf")] * 3
    for _ in range(rounds + 1):
        for way in range(3):
            start = time.process_time()
            with patch.object(
                partition, "build_scan", build_scan if way == 0 else lambda _: None
            ):
                for block in blocks:
                    partition.label_block(
                        block,
                        _CONFIG,
                        lexicon,
                        make_rule(_CONFIG),
                        keep_rejects=way == 2,
                    )
            best[way] = min(best[way], time.process_time() - start)
    return best


if __name__ == "__main__":
    main()
