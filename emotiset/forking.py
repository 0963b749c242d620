"""The process that a command's workers are forked from, so that they import nothing.

A worker that is spawned imports for a second, and loads kernels and tables in its first
task.  This server does both once, while the command itself imports and plans; workers
are forked from it and share its memory.  It has one thread, no client and no open file:
a lock that another thread holds would be held in a fork for ever, and there is none.

Only commands use it, whose process is ours; a script may have such a server of its own,
with other settings.  Linux alone: elsewhere system libraries do not survive a fork.
And not with Python 3.11.0, where any local user could talk to such a server
(CVE-2022-42919).
"""

import atexit
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing import forkserver, resource_tracker
from typing import Any, Final

from emotiset.memory import ENVIRONMENT

CAN_FORK: Final = sys.platform == "linux" and sys.version_info >= (3, 11, 1)
_PRELOAD: Final = [
    *("emotiset.lean", "distributed.nanny", "emotiset.resuming"),
    *("emotiset.ready", "emotiset.rehearsal"),
]
# Threads of libraries would be lost in a fork.  The rest is what Dask sets for workers
# before they start, where it starts them itself: `distributed.nanny.pre-spawn-environ`.
_ENVIRONMENT: Final = {
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONHASHSEED": "6640",
    **ENVIRONMENT,
}

_begun: Final = threading.Event()


def start_early() -> None:
    """Start the server, unless it runs; it gets ready in the background.

    Ctrl-C, which a terminal sends to all, is blocked in it and in what it forks: the
    command alone decides what happens then.  It ends with this process, even before it
    is ready: else it would go on for a second, and hold the pipes of a command that has
    told of a mistake and is gone.  Where the system lets it have no socket, workers are
    spawned, which takes longer and changes nothing else.
    """
    if not CAN_FORK or _begun.is_set():
        return
    context: Any = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOAD)
    atexit.register(_end_server)
    resource_tracker.ensure_running()  # its start would undo the block
    with _environment(_ENVIRONMENT), _blocked_interrupts():
        try:
            forkserver.ensure_running()
        except OSError:  # such as a name of the temporary folder too long for a socket
            return
    _begun.set()


def is_started() -> bool:
    """Return whether this process has such a server."""
    return _begun.is_set()


def _end_server() -> None:
    server: Any = vars(forkserver)["_forkserver"]
    if server._forkserver_pid is not None:
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(server._forkserver_pid, signal.SIGTERM)
            os.waitpid(server._forkserver_pid, 0)  # whoever asks learns what it took


@contextmanager
def _environment(settings: Mapping[str, str]) -> Iterator[None]:
    """Set variables that are not set, for a while."""
    added = settings.keys() - os.environ.keys()
    os.environ.update({name: settings[name] for name in added})
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


@contextmanager
def _blocked_interrupts() -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
