"""Ensembles of several languages in one model: a text's language picks its own.

The language is found as in training: a text's own code where it is given, else what it
is identified as once its symbols are taken out.  A text in a language that has no
ensemble gets no answer; to take another language's would be a guess.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from emotiset.config import FeatureConfig
from emotiset.ensemble import Ensemble
from emotiset.errors import ConfigError, InputError
from emotiset.labeling import strip_symbols
from emotiset.language import canonical_codes, identify_languages, parse_languages
from emotiset.lexicon import Lexicon
from emotiset.saving import Saved
from emotiset.store import ModelFile
from emotiset.texts import split_texts

NO_ENSEMBLE: Final = -1

_BATCH_ROWS: Final = 16_384
# What a model file says of each language alone, not of all.
_OWN: Final = ("sample_digest", "calibration")


@dataclass(frozen=True, eq=False)
class Polyglot(Saved):
    """Ensembles by language; never changed after it is made.

    Attributes
    ----------
    ensembles
        In the order of their languages, no code in two of them.  They share features,
        vote, lexicon, settings and versions.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from emotiset.sklearn import EmotisetClassifier
    >>> made = EmotisetClassifier(n_features=1024).fit(["good", "bad"], [1, -1])
    >>> own = [replace(made.ensemble_, language=code) for code in ("en", "es")]
    >>> model, codes = Polyglot(tuple(own)), pa.array(["es", "fr"])
    >>> model.pick(codes, codes).tolist(), model.predict(["good"] * 2, codes=codes)
    ([1, -1], array([1, 0], dtype=int8))
    >>> model.to_model_file().languages
    {'en': 1, 'es': 1}
    """

    ensembles: tuple[Ensemble, ...]

    def __post_init__(self) -> None:
        """Check that a language picks one ensemble."""
        names = [each.language for each in self.ensembles]
        if not names or names != sorted(names):
            raise ConfigError(
                f"a model needs its languages in order, found {names}: sort them"
            )
        _ = self._places

    @property
    def by_language(self) -> Mapping[str, Ensemble]:
        """The ensembles by their languages, such as ``en`` or ``en+es``."""
        return {each.language: each for each in self.ensembles}

    @property
    def language(self) -> str:
        """All languages, as the setting says them: ``en,es``."""
        return ",".join(self.by_language)

    @property
    def n_members(self) -> int:
        """Number of members of all ensembles."""
        return sum(each.n_members for each in self.ensembles)

    @property
    def features(self) -> FeatureConfig:
        """How text becomes a row of the feature matrix."""
        return self.ensembles[0].features

    @property
    def lexicon(self) -> Lexicon:
        """Its symbols are taken out of the text."""
        return self.ensembles[0].lexicon

    @cached_property
    def _places(self) -> tuple[pa.Array, NDArray[np.int64]]:
        """Return all codes, and the number of each one's ensemble."""
        codes: list[str] = []
        places: list[int] = []
        for place, ensemble in enumerate(self.ensembles):
            own = sorted(parse_languages(ensemble.language) or ())
            if not own or set(own) & set(codes):
                raise ConfigError(
                    "a model needs languages that tell its ensembles apart, found "
                    f"{self.language}: train again"
                )
            codes += own
            places += [place] * len(own)
        return pa.array(codes, pa.string()), np.array(places)

    def __repr__(self) -> str:
        """Say what a person wants to know first."""
        return f"<Polyglot of {', '.join(map(repr, self.ensembles))}>"

    def pick(
        self,
        text: pa.Array,
        codes: pa.Array | None = None,
        language: str | None = None,
    ) -> NDArray[np.int64]:
        """Return the number of each text's ensemble, `NO_ENSEMBLE` where it has none.

        Parameters
        ----------
        text
            Strings, symbols and all; a null has no language.
        codes
            Each text's own language code, as sources give them; where it is null the
            text is identified.
        language
            Of all texts, whatever they say.

        Returns
        -------
        int64[n]

        Raises
        ------
        ConfigError
            If no ensemble was trained on *language*.
        """
        if language is not None:
            return np.full(len(text), self._find(language))
        lang = canonical_codes(_as_codes(codes, len(text)))
        if lang.null_count:
            is_missing = lang.is_null()
            stripped = strip_symbols(text.filter(is_missing), self.lexicon)
            identified = identify_languages(stripped)
            lang = pc.replace_with_mask(lang, is_missing, identified)
        known, places = self._places
        found = pc.fill_null(pc.index_in(lang, known), len(known))
        where: NDArray[np.int64] = np.append(places, NO_ENSEMBLE)[found.to_numpy()]
        return where

    def _find(self, language: str) -> int:
        asked = parse_languages(language)
        for place, ensemble in enumerate(self.ensembles):
            own = parse_languages(ensemble.language)
            if asked is not None and own is not None and asked <= own:
                return place
        raise ConfigError(
            f"--language needs one of {', '.join(self.by_language)}, which this model "
            f"was trained on, found {language!r}: leave it out, or train a model for it"
        )

    def predict_proba(
        self,
        texts: Iterable[str | None],
        language: str | None = None,
        *,
        codes: pa.Array | None = None,
        **how: Any,
    ) -> NDArray[np.float32]:
        """Return the probabilities of negative and positive.

        Parameters
        ----------
        texts
            As `Ensemble.scores` takes them.
        language
            Of all texts; None: each text's own.
        codes
            As `pick` takes them.
        how
            As `Ensemble.predict_proba` takes it.

        Returns
        -------
        float32[n, 2]
            NaN where the text's language has no ensemble.
        """
        blank = np.full((1, 2), np.nan, np.float32)
        return self._ask("predict_proba", blank, texts, language, codes, how)

    def predict(
        self,
        texts: Iterable[str | None],
        language: str | None = None,
        *,
        codes: pa.Array | None = None,
        **how: Any,
    ) -> NDArray[np.int8]:
        """Return the polarities, -1 negative or 1 positive; see `predict_proba`.

        Returns
        -------
        int8[n]
            0 where the text's language has no ensemble.
        """
        blank = np.zeros(1, np.int8)
        return self._ask("predict", blank, texts, language, codes, how)

    def _ask(
        self,
        method: str,
        blank: NDArray[Any],
        texts: Iterable[str | None],
        language: str | None,
        codes: pa.Array | None,
        how: Mapping[str, Any],
    ) -> NDArray[Any]:
        """Hand each text to its ensemble; *blank* is the answer where it has none."""
        parts = [blank[:0]]
        for text, where in self._pick_batches(texts, language, codes):
            part = np.repeat(blank, len(text), axis=0)
            for place in np.unique(where[where != NO_ENSEMBLE]):
                mine = where == place
                answer = getattr(self.ensembles[place], method)
                part[mine] = answer(text.filter(pa.array(mine)), **how)
            parts.append(part)
        return np.concatenate(parts)

    def _pick_batches(
        self,
        texts: Iterable[str | None],
        language: str | None,
        codes: pa.Array | None,
    ) -> Iterator[tuple[pa.Array, NDArray[np.int64]]]:
        if language is not None:
            self._find(language)  # also where there is no text
        start = 0
        for text in split_texts(texts, _BATCH_ROWS):
            own = None if codes is None else codes.slice(start, len(text))
            yield text, self.pick(text, own, language)
            start += len(text)

    def to_model_file(self) -> ModelFile:
        """Lay all members side by side; what a language has of its own apart."""
        files = [each.to_model_file() for each in self.ensembles]
        shared = {k: v for k, v in files[0].metadata.items() if k not in _OWN}
        own = {
            file.language: {k: file.metadata[k] for k in _OWN if k in file.metadata}
            for file in files
        }
        return ModelFile(
            language=self.language,
            weights=np.hstack([file.weights for file in files]),
            intercepts=np.concatenate([file.intercepts for file in files]),
            vote_weights=np.concatenate([file.vote_weights for file in files]),
            n_examples=np.concatenate([file.n_examples for file in files]),
            metadata={**shared, "ensembles": own},
            languages={each.language: each.n_members for each in self.ensembles},
            states=tuple(state for file in files for state in file.states),
        )


Model = Ensemble | Polyglot


def by_language(model: Model) -> Mapping[str, Ensemble]:
    """Return the ensembles of a model, one or several, by language."""
    if isinstance(model, Polyglot):
        return model.by_language
    return {model.language: model}


def _as_codes(codes: pa.Array | None, n: int) -> pa.Array:
    if codes is None:
        return pa.nulls(n, pa.string())
    if len(codes) != n:
        raise InputError(
            f"each text needs a language code or null, found {len(codes)} for {n} "
            "texts: give one for each, or none at all"
        )
    return codes
