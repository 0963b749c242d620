"""Where compiled kernels are kept between runs, and when a process may use them.

numba's own cache writes an index as kernels are compiled, and processes that write it
at once have crashed (numba#4807).  Here kernels are in families, by what a run needs
together, see `Family`; one process compiles a family into a folder of its own, which
is then renamed into place and never changed.  A process uses a folder that is there
when it first calls a kernel of it and else compiles for itself, so nobody ever reads
what is half written.

The name of the folder of all families is a digest of what shapes the code, so a change
of a kernel, a version or a CPU never meets old code.
"""

import hashlib
import os
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import llvmlite.binding as llvm

# Set in a process that compiles a family, which is the name of the folder.
BUILD_FOLDER = "EMOTISET_KERNEL_BUILD"

# From texts to labeled keys; the default features, learner and vote; lines, undecoded;
# feature maps; what the paper does: byte 4-grams, other learners, members that vote;
# n-grams with their columns; matrices.
Family = Literal["label", "learn", "scan", "maps", "paper", "inspect", "matrix"]

_PACKAGES = ("llvmlite", "numba", "numpy", "py3langid")

# Beside the kernels themselves: what calls them to be compiled, and what makes the
# arrays that are kept with them.
_OTHER_SOURCES = ("automaton.py", "langid.py", "unpacked.py", "warmup.py")


def find_folder(family: Family) -> Path | None:
    """Return the folder to read a family of kernels from, if it is there."""
    if not is_compiled():
        return None
    if is_built(family):
        return Path(os.environ[BUILD_FOLDER])
    folder = final_folder(family)
    return folder if folder.is_dir() else None


def final_folder(family: Family) -> Path:
    """Return where a family belongs, for these sources, versions and this CPU."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "emotiset" / _digest() / family


def is_built(family: Family) -> bool:
    """Return whether this is the process that compiles a family."""
    return Path(os.environ.get(BUILD_FOLDER, "")).name == family


def is_compiled() -> bool:
    """Return whether kernels are compiled; they can run as Python instead."""
    return os.environ.get("NUMBA_DISABLE_JIT", "0") == "0"


@cache
def _digest() -> str:
    digest = hashlib.sha256()
    folder = Path(__file__).parent
    others = [folder.parent / name for name in _OTHER_SOURCES]
    times = []
    for source in [*sorted(folder.glob("*.py")), *others]:
        digest.update(source.read_bytes())
        times.append(str(source.stat().st_mtime))
    settings = sorted(
        f"{name}={value}"
        for name, value in os.environ.items()
        if name.startswith("NUMBA_") and name != "NUMBA_CACHE_DIR"
    )
    told = [
        str(folder),  # numba keeps code by the path of its source
        *times,  # and takes none that is older or younger than it
        platform.python_version(),
        *(version(name) for name in _PACKAGES),
        llvm.get_host_cpu_name(),
        llvm.get_host_cpu_features().flatten(),
        *settings,
    ]
    digest.update("\n".join(told).encode())
    return digest.hexdigest()[:24]
