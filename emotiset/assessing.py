"""What is said of members: by their slices, for probabilities, and by a held-out set.

As in `emotiset.fitting`, these are the bodies of tasks, free of Dask.  Few members are
scored in a task, so that none holds all of them; what comes together in one are their
scores, a number for each text and member.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from emotiset.calibration import Calibration, count_confidence, fit_calibration
from emotiset.config import TrainConfig
from emotiset.evaluate import evaluate_scores, score_batches
from emotiset.fitting import Fitted
from emotiset.holdback import keep_firsts
from emotiset.langid import release_model
from emotiset.lines import fit_line_calibration
from emotiset.map_scaling import weigh_classes
from emotiset.member import Member, vote_weight
from emotiset.voting import vote_confidence

# Of some members: their scores, and what the vote of each counts so far.
Scores = tuple[NDArray[np.float32], list[float]]


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


def take_slice(fitted: Sequence[Fitted]) -> list[pa.RecordBatch]:
    """Take the slices of the members of a part."""
    return [batch for each in fitted for batch in each.inside]


def join_slices(slices: Sequence[Sequence[pa.RecordBatch]]) -> list[pa.RecordBatch]:
    """Put the slices of all parts together, the first of near-copies alone."""
    return keep_firsts([batch for each in slices for batch in each])


def score_before(
    slices: Sequence[pa.RecordBatch],
    fitted: Sequence[Sequence[Fitted]],
    config: TrainConfig,
) -> Scores:
    """Score the slices with some members, as those were before their own slices."""
    release_model()
    members = [each.before for part in fitted for each in part]
    scores, _ = score_batches(slices, members, config)
    return scores, [each.vote_weight for each in members]


def score_after(
    batches: Iterable[pa.RecordBatch],
    fitted: Sequence[Sequence[Fitted]],
    config: TrainConfig,
) -> NDArray[np.float32]:
    """Score the held-out batches with some members."""
    release_model()
    members = [each.member for part in fitted for each in part]
    return score_batches(batches, members, config)[0]


def assess_scores(
    slices: Sequence[pa.RecordBatch],
    scored: Sequence[Scores],
    config: TrainConfig,
    prior: float,
) -> Assessment:
    """Fit the probabilities and the weights of a vote on the slices of all parts.

    Without slices the weights stay those of the progressive scores.

    Parameters
    ----------
    slices
        What `join_slices` returned.
    scored
        What `score_before` returned, for all members in their order.
    config
        Features and vote.
    prior
        Share of positive examples among those that were trained on.
    """
    scores = np.concatenate([each for each, _ in scored], axis=1)
    weights = [weight for _, some in scored for weight in some]
    polarity = _take_polarity(slices)
    if len(polarity):
        n_right = ((scores > 0) == (polarity > 0)[:, np.newaxis]).sum(axis=0)
        weights = [vote_weight(int(each), len(polarity)) for each in n_right]
    confidence = vote_confidence(scores, config.vote, np.array(weights))
    counts = count_confidence(confidence, polarity)
    return Assessment(_calibrate(counts, config, prior), tuple(weights))


def judge_scores(
    batches: Sequence[pa.RecordBatch],
    scored: Sequence[NDArray[np.float32]],
    config: TrainConfig,
    assessment: Assessment,
) -> dict[str, Any]:
    """Judge all members by the held-out batches; return the metrics.

    Parameters
    ----------
    batches
        The held-out set.
    scored
        What `score_after` returned, for all members in their order.
    config, assessment
        How they vote.
    """
    scores = np.concatenate(scored, axis=1)
    weights = np.array(assessment.vote_weights, np.float64)
    return evaluate_scores(
        scores, _take_polarity(batches), config.vote, weights, assessment.calibration
    )


def _take_polarity(batches: Iterable[pa.RecordBatch]) -> NDArray[np.int8]:
    each = [batch["polarity"].to_numpy() for batch in batches]
    return np.concatenate([np.empty(0, np.int8), *each])


def _calibrate(
    counts: NDArray[np.int64], config: TrainConfig, prior: float
) -> Calibration:
    if config.features != "maps":
        return fit_calibration(counts, prior)
    negative, positive = weigh_classes((1 - prior, prior), config)
    weighted = prior * positive / (prior * positive + (1 - prior) * negative)
    return fit_line_calibration(counts, weighted, (negative, positive))
