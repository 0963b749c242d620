"""One member of the ensemble, from its examples in visiting order.

A fold: `start_learner` makes the state, `fit_batch` takes a batch into it and
`finish_member` turns it into a `Member`.  `fit_member` is the three together.  What is
held is the state and one batch, and how the examples are cut into batches changes
nothing, not even the last bit.

What each learner does with an example is told in `emotiset.kernels.sgd` and
`emotiset.kernels.averaged`; how telling a column is, in `emotiset.scaling`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from emotiset.config import FeatureConfig, LearnerConfig
from emotiset.errors import OnePolarityError
from emotiset.examples import EXAMPLES as EXAMPLES
from emotiset.features import is_normalized
from emotiset.hashed import Hashed, HashedBatches, hash_batch
from emotiset.kernels.averaged import (
    GAIN,
    TABLE_WIDTH,
    average_weights,
    averaged_logistic,
)
from emotiset.kernels.sgd import Progress, pegasos, sgd_logistic
from emotiset.map_learner import fit_maps, start_maps
from emotiset.map_scaling import MapScale
from emotiset.member import Member as Member
from emotiset.member import vote_weight
from emotiset.own import fit_own
from emotiset.own_class import is_own
from emotiset.scaling import Gains, prepare
from emotiset.schema import POSITIVE


@dataclass(frozen=True, eq=False)
class LearnerState:
    """What is held between two batches.

    Attributes
    ----------
    weights
        float64[n_features], or float32[n_features, 3] for ``averaged``; changed in
        place: a state is spent once a batch has been taken into it, and only its
        counts still stand.
    progress
        Scale, intercept and running sums.
    n_positive, n_negative
        Examples of each polarity so far.
    scale
        Of feature maps.
    """

    weights: NDArray[np.float64] | NDArray[np.float32]
    progress: Progress
    n_positive: int
    n_negative: int
    scale: MapScale | None = None


def fit_member(
    batches: Sequence[pa.RecordBatch],
    features: FeatureConfig,
    learner: LearnerConfig,
    gains: Gains | MapScale | None = None,
) -> Member:
    """Train one member.

    Parameters
    ----------
    batches
        Columns of `EXAMPLES`, in visiting order.  Iterated once an epoch, so they can
        be read from a file each time.
    features
        Feature set and number of columns.
    learner
        Which learner, and its settings; see `LearnerConfig.resolve`.
    gains : float32[n_features] or MapScale
        What `make_scale` made of the whole sample; None: of these examples alone.

    Returns
    -------
    Member
        The same bytes for the same examples in the same order, however cut.

    Raises
    ------
    OnePolarityError
        If the examples are not of both polarities.
    InputError
        If a polarity is null or neither -1 nor 1.
    SchemaError
        If a column is missing or has another type.

    Examples
    --------
    >>> day = pa.record_batch(
    ...     [pa.array([1, 1], pa.int8()), ["what a day", "so good"]], schema=EXAMPLES
    ... )
    >>> fit_member([day], FeatureConfig(), LearnerConfig())
    Traceback (most recent call last):
    ...
    emotiset.errors.OnePolarityError: a member needs examples of both polarities, \
found 2 positive and 0 negative: give it more examples or train fewer members
    """
    learner = learner.resolve(features.features)
    if learner.learner is not None and is_own(learner.learner):
        return fit_own(batches, [], features, learner.learner)[1]
    gains, hashed = prepare(batches, features, learner, gains)
    start = start_learner(features, learner, gains)
    state, first_epoch = fit_epochs(start, hashed, features, learner)
    return finish_member(state, first_epoch)


def fit_epochs(
    state: LearnerState,
    hashed: HashedBatches,
    features: FeatureConfig,
    learner: LearnerConfig,
) -> tuple[LearnerState, LearnerState]:
    """Learn from all batches once an epoch; as `fit_batch`, from each in turn.

    Returns
    -------
    last, first : LearnerState
        After the last epoch and after the first.

    Raises
    ------
    OnePolarityError
        If the examples are not of both polarities.
    """
    n_epochs = learner.resolve(features.features).epochs or 1

    def fit_next(state: LearnerState, rows: Hashed) -> LearnerState:
        return _fit_rows(state, rows, features, learner)

    last = first = reduce(fit_next, hashed, state)
    _check_polarities(first)
    for _ in range(1, n_epochs):
        last = reduce(fit_next, hashed, last)
    return last, first


def start_learner(
    features: FeatureConfig,
    learner: LearnerConfig,
    gains: Gains | MapScale | None = None,
) -> LearnerState:
    """Return the state before any example: all weights 0.

    Without *gains* all columns are as telling; a learner that has no use for them
    leaves them out.
    """
    n = features.n_features
    if isinstance(gains, MapScale):
        begun = start_maps(n, learner.resolve("maps"), gains)
        return LearnerState(*begun, 0, 0, gains)
    if learner.resolve(features.features).learner != "averaged":
        return LearnerState(np.zeros(n), Progress(), 0, 0)
    table = np.zeros((n, TABLE_WIDTH), np.float32)
    table[:, GAIN] = 1 if gains is None else gains
    return LearnerState(table, Progress(), 0, 0)


def fit_batch(
    state: LearnerState,
    batch: pa.RecordBatch,
    features: FeatureConfig,
    learner: LearnerConfig,
) -> LearnerState:
    """Learn from each row of a batch in turn.

    Parameters
    ----------
    state
        Where the batches before this one have led; spent by this call.
    batch
        Columns of `EXAMPLES`.  A null text is an example without features.
    features, learner
        The same for every batch.

    Returns
    -------
    LearnerState
        Shares its weights with *state*.

    Raises
    ------
    InputError
        If a polarity is null or neither -1 nor 1.
    SchemaError
        If a column is missing or has another type.
    """
    return _fit_rows(state, hash_batch(batch, features), features, learner)


def _fit_rows(
    state: LearnerState,
    hashed: Hashed,
    features: FeatureConfig,
    learner: LearnerConfig,
) -> LearnerState:
    learner = learner.resolve(features.features)
    polarity = hashed.polarity
    if state.scale is not None:
        held = state.weights, state.progress, state.scale
        progress = fit_maps(hashed, *held, learner)
    else:
        progress = _fit_texts(state, hashed, learner, is_normalized(features))
    n_positive = int(np.count_nonzero(polarity == POSITIVE))
    return replace(
        state,
        progress=progress,
        n_positive=state.n_positive + n_positive,
        n_negative=state.n_negative + len(polarity) - n_positive,
    )


def _fit_texts(
    state: LearnerState, hashed: Hashed, learner: LearnerConfig, normalize: bool
) -> Progress:
    columns = hashed.indptr, hashed.indices
    rows = *columns, hashed.polarity, state.weights, state.progress
    # For a whole number numba would compile once more.
    eta0, alpha = float(learner.eta0 or 0), float(learner.alpha or 0)
    if learner.learner == "pegasos":
        return Progress(*pegasos(*rows, alpha, normalize))
    if learner.learner == "logistic":
        return Progress(*sgd_logistic(*rows, eta0, alpha, normalize))
    return Progress(*averaged_logistic(*rows, eta0, alpha, normalize))


def finish_member(
    state: LearnerState, first_epoch: LearnerState | None = None
) -> Member:
    """Round the weights, once, to the float32 that a model holds.

    Parameters
    ----------
    state
        After the last batch.
    first_epoch
        The state after the first epoch, where there were several: its counts are
        those of examples not seen before.

    Returns
    -------
    Member
        Independent of *state*.

    Raises
    ------
    OnePolarityError
        If the examples are not of both polarities.
    """
    _check_polarities(state)
    fresh = (first_epoch or state).progress
    weights, intercept = _read_weights(state)
    return Member(
        weights=weights,
        intercept=intercept,
        vote_weight=vote_weight(fresh.n_correct, fresh.step),
        n_examples=fresh.step,
        n_correct=fresh.n_correct,
        progressive_loss=fresh.total_loss / fresh.step,
    )


def _read_weights(state: LearnerState) -> tuple[NDArray[np.float32], float]:
    # Of the last step, or the mean over all steps.
    progress = state.progress
    if state.weights.ndim == 1:
        last = (progress.scale * state.weights).astype(np.float32)
        return last, progress.scale * progress.intercept
    mean = np.empty(len(state.weights), np.float32)
    average_weights(state.weights, progress.total_scale, progress.step, mean)
    return mean, progress.total_intercept / progress.step


def _check_polarities(state: LearnerState) -> None:
    if not state.n_positive or not state.n_negative:
        raise OnePolarityError(
            "a member needs examples of both polarities, found "
            f"{state.n_positive} positive and {state.n_negative} negative: "
            "give it more examples or train fewer members"
        )
