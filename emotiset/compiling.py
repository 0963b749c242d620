"""Compile kernels once for a machine, before workers start or a command answers.

`emotiset.kernels._cache` tells in which folders they are kept and why that is safe.
What most runs need is in two families of about the same length, which two processes
compile at once; what is special waits until a run asks for it.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from emotiset.kernels._cache import (
    BUILD_FOLDER,
    Family,
    final_folder,
    find_folder,
    is_compiled,
)

COMMON: Final[tuple[Family, ...]] = ("label", "learn")


def compile_kernels(families: Iterable[Family] = COMMON) -> None:
    """Compile families of kernels for this machine, unless they are there.

    To be called before worker processes start, so that none compiles for itself: that
    takes some seconds of each, and is all that happens where no folder can be made.
    """
    missing = [each for each in dict.fromkeys(families) if find_folder(each) is None]
    if not missing or not is_compiled():
        return
    folder = final_folder(missing[0]).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        build = Path(tempfile.mkdtemp(prefix=".build-", dir=folder))
    except OSError:
        return
    builders: dict[Family, subprocess.Popen[bytes]] = {}
    try:
        for family in missing:
            builders[family] = _start_builder(family, build)
        for family, builder in builders.items():
            if builder.wait() == 0:
                with suppress(OSError):  # another process was first
                    (build / family).rename(final_folder(family))
    finally:
        for builder in builders.values():  # still at work where this was interrupted
            builder.kill()
            builder.wait()
        shutil.rmtree(build, ignore_errors=True)


def _start_builder(family: Family, build: Path) -> subprocess.Popen[bytes]:
    folder = build / family
    folder.mkdir()
    return subprocess.Popen(
        [sys.executable, "-m", "emotiset.warmup", family],
        env={**os.environ, BUILD_FOLDER: str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
