"""What a run costs, from constants that `scale.py` measures.

Reading costs processor time for each byte, what is drawn for each example, and each
task some time of the scheduler.  Nothing else grows with the input.
"""

import math
from dataclasses import dataclass

from emotiset.config import TrainConfig
from emotiset.drawing import choose_members
from emotiset.shape import count_tasks

_KEY_BYTES = 9


@dataclass(frozen=True)
class Constants:
    """Measured on one machine.

    Attributes
    ----------
    read_seconds
        Of one worker, for each byte of raw input.
    fixed_seconds
        Of a run after the cluster has started, however small it is.
    example_seconds
        Of one worker, for each example drawn: to move, learn and judge it.
    task_seconds
        Of the scheduler, for each task.
    tweet_bytes
        Raw, of a record.
    labeled_share, drawn_share
        Of the records.
    text_bytes
        That a drawn example takes where it lies.
    worker_bytes
        Resident in a worker that reads, whatever the input's size.
    """

    read_seconds: float
    fixed_seconds: float
    example_seconds: float
    task_seconds: float
    tweet_bytes: float
    labeled_share: float
    drawn_share: float
    text_bytes: float
    worker_bytes: float


@dataclass(frozen=True)
class Cost:
    """Of one run; seconds of each stage if nothing else held it up."""

    raw_bytes: float
    moved_bytes: float
    tasks: int
    read_seconds: float
    learn_seconds: float
    scheduler_seconds: float
    worker_bytes: float
    seconds: float

    @property
    def limit(self) -> str:
        """What saturates first."""
        times = {
            "processors that read": self.read_seconds,
            "the members, each on one core": self.learn_seconds,
            "the scheduler": self.scheduler_seconds,
        }
        return max(times, key=times.__getitem__)


def predict_cost(constants: Constants, n_tweets: float, n_workers: int) -> Cost:
    """Return what a run on so many raw tweets costs."""
    raw = n_tweets * constants.tweet_bytes
    labeled = n_tweets * constants.labeled_share
    drawn = n_tweets * constants.drawn_share
    config = TrainConfig()
    members = choose_members(int(drawn), config)
    tasks = count_tasks(math.ceil(raw / config.block_size), int(labeled), members)
    read = raw * constants.read_seconds / n_workers
    learn = drawn * constants.example_seconds / min(members, n_workers)
    scheduling = tasks * constants.task_seconds
    held = labeled * (constants.text_bytes + _KEY_BYTES) / n_workers
    return Cost(
        raw_bytes=raw,
        moved_bytes=labeled * _KEY_BYTES + drawn * constants.text_bytes,
        tasks=tasks,
        read_seconds=read,
        learn_seconds=learn,
        scheduler_seconds=scheduling,
        worker_bytes=constants.worker_bytes + held,
        seconds=constants.fixed_seconds + max(read, scheduling) + learn,
    )
