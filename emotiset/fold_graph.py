"""The Dask graph of a cross-validation: all folds at once, on the parts of the sample.

The parts are those that the model itself learns from; nothing is read, labeled or drawn
again.  K folds and P parts are at most ``K * (4 * P + 1) + P + 1`` tasks.
"""

from collections.abc import Sequence
from typing import Any

from dask.delayed import Delayed

from emotiset.config import TrainConfig
from emotiset.fold_fitting import (
    count_fold,
    fit_fold,
    judge_fold,
    make_folding,
    take_fold,
)
from emotiset.folding import count_minutes
from emotiset.graph import make_task, merge_to_gains
from emotiset.holdback import Slice
from emotiset.scaling import needs_scale


def cross_validate(
    parts: Sequence[Any], config: TrainConfig, last: Slice
) -> list[Delayed]:
    """Train on what is outside each fold, and judge by what is in it.

    Parameters
    ----------
    parts
        Batches in visiting order, one part for each member; read once for each fold.
    config
        Features, learner, vote and folds.
    last
        What each member learns from last.

    Returns
    -------
    list of Delayed
        For each fold what `judge_fold` returns.  Only the examples in a fold move: each
        once, and the members.
    """
    by_time = config.fold_by == "time"
    minutes = [make_task(count_minutes, part) for part in parts] if by_time else []
    folding = make_task(make_folding, config, minutes)
    folds = range(config.folds or 0)
    return [_validate(parts, config, last, folding, fold) for fold in folds]


def _validate(
    parts: Sequence[Any], config: TrainConfig, last: Slice, folding: Any, fold: int
) -> Delayed:
    gains = None
    if needs_scale(config, config):
        counts = [
            make_task(count_fold, part, config, last, folding, fold) for part in parts
        ]
        gains = merge_to_gains(counts, config)
    fitted = [
        make_task(fit_fold, part, config, last, folding, fold, gains) for part in parts
    ]
    taken = [make_task(take_fold, part, folding, fold) for part in parts]
    return make_task(judge_fold, taken, fitted, config, fold)
