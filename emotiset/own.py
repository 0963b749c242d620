"""A learner of one's own in the place of those of this package.

``--learner package.module:Class`` names a class.  On each partition one instance is
made, without arguments, and fitted to that partition's examples, which were labeled,
drawn, dealt and hashed as ever.  It gives weights and an intercept.  These are a
member like any other: they vote, are calibrated and judged by the same code, and
stand in the same model file, for whose use the class is not needed.

A learner whose score is no sum of weights, such as a network, offers ``from_bytes``
and gives what has ``score`` and ``to_bytes``; see `emotiset.scorer`.  It is made of its
bytes before it scores anything, so what is calibrated and judged is what is saved.  To
load its model file takes the class again.

Whether the same examples give the same weights on any machine is up to the class: it
has to seed what it draws, and a library that calls BLAS or libm may round otherwise on
another kind of CPU.  The order of the examples, and how they are cut into batches, are
the same for any cut of the input.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, overload

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from emotiset.config import FeatureConfig
from emotiset.errors import ConfigError, InputError, OnePolarityError
from emotiset.examples import read_examples
from emotiset.features import hash_features
from emotiset.member import Member
from emotiset.own_class import find_own, find_scoring
from emotiset.schema import POSITIVE
from emotiset.scorer import MAX_STATE, Scorer, ScoringModel

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_BATCH_ROWS: Final = 4096
_NO_WEIGHTS: Final = np.empty(0, np.float32)


@dataclass(frozen=True, eq=False)
class Rows:
    """A batch of examples.

    Attributes
    ----------
    X : float32[n, n_features]
        CSR matrix of hashed features; see `emotiset.features.hash_features`.
    polarity : int8[n]
        -1 or 1.
    """

    X: "csr_matrix"
    polarity: NDArray[np.int8]


class LinearModel(Protocol):
    """What an own learner gives; a positive score means positive polarity.

    Attributes
    ----------
    weights
        A number for each column; of any shape with that many numbers.
    intercept
        A number, or an array that holds one.
    """

    weights: ArrayLike
    intercept: ArrayLike


class OwnLearner(Protocol):
    """What a class has to have for ``--learner`` to name it.

    Examples
    --------
    One that counts in how many examples of either polarity a column stands:

    >>> class Counts:
    ...     weights, intercept = 0, 0.0
    ...
    ...     def fit(self, batches):
    ...         for rows in batches:
    ...             self.weights = self.weights + rows.X.T @ rows.polarity
    ...         return self
    >>> day = pa.record_batch({"polarity": pa.array([1, -1], pa.int8()),
    ...                        "text": ["so good", "so bad"]})
    >>> rows = Batches([day], FeatureConfig(features="byte4", n_features=16))
    >>> weights = Counts().fit(rows).weights
    >>> weights[:5].tolist()
    [1.0, 0.0, 1.0, 0.0, -1.0]
    """

    def fit(self, batches: Sequence[Rows]) -> LinearModel | ScoringModel:
        """Learn from examples in visiting order.

        Called once or twice on one instance: the second time with examples that were
        set aside meanwhile, to fit the probabilities, and from which it goes on.

        Parameters
        ----------
        batches
            May be gone through any number of times; rows are hashed anew each time.
        """
        ...


class Batches(Sequence[Rows]):
    """Examples as `Rows`, hashed when they are asked for."""

    def __init__(
        self, batches: Sequence[pa.RecordBatch], features: FeatureConfig
    ) -> None:
        self._features = features
        # Put together first, so that they are the same however the part was cut.
        whole = pa.Table.from_batches(batches).combine_chunks()
        self._batches = whole.to_batches(_BATCH_ROWS)

    def __len__(self) -> int:
        """Return the number of batches."""
        return len(self._batches)

    @overload
    def __getitem__(self, where: int) -> Rows: ...
    @overload
    def __getitem__(self, where: slice) -> list[Rows]: ...
    def __getitem__(self, where: int | slice) -> Rows | list[Rows]:
        """Hash a batch, or several."""
        if isinstance(where, slice):
            return [self._hash(batch) for batch in self._batches[where]]
        return self._hash(self._batches[where])

    def _hash(self, batch: pa.RecordBatch) -> Rows:
        text, polarity = read_examples(batch)
        return Rows(hash_features(text, self._features), polarity)


def fit_own(
    outside: Sequence[pa.RecordBatch],
    inside: Sequence[pa.RecordBatch],
    features: FeatureConfig,
    name: str,
) -> tuple[Member, Member]:
    """Do as `emotiset.holdback.fit_around` does, with a learner of one's own.

    Where there is no slice to weigh the members by, their votes count the same: no
    score of an example before it was learned from is known.

    Raises
    ------
    ConfigError
        If it gives neither weights and an intercept nor a score and bytes.
    InputError
        If weights are not finite.
    OnePolarityError
        If the examples outside are not of both polarities.
    """
    learner = find_own(name)()
    n_outside = _count(outside)
    model = learner.fit(Batches(outside, features))
    before = _make_member(model, n_outside, name, features)
    n_inside = sum(batch.num_rows for batch in inside)
    if not n_inside:
        return before, before
    model = learner.fit(Batches(inside, features))
    return before, _make_member(model, n_outside + n_inside, name, features)


def _count(batches: Sequence[pa.RecordBatch]) -> int:
    polarity = np.concatenate(
        [np.empty(0, np.int8), *(read_examples(batch)[1] for batch in batches)]
    )
    n_positive = int(np.count_nonzero(polarity == POSITIVE))
    if n_positive in (0, len(polarity)):
        raise OnePolarityError(
            f"a member needs examples of both polarities, found {n_positive} positive "
            f"and {len(polarity) - n_positive} negative: give it more examples or "
            "train fewer members"
        )
    return len(polarity)


def _make_member(
    model: LinearModel | ScoringModel,
    n_examples: int,
    name: str,
    features: FeatureConfig,
) -> Member:
    """Copy what a learner gave: it may go on to change it."""
    learner = find_scoring(name)
    if learner is not None:
        return _finish(n_examples, scorer=_make_scorer(model, learner, name))
    if not hasattr(model, "weights") or not hasattr(model, "intercept"):
        raise ConfigError(
            f"--learner {name} needs to give weights and an intercept, or to offer "
            f"from_bytes, found {type(model).__name__} without: see emotiset.own"
        )
    weights = np.array(model.weights, np.float32).reshape(-1)
    intercept = np.array(model.intercept, np.float64).reshape(-1)
    if (len(weights), len(intercept)) != (features.n_features, 1):
        raise ConfigError(
            f"--learner {name} needs to give {features.n_features} weights and one "
            f"intercept, found {len(weights)} and {len(intercept)}: fit all columns"
        )
    if not (np.isfinite(weights).all() and np.isfinite(intercept).all()):
        raise InputError(
            f"--learner {name} needs to give finite weights, found others: lower its "
            "step size or regularize more"
        )
    return _finish(n_examples, weights, float(intercept[0]))


def _make_scorer(model: Any, learner: type[ScoringModel], name: str) -> Scorer:
    if not callable(getattr(model, "to_bytes", None)):
        raise ConfigError(
            f"--learner {name} needs to give what has to_bytes, as it has from_bytes, "
            f"found {type(model).__name__} without: see emotiset.scorer"
        )
    state = model.to_bytes()
    if not isinstance(state, bytes) or len(state) > MAX_STATE:
        found = f"{len(state)}" if isinstance(state, bytes) else type(state).__name__
        raise ConfigError(
            f"--learner {name} needs to_bytes to give at most {MAX_STATE} bytes, found "
            f"{found}: give a smaller model"
        )
    return Scorer(state, learner)


def _finish(
    n_examples: int,
    weights: NDArray[np.float32] = _NO_WEIGHTS,
    intercept: float = 0.0,
    scorer: Scorer | None = None,
) -> Member:
    return Member(
        weights=weights,
        intercept=intercept,
        vote_weight=1.0,
        n_examples=n_examples,
        n_correct=0,
        progressive_loss=0.0,
        scorer=scorer,
    )
