"""The one place that decides how kernels are compiled."""

from functools import partial
from typing import Any

import numba

# nogil:  Dask runs kernels from several threads of one worker.
# no fastmath: the same bytes on every CPU.  LLVM contracts a * b + c into one
#   rounding only where fastmath allows it, so none is allowed.
# Parallelism belongs to Dask, so no kernel sets parallel=True.
njit: Any = partial(numba.njit, nogil=True, error_model="numpy")
