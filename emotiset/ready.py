"""Importing this, the last that a local worker loads, ends its start.

The first kernel that a process calls has numba load the larger half of itself, a third
of a second; so one is called here, while all workers start side by side, and not in
the first task.  All that was loaded stays to the end, so the garbage collector need not
look at it again: neither in each of its rounds nor when the process ends, which takes
an eighth of a second less.

Only the processes of local workers and what they are forked from import this: what a
user's own process loads and collects is no affair of ours.
"""

import gc

import pyarrow as pa

from emotiset.kernels._cache import find_folder
from emotiset.keys import make_keys
from emotiset.lean import pass_by


def end_start() -> None:
    """Call a first kernel, and keep what is there from being looked at again."""
    if find_folder("label") is not None:  # else it would be compiled here
        with pass_by("scipy.linalg"):
            make_keys(pa.array(["a first text"]), 0)
    gc.freeze()


end_start()
