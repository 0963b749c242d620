"""One fold of cross-validation: members of what is outside it, judged by what is in it.

As in `emotiset.fitting`, these are the bodies of tasks, free of Dask.  Everything is
done as for the model itself: the same parts, slices, scale and calibration, each
without the examples of the fold.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from emotiset.assessing import (
    assess_scores,
    join_slices,
    judge_scores,
    score_after,
    score_before,
    take_slice,
)
from emotiset.config import TrainConfig
from emotiset.errors import OnePolarityError, TooFewError
from emotiset.fitting import Fitted, count_outside, fit_part
from emotiset.folding import Folding, Minutes, find_starts
from emotiset.holdback import Slice
from emotiset.scaling import Counts, Gains
from emotiset.schema import POSITIVE

# Of the metrics of a fold these are told; curves stay with those of the held-out set.
TOLD: Final = ("accuracy", "macro_recall", "f1", "auc", "log_loss", "ece")


@dataclass(frozen=True)
class FoldPart:
    """What one part of the sample gives to one fold.

    Attributes
    ----------
    testing
        Its examples in the fold.
    n_train, n_positive
        Its examples outside, and how many of those are positive.
    """

    testing: list[pa.RecordBatch]
    n_train: int
    n_positive: int


def make_folding(config: TrainConfig, minutes: Sequence[Minutes]) -> Folding:
    """Return what cuts the sample into folds.

    Parameters
    ----------
    config
        How many folds, and by what.
    minutes
        Of each part, by time; see `emotiset.folding.count_minutes`.
    """
    n_folds = config.folds or 1
    if config.fold_by == "key":
        return Folding(n_folds, config.seed)
    return Folding(n_folds, config.seed, find_starts(minutes, n_folds))


def take_fold(
    batches: Sequence[pa.RecordBatch], folding: Folding, fold: int
) -> FoldPart:
    """Take the examples of a part that are in a fold, and count the others."""
    training, testing = folding.split(batches, fold)
    polarity = [
        np.empty(0, np.int8),
        *(each["polarity"].to_numpy() for each in training),
    ]
    everything = np.concatenate(polarity)
    n_positive = int(np.count_nonzero(everything == POSITIVE))
    return FoldPart(testing, len(everything), n_positive)


def count_fold(
    batches: Sequence[pa.RecordBatch],
    config: TrainConfig,
    last: Slice,
    folding: Folding,
    fold: int,
) -> Counts:
    """Count the columns of one part outside a fold, as `count_outside` does."""
    return count_outside(folding.split(batches, fold)[0], config, last)


def fit_fold(
    batches: Sequence[pa.RecordBatch],
    config: TrainConfig,
    last: Slice,
    folding: Folding,
    fold: int,
    gains: Gains | None = None,
) -> list[Fitted]:
    """Train one member on one part outside a fold, as `fit_part` does.

    Raises
    ------
    OnePolarityError
        If what is outside lacks a polarity.
    """
    training, _ = folding.split(batches, fold)
    try:
        return fit_part(training, config, last, gains)
    except OnePolarityError as error:
        raise OnePolarityError(
            f"fold {fold + 1} of {folding.n_folds}, by {config.fold_by}: {error}, or "
            "take fewer --folds"
        ) from None


def judge_fold(
    parts: Sequence[FoldPart],
    fitted: Sequence[Sequence[Fitted]],
    config: TrainConfig,
    fold: int,
) -> dict[str, Any]:
    """Judge the members of a fold by the examples in it, of all parts.

    Returns
    -------
    dict
        ``fold``, counted from 1, ``n_train``, ``n_test``, ``first`` and ``last`` (when
        the earliest and the latest of those in it were posted, UTC, or None) and the
        metrics `TOLD`.

    Raises
    ------
    TooFewError
        If no example is in the fold.
    """
    testing = [batch for part in parts for batch in part.testing]
    n_train = sum(part.n_train for part in parts)
    if not sum(batch.num_rows for batch in testing):
        raise TooFewError(
            f"--folds needs an example in each fold, found none in fold {fold + 1} of "
            f"{config.folds}: take fewer folds or give more input"
        )
    prior = sum(part.n_positive for part in parts) / n_train
    slices = join_slices([take_slice(each) for each in fitted])
    scored = score_before(slices, fitted, config)
    assessment = assess_scores(slices, [scored], config, prior)
    scores = score_after(testing, fitted, config)
    metrics = judge_scores(testing, [scores], config, assessment)
    first, last = find_span(testing)
    return {
        "fold": fold + 1,
        "n_train": n_train,
        "n_test": metrics["n"],
        "first": first,
        "last": last,
        **{name: metrics[name] for name in TOLD},
    }


def find_span(batches: Sequence[pa.RecordBatch]) -> tuple[str | None, str | None]:
    """Return the earliest and the latest time in `KEYED` batches, to the second."""
    times = pa.chunked_array([each["created_at"] for each in batches])
    found = pc.min_max(times).as_py()
    ends = (found["min"], found["max"])
    first, last = (end and end.strftime("%Y-%m-%dT%H:%M:%SZ") for end in ends)
    return first, last
