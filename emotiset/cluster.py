"""Clients: a local cluster, or one that already runs."""

import json
import logging
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dask
from dask.distributed import Client, Future, LocalCluster, as_completed
from distributed import KilledWorker
from distributed.comm import CommClosedError

from emotiset.errors import ClusterError, ConfigError
from emotiset.progress import Progress, Step
from emotiset.warmup import compile_kernels

_CONNECT_SECONDS = 10
_FIRST_WORKER_SECONDS = 30
_NO_WORKER_SECONDS = 60
_LOOK_SECONDS = 5.0
_POLL_SECONDS = 0.01

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class ClusterConfig:
    """Where the work is done; it never changes a result.

    Attributes
    ----------
    scheduler
        Address of a running scheduler, such as ``tcp://10.0.0.1:8786``.
    scheduler_file
        JSON file that ``dask scheduler --scheduler-file`` wrote.
    workers, threads
        Processes, and threads in each, of a local cluster; None: a process a core,
        of one thread.
    memory_limit
        For each local worker, such as ``2GiB``; None: its share of the machine.
    """

    scheduler: str | None = None
    scheduler_file: str | None = None
    workers: int | None = None
    threads: int | None = None
    memory_limit: str | None = None

    def __post_init__(self) -> None:
        """Check the values."""
        if self.scheduler is not None and self.scheduler_file is not None:
            raise ConfigError(
                "--scheduler and --scheduler-file exclude each other, found both: "
                "keep one"
            )
        if self.is_remote and self.has_local_settings:
            raise ConfigError(
                "--workers, --threads and --memory-limit shape a local cluster, found "
                "one with a scheduler: set them where the workers are started"
            )
        for name, value in (("workers", self.workers), ("threads", self.threads)):
            if value is not None and value < 1:
                raise ConfigError(f"--{name} needs at least 1, found {value}")
        if self.memory_limit is not None:
            _check_memory_limit(self.memory_limit)

    @property
    def is_remote(self) -> bool:
        """Whether a running scheduler is named."""
        return self.scheduler is not None or self.scheduler_file is not None

    @property
    def has_local_settings(self) -> bool:
        """Whether a setting of the local cluster was changed."""
        local = (self.workers, self.threads, self.memory_limit)
        return any(value is not None for value in local)


@contextmanager
def connect(config: ClusterConfig) -> Iterator[Client]:
    """Give a client of the cluster that *config* describes, and close it at the end.

    Raises
    ------
    ClusterError
        If the scheduler cannot be reached or has no worker.
    """
    if config.is_remote:
        with _reach(config) as client:
            yield client
        return
    compile_kernels()
    with _start_local(config) as cluster, Client(cluster) as client:
        yield client


def count_threads(client: Client) -> int:
    """Return the number of tasks that the cluster can run at once, at least 1."""
    n_threads: int = sum(client.nthreads().values())
    return max(n_threads, 1)


def _reach(config: ClusterConfig) -> Client:
    where = config.scheduler or config.scheduler_file
    _check_scheduler_file(config.scheduler_file)
    try:
        with _quiet("distributed.comm", "distributed.client"):
            client = Client(
                config.scheduler,
                scheduler_file=config.scheduler_file,
                timeout=_CONNECT_SECONDS,
            )
    except (OSError, TimeoutError, ValueError) as error:
        raise ClusterError(
            f"a scheduler needs to answer at {where}, found none within "
            f"{_CONNECT_SECONDS} s ({type(error).__name__}): check the address, or "
            "start one with 'dask scheduler'"
        ) from error
    try:
        client.wait_for_workers(1, timeout=_FIRST_WORKER_SECONDS)
    except TimeoutError as error:
        client.close()
        raise ClusterError(
            f"the scheduler at {where} needs a worker, found none within "
            f"{_FIRST_WORKER_SECONDS} s: start one with 'dask worker'"
        ) from error
    return client


def _check_scheduler_file(path: str | None) -> None:
    if path is None:
        return
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
        problem = None if isinstance(found.get("address"), str) else "no address in"
    except OSError:
        problem = "no"
    except (ValueError, AttributeError):
        problem = "something else in"
    if problem is not None:
        raise ClusterError(
            f"--scheduler-file needs a file that the scheduler wrote, found {problem} "
            f"{path}: start 'dask scheduler --scheduler-file' first"
        )


def _start_local(config: ClusterConfig) -> LocalCluster:
    threads = config.threads or 1
    n_workers = config.workers or max(_count_cores() // threads, 1)
    return LocalCluster(
        n_workers=n_workers,
        threads_per_worker=threads,
        memory_limit=config.memory_limit or "auto",
        processes=True,
        dashboard_address=":0",  # any free port: several runs may share a machine
        silence_logs=logging.CRITICAL,  # a task's own error reaches the client
    )


def _count_cores() -> int:
    """Return the cores this process may use, which a container can restrict."""
    return (
        len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else (os.cpu_count() or 1)
    )


def _check_memory_limit(limit: str) -> None:
    try:
        n_bytes = dask.utils.parse_bytes(limit)
    except ValueError:
        n_bytes = 0
    if n_bytes < 1 << 26:
        raise ConfigError(
            f"--memory-limit needs a size of at least 64MiB, found {limit!r}: try 2GiB"
        )


@contextmanager
def _quiet(*names: str) -> Iterator[None]:
    """Keep loggers silent that would print a traceback beside our one line."""
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def wait_for(
    futures: Sequence[Future],
    *,
    stage: str,
    progress: Progress,
    sizes: Sequence[int] | None = None,
    unit: str = "tasks",
) -> None:
    """Wait until all tasks are done, and tell how far they are.

    Parameters
    ----------
    futures
        Tasks under way.
    stage
        Name for the progress.
    progress
        Is told after each task.
    sizes
        What each task counts for, in *unit*; 1 each by default.

    Raises
    ------
    ClusterError
        If the cluster loses the work: the scheduler or too many workers died.
    Exception
        What a task raised; the other tasks are then cancelled.
    """
    size_of = {
        future.key: size
        for future, size in zip(futures, sizes or [1] * len(futures), strict=True)
    }
    done, total = 0, sum(size_of.values())
    progress(Step(stage, 0, total, unit))
    try:
        for future in _as_finished(futures, stage):
            if future.status != "finished":
                future.result()  # raises what the task raised
            done += size_of[future.key]
            progress(Step(stage, done, total, unit))
    except (KilledWorker, CancelledError, CommClosedError) as lost:
        raise ClusterError(
            f"stage {stage!r} needs workers that stay alive, found "
            f"{type(lost).__name__}: {lost}; look at the workers' logs, give them more "
            "memory or take a smaller --block-size"
        ) from lost
    finally:
        unfinished = [future for future in futures if not future.done()]
        if unfinished:
            unfinished[0].client.cancel(unfinished)


def _as_finished(futures: Sequence[Future], stage: str) -> Iterator[Future]:
    """Yield futures as they finish; give up where the cluster has lost all workers."""
    queue = as_completed(futures)
    lonely_since: float | None = None
    next_look = time.monotonic() + _LOOK_SECONDS
    while not queue.is_empty():
        finished = queue.next_batch(block=False)
        yield from finished
        if finished or time.monotonic() < next_look:
            time.sleep(0 if finished else _POLL_SECONDS)
            continue
        next_look = time.monotonic() + _LOOK_SECONDS
        if futures[0].client.nthreads():
            lonely_since = None
        elif lonely_since is None:
            lonely_since = time.monotonic()
            _LOGGER.warning("stage %r waits for a worker: the cluster has none", stage)
        elif time.monotonic() - lonely_since > _NO_WORKER_SECONDS:
            raise ClusterError(
                f"stage {stage!r} needs a worker, found none for "
                f"{_NO_WORKER_SECONDS} s: start one with 'dask worker', train again"
            )
