"""One part of the sample to a member, and all members to what is said of them.

As in `emotiset.partition`, these are the bodies of tasks, free of Dask.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from emotiset.calibration import Calibration, count_confidence, fit_calibration
from emotiset.config import TrainConfig
from emotiset.evaluate import evaluate_members, score_batches
from emotiset.holdback import Slice, fit_around
from emotiset.kernels.hashing import mix64
from emotiset.learner import Member
from emotiset.scaling import Counts, Gains, count_part
from emotiset.voting import vote_confidence


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
    outside, _ = last.split(list(batches))
    return count_part(outside, config)


def fit_part(
    batches: Iterable[pa.RecordBatch],
    config: TrainConfig,
    last: Slice,
    gains: Gains | None = None,
) -> list[Fitted]:
    """Train one member on the batches of one part, in their order, the slice last.

    *gains* are those of the whole sample, where the learner scales columns.
    """
    batches = list(batches)
    outside, inside = last.split(batches)
    before, after = fit_around(outside, inside, config, config, gains)
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


def calibrate_members(
    fitted: Sequence[Sequence[Fitted]], config: TrainConfig, prior: float
) -> Calibration:
    """Fit the probabilities on the slices of all parts.

    Holds all members, as they were before their slices, and one batch.
    """
    everyone = [each for part in fitted for each in part]
    members = [each.before for each in everyone]
    slices = (batch for each in everyone for batch in each.inside)
    scores, polarity = score_batches(slices, members, config)
    weights = np.array([each.vote_weight for each in members])
    confidence = vote_confidence(scores, config.vote, weights)
    return fit_calibration(count_confidence(confidence, polarity), prior)


def judge_members(
    batches: Iterable[pa.RecordBatch],
    fitted: Sequence[Sequence[Fitted]],
    config: TrainConfig,
    calibration: Calibration,
) -> dict[str, object]:
    """Score the held-out batches with the members of all parts; return the metrics."""
    members = [each.member for part in fitted for each in part]
    return evaluate_members(batches, members, config, config.vote, calibration)
