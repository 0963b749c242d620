"""The one place that decides how kernels are compiled.

A kernel is called from Python, belongs to one family and is kept in its folder, see
`emotiset.kernels._cache`.  What kernels call is compiled into them and kept with them,
so no two families write the same code, whatever they share.
"""

import functools
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba.core.caching import FunctionCache, NullCache
from numba.extending import typeof_impl

from emotiset.kernels._cache import Family, find_folder, is_built, is_compiled

# nogil: Dask runs kernels from several threads of one worker.  No fastmath: the same
# bytes on every CPU; LLVM contracts ``a * b + c`` into one rounding only where fastmath
# allows it.  Parallelism belongs to Dask, so no kernel sets ``parallel``.  Nothing is
# called from C, and each wrapper takes a tenth of the time of compiling.
_OPTIONS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "no_cfunc_wrapper": True,
}


def njit(family: Family) -> Callable[[Callable[..., Any]], Any]:
    """Compile a kernel at its first call, or take it from the folder of its family."""

    def decorate(function: Callable[..., Any]) -> Any:
        if not is_compiled():  # integers wrap around all the same, without a warning
            return np.errstate(over="ignore")(function)
        kernel: Any = numba.njit(**_OPTIONS)(function)
        kernel._cache = _Kept(function, family)
        return kernel

    return decorate


def jitable(function: Callable[..., Any]) -> Any:
    """Let kernels call *function*, which stays plain Python elsewhere."""
    return _Helper(function) if is_compiled() else function


class _Kept(NullCache):
    """Compiled code in the folder of a family, which its builder alone changes.

    The folder is looked for where a kernel has no code for what it is called with, so
    one that came to be after the kernel was imported, or in a fork, counts.
    """

    def __init__(self, function: Callable[..., Any], family: Family) -> None:
        self._function = function
        self._family = family

    @property
    def cache_path(self) -> str | None:
        """Where numba says that the code is."""
        kept = self._open()
        return None if kept is None else kept.cache_path

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the code for some types, if it is kept."""
        kept = self._open()
        return None if kept is None else kept.load_overload(sig, target_context)

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the code for some types."""
        if is_built(self._family):
            self._open().save_overload(sig, data)

    def _open(self) -> Any:
        folder = find_folder(self._family)
        if folder is None:
            return None
        config: Any = numba.config
        before = config.CACHE_DIR
        try:  # numba asks for the folder now; code of others keeps its own
            config.CACHE_DIR = str(folder)
            return FunctionCache(self._function)
        finally:
            config.CACHE_DIR = before


class _Helper:
    """A function that kernels call: without what lets Python call compiled code."""

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        options: dict[str, Any] = {**_OPTIONS, "no_cpython_wrapper": True}
        self.compiled: Any = numba.njit(**options)(function)

    def __call__(self, *arguments: Any) -> Any:
        """Run as Python, with the same result."""
        return self._function(*arguments)


@typeof_impl.register(_Helper)
def _type_of_helper(helper: _Helper, context: Any) -> Any:
    return numba.typeof(helper.compiled)
