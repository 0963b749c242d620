"""Importing this keeps Arrow from importing pandas, of which nothing here has use.

Arrow looks for pandas when it makes its first array: 38 MB and 0.2 s in each process.
numba, when it loads its larger half for a first kernel, looks for SciPy's linear
algebra, which no kernel calls: another 0.2 s.

Only local workers and commands use this; what a user's own process does with
pandas is no affair of ours.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType

import pyarrow as pa


class _Absent:
    """An entry of `sys.meta_path` that finds everything but one module as before."""

    def __init__(self, name: str) -> None:
        self._name = name

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> None:
        """Raise for the one module; leave all else to those behind."""
        if name == self._name:
            raise ModuleNotFoundError("passed by, see emotiset.lean", name=name)


@contextmanager
def pass_by(name: str) -> Iterator[None]:
    """Let nobody find a module meanwhile, unless it is loaded already."""
    finder = _Absent(name)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


def pass_pandas_by() -> None:
    """Let Arrow look for pandas once, and find none; unless it is there already."""
    with pass_by("pandas"):
        pa.array([0])


pass_pandas_by()
