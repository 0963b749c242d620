"""Loaded by Dask workers: writes down each kernel that they compile.

``COMPILED`` in the environment names the file; without it nothing is written.
"""

import os
from pathlib import Path
from typing import Any

from numba.core import event


class Compiled(event.Listener):
    """Notes what is compiled, in a file that processes share."""

    def on_start(self, event: Any) -> None:
        """Write a line; numba calls this where no folder has the code."""
        name = event.data["dispatcher"].py_func.__qualname__
        if "COMPILED" in os.environ:
            with Path(os.environ["COMPILED"]).open("a") as file:
                file.write(f"{name}\n")

    def on_end(self, event: Any) -> None:
        """Do nothing."""


event.register("numba:compile", Compiled())
