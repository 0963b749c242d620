"""A local cluster of processes, which Ctrl-C finds at any moment and leaves closed."""

import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from copy import deepcopy
from multiprocessing import resource_tracker
from typing import Any, Final

import dask
import distributed.utils
from dask.distributed import LocalCluster

from emotiset.entry import check_guard
from emotiset.memory import ENVIRONMENT
from emotiset.quiet import SILENT

# What tasks are made of: imported while a worker starts, not by its first task.
_PRELOADED: Final = ("emotiset.lean", "emotiset.resuming", "emotiset.ready")

# Dask looks a hundred times a second at what each worker's thread does, and fifty times
# at how late its own loop is, for pages that nobody opens while a command runs: a tenth
# of the time of two workers on two cores.
_UNWATCHED: Final = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
}


@contextmanager
def start_local(
    n_workers: int, n_threads: int, memory_limit: str, *, fork: bool = False
) -> Iterator[LocalCluster]:
    """Start worker processes; close them when the block is left.

    With *fork* they are forked from what `emotiset.forking` has started; what Dask
    starts anew is spawned.

    Dask cannot be interrupted while it starts or closes without leaving traces, so
    both are done in a thread that no signal reaches, and Ctrl-C takes effect after.
    The workers inherit that: Ctrl-C, which a terminal sends to all, is our affair.

    Raises
    ------
    ConfigError
        If the running script would start itself again in each worker.
    """
    check_guard()
    with ThreadPoolExecutor(1, initializer=_hold_interrupts) as helper:
        starting = helper.submit(_start, n_workers, n_threads, memory_limit, fork)
        try:
            yield starting.result()
        finally:
            with _deaf():
                helper.submit(starting.result().close).result()


def _start(
    n_workers: int, n_threads: int, memory_limit: str, fork: bool
) -> LocalCluster:
    where = "distributed.nanny.pre-spawn-environ"
    settings: dict[str, Any] = {f"{where}.{k}": v for k, v in ENVIRONMENT.items()}
    settings |= _UNWATCHED
    if fork:
        settings["distributed.worker.multiprocessing-method"] = "forkserver"
        # Else Dask would import all that it could use, pandas too, into this process,
        # to name it to a server that runs already.
        vars(distributed.utils)["_forkserver_preload_set"] = True
    with dask.config.set(settings):
        return LocalCluster(
            n_workers=n_workers,
            threads_per_worker=n_threads,
            memory_limit=memory_limit,
            processes=True,
            dashboard_address=":0",  # any free port: several runs may share a machine
            preload=[*_find_preloads(), *_PRELOADED],
            # A copy, for workers that are started anew: Dask gives them what its
            # settings are by then.
            config=deepcopy({"distributed": dask.config.get("distributed")}),
            silence_logs=SILENT,  # a task's own error reaches the client
        )


def _find_preloads() -> list[str]:
    """Return what Dask is configured to load in workers, which ours joins."""
    configured = dask.config.get("distributed.worker.preload", None) or []
    return [configured] if isinstance(configured, str) else list(configured)


def _hold_interrupts() -> None:
    """Let no thread and no process that this thread starts be interrupted."""
    resource_tracker.ensure_running()  # its start would undo what follows
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


@contextmanager
def _deaf() -> Iterator[None]:
    """Pass over Ctrl-C for the moment that closing takes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
