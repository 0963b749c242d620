"""Wait for the tasks of a stage, and say in one line what the cluster could not do."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Any, Final

from dask.distributed import Client, Future
from distributed import KilledWorker
from distributed.client import FutureCancelledError
from distributed.comm import CommClosedError

from emotiset.errors import ClusterError
from emotiset.memory import LEAST
from emotiset.progress import Progress, Step

WORKER_SECONDS: Final = 60.0  # to wait for a worker where there is none
_LOOK_SECONDS = 5.0

_LOGGER = logging.getLogger(__name__)


def wait_for(
    futures: Sequence[Future],
    *,
    stage: str,
    progress: Progress,
    sizes: Sequence[int] | None = None,
    unit: str = "tasks",
    name_of: Callable[[int], str] | None = None,
    worker_seconds: float = WORKER_SECONDS,
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
    name_of
        What to call the work of the task at an index, such as a block of input; it
        is named where its workers die.
    worker_seconds
        How long the cluster may be without a worker.

    Raises
    ------
    ClusterError
        If the cluster loses the work: the scheduler or too many workers died.
    Exception
        What a task raised; the other tasks are then cancelled.
    """
    index_of = {future.key: index for index, future in enumerate(futures)}
    weights = sizes or [1] * len(futures)
    done, total = 0, sum(weights)
    progress(Step(stage, 0, total, unit))
    with cancel_on_failure(futures):
        for future in _as_finished(futures, stage, worker_seconds):
            index = index_of[future.key]
            if future.status != "finished":
                with tell_losses(stage, name_of and name_of(index)):
                    future.result()  # raises what the task raised
            done += weights[index]
            progress(Step(stage, done, total, unit))


def wait_for_end(
    future: Future, stage: str, worker_seconds: float = WORKER_SECONDS
) -> None:
    """Wait until a task is done, however it ends.

    Raises
    ------
    ClusterError
        If the cluster has been without a worker for too long.
    """
    for _ in _as_finished([future], stage, worker_seconds):
        pass


@contextmanager
def cancel_on_failure(futures: Sequence[Future]) -> Iterator[None]:
    """Cancel what is not done where the block fails, so that no work goes on.

    Not where it succeeds: what was done then, and lost since with a worker, is being
    computed again for those that wait for it.
    """
    try:
        yield
    except BaseException:
        unfinished = [future for future in futures if not future.done()]
        if unfinished and unfinished[0].client.status == "running":
            unfinished[0].client.cancel(unfinished)
        raise


@contextmanager
def tell_losses(stage: str, name: str | None = None) -> Iterator[None]:
    """Turn what Dask raises for lost work into a `ClusterError` of one line.

    Parameters
    ----------
    stage
        What was going on.
    name
        What the task was at work on.
    """
    of = f" at {name}" if name else ""
    try:
        yield
    except KilledWorker as lost:
        raise ClusterError(
            f"stage {stage!r} needs workers that stay alive, found that "
            f"{lost.allowed_failures + 1} died at {name or lost.task}, the last at "
            f"{lost.last_worker.address}: look at its log, give workers more memory or "
            "take a smaller --block-size; where workers are often taken away, raise "
            "the scheduler's distributed.scheduler.allowed-failures"
        ) from lost
    except ImportError as lost:
        raise ClusterError(
            f"stage {stage!r} needs the same packages on every worker, found one where "
            f"{lost.name or 'a module'} is missing{of}: emotiset doctor tells which"
        ) from lost
    except MemoryError as lost:
        raise ClusterError(
            f"stage {stage!r} needs more memory than a worker has, found it used up"
            f"{of}: give workers more or take a smaller --block-size"
        ) from lost
    except (CancelledError, CommClosedError) as lost:
        if isinstance(lost, FutureCancelledError) and "connection" not in lost.reason:
            raise ClusterError(
                f"stage {stage!r} needs workers that stay alive, found that what they "
                f"held is lost{of} ({lost.reason}): look at their logs and run it again"
            ) from lost
        raise ClusterError(
            f"stage {stage!r} needs a scheduler that stays alive, found it gone{of} "
            f"({type(lost).__name__}): look at its log and run it again"
        ) from lost


def _as_finished(
    futures: Sequence[Future], stage: str, worker_seconds: float
) -> Iterator[Future]:
    """Yield futures as they finish; give up where the cluster has lost all workers."""
    if not futures:
        return
    finished: SimpleQueue[Future] = SimpleQueue()
    for future in futures:
        future.add_done_callback(finished.put)
    patience = _Patience(futures[0].client, stage, worker_seconds)
    pause = min(_LOOK_SECONDS, worker_seconds)
    next_look = time.monotonic() + pause
    for _ in futures:
        while (done := _take(finished, next_look)) is None:
            patience.look()
            next_look = time.monotonic() + pause
        yield done


def _take(finished: SimpleQueue[Future], until: float) -> Future | None:
    """Take the next future, asleep while there is none; None where time is up."""
    try:
        return finished.get(timeout=max(until - time.monotonic(), 0))
    except Empty:
        return None


class _Patience:
    """Looks at a cluster now and then, and gives up where no worker can work."""

    def __init__(self, client: Client, stage: str, seconds: float) -> None:
        self._client = client
        self._stage = stage
        self._seconds = seconds
        self._idle_since: float | None = None

    def look(self) -> None:
        """Raise `ClusterError` where no worker has been at work for too long.

        That is where there is none, or where all pause: a worker does while it has more
        than 80% of its memory, for ever if compiled code and libraries take that much.
        """
        now = time.monotonic()
        with tell_losses(self._stage):
            # Not `Client.scheduler_info`: what it keeps is emptied every two seconds.
            known = self._client.sync(self._client.scheduler.identity, n_workers=-1)
            workers = list(known["workers"].values())
        if any(map(_may_work, workers)):
            self._idle_since = None
        elif self._idle_since is None:
            self._idle_since = now
            what = "all pause" if workers else "the cluster has none"
            _LOGGER.warning("stage %r waits for a worker: %s", self._stage, what)
        elif now - self._idle_since > self._seconds:
            raise ClusterError(
                _tell_pause(self._stage, workers)
                if workers
                else f"stage {self._stage!r} needs a worker, found none for "
                f"{self._seconds:.0f} s: start one with 'dask worker', run it again; "
                "where workers take longer to come, raise --worker-timeout"
            )


def _may_work(worker: Mapping[str, Any]) -> bool:
    counts = worker["metrics"].get("task_counts", {})
    return worker["status"] != "paused" or bool(counts.get("executing"))


def _tell_pause(stage: str, workers: Sequence[Mapping[str, Any]]) -> str:
    fullest = max(workers, key=lambda worker: worker["metrics"]["memory"])
    used, limit = fullest["metrics"]["memory"] >> 20, fullest["memory_limit"] >> 20
    return (
        f"stage {stage!r} needs workers with free memory, found all {len(workers)} "
        f"paused, one at {used} of {limit} MiB: give each at least {LEAST >> 20} MiB "
        "and what other programs' libraries take there, or take fewer members or "
        "columns"
    )
