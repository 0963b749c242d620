"""What Dask raises for lost work is told in one line, with what to do."""

import logging
from typing import Any

import pytest
from dask.distributed import Client, LocalCluster
from distributed.client import FutureCancelledError
from distributed.comm import CommClosedError
from distributed.core import Status

from emotiset.errors import ClusterError
from emotiset.progress import ignore
from emotiset.quiet import quiet
from emotiset.waiting import tell_losses, wait_for


@pytest.mark.parametrize(
    ("lost", "told"),
    [
        (MemoryError(), "more memory than a worker has, found it used up at a.json"),
        (ModuleNotFoundError("no", name="emoji"), "emoji is missing at a.json"),
        (CommClosedError("in <TCP>"), "a scheduler that stays alive"),
        (
            FutureCancelledError("key", "scheduler-connection-lost"),
            "a scheduler that stays alive, found it gone at a.json",
        ),
        (FutureCancelledError("key", "lost dependencies"), "what they held is lost"),
    ],
)
def test_tell_losses__one_line(lost: Exception, told: str) -> None:
    with pytest.raises(ClusterError, match=r"stage 'read' needs") as caught:  # noqa: SIM117
        with tell_losses("read", "a.json"):
            raise lost
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_tell_losses__other_errors_pass() -> None:
    with pytest.raises(KeyError, match="x"), tell_losses("read"):
        raise KeyError("x")


def test_wait_for__workers_that_all_pause_are_told_of() -> None:
    with (
        LocalCluster(
            n_workers=2, processes=False, dashboard_address=":0", memory_limit=0
        ) as cluster,
        Client(cluster) as client,
    ):
        client.run(_pause)
        future = client.submit(abs, -1)
        with pytest.raises(ClusterError) as caught:
            wait_for([future], stage="read", progress=ignore, worker_seconds=0.1)
    assert "'read' needs workers with free memory, found all 2 paused" in str(
        caught.value
    )


def _pause(dask_worker: Any) -> None:
    dask_worker.status = Status.paused


def test_quiet__gives_the_level_back() -> None:
    logger = logging.getLogger("emotiset.test_quiet")
    logger.setLevel(logging.INFO)
    with pytest.raises(KeyError), quiet(logger.name):
        assert not logger.isEnabledFor(logging.ERROR)
        raise KeyError
    assert logger.level == logging.INFO
