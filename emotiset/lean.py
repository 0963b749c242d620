"""Importing this keeps Arrow from importing pandas, of which nothing here has use.

Arrow looks for pandas when it makes its first array: 38 MB and 0.2 s in each process.
Only local workers and the command import this; what a user's own process does with
pandas is no affair of ours.
"""

import sys
from collections.abc import Sequence
from types import ModuleType

import pyarrow as pa


class _NoPandas:
    """An entry of `sys.meta_path` that finds everything but pandas as before."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> None:
        """Raise for pandas; leave all else to those behind."""
        if name == "pandas":
            raise ModuleNotFoundError("passed by, see emotiset.lean", name=name)


def pass_pandas_by() -> None:
    """Let Arrow look for pandas once, and find none; unless it is there already."""
    finder = _NoPandas()
    sys.meta_path.insert(0, finder)
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(finder)


pass_pandas_by()
