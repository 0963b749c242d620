"""An ensemble that learns from labeled text, as an estimator."""

from collections.abc import Iterable
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from emotiset import __version__
from emotiset.config import FeatureConfig, TrainConfig, Vote
from emotiset.ensemble import Ensemble
from emotiset.examples import EXAMPLES
from emotiset.keys import make_keys, visiting_order
from emotiset.labeling import normalize_text, strip_symbols
from emotiset.learner import fit_member
from emotiset.learning import FeatureSet, LearnerName, Scale
from emotiset.lexicon import load_lexicon
from emotiset.scaling import find_own_scale
from emotiset.schema import POSITIVE
from emotiset.sklearn.classes import to_polarity
from emotiset.sklearn.linear import to_linear_model
from emotiset.texts import split_texts

_BATCH_ROWS = 16_384


class EmotisetClassifier(ClassifierMixin, BaseEstimator):
    """Classify text by an ensemble, as ``emotiset train --label-column`` makes it.

    Runs in this process.  Texts are taken as observations: nothing is filtered, and
    only symbols of the lexicon are taken out.

    Parameters
    ----------
    features, n_features
        Feature set, and columns, a power of two.
    learner, scale, epochs, alpha, eta0
        As in `emotiset.config.LearnerConfig`; None: what suits the feature set.
    members
        Each learns from every so-manieth text.
    vote
        How their answers become one.
    seed
        Changes the order in which texts are learned from.

    Attributes
    ----------
    classes_ : array of 2 labels
        Negative, positive: sorted.
    ensemble_ : Ensemble
        What `fit` made.

    Examples
    --------
    >>> X = ["what a day", "so good", "not again", "so bad"]
    >>> model = EmotisetClassifier(n_features=1024).fit(X, ["+", "+", "-", "-"])
    >>> model.predict(["good day"]).tolist()
    ['+']
    >>> model.to_linear_model().coef_.shape
    (1, 1024)
    """

    def __init__(
        self,
        features: FeatureSet = "mixed",
        n_features: int = 1 << 21,
        learner: LearnerName | None = None,
        scale: Scale | None = None,
        epochs: int | None = None,
        alpha: float | None = None,
        eta0: float | None = None,
        members: int = 1,
        vote: Vote = "mean",
        seed: int = 0,
    ) -> None:
        self.features = features
        self.n_features = n_features
        self.learner = learner
        self.scale = scale
        self.epochs = epochs
        self.alpha = alpha
        self.eta0 = eta0
        self.members = members
        self.vote = vote
        self.seed = seed

    def fit(self, X: Iterable[str | None], y: Any) -> Self:
        """Train the members.

        Parameters
        ----------
        X
            What `Ensemble.predict` takes: n texts.
        y : array of n labels
            Of two classes: 0 and 1, -1 and 1, or any two values.

        Raises
        ------
        ValueError
            If there are not two classes, or not as many labels as texts.
        ConfigError
            If a setting makes no sense.
        OnePolarityError
            If a member finds texts of one class only.
        """
        config = TrainConfig(**self.get_params(), label_column="y")
        lexicon = load_lexicon()
        self.classes_, polarity = to_polarity(y)
        parts = [strip_symbols(part, lexicon) for part in split_texts(X, _BATCH_ROWS)]
        text = pa.chunked_array(parts, pa.string()).combine_chunks()
        check_consistent_length(text, polarity)
        rows = _order_rows(text, polarity, self.seed)
        learner = config.resolve(config.features)
        gains = find_own_scale([rows], config, learner)
        members = [
            fit_member(_deal(rows, i, self.members), config, learner, gains)
            for i in range(self.members)
        ]
        self.ensemble_ = Ensemble.from_members(
            members,
            features=FeatureConfig(features=self.features, n_features=self.n_features),
            vote=self.vote,
            language="any",
            lexicon=lexicon,
            settings=config.result_settings(),
            versions={"emotiset": __version__},
            sample_digest="",
        )
        return self

    def predict(self, X: Iterable[str | None]) -> NDArray[Any]:
        """Return the class of each text, n labels."""
        check_is_fitted(self)
        polarity = self.ensemble_.predict(X)
        answer: NDArray[Any] = self.classes_[(polarity == POSITIVE).astype(int)]
        return answer

    def predict_proba(self, X: Iterable[str | None]) -> NDArray[np.float32]:
        """Return the probability of either class, float32[n, 2], as in `classes_`."""
        check_is_fitted(self)
        return self.ensemble_.predict_proba(X)

    def decision_function(self, X: Iterable[str | None]) -> NDArray[np.float64]:
        """Return how far each text is on the positive side, float64[n].

        The mean score of the members; under another vote how far the probability is
        from 1/2.  Above 0 where `predict` says positive.
        """
        check_is_fitted(self)
        if self.vote == "mean":
            scores = self.ensemble_.scores(X).astype(np.float64)
            mean: NDArray[np.float64] = scores.mean(axis=1)
            return mean
        return self.ensemble_.predict_proba(X)[:, 1].astype(np.float64) - 0.5

    def to_linear_model(self, member: int | None = None) -> LogisticRegression:
        """Return a member, or the mean of all; see `emotiset.sklearn.linear`."""
        check_is_fitted(self)
        return to_linear_model(self.ensemble_, member, self.classes_.tolist())

    def __sklearn_tags__(self) -> Any:
        """Tell that text comes in, of two classes."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.classifier_tags.multi_class = False
        return tags


def _order_rows(
    text: pa.Array, polarity: NDArray[np.int8], seed: int
) -> pa.RecordBatch:
    """Return examples in the order of a hash of what they say, as training visits."""
    key = make_keys(normalize_text(text), seed)
    by_key = np.argsort(key, kind="stable")
    order = by_key[np.argsort(visiting_order(key[by_key], seed), kind="stable")]
    columns = [pa.array(polarity[order]), text.take(pa.array(order))]
    return pa.record_batch(columns, schema=EXAMPLES)


def _deal(rows: pa.RecordBatch, member: int, n_members: int) -> list[pa.RecordBatch]:
    own = rows.take(pa.array(np.arange(member, rows.num_rows, n_members)))
    starts = range(0, own.num_rows, _BATCH_ROWS)
    return [own.slice(start, _BATCH_ROWS) for start in starts]
