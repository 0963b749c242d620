"""Members that are no sums of weights: what is kept of them, and what scores by it.

A learner of one's own may be of any kind; see `emotiset.own`.  Of such a member only
bytes are kept, and what they mean is its class's own affair: arrays, a state dict.
They are data.  No file names the code that reads them in a way that this package would
follow: the class is what training was told, or what whoever loads a model says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from emotiset.config import FeatureConfig
from emotiset.errors import ConfigError, InputError
from emotiset.features import hash_features

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MAX_STATE: Final = 1 << 30  # a page of Parquet holds less than twice that
_BATCH_ROWS: Final = 4096


class ScoringModel(Protocol):
    """What a learner that is not linear gives, and makes of bytes again."""

    def score(self, X: "csr_matrix", /) -> ArrayLike:
        """Return a number for each row, above 0 for positive polarity.

        Log-odds suit the ``mean`` vote best.  A row's score should owe nothing to the
        rows beside it, which are others in training, in evaluation and later.  Several
        threads may ask at once.

        Parameters
        ----------
        X : float32[n, n_features]
            Hashed features; see `emotiset.features.hash_features`.
        """
        ...

    def to_bytes(self) -> bytes:
        """Return all that scoring needs, at most 1 GiB; see `from_bytes`."""
        ...

    @classmethod
    def from_bytes(cls, state: bytes, /) -> Self:
        """Make a model that scores as the one that gave these bytes.

        They may come from a file of a stranger, so nothing in them should be run.
        """
        ...


@dataclass(frozen=True, eq=False)
class Scorer:
    """A member without weights.

    Attributes
    ----------
    state
        What the model's ``to_bytes`` gave.
    learner
        Class that makes a model of it; None: nobody named one, so it cannot score.

    Examples
    --------
    >>> class Constant:
    ...     def __init__(self, bias): self.bias = bias
    ...     def score(self, X): return np.full(X.shape[0], self.bias)
    ...     def to_bytes(self): return str(self.bias).encode()
    ...     @classmethod
    ...     def from_bytes(cls, state): return cls(float(state))
    >>> from scipy.sparse import csr_matrix
    >>> Scorer(Constant(0.5).to_bytes(), Constant).score(csr_matrix((3, 16))).tolist()
    [0.5, 0.5, 0.5]
    """

    state: bytes
    learner: type[ScoringModel] | None

    def __getstate__(self) -> dict[str, Any]:
        """Leave the model out: each process makes its own."""
        return {"state": self.state, "learner": self.learner}

    @cached_property
    def _model(self) -> ScoringModel:
        # Threads that meet here make two and keep one: they score alike.
        if self.learner is None:
            raise ConfigError(
                "a member without weights needs its class to score, found none: name "
                "it to load_ensemble"
            )
        return self.learner.from_bytes(self.state)

    def score(self, X: "csr_matrix") -> NDArray[np.float32]:
        """Return the score of each row.

        Raises
        ------
        InputError
            If there is not one for each row, or one is not finite.
        """
        scores = np.asarray(self._model.score(X), np.float32).reshape(-1)
        if len(scores) != X.shape[0]:
            raise InputError(
                f"score of an own learner needs to give {X.shape[0]} numbers, one for "
                f"each row, found {len(scores)}: mend the class"
            )
        if not np.isfinite(scores).all():
            raise InputError(
                "score of an own learner needs to give finite numbers, found others: "
                "lower its step size or regularize more"
            )
        return scores


def score_by(
    scorers: Sequence[Scorer], text: pa.Array, features: FeatureConfig
) -> NDArray[np.float32]:
    """Do as `emotiset.voting.score_texts` does, with members without weights."""
    scores = np.empty((len(text), len(scorers)), np.float32)
    for start in range(0, len(text), _BATCH_ROWS):
        X = hash_features(text.slice(start, _BATCH_ROWS), features)
        for column, each in enumerate(scorers):
            scores[start : start + _BATCH_ROWS, column] = each.score(X)
    return scores
