"""Members that learn from the rows of a matrix, hashed or not, as an estimator."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.utils.validation import check_is_fitted, validate_data

from emotiset.checks import check_choice, check_range
from emotiset.compiling import compile_kernels
from emotiset.config import Vote
from emotiset.errors import ConfigError
from emotiset.kernels.hashing import mix64
from emotiset.kernels.valued import averaged_sgd
from emotiset.keys import stream
from emotiset.schema import POSITIVE
from emotiset.sklearn.classes import to_polarity
from emotiset.sklearn.linear import make_linear_model

_ORDER_STREAM = 1
_VOTES = ("mean", "majority")


class HashedVotingClassifier(ClassifierMixin, BaseEstimator):
    """Let several logistic regressions, each on its share of the rows, vote.

    Each is trained by averaged SGD in this process.  Made for wide sparse matrices,
    such as those of `TextHasher` or `sklearn.feature_extraction.text`.

    Parameters
    ----------
    members
        Each learns from every so-manieth row of either class.  Where a class has
        fewer rows there are as many members as it has rows.
    vote
        ``mean`` of the scores, or ``majority``; an even one falls to the mean.
    epochs
        Passes over the rows.
    alpha
        L2 regularization strength; multiplies ``|w|**2 / 2``.
    eta0
        First step size; None: 1 / (1 + mean squared length of the rows).
    seed
        Changes which member learns from which rows, and in which order.

    Attributes
    ----------
    classes_ : array of 2 labels
        Negative, positive: sorted.
    coef_ : float64[n_members, n_features]
    intercept_ : float64[n_members]
    n_features_in_ : int

    Examples
    --------
    >>> X, y = np.array([[0, 1], [1, 0], [0, 2], [2, 0]]), [0, 1, 0, 1]
    >>> model = HashedVotingClassifier(members=2).fit(X, y)
    >>> model.predict([[3, 1]]).tolist()
    [1]
    >>> model.decision_function([[0, 0]]) == model.to_linear_model().intercept_
    array([ True])
    """

    def __init__(
        self,
        members: int = 5,
        vote: Vote = "mean",
        epochs: int = 5,
        alpha: float = 1e-6,
        eta0: float | None = None,
        seed: int = 0,
    ) -> None:
        self.members = members
        self.vote = vote
        self.epochs = epochs
        self.alpha = alpha
        self.eta0 = eta0
        self.seed = seed

    def fit(self, X: Any, y: Any) -> Self:
        """Train the members.

        Parameters
        ----------
        X : matrix of n rows
            Sparse of any kind, or dense; finite.
        y : array of n labels
            Of two classes: 0 and 1, -1 and 1, or any two values.

        Raises
        ------
        ValueError
            If *X* and *y* do not fit, or there are not two classes.
        ConfigError
            If a setting makes no sense.
        """
        self._check_settings()
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=np.float64)
        self.classes_, polarity = to_polarity(y)
        rows = _as_rows(X)
        compile_kernels(["matrix"])
        parts = _deal(polarity, self.members, self.seed)
        fitted = [self._fit_member(rows, polarity, part) for part in parts]
        self.coef_ = np.stack([weights for weights, _ in fitted])
        self.intercept_ = np.array([intercept for _, intercept in fitted])
        return self

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Return the mean score of each row of *X*, float64[n].

        Under the ``majority`` vote the share of the members that say positive, less
        1/2; where that is 0, a little to the side of the mean score.
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=np.float64, reset=False)
        scores = X @ self.coef_.T + self.intercept_
        mean: NDArray[np.float64] = scores.mean(axis=1)
        if self.vote == "mean":
            return mean
        share = (np.sign(scores) / 2).mean(axis=1)
        return np.where(share == 0, np.sign(mean) * 1e-9, share)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability of either class, float64[n, 2], as in `classes_`."""
        decision = self.decision_function(X)
        positive = expit(decision) if self.vote == "mean" else decision + 0.5
        return np.column_stack([1 - positive, positive])

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the class of each row of *X*, n labels."""
        is_positive = self.decision_function(X) > 0
        answer: NDArray[Any] = self.classes_[is_positive.astype(int)]
        return answer

    def to_linear_model(self, member: int | None = None) -> LogisticRegression:
        """Return a member, or the mean of all, as a fitted `LogisticRegression`.

        Raises
        ------
        ConfigError
            If there is no such member.
        """
        check_is_fitted(self)
        n_members = len(self.coef_)
        if member is not None and not 0 <= member < n_members:
            raise ConfigError(
                f"a member from 0 to {n_members - 1} is needed, found {member}"
            )
        wanted = slice(None) if member is None else slice(member, member + 1)
        return make_linear_model(
            self.coef_[wanted].mean(axis=0),
            float(self.intercept_[wanted].mean()),
            self.classes_,
        )

    def _check_settings(self) -> None:
        check_range("members", self.members, at_least=1, at_most=10_000)
        check_choice("vote", self.vote, _VOTES)
        check_range("epochs", self.epochs, at_least=1, at_most=1000)
        check_range("alpha", self.alpha, at_least=0, at_most=1)
        check_range("eta0", self.eta0, at_least=1e-9, at_most=1e3)
        check_range("seed", self.seed, at_least=0, at_most=2**63 - 1)

    def _fit_member(
        self, rows: csr_matrix, polarity: NDArray[np.int8], part: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], float]:
        eta0 = self.eta0
        if eta0 is None:
            eta0 = 1 / (1 + float(rows.data @ rows.data) / rows.shape[0])
        held = np.zeros((2, rows.shape[1]))
        intercept = averaged_sgd(
            rows.indptr.astype(np.int64),
            rows.indices.astype(np.uint32),
            rows.data,
            polarity,
            part,
            int(self.epochs),
            float(eta0),
            float(self.alpha),
            held,
        )
        return held[1].copy(), float(intercept)

    def __sklearn_tags__(self) -> Any:
        """Tell that a matrix may be sparse, and that there are two classes."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags.multi_class = False
        return tags


def _as_rows(X: Any) -> csr_matrix:
    rows = csr_matrix(X)
    # Writable or not, numba would compile for either.
    return csr_matrix((rows.data.copy(), rows.indices, rows.indptr), rows.shape)


def _deal(
    polarity: NDArray[np.int8], n_members: int, seed: int
) -> list[NDArray[np.int64]]:
    """Return the rows of each member, in visiting order; each class is dealt in turn.

    Examples
    --------
    >>> [sorted(part.tolist()) for part in _deal(np.int8([1, 1, -1, -1, -1]), 9, 0)]
    [[1, 3, 4], [0, 2]]
    """
    numbers = np.arange(len(polarity), dtype=np.uint64)
    order = np.argsort(mix64(numbers ^ stream(seed, _ORDER_STREAM)), kind="stable")
    is_positive = polarity[order] == POSITIVE
    place = np.where(is_positive, np.cumsum(is_positive), np.cumsum(~is_positive)) - 1
    n_rarer = min(int(is_positive.sum()), int((~is_positive).sum()))
    n = min(n_members, n_rarer)
    return [order[place % n == member] for member in range(n)]
