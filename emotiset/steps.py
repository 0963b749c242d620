"""What each stage of a run hands to those after it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dask.distributed import Future

from emotiset.assessing import Assessment
from emotiset.exchange import Draw
from emotiset.holdback import Slice
from emotiset.tally import Tally


@dataclass(frozen=True)
class Labeled:
    """The labeled tweets, which lie on the workers, and what became of the others.

    Attributes
    ----------
    runs
        Futures of `Run`, in the order of the inputs.
    tally
        Of all blocks.
    """

    runs: list[Future]
    tally: Tally

    @property
    def n_rows(self) -> int:
        """Labeled rows in all runs."""
        return self.tally.n_read - sum(self.tally.bins.values())


@dataclass(frozen=True)
class Drawn:
    """Which examples are drawn, and the records in the bins that this decides.

    Attributes
    ----------
    draw
    bins
    prior
        Share of positive examples among those to train on.
    last
        What each member learns from last.
    """

    draw: Draw
    bins: Mapping[str, int]
    prior: float
    last: Slice


@dataclass(frozen=True)
class Trained:
    """The members, which lie on the workers, and how many of them were kept."""

    members: list[Future]
    n_reused: int


@dataclass(frozen=True)
class Judgment:
    """What the slices and the held-out set say of the members."""

    assessment: Assessment
    metrics: Mapping[str, Any]
