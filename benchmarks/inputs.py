"""What `compare.py` runs on: raw tweets of any size, each copy made distinct."""

import bz2
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from tables import real_data

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


@dataclass(frozen=True)
class Plan:
    """What to run.

    Attributes
    ----------
    scratch
        Folder for inputs, which are made once and stay, and for models.
    gigabytes
        Sizes of the input.
    rounds
        Times that each program runs on each size.
    once_above
        A program that took longer, in seconds, does not run again on that size.
    apart
        Folder of packages that only peers shall see; None: there are none.
    """

    scratch: Path
    gigabytes: tuple[float, ...]
    rounds: int
    once_above: float
    apart: Path | None = None

    @property
    def environment(self) -> dict[str, str]:
        """That of peers: they see what is installed apart."""
        known = os.environ.get("PYTHONPATH")
        paths = [str(self.apart)] if self.apart else []
        paths += [known] if known else []
        return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def make_input(scratch: Path, gigabytes: float) -> Path:
    """Return the file of that size, which is made where it is not there yet."""
    path = scratch / f"tweets-{gigabytes:g}.json"
    if not path.exists():
        write_distinct(path, real_data() / "stream", int(gigabytes * 1e9))
    return path
