"""Where compiled kernels are kept between runs, and when a process may use them.

numba's own cache writes an index as kernels are compiled, and processes that write it
at once have crashed (numba#4807).  Here one process compiles all kernels into a folder
of its own, which is then renamed into place.  A process uses a folder that is there
when it starts and else compiles for itself, so nobody ever reads what is half written.
The folder's name is a digest of all that shapes the code, so a change of a kernel, a
version or a CPU never meets old code.
"""

import hashlib
import os
import platform
from importlib.metadata import version
from pathlib import Path

import llvmlite.binding as llvm

BUILD_FOLDER = "EMOTISET_KERNEL_BUILD"  # set in the process that compiles

_PACKAGES = ("llvmlite", "numba", "numpy", "py3langid")

# Beside the kernels themselves: what makes the arrays that are kept with them.
_OTHER_SOURCES = ("automaton.py", "langid.py", "unpacked.py")


def find_folder() -> Path | None:
    """Return the folder to read kernels from or to compile them into, if any."""
    build = os.environ.get(BUILD_FOLDER)
    if build:
        return Path(build)
    if os.environ.get("NUMBA_DISABLE_JIT", "0") != "0":
        return None
    final = final_folder()
    return final if final.is_dir() else None


def final_folder() -> Path:
    """Return where the kernels of these sources, versions and CPU belong."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "emotiset" / _digest()


def _digest() -> str:
    digest = hashlib.sha256()
    folder = Path(__file__).parent
    others = [folder.parent / name for name in _OTHER_SOURCES]
    for source in [*sorted(folder.glob("*.py")), *others]:
        digest.update(source.read_bytes())
    settings = sorted(
        f"{name}={value}"
        for name, value in os.environ.items()
        if name.startswith("NUMBA_") and name != "NUMBA_CACHE_DIR"
    )
    told = [
        str(folder),  # numba keeps code by the path of its source
        platform.python_version(),
        *(version(name) for name in _PACKAGES),
        llvm.get_host_cpu_name(),
        llvm.get_host_cpu_features().flatten(),
        *settings,
    ]
    digest.update("\n".join(told).encode())
    return digest.hexdigest()[:24]
