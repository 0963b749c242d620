"""Estimators in the manner of scikit-learn, and members as its linear models.

`EmotisetClassifier` takes text, `HashedVotingClassifier` a matrix; `TextHasher` makes
the one from the other.  `GridSearchCV` and its kin are scikit-learn's, on Dask.  All
take ``pip install 'emotiset[sklearn]'``.
"""

from emotiset.sklearn.hashing import TextHasher
from emotiset.sklearn.linear import to_linear_model
from emotiset.sklearn.matrix import HashedVotingClassifier
from emotiset.sklearn.search import (
    GridSearchCV,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    RandomizedSearchCV,
)
from emotiset.sklearn.text import EmotisetClassifier

__all__ = [
    "EmotisetClassifier",
    "GridSearchCV",
    "HalvingGridSearchCV",
    "HalvingRandomSearchCV",
    "HashedVotingClassifier",
    "RandomizedSearchCV",
    "TextHasher",
    "to_linear_model",
]
