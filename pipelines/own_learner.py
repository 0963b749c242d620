"""Learners of scikit-learn in the place of the own ones, each a member of the vote.

python pipelines/own_learner.py [INPUT ...]

Without input: simulated tweets.  Writes a model file for each learner.  A worker makes
one instance for each partition and hands it that partition's hashed examples; whatever
learns by ``partial_fit`` will do.  What has no weights scores for itself, and a model
file keeps its bytes.  The same from the command line:

    PYTHONPATH=pipelines emotiset train --learner own_learner:Net
    PYTHONPATH=pipelines emotiset predict --learner own_learner:Net

scikit-learn comes with ``pip install emotiset[sklearn]``.
"""

import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
from dask.distributed import Client
from scipy.sparse import csr_matrix
from sklearn.linear_model import SGDClassifier
from sklearn.naive_bayes import MultinomialNB
from sklearn.neural_network import MLPClassifier

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


class Net:
    """A network of one hidden layer, whose score is no sum of weights."""

    def __init__(self) -> None:
        self.model = MLPClassifier(8, learning_rate_init=0.01, random_state=0)

    def fit(self, batches: Sequence[Rows]) -> Self:
        """Go five times through what there is."""
        for _ in range(5):
            for rows in batches:
                self.model.partial_fit(rows.X, rows.polarity, classes=[-1, 1])
        return self

    def to_bytes(self) -> bytes:
        """Arrays, which loading does not run."""
        file = io.BytesIO()
        np.savez(file, *self.model.coefs_, *self.model.intercepts_)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, state: bytes) -> Self:
        """Keep the arrays; nothing else is needed to score."""
        net = cls()
        with np.load(io.BytesIO(state), allow_pickle=False) as arrays:
            net.arrays = list(arrays.values())
        return net

    def score(self, X: csr_matrix) -> np.ndarray:
        """Log-odds of positive, each row for itself."""
        inward, outward, bias, last = self.arrays
        hidden = np.maximum(X @ inward + bias, 0)
        return (hidden * outward[:, 0]).sum(axis=1) + last


LEARNERS = {Bayes: 1 << 18, Hinge: 1 << 18, Net: 1 << 12}  # and columns


def main(
    inputs: list[str], folder: Path = Path(), client: Client | None = None
) -> dict[str, float]:
    """Train an ensemble of five members with each learner; return the accuracies."""
    accuracy = {}
    for learner, n_features in LEARNERS.items():
        name = learner.__name__
        own = f"own_learner:{name}"
        config = TrainConfig(learner=own, members=5, n_features=n_features)
        result = train(inputs or ["simulated:100000"], config, client)
        result.ensemble.save(folder / f"{name}.parquet")
        loaded = load_ensemble(folder / f"{name}.parquet", learner)
        assert loaded.sha256() == result.ensemble.sha256()
        accuracy[name] = result.summary["metrics"]["accuracy"]
    return accuracy


if __name__ == "__main__":
    for name, accuracy in main(sys.argv[1:]).items():
        print(f"{name:6}  accuracy {accuracy:.3f}")
