"""A slice of each member's examples is learned from last, after it has been scored.

Probabilities have to be fitted on examples that no member has learned from, yet an
example set aside for that is one less to learn from.  So each member is kept twice: as
it was before its slice, to score the slices of all, and as it is after it.

Which examples are the slice is drawn by a mix of their keys of its own, so it depends
neither on the members nor on the cut of the input, and near-copies are in it together.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pyarrow as pa

from emotiset.config import FeatureConfig, LearnerConfig, TrainConfig
from emotiset.kernels.hashing import mix64
from emotiset.kernels.sgd import Progress
from emotiset.keys import near_group, stream
from emotiset.learner import (
    LearnerState,
    Member,
    finish_member,
    fit_batch,
    fit_epochs,
    start_learner,
)
from emotiset.map_scaling import MapScale
from emotiset.own import fit_own
from emotiset.own_class import is_own
from emotiset.scaling import Gains, prepare
from emotiset.warm import Past, resume_learner

_STREAM: Final = 3  # beside those of `emotiset.keys`
_LARGEST_SHARE: Final = 1 / 10
_LEAST_EXAMPLES: Final = 100
_LEAST_PER_MEMBER: Final = 200
_COUNTED: Final = ("step", "n_correct", "total_loss")


@dataclass(frozen=True)
class Slice:
    """Which examples are learned from last.

    Attributes
    ----------
    bound
        Those whose mixed key is below it; 0: none.
    seed
        Of the mix.
    """

    bound: int
    seed: int

    def split(
        self, batches: Sequence[pa.RecordBatch]
    ) -> tuple[list[pa.RecordBatch], list[pa.RecordBatch]]:
        """Return the rows of `KEYED` batches outside the slice, and those inside."""
        outside, inside = [], []
        for batch in batches:
            group = near_group(batch["key"].to_numpy())
            is_inside = mix64(group ^ stream(self.seed, _STREAM)) < np.uint64(
                self.bound
            )
            outside.append(batch.filter(pa.array(~is_inside)))
            inside.append(batch.filter(pa.array(is_inside)))
        return outside, inside


def choose_slice(n_train: int, n_members: int, config: TrainConfig) -> Slice:
    """Return the slice for a sample of *n_train* examples.

    About as many as asked for, at most a tenth of the sample; none where that is
    fewer than 100, or where a member has fewer than 200 examples.

    Examples
    --------
    >>> config = TrainConfig()
    >>> choose_slice(999, 1, config).bound, choose_slice(1000, 1, config).bound >> 48
    (0, 6553)
    >>> choose_slice(4_000_000, 1, config).bound >> 48  # 20,000 of them
    327
    """
    n_slice = min(config.calibration, int(n_train * _LARGEST_SHARE))
    if n_slice < _LEAST_EXAMPLES or n_train < _LEAST_PER_MEMBER * n_members:
        return Slice(0, config.seed)
    return Slice((n_slice << 64) // n_train, config.seed)


def keep_firsts(batches: Sequence[pa.RecordBatch]) -> list[pa.RecordBatch]:
    """Keep the first of the near-copies in `KEYED` batches.

    All near-copies of a text are in the slice together, and none where a member could
    learn of them.  Counted one by one, a text that is posted hundreds of times would
    say more of the probabilities of other texts than all of them.
    """
    groups = [near_group(batch["key"].to_numpy()) for batch in batches]
    everything = np.concatenate([np.empty(0, np.uint64), *groups])
    _, first = np.unique(everything, return_index=True)
    is_first = np.zeros(len(everything), np.bool_)
    is_first[first] = True
    kept, start = [], 0
    for batch in batches:
        mask = is_first[start : start + batch.num_rows]
        kept.append(batch.filter(pa.array(mask)))
        start += batch.num_rows
    return kept


def fit_around(
    outside: Sequence[pa.RecordBatch],
    inside: Sequence[pa.RecordBatch],
    features: FeatureConfig,
    learner: LearnerConfig,
    gains: Gains | MapScale | None = None,
    past: Past | None = None,
) -> tuple[Member, Member]:
    """Train one member; return it before and after its slice.

    Parameters
    ----------
    outside, inside
        Columns of `emotiset.learner.EXAMPLES`, in visiting order.  Those outside the
        slice are iterated once an epoch, then those inside once: visited as often at
        the end they would weigh too much (0.004 of accuracy at 64,000 examples under
        plain SGD).
    features, learner, gains
        As for `emotiset.learner.fit_member`; *gains* are of examples outside slices,
        so that a score of one inside owes nothing to it.
    past
        What it has learned before; None: nothing.

    Returns
    -------
    before, after : Member
        The same one where the slice is empty.
    """
    learner = learner.resolve(features.features)
    if learner.learner is not None and is_own(learner.learner):
        return fit_own(outside, inside, features, learner.learner)
    gains, hashed = prepare(outside, features, learner, gains)
    if past is None:
        start = start_learner(features, learner, gains)
    else:
        start = resume_learner(past, features, learner, gains)
    begun = start.progress
    state, first = fit_epochs(start, hashed, features, learner)
    fresh = _count_since(begun, first.progress)
    before = _finish(state, fresh, past)
    if not any(batch.num_rows for batch in inside):
        return before, before
    n_before = state.progress
    for batch in inside:
        state = fit_batch(state, batch, features, learner)
    late = _count_since(n_before, state.progress)
    both = {name: getattr(fresh, name) + getattr(late, name) for name in _COUNTED}
    return before, _finish(state, fresh._replace(**both), past)


def _count_since(earlier: Progress, later: Progress) -> Progress:
    """Return what was counted of the examples between two moments."""
    counts = {name: getattr(later, name) - getattr(earlier, name) for name in _COUNTED}
    return later._replace(**counts)


def _finish(state: LearnerState, fresh: Progress, past: Past | None) -> Member:
    """Make the member; what is counted of it are *fresh* examples."""
    member = finish_member(state, LearnerState(state.weights, fresh, 1, 1))
    if past is None:
        return member
    n_examples = member.n_examples + past.n_examples
    return replace(member, n_examples=n_examples, vote_weight=past.vote_weight)
