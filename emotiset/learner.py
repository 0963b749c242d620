"""One member of the ensemble, from its examples in visiting order.

A fold: `start_learner` makes the state, `fit_batch` takes a batch into it and
`finish_member` turns it into a `Member`.  `fit_member` is the three together.  What is
held is the state and one batch, and how the examples are cut into batches changes
nothing, not even the last bit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from emotiset.config import FeatureConfig, LearnerConfig
from emotiset.errors import InputError, OnePolarityError
from emotiset.features import hash_features
from emotiset.kernels._math import log
from emotiset.kernels.sgd import Progress, pegasos, sgd_logistic
from emotiset.schema import LABELED, NEGATIVE, POSITIVE, check_schema

EXAMPLES: Final = pa.schema([LABELED.field("polarity"), LABELED.field("text")])


@dataclass(frozen=True, eq=False)
class Member:
    """One trained linear classifier; a positive score means positive polarity.

    Attributes
    ----------
    weights
        float32[n_features], one for each column.
    intercept
        Added to every score.
    vote_weight
        What its vote counts in a weighted vote, >= 0; see `vote_weight`.
    n_examples
        Examples it was trained on, in each epoch.
    n_correct
        How many of them it had right in the first epoch, each scored just before it
        was learned from; a score of 0 is not right.
    progressive_loss
        Mean loss of the same scores, of the learner's own kind: log loss in nats, or
        hinge for ``pegasos``.

    References
    ----------
    .. [1] A. Blum, A. Kalai, J. Langford, "Beating the Hold-Out: Bounds for K-fold and
       Progressive Cross-Validation", COLT 1999.
    """

    weights: NDArray[np.float32]
    intercept: float
    vote_weight: float
    n_examples: int
    n_correct: int
    progressive_loss: float


@dataclass(frozen=True, eq=False)
class LearnerState:
    """What is held between two batches.

    Attributes
    ----------
    weights
        float64[n_features], changed in place: a state is spent once a batch has been
        taken into it, and only its counts still stand.
    progress
        Scale, intercept and running sums.
    n_positive, n_negative
        Examples of each polarity so far.
    """

    weights: NDArray[np.float64]
    progress: Progress
    n_positive: int
    n_negative: int


def fit_member(
    batches: Sequence[pa.RecordBatch], features: FeatureConfig, learner: LearnerConfig
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
        Which learner, and its settings.

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

    def fit_next(state: LearnerState, batch: pa.RecordBatch) -> LearnerState:
        return fit_batch(state, batch, features, learner)

    state = first_epoch = reduce(fit_next, batches, start_learner(features))
    _check_polarities(first_epoch)
    for _ in range(1, learner.epochs):
        state = reduce(fit_next, batches, state)
    return finish_member(state, first_epoch)


def start_learner(features: FeatureConfig) -> LearnerState:
    """Return the state before any example: all weights 0."""
    return LearnerState(np.zeros(features.n_features), Progress(), 0, 0)


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
    check_schema(batch, EXAMPLES, stage="fit_member")
    polarity, n_positive = _read_polarity(batch.column("polarity"))
    X = hash_features(batch.column("text"), features)
    rows = X.indptr, X.indices, polarity, state.weights, state.progress
    if learner.learner == "pegasos":
        progress = pegasos(*rows, learner.resolved_alpha)
    else:
        eta0 = float(learner.eta0)  # for a whole number numba compiles once more
        progress = sgd_logistic(*rows, eta0, learner.resolved_alpha)
    return LearnerState(
        state.weights,
        progress,
        state.n_positive + n_positive,
        state.n_negative + len(polarity) - n_positive,
    )


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
    scale = state.progress.scale
    return Member(
        weights=(scale * state.weights).astype(np.float32),
        intercept=scale * state.progress.intercept,
        vote_weight=vote_weight(fresh.n_correct, fresh.step),
        n_examples=fresh.step,
        n_correct=fresh.n_correct,
        progressive_loss=fresh.total_loss / fresh.step,
    )


def vote_weight(n_correct: int, n_examples: int) -> float:
    """Return the log-odds that a member is right, at least 0.

    The weights that make the best weighted vote of independent members [1]_.  One is
    added to the right and to the wrong answers, so that the weight is finite.

    Parameters
    ----------
    n_correct, n_examples
        Progressive counts, as in `Member`.

    Returns
    -------
    float
        0 for a member that is right no more often than wrong.

    References
    ----------
    .. [1] L. Shapley, B. Grofman, "Optimizing group judgmental accuracy in the
       presence of interdependencies", Public Choice 43, 1984.

    Examples
    --------
    >>> round(vote_weight(3, 4), 4), vote_weight(1, 4), vote_weight(0, 0)
    (0.6931, 0.0, 0.0)
    """
    odds = (n_correct + 1) / (n_examples - n_correct + 1)
    weight: float = log(max(odds, 1.0))
    return weight


def _read_polarity(column: pa.Array) -> tuple[NDArray[np.int8], int]:
    # The polarities, and how many are positive.
    if column.null_count:
        raise InputError(
            "fit_member needs a polarity in every row, found "
            f"{column.null_count} nulls: drop those rows first"
        )
    polarity: NDArray[np.int8] = column.to_numpy()
    n_positive = int(np.count_nonzero(polarity == POSITIVE))
    n_negative = int(np.count_nonzero(polarity == NEGATIVE))
    if n_positive + n_negative != len(polarity):
        strange = polarity[(polarity != POSITIVE) & (polarity != NEGATIVE)][0]
        raise InputError(
            f"fit_member needs polarities {NEGATIVE} and {POSITIVE}, found {strange}: "
            "map the labels first"
        )
    return polarity, n_positive


def _check_polarities(state: LearnerState) -> None:
    if not state.n_positive or not state.n_negative:
        raise OnePolarityError(
            "a member needs examples of both polarities, found "
            f"{state.n_positive} positive and {state.n_negative} negative: "
            "give it more examples or train fewer members"
        )
