"""One part of the sample to a member.

As in `emotiset.partition`, these are the bodies of tasks, free of Dask.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from emotiset.config import TrainConfig
from emotiset.holdback import Slice, fit_around
from emotiset.kernels.hashing import mix64
from emotiset.langid import release_model
from emotiset.learner import Member
from emotiset.map_scaling import MapScale
from emotiset.scaling import Counts, Gains, count_part, press_counts
from emotiset.warm import Past


@dataclass(frozen=True)
class Fitted:
    """A member, and a digest of the keys it was trained on.

    Attributes
    ----------
    member
    before
        The member before it learned from its slice; see `emotiset.holdback`.
    inside
        The slice.
    digest
        Two sums of mixed keys modulo 2^64.  Digests add up, so their total tells one
        sample from another however it was dealt to members.
    """

    member: Member
    before: Member
    inside: list[pa.RecordBatch]
    digest: tuple[int, int]


def count_outside(
    batches: Iterable[pa.RecordBatch], config: TrainConfig, last: Slice
) -> Counts:
    """Count the columns of one part, except for what its member learns from last."""
    release_model()
    outside, _ = last.split(list(batches))
    return press_counts(count_part(outside, config))


def fit_part(
    batches: Iterable[pa.RecordBatch],
    config: TrainConfig,
    last: Slice,
    gains: Gains | MapScale | None = None,
) -> list[Fitted]:
    """Train one member on the batches of one part, in their order, the slice last.

    *gains* are those of the whole sample, where the learner scales columns.
    """
    release_model()
    batches = list(batches)
    outside, inside = last.split(batches)
    before, after = fit_around(outside, inside, config, config, gains)
    return [Fitted(after, before, inside, digest_keys(batches))]


def continue_part(
    batches: Iterable[pa.RecordBatch],
    past: Past,
    config: TrainConfig,
    last: Slice,
    gains: Gains | MapScale | None = None,
) -> list[Fitted]:
    """Do as `fit_part` does, with a member that has a past."""
    release_model()
    batches = list(batches)
    outside, inside = last.split(batches)
    before, after = fit_around(outside, inside, config, config, gains, past)
    return [Fitted(after, before, inside, digest_keys(batches))]


def take_members(fitted: Sequence[Fitted]) -> list[tuple[Member, tuple[int, int]]]:
    """Return the members as they are after their slices, each with its digest."""
    return [(each.member, each.digest) for each in fitted]


def digest_keys(batches: Iterable[pa.RecordBatch]) -> tuple[int, int]:
    """Return two sums modulo 2^64 over the mixed keys of `KEYED` batches."""
    first = second = 0
    for batch in batches:
        key = batch["key"].to_numpy()
        first += int(mix64(key).sum(dtype=np.uint64))
        second += int(mix64(~key).sum(dtype=np.uint64))
    return first % 2**64, second % 2**64
