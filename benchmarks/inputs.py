"""Raw tweets of any size: those of a folder over and over, each copy made distinct."""

import bz2
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

_STRETCH = 16 << 20


def read_lines(folder: Path) -> list[bytes]:
    """Read the lines of all .json.bz2 files under a folder."""
    lines: list[bytes] = []
    for path in sorted(folder.rglob("*.json.bz2")):
        lines += bz2.decompress(path.read_bytes()).splitlines()
    return lines


def make_distinct(lines: list[bytes]) -> Iterator[bytes]:
    """Yield the lines over and over, each copy with another text and id.

    >>> lines = make_distinct([b'{"text":"hi"}'])
    >>> next(lines), next(lines)
    (b'{"text":"hi"}', b'{"text":"1 hi"}')
    """
    copy = 0
    while True:
        head = b'"text":"%x ' % copy if copy else b'"text":"'
        number = b'"id_str":"%d' % copy if copy else b'"id_str":"'
        for line in lines:
            yield line.replace(b'"text":"', head).replace(b'"id_str":"', number, 1)
        copy += 1


def write_distinct(path: Path, folder: Path, size: int) -> None:
    """Write a file of about *size* bytes of the tweets under a folder."""
    part = path.with_suffix(".part")
    n_bytes = 0
    lines = make_distinct(read_lines(folder))
    with part.open("wb") as file:
        while n_bytes < size:
            n_bytes += file.write(b"\n".join(islice(lines, 1000)) + b"\n")
    part.rename(path)


def warm(path: Path) -> None:
    """Read a file, so that all who come after find it in memory."""
    with path.open("rb") as file:
        while file.read(_STRETCH):
            pass
