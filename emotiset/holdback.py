"""A slice of each member's examples is learned from last, after it has been scored.

Probabilities have to be fitted on examples that no member has learned from, yet an
example set aside for that is one less to learn from.  So each member is kept twice: as
it was before its slice, to score the slices of all, and as it is after it.

Which examples are the slice is drawn by a mix of their keys of its own, so it depends
neither on the members nor on the cut of the input, and near-copies are in it together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from emotiset.config import FeatureConfig, LearnerConfig, TrainConfig
from emotiset.kernels.hashing import mix64
from emotiset.keys import near_group, stream
from emotiset.learner import (
    LearnerState,
    Member,
    finish_member,
    fit_batch,
    fit_member,
    start_learner,
)

_STREAM: Final = 3  # beside those of `emotiset.keys`
_LARGEST_SHARE: Final = 1 / 8
_LEAST_EXAMPLES: Final = 100
_LEAST_PER_MEMBER: Final = 200


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

    About as many as asked for, at most an eighth of the sample; none where that is
    fewer than 100, or where a member has fewer than 200 examples.

    Examples
    --------
    >>> config = TrainConfig()
    >>> choose_slice(799, 1, config).bound, choose_slice(800, 1, config).bound >> 48
    (0, 8192)
    >>> choose_slice(4_000_000, 1, config).bound >> 48  # 20,000 of them
    327
    """
    n_slice = min(config.calibration, int(n_train * _LARGEST_SHARE))
    if n_slice < _LEAST_EXAMPLES or n_train < _LEAST_PER_MEMBER * n_members:
        return Slice(0, config.seed)
    return Slice((n_slice << 64) // n_train, config.seed)


def fit_around(
    outside: Sequence[pa.RecordBatch],
    inside: Sequence[pa.RecordBatch],
    features: FeatureConfig,
    learner: LearnerConfig,
) -> tuple[Member, Member]:
    """Train one member; return it before and after its slice.

    Parameters
    ----------
    outside, inside
        Columns of `emotiset.learner.EXAMPLES`, in visiting order.  Each iterated once
        an epoch, those inside the slice after all epochs of those outside.
    features, learner
        As for `emotiset.learner.fit_member`.

    Returns
    -------
    before, after : Member
        The same one where the slice is empty.
    """
    if not any(batch.num_rows for batch in inside):
        member = fit_member(outside, features, learner)
        return member, member
    state, first_outside = _visit(start_learner(features), outside, features, learner)
    before = finish_member(state, first_outside)
    n_before = state.progress
    state, first_inside = _visit(state, inside, features, learner)
    counts = {
        name: getattr(first_outside.progress, name)
        + getattr(first_inside.progress, name)
        - getattr(n_before, name)
        for name in ("step", "n_correct", "total_loss")
    }
    fresh = first_inside.progress._replace(**counts)
    return before, finish_member(state, LearnerState(state.weights, fresh, 1, 1))


def _visit(
    state: LearnerState,
    batches: Sequence[pa.RecordBatch],
    features: FeatureConfig,
    learner: LearnerConfig,
) -> tuple[LearnerState, LearnerState]:
    """Visit all batches once an epoch; return the last state and the first epoch's."""
    first = state
    for epoch in range(learner.epochs):
        for batch in batches:
            state = fit_batch(state, batch, features, learner)
        if epoch == 0:
            first = state
    return state, first
