"""What a run tells while it works: stages, and how far each one is."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Step:
    """How far a stage is.

    Attributes
    ----------
    stage
        Name of the stage, such as ``read``.
    done, total
        In *unit*; ``done == total`` ends the stage.
    unit
        ``B`` for bytes of input, else the name of what is counted.
    """

    stage: str
    done: int
    total: int
    unit: str


Progress = Callable[[Step], None]


def ignore(step: Step) -> None:
    """Take a step and say nothing."""


@dataclass
class Stopwatch:
    """Seconds of wall time by stage, in the order in which the stages ran."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        """Add the time inside the block to *stage*."""
        start = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - start
            self.seconds[stage] = round(self.seconds.get(stage, 0.0) + spent, 3)
