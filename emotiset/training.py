"""From labeled tweets to members and metrics, one pool of languages after the other.

The raw input has been read once by then, for all of them; and what a pool needs lies on
the workers only while it is its turn, so memory is that of the largest.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import pyarrow as pa
from dask.distributed import Future

from emotiset.errors import OnePolarityError, TooFewError
from emotiset.member import Member
from emotiset.pools import Pool
from emotiset.progress import Progress, Step
from emotiset.stages import Stages
from emotiset.steps import Drawn, Judgment, Labeled
from emotiset.warm import Pasts

# A member, and the digest of its keys.
Collected = tuple[Member, tuple[int, int]]

NO_PASTS: Final[Mapping[str, Pasts]] = {}

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """What training one pool gave.

    Attributes
    ----------
    pool, drawn, n_reused, judgment
    members
        Each with the digest of its keys.
    parts
        Futures of the examples: those of each member, then the held-out set; empty
        where nobody asked for them.
    texts
        The first rows of the held-out set, where they were asked for.
    folds
        What cross-validation says, where it was asked for.
    """

    pool: Pool
    drawn: Drawn
    n_reused: int
    judgment: Judgment
    members: list[Collected]
    parts: list[Future]
    texts: list[pa.RecordBatch]
    folds: dict[str, Any] | None = None

    @property
    def sizes(self) -> dict[str, int]:
        """Examples trained on, held out and behind the calibration, and members."""
        return {
            "n_train": self.drawn.bins["trained"],
            "n_test": self.drawn.bins["held_out"],
            "members": len(self.members),
            "n_calibration": self.judgment.assessment.calibration.n_examples,
        }


@dataclass(frozen=True)
class Outcomes:
    """What training all pools gave.

    Attributes
    ----------
    outcomes
        In the order of the pools.
    omitted
        Why there is none, by the name of the pool.
    n_omitted
        Labeled tweets of those.
    """

    outcomes: list[Outcome] = field(default_factory=list)
    omitted: dict[str, str] = field(default_factory=dict)
    n_omitted: int = 0

    @property
    def members(self) -> list[Collected]:
        """The members of all pools."""
        return [each for outcome in self.outcomes for each in outcome.members]

    @property
    def bins(self) -> dict[str, int]:
        """Records by the bin that the draws put them into."""
        total = {"surplus": self.n_omitted}
        for outcome in self.outcomes:
            for name, count in outcome.drawn.bins.items():
                total[name] = total.get(name, 0) + count
        return total

    @property
    def n_reused(self) -> int:
        """Members that an earlier run has kept."""
        return sum(outcome.n_reused for outcome in self.outcomes)


def train_pools(
    stages: Stages,
    labeled: Labeled,
    pools: Sequence[Pool],
    *,
    keep_parts: bool,
    keep_texts: int = 0,
    pasts: Mapping[str, Pasts] = NO_PASTS,
) -> Outcomes:
    """Train an ensemble for each pool.

    A pool among several that has too few examples is left out and named, and its tweets
    are surplus: hours of reading for the others should not be lost to the rarest
    language, whose size nobody knows beforehand.  The one pool of a run, or the last
    hope of several, is an error as ever.

    Parameters
    ----------
    stages
        Where and how.
    labeled
        Tweets of all pools.
    pools
        In order.
    keep_parts
        Leave the examples on the workers, to be written.
    keep_texts
        How many of the held-out rows to bring here, of all pools together.
    pasts
        What members have learned before, by pool.

    Raises
    ------
    OnePolarityError, TooFewError
        If no pool has enough examples.
    """
    outcomes: list[Outcome] = []
    omitted: dict[str, str] = {}
    n_omitted = 0
    n_texts = keep_texts // len(pools)
    for number, pool in enumerate(pools):
        mine = labeled if len(pools) == 1 else stages.take_pool(labeled, number)
        ours = stages if len(pools) == 1 else _name_stages(stages, pool)
        if pool.name in pasts:
            ours = _resume_stages(ours, pasts[pool.name])
        try:
            outcomes.append(_train_pool(ours, mine, pool, keep_parts, n_texts))
        except (OnePolarityError, TooFewError) as error:
            if len(pools) == 1:
                raise
            _LOGGER.info("no ensemble for %s: %s", pool.name, error)
            omitted[pool.name] = str(error)
            n_omitted += mine.n_rows
    if not outcomes:
        told = "; ".join(f"{name}: {why}" for name, why in omitted.items())
        raise TooFewError(f"no language has enough examples ({told})")
    return Outcomes(outcomes, omitted, n_omitted)


def _train_pool(
    stages: Stages, labeled: Labeled, pool: Pool, keep_parts: bool, n_texts: int
) -> Outcome:
    drawn = stages.draw(labeled)
    parts = stages.exchange(labeled, drawn.draw)
    trained = stages.train(parts[:-1], drawn.last)
    judgment = stages.judge(parts[-1], trained.members, drawn)
    members = stages.collect(trained.members)
    folds = None
    if stages.config.folds is not None:
        folds = stages.cross_validate(parts[:-1], drawn.last)
    kept = parts if keep_parts else []
    texts = stages.take_texts(parts[-1], n_texts) if n_texts else []
    return Outcome(pool, drawn, trained.n_reused, judgment, members, kept, texts, folds)


def _resume_stages(stages: Stages, past: Pasts) -> Stages:
    """Have as many members go on as there are."""
    config = replace(stages.config, members=len(past.members))
    return replace(stages, config=config, past=past)


def _name_stages(stages: Stages, pool: Pool) -> Stages:
    """Have progress tell which language it is."""
    tell: Progress = stages.progress

    def tell_language(step: Step) -> None:
        tell(replace(step, stage=f"{step.stage} {pool.name}"))

    return replace(stages, progress=tell_language)
