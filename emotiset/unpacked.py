"""Arrays that take long to make, kept beside the compiled kernels of a machine.

They are written once, by the process that compiles what labels; why a reader never
meets what is half written is told in `emotiset.kernels._cache`.  A file is a NumPy
archive with a checksum for each array; one that is damaged counts as none, and the
arrays are made again.
"""

import hashlib
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emotiset.kernels._cache import BUILD_FOLDER, find_folder


def name_arrays(kind: str, *shaping: str | bytes) -> str:
    """Return the name of a file of arrays, by all that shapes them.

    Examples
    --------
    >>> name_arrays("model", "1.0") == name_arrays("model", "1.1")
    False
    """
    digest = hashlib.sha256()
    for each in shaping:
        digest.update(each.encode() if isinstance(each, str) else each)
        digest.update(b"\0")
    return f"{kind}-{digest.hexdigest()[:24]}.npz"


def read_arrays(name: str) -> dict[str, NDArray[Any]] | None:
    """Return the arrays that are kept under a name, or None if none whole are."""
    build = os.environ.get(BUILD_FOLDER)
    folder = Path(build) if build else find_folder("label")
    if folder is None:
        return None
    try:
        with (folder / name).open("rb") as file, np.load(file) as kept:
            return dict(kept)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return None


def keep_arrays(name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays where they are kept; only in the process that compiles.

    The others leave the folder as it is.
    """
    folder = os.environ.get(BUILD_FOLDER)
    if folder:
        given: dict[str, Any] = dict(arrays)  # NumPy's types know of its options alone
        np.savez(Path(folder) / name, **given)


def make_once(
    kind: str, source: str | Path, make: Callable[[], NDArray[Any]]
) -> NDArray[Any]:
    """Return what *make* makes, or what it has made for this machine.

    Parameters
    ----------
    kind
        Name of what is made.
    source
        Python file that alone, with the version of Python, shapes it; one of those
        that name the folder, in `emotiset.kernels._cache`.
    """
    name = name_arrays(kind, Path(source).read_bytes())
    kept = read_arrays(name)
    if kept is not None:
        return kept["made"]
    made = make()
    keep_arrays(name, {"made": made})
    return made
