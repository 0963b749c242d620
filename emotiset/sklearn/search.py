"""Scikit-learn's searches over settings, on Dask and with texts hashed once.

Parameters, attributes and results are scikit-learn's own; what differs:

- Where a Dask client is there, its workers do the work, and the data travel to each
  once.  Else it is done as scikit-learn does it (``n_jobs``, joblib's own context).
- Where `TextHasher` or `EmotisetClassifier` takes the texts, first in a pipeline or
  alone, each process hashes them once for each set of features that is tried, not once
  for each fold and candidate.
"""

import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Self

import sklearn.model_selection as peers
from joblib import parallel_config
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.pipeline import Pipeline

from emotiset.sklearn.hashing import TextHasher
from emotiset.sklearn.shared import share_texts
from emotiset.sklearn.text import EmotisetClassifier


class _OverDask:
    """Fits as scikit-learn's search does, elsewhere and with less hashing."""

    estimator: Any

    def fit(self, X: Any, y: Any = None, **params: Any) -> Self:
        """Try all candidates by cross-validation; as scikit-learn's own search does.

        Parameters
        ----------
        X, y
            What the estimator takes.
        params
            As for scikit-learn's own.
        """
        X = share_texts(X) if _takes_texts(self.estimator) else X
        with _use_dask(X, y):
            super().fit(X, y, **params)  # type: ignore[misc]
        return self


class GridSearchCV(_OverDask, peers.GridSearchCV):
    """`sklearn.model_selection.GridSearchCV`, on Dask, with texts hashed once.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from emotiset.sklearn import HashedVotingClassifier
    >>> texts, labels = ["so good", "so bad", "good!", "bad!"] * 5, [1, 0, 1, 0] * 5
    >>> model = make_pipeline(TextHasher(n_features=1024), HashedVotingClassifier())
    >>> grid = {"hashedvotingclassifier__members": [1, 2]}
    >>> search = GridSearchCV(model, grid, cv=2).fit(texts, labels)
    >>> float(search.best_score_), search.predict(["so very good"]).tolist()
    (1.0, [1])
    """


class RandomizedSearchCV(_OverDask, peers.RandomizedSearchCV):
    """`sklearn.model_selection.RandomizedSearchCV`, the same way.

    Examples
    --------
    >>> from emotiset.sklearn import EmotisetClassifier
    >>> learner = EmotisetClassifier(n_features=1024)
    >>> search = RandomizedSearchCV(learner, {"epochs": [1, 2]}, n_iter=2, cv=2)
    >>> texts, labels = ["a good day", "what a mess"] * 8, [1, 0] * 8
    >>> float(search.fit(texts, labels).best_score_)
    1.0
    """


class HalvingGridSearchCV(_OverDask, peers.HalvingGridSearchCV):
    """`sklearn.model_selection.HalvingGridSearchCV`, the same way.

    Examples
    --------
    >>> from emotiset.sklearn import EmotisetClassifier
    >>> learner = EmotisetClassifier(n_features=1024)
    >>> search = HalvingGridSearchCV(learner, {"epochs": [1, 2]}, cv=2)
    >>> texts, labels = ["a good day", "what a mess"] * 8, [1, 0] * 8
    >>> float(search.fit(texts, labels).best_score_)
    1.0
    """


class HalvingRandomSearchCV(_OverDask, peers.HalvingRandomSearchCV):
    """`sklearn.model_selection.HalvingRandomSearchCV`, the same way.

    Examples
    --------
    >>> from emotiset.sklearn import EmotisetClassifier
    >>> learner = EmotisetClassifier(n_features=1024)
    >>> search = HalvingRandomSearchCV(learner, {"epochs": [1, 2]}, cv=2)
    >>> texts, labels = ["a good day", "what a mess"] * 8, [1, 0] * 8
    >>> float(search.fit(texts, labels).best_score_)
    1.0
    """


def _takes_texts(estimator: Any) -> bool:
    is_pipeline = isinstance(estimator, Pipeline) and estimator.steps
    first = estimator.steps[0][1] if is_pipeline else estimator
    return isinstance(first, TextHasher | EmotisetClassifier)


def _use_dask(X: Any, y: Any) -> AbstractContextManager[Any]:
    """Have joblib use the current Dask client, if there is one."""
    distributed = sys.modules.get("distributed")  # without it there is no client
    if distributed is None:
        return nullcontext()
    try:
        distributed.Client.current()
    except ValueError:
        return nullcontext()
    data = [each for each in (X, y) if each is not None]
    backend: AbstractContextManager[Any] = parallel_config(
        backend="dask", n_jobs=-1, scatter=data
    )
    return backend
