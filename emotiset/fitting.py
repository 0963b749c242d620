"""One part of the sample to a member, and all members to what is said of them.

As in `emotiset.partition`, these are the bodies of tasks, free of Dask.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from emotiset.calibration import Calibration, count_confidence, fit_calibration
from emotiset.config import TrainConfig
from emotiset.evaluate import evaluate_members, score_batches
from emotiset.holdback import Slice, fit_around, keep_firsts
from emotiset.kernels.hashing import mix64
from emotiset.langid import release_model
from emotiset.learner import Member
from emotiset.lines import fit_line_calibration
from emotiset.map_scaling import MapScale, weigh_classes
from emotiset.member import vote_weight
from emotiset.scaling import Counts, Gains, count_part
from emotiset.voting import vote_confidence
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
    return count_part(outside, config)


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


@dataclass(frozen=True)
class Assessment:
    """What the slices say of the members, none of which had learned from them.

    Attributes
    ----------
    calibration
        Of the probabilities.
    vote_weights
        What each member's voice counts in a weighted vote.
    """

    calibration: Calibration
    vote_weights: tuple[float, ...]

    def weigh(self, members: Sequence[Member]) -> list[Member]:
        """Return the members with these weights."""
        pairs = zip(members, self.vote_weights, strict=True)
        return [replace(member, vote_weight=weight) for member, weight in pairs]


def assess_members(
    fitted: Sequence[Sequence[Fitted]], config: TrainConfig, prior: float
) -> Assessment:
    """Fit the probabilities and the weights of a vote on the slices of all parts.

    Holds all members, as they were before their slices, the slices' scores and one
    batch.  Without slices the weights stay those of the progressive scores.
    """
    release_model()
    everyone = [each for part in fitted for each in part]
    members = [each.before for each in everyone]
    slices = keep_firsts([batch for each in everyone for batch in each.inside])
    scores, polarity = score_batches(slices, members, config)
    weights = [each.vote_weight for each in members]
    if len(polarity):
        n_right = ((scores > 0) == (polarity > 0)[:, np.newaxis]).sum(axis=0)
        weights = [vote_weight(int(each), len(polarity)) for each in n_right]
    confidence = vote_confidence(scores, config.vote, np.array(weights))
    counts = count_confidence(confidence, polarity)
    return Assessment(_calibrate(counts, config, prior), tuple(weights))


def _calibrate(
    counts: NDArray[np.int64], config: TrainConfig, prior: float
) -> Calibration:
    if config.features != "maps":
        return fit_calibration(counts, prior)
    negative, positive = weigh_classes((1 - prior, prior), config)
    weighted = prior * positive / (prior * positive + (1 - prior) * negative)
    return fit_line_calibration(counts, weighted, (negative, positive))


def judge_members(
    batches: Iterable[pa.RecordBatch],
    fitted: Sequence[Sequence[Fitted]],
    config: TrainConfig,
    assessment: Assessment,
) -> dict[str, object]:
    """Score the held-out batches with the members of all parts; return the metrics."""
    release_model()
    members = assessment.weigh([each.member for part in fitted for each in part])
    calibration = assessment.calibration
    return evaluate_members(batches, members, config, config.vote, calibration)
