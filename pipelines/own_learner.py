"""Learners of scikit-learn in the place of the own ones, each a member of the vote.

python pipelines/own_learner.py [INPUT ...]

Without input: simulated tweets.  Writes a model file for each learner.  A worker makes
one instance for each partition and hands it that partition's hashed examples; whatever
learns by ``partial_fit`` and has weights will do.  The same from the command line:

    PYTHONPATH=pipelines emotiset train --learner own_learner:Bayes

scikit-learn comes with ``pip install emotiset[sklearn]``.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
from dask.distributed import Client
from sklearn.linear_model import SGDClassifier
from sklearn.naive_bayes import MultinomialNB

from emotiset import TrainConfig, load_ensemble
from emotiset.own import Rows
from emotiset.train import train


class Bayes:
    """Naive Bayes, whose weights are how much likelier a column is in a positive."""

    def __init__(self) -> None:
        self.model = MultinomialNB()

    def fit(self, batches: Sequence[Rows]) -> Self:
        """Count once; counts know nothing of an order."""
        for rows in batches:
            self.model.partial_fit(rows.X, rows.polarity, classes=[-1, 1])
        return self

    @property
    def weights(self) -> np.ndarray:
        """Difference of the logarithms of probabilities."""
        return self.model.feature_log_prob_[1] - self.model.feature_log_prob_[0]

    @property
    def intercept(self) -> float:
        """The same of the classes."""
        return self.model.class_log_prior_[1] - self.model.class_log_prior_[0]


class Hinge:
    """A support vector machine by averaged SGD, three epochs of it."""

    def __init__(self) -> None:
        self.model = SGDClassifier(alpha=1e-5, average=True, random_state=0)

    def fit(self, batches: Sequence[Rows]) -> Self:
        """Learn from what came with the first call as often as from what came later."""
        for _ in range(3):
            for rows in batches:
                self.model.partial_fit(rows.X, rows.polarity, classes=[-1, 1])
        return self

    @property
    def weights(self) -> np.ndarray:
        """The only row of the coefficients."""
        return self.model.coef_

    @property
    def intercept(self) -> np.ndarray:
        """Of the same."""
        return self.model.intercept_


def main(
    inputs: list[str], folder: Path = Path(), client: Client | None = None
) -> dict[str, float]:
    """Train an ensemble of five members with each learner; return the accuracies."""
    accuracy = {}
    for name in ("Bayes", "Hinge"):
        learner = f"own_learner:{name}"
        config = TrainConfig(learner=learner, members=5, n_features=1 << 18)
        result = train(inputs or ["simulated:100000"], config, client)
        result.ensemble.save(folder / f"{name}.parquet")
        assert load_ensemble(folder / f"{name}.parquet").n_members == 5
        accuracy[name] = result.summary["metrics"]["accuracy"]
    return accuracy


if __name__ == "__main__":
    for name, accuracy in main(sys.argv[1:]).items():
        print(f"{name:6}  accuracy {accuracy:.3f}")
