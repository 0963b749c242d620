"""The one place that decides how kernels are compiled."""

from collections.abc import Callable
from typing import Any

import numba
from numba.extending import register_jitable

from emotiset.kernels._cache import find_folder

_FOLDER = find_folder()


def njit(function: Callable[..., Any]) -> Any:
    """Compile a kernel at its first call, or take it from the folder of kernels.

    nogil: Dask runs kernels from several threads of one worker.  No fastmath: the same
    bytes on every CPU; LLVM contracts ``a * b + c`` into one rounding only where
    fastmath allows it.  Parallelism belongs to Dask, so no kernel sets ``parallel``.
    """
    compiler = numba.njit(nogil=True, error_model="numpy", cache=_FOLDER is not None)
    # numba asks for the folder when it decorates; code of others keeps its own.
    config: Any = numba.config
    before = config.CACHE_DIR
    try:
        if _FOLDER is not None:
            config.CACHE_DIR = str(_FOLDER)
        return compiler(function)
    finally:
        config.CACHE_DIR = before


def jitable(function: Callable[..., Any]) -> Any:
    """Let kernels call *function*, which stays plain Python elsewhere."""
    return register_jitable(error_model="numpy")(function)
