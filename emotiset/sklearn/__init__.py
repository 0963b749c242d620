"""Estimators in the manner of scikit-learn, and members as its linear models.

`EmotisetClassifier` takes text, `HashedVotingClassifier` a matrix; `TextHasher` makes
the one from the other.  Takes ``pip install 'emotiset[sklearn]'``.
"""

from emotiset.sklearn.hashing import TextHasher
from emotiset.sklearn.linear import to_linear_model
from emotiset.sklearn.matrix import HashedVotingClassifier
from emotiset.sklearn.text import EmotisetClassifier

__all__ = [
    "EmotisetClassifier",
    "HashedVotingClassifier",
    "TextHasher",
    "to_linear_model",
]
