"""What a model answers to a batch of texts: polarity, probability and language."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from emotiset.checks import check_range
from emotiset.polyglot import NO_ENSEMBLE, Model, Polyglot
from emotiset.schema import ABSTAINED
from emotiset.voting import decide


@dataclass(frozen=True)
class Answering:
    """What a model is told about where it is used.

    Attributes
    ----------
    prior
        Share of positive texts there; None: as in training.
    abstain
        Texts of which neither polarity has at least this probability get none.
    language
        Of all texts; None: of several ensembles each text's own language picks one.
    """

    prior: float | None = None
    abstain: float | None = None
    language: str | None = None

    def __post_init__(self) -> None:
        """Check the values."""
        check_range("prior", self.prior, at_least=1e-6, at_most=1 - 1e-6)
        check_range("abstain", self.abstain, at_least=0.5, at_most=1)

    def answer(
        self, model: Model, text: pa.Array, codes: pa.Array | None = None
    ) -> tuple[pa.Array, pa.Array, pa.Array]:
        """Return polarity, probability of positive and language of each text.

        The language is that of the ensemble that answers.  The polarity is null where
        it abstains, all are where the model has no ensemble for the text's language;
        *codes* are what the texts say it is.
        """
        positive, languages = answer_texts(
            model, text, codes, self.language, prior=self.prior
        )
        polarity = decide(positive, self.abstain)
        has_none = np.isnan(positive)
        return (
            pa.array(polarity, mask=has_none | (polarity == ABSTAINED)),
            pa.array(positive, mask=has_none),
            languages,
        )


AS_TRAINED: Final = Answering()


def answer_texts(
    model: Model,
    text: pa.Array,
    codes: pa.Array | None = None,
    language: str | None = None,
    **how: Any,
) -> tuple[NDArray[np.float32], pa.Array]:
    """Return the probability of positive of each text, and the ensemble that gave it.

    A model of one language answers every text; there *codes* are of no account.

    Returns
    -------
    positive : float32[n]
        NaN where the text's language has no ensemble.
    languages : pa.Array of string[n]
        What the ensemble was trained on, such as ``en+es``; null without one.
    """
    if not isinstance(model, Polyglot):
        positive = model.predict_proba(text, language, **how)[:, 1]
        return positive, pa.repeat(pa.scalar(model.language), len(text))
    where = model.pick(text, codes, language)
    positive = np.full(len(text), np.nan, np.float32)
    for place in np.unique(where[where != NO_ENSEMBLE]):
        mine = where == place
        asked = text.filter(pa.array(mine))
        positive[mine] = model.ensembles[place].predict_proba(asked, **how)[:, 1]
    names = pa.array(list(model.by_language), pa.string())
    return positive, names.take(pa.array(where, mask=where == NO_ENSEMBLE))
