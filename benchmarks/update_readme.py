"""Run benchmarks and put what they print into the README, between their marks.

python benchmarks/update_readme.py learning language

The README holds ``<!-- benchmark learning -->`` and ``<!-- end -->``; what stands
between them is replaced by what ``benchmarks/learning.py`` prints.  Numbers in the
README are never typed by hand.
"""

import re
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
README = FOLDER.parent / "README.md"


def main(names: list[str]) -> None:
    """Run the benchmarks *names* and rewrite the README."""
    for name in names:
        done = subprocess.run(
            [sys.executable, str(FOLDER / f"{name}.py")],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        text = README.read_text(encoding="utf-8")
        README.write_text(insert(text, name, done.stdout), encoding="utf-8")


def insert(text: str, name: str, printed: str) -> str:
    """Return *text* with *printed* between the marks of benchmark *name*."""
    start = f"<!-- benchmark {name} -->"
    pattern = re.compile(rf"{re.escape(start)}\n.*?<!-- end -->", re.DOTALL)
    if len(pattern.findall(text)) != 1:
        raise SystemExit(f"the README needs the mark {start} once, and <!-- end -->")
    return pattern.sub(lambda _: f"{start}\n{printed.strip()}\n<!-- end -->", text)


if __name__ == "__main__":
    main(sys.argv[1:])
