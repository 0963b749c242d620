"""Members that vote: predictions, and the way to a model file and back.

How scores become votes, what a probability means under each vote and how a tie falls
is told in `emotiset.voting`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Final, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from emotiset.calibration import NOT_CALIBRATED, Calibration, shift_prior
from emotiset.checks import check_range
from emotiset.config import FeatureConfig, Vote
from emotiset.errors import ConfigError
from emotiset.labeling import strip_symbols
from emotiset.language import check_trained_on
from emotiset.learner import Member
from emotiset.lexicon import Lexicon
from emotiset.maps import split_maps
from emotiset.model_format import MAX_WEIGHT
from emotiset.packing import PackedWeights, mean_of_texts, members_of_texts
from emotiset.saving import Saved
from emotiset.scorer import Scorer
from emotiset.store import ModelFile
from emotiset.texts import is_bag, map_bag, split_texts
from emotiset.voting import (
    decide,
    mean_probability,
    score_texts,
    stack_members,
    vote_probability,
)

_BATCH_ROWS: Final = 16_384


@dataclass(frozen=True, eq=False, kw_only=True)
class Ensemble(Saved):
    """Classifiers of one feature space, and all that is needed to use them.

    It is never changed after it is made, so threads may share it.

    Attributes
    ----------
    weights : float32[n_features, n_members]
        A column for each member, C-contiguous; no row where there are scorers.
    intercepts : float64[n_members]
    vote_weights : float64[n_members]
        What each member's voice counts in a ``weighted`` vote.
    n_examples : int64[n_members]
        Examples that each member has seen.
    features
        How text becomes a row of the feature matrix.
    vote
        How the members' answers become one; see `emotiset.voting`.
    language
        What the members were trained on: ``en``, ``en+es`` or ``any``.
    lexicon
        Its symbols are taken out of the text, as in training.
    calibration
        What turns a vote into a probability; see `emotiset.calibration`.
    scorers
        Members that are not linear: all of them, or none; see `emotiset.own`.
    settings, versions, sample_digest
        Where the members come from; kept in the model file, not used here.

    Examples
    --------
    >>> from emotiset.sklearn import EmotisetClassifier
    >>> texts = ["what a day", "so good", "not again", "so bad"]
    >>> learner = EmotisetClassifier(n_features=1024)
    >>> ensemble = learner.fit(texts, [1, 1, -1, -1]).ensemble_
    >>> ensemble.predict(["good day", "bad"]).tolist()
    [1, -1]
    >>> ensemble.predict_proba(["good day"]).shape, ensemble.scores(texts).shape
    ((1, 2), (4, 1))
    """

    weights: NDArray[np.float32]
    intercepts: NDArray[np.float64]
    vote_weights: NDArray[np.float64]
    n_examples: NDArray[np.int64]
    features: FeatureConfig
    vote: Vote
    language: str
    lexicon: Lexicon
    settings: Mapping[str, Any]
    versions: Mapping[str, str]
    sample_digest: str
    calibration: Calibration = NOT_CALIBRATED
    scorers: tuple[Scorer, ...] = ()

    @classmethod
    def from_members(cls, members: Sequence[Member], **others: Any) -> Self:
        """Lay *members* side by side; *others* are the further attributes.

        Raises
        ------
        ConfigError
            If there is no member, or one of them has diverged.

        Examples
        --------
        >>> Ensemble.from_members([])
        Traceback (most recent call last):
        ...
        emotiset.errors.ConfigError: an ensemble needs a member, found none: train one
        """
        if not members:
            raise ConfigError("an ensemble needs a member, found none: train one")
        return cls(**stack_members(members), **others)

    def __post_init__(self) -> None:
        """Check that no score leaves float32; make the arrays read-only."""
        for name, array in self._arrays().items():
            low, high = array.min(initial=0), array.max(initial=0)
            if not (low >= -MAX_WEIGHT and high <= MAX_WEIGHT):
                raise ConfigError(
                    f"an ensemble needs {name} within {MAX_WEIGHT:g}, found "
                    f"{low:g} to {high:g}: lower --eta0 or raise --alpha"
                )
            array.setflags(write=False)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is made at need: a worker packs the weights for itself."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def _arrays(self) -> dict[str, NDArray[Any]]:
        names = ("weights", "intercepts", "vote_weights", "n_examples")
        return {name: getattr(self, name) for name in names}

    @property
    def n_members(self) -> int:
        """Number of members."""
        return int(self.weights.shape[1])

    def __repr__(self) -> str:
        """Say what a person wants to know first."""
        return (
            f"<Ensemble of {self.n_members} for {self.language}: {self.vote} vote, "
            f"{self.features.features} in {self.features.n_features:,} columns, "
            f"trained on {self.n_examples.sum():,} examples>"
        )

    def scores(
        self, texts: Iterable[str | None], language: str | None = None
    ) -> NDArray[np.float32]:
        """Return each member's score of each text.

        Parameters
        ----------
        texts
            A list of str, a NumPy array, an Arrow array or chunked array, or a series
            of pandas or Polars.  A null has the score of an empty text.  Of a Dask
            bag, whose elements are texts, a lazy bag of answers is made.  Of feature
            maps see `emotiset.maps.split_maps`.
        language
            None, or one that the model was trained on.

        Returns
        -------
        float32[n, n_members]
            Log-odds of positive under log loss, unbounded.

        Raises
        ------
        InputError
            If *texts* are no texts, or a single str.
        ConfigError
            If the model was not trained on *language*.
        """
        if is_bag(texts):
            return map_bag(texts, self.scores, language)
        parts = map(self._score, self._strip_batches(texts, language))
        return np.concatenate([np.empty((0, self.n_members), np.float32), *parts])

    def predict_proba(
        self,
        texts: Iterable[str | None],
        language: str | None = None,
        *,
        prior: float | None = None,
    ) -> NDArray[np.float32]:
        """Return the probabilities of negative and positive.

        Parameters
        ----------
        texts, language
            As for `scores`.
        prior
            Share of positive texts where the model is used; None: as in training.

        Returns
        -------
        float32[n, 2]
            Columns negative, positive; a row adds up to 1.
        """
        if is_bag(texts):
            return map_bag(texts, self.predict_proba, language, prior=prior)
        positive = self._probability(texts, language, prior)
        return np.column_stack([1 - positive, positive])

    def predict(
        self,
        texts: Iterable[str | None],
        language: str | None = None,
        *,
        prior: float | None = None,
        abstain: float | None = None,
    ) -> NDArray[np.int8]:
        """Return the polarities, -1 negative or 1 positive; see `predict_proba`.

        Parameters
        ----------
        abstain
            Texts of which neither polarity has at least this probability get 0.

        Returns
        -------
        int8[n]
        """
        check_range("abstain", abstain, at_least=0.5, at_most=1)
        if is_bag(texts):
            how = {"prior": prior, "abstain": abstain}
            return map_bag(texts, self.predict, language, **how)
        return decide(self._probability(texts, language, prior), abstain)

    def _probability(
        self, texts: Iterable[str | None], language: str | None, prior: float | None
    ) -> NDArray[np.float32]:
        check_range("prior", prior, at_least=1e-6, at_most=1 - 1e-6)
        parts = map(self._vote, self._strip_batches(texts, language))
        positive = np.concatenate([np.empty(0, np.float32), *parts])
        trained = self.calibration.prior
        return positive if prior is None else shift_prior(positive, trained, prior)

    def _score(self, text: pa.Array) -> NDArray[np.float32]:
        model = self.weights, self.intercepts
        return score_texts(text, *model, self.features, self.scorers)

    def _vote(self, text: pa.Array) -> NDArray[np.float32]:
        model = self.weights, self.intercepts
        if self.features.features == "maps" or self.scorers:
            scores = self._score(text)
        elif self.vote == "mean":
            cut = np.zeros(1)
            means = mean_of_texts(text, self._packed, model, self.features, cut)
            return mean_probability(means, self.calibration)
        else:
            scores = members_of_texts(text, self._packed, model, self.features)
        return vote_probability(scores, self.vote, self.vote_weights, self.calibration)

    @cached_property
    def _packed(self) -> PackedWeights:
        # Threads that meet here pack twice and keep one: equal, and never changed.
        return PackedWeights.pack(self.weights, self.vote)

    def _strip_batches(
        self, texts: Iterable[str | None], language: str | None
    ) -> Iterator[pa.Array]:
        check_trained_on(self.language, language)
        if self.features.features == "maps":
            yield from split_maps(texts, _BATCH_ROWS)
            return
        for text in split_texts(texts, _BATCH_ROWS):
            yield strip_symbols(text, self.lexicon)

    def to_model_file(self) -> ModelFile:
        """Return what `save` writes."""
        metadata = {
            "features": self.features.to_metadata(),
            "vote": self.vote,
            "lexicon": self.lexicon.to_json_value(),
            "settings": dict(self.settings),
            "versions": dict(self.versions),
            "sample_digest": self.sample_digest,
            "calibration": self.calibration.to_metadata(),
        }
        arrays: dict[str, Any] = self._arrays()
        arrays["states"] = tuple(each.state for each in self.scorers)
        return ModelFile(language=self.language, metadata=metadata, **arrays)
