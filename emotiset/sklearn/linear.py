"""A member, or the mean of all, as a fitted linear model of scikit-learn."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from emotiset.ensemble import Ensemble
from emotiset.errors import ConfigError
from emotiset.schema import NEGATIVE, POSITIVE


def to_linear_model(
    ensemble: Ensemble,
    member: int | None = None,
    classes: Sequence[Any] = (NEGATIVE, POSITIVE),
) -> LogisticRegression:
    """Return a fitted `LogisticRegression` with the weights of an ensemble.

    Parameters
    ----------
    ensemble
        Its columns are those of a `TextHasher` with the same features.
    member
        Which one; None: the mean of all, which is the ``mean`` vote, whatever vote
        the ensemble itself has.
    classes
        What to call negative and positive.

    Returns
    -------
    LogisticRegression
        Its decision function is the score, to float32's precision.

    Raises
    ------
    ConfigError
        If there is no such member, or it has no weights.

    Examples
    --------
    >>> X = ["what a day", "so good", "not again", "so bad"]
    >>> from emotiset.sklearn import EmotisetClassifier, TextHasher
    >>> ours = EmotisetClassifier(n_features=1024).fit(X, ["+", "+", "-", "-"])
    >>> theirs = to_linear_model(ours.ensemble_, classes=ours.classes_)
    >>> theirs.predict(TextHasher(n_features=1024).transform(["what a good day"]))[0]
    np.str_('+')
    """
    if member is not None and not 0 <= member < ensemble.n_members:
        raise ConfigError(
            f"a member from 0 to {ensemble.n_members - 1} is needed, found {member}"
        )
    if ensemble.scorers:
        raise ConfigError(
            "a linear model needs members that have weights, found others: use the "
            "ensemble itself"
        )
    wanted = slice(None) if member is None else slice(member, member + 1)
    return make_linear_model(
        ensemble.weights[:, wanted].astype(np.float64).mean(axis=1),
        float(ensemble.intercepts[wanted].mean()),
        np.asarray(classes),
    )


def make_linear_model(
    weights: NDArray[np.float64], intercept: float, classes: NDArray[Any]
) -> LogisticRegression:
    """Return a fitted model of one weight for each column, float64[n_features]."""
    model = LogisticRegression()
    model.classes_ = classes
    model.coef_ = np.ascontiguousarray(weights, np.float64).reshape(1, -1)
    model.intercept_ = np.array([intercept])
    model.n_features_in_ = len(weights)
    model.n_iter_ = np.array([0], np.int32)
    return model
