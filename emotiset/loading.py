"""From a model file back to an ensemble, or to several; see `emotiset.store`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from emotiset.calibration import NOT_CALIBRATED, Calibration
from emotiset.config import FeatureConfig, Vote
from emotiset.ensemble import Ensemble
from emotiset.errors import ConfigError, ModelFileError
from emotiset.language import parse_languages
from emotiset.lexicon import Lexicon
from emotiset.model_format import refusal, shorten
from emotiset.polyglot import Model, Polyglot, by_language
from emotiset.scorer import Scorer, ScoringModel
from emotiset.store import ModelFile, read_model


class _Metadata(msgspec.Struct):
    features: FeatureConfig
    vote: Vote
    lexicon: Any
    settings: dict[str, Any]
    versions: dict[str, str]
    sample_digest: str
    calibration: Calibration = NOT_CALIBRATED  # format version 1 began without


def load_ensemble(path: str | Path, learner: type[ScoringModel] | None = None) -> Model:
    """Read the model file that `save` of an ensemble, or of several, wrote.

    Parameters
    ----------
    path
        A local file.
    learner
        Class whose ``from_bytes`` makes the members, where they have no weights; not
        looked at where they have.  The file names one too, which nothing imports: a
        file should not choose what code runs.

    Raises
    ------
    ModelFileError
        If the file is missing, no model, damaged, or of another format version.
    ConfigError
        If members without weights have no such class.

    Examples
    --------
    >>> import tempfile
    >>> from emotiset.sklearn import EmotisetClassifier
    >>> made = EmotisetClassifier(n_features=1024).fit(["good", "bad"], [1, -1])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made.ensemble_.save(f"{folder}/m.parquet")
    ...     loaded = load_ensemble(f"{folder}/m.parquet")
    >>> loaded.sha256() == made.ensemble_.sha256()
    True
    """
    model = open_model(path, learner)
    ensemble = next(iter(by_language(model).values()))
    if ensemble.scorers and not callable(getattr(learner, "from_bytes", None)):
        made_by = shorten(ensemble.settings.get("learner"))
        raise ConfigError(
            f"a model without weights needs its class, found {learner} for {path}: "
            f"name the class, {made_by} in training, by --learner or learner="
        )
    return model


def open_model(path: str | Path, learner: type[ScoringModel] | None = None) -> Model:
    """Do as `load_ensemble` does, also where no class is told; then none can score.

    For what only describes a model.
    """
    model = read_model(path)
    try:
        if model.languages:
            parts = [_make_ensemble(part, learner) for part in _split(model)]
            return Polyglot(tuple(parts))
        return _make_ensemble(model, learner)
    except (msgspec.ValidationError, ConfigError, ModelFileError) as error:
        found = shorten(error, 200)
        raise refusal(Path(path), "metadata that makes sense", found) from None


def _split(model: ModelFile) -> Iterator[ModelFile]:
    """Give the part of each language, what is its own beside what all share."""
    shared = dict(model.metadata)
    own = msgspec.convert(shared.pop("ensembles", None), dict[str, dict[str, Any]])
    stop = 0
    for language, n_members in model.languages.items():
        start, stop = stop, stop + n_members
        yield ModelFile(
            language,
            np.ascontiguousarray(model.weights[:, start:stop]),
            model.intercepts[start:stop].copy(),
            model.vote_weights[start:stop].copy(),
            model.n_examples[start:stop].copy(),
            {**shared, **own.get(language, {})},
            states=model.states[start:stop],
        )


def _make_ensemble(model: ModelFile, learner: type[ScoringModel] | None) -> Ensemble:
    metadata = msgspec.convert(model.metadata, _Metadata)
    parse_languages(model.language)
    if not model.states:
        _check_n_features(metadata.features, len(model.weights))
    return Ensemble(
        weights=model.weights,
        intercepts=model.intercepts,
        vote_weights=model.vote_weights,
        n_examples=model.n_examples,
        features=metadata.features,
        vote=metadata.vote,
        language=model.language,
        lexicon=Lexicon.from_json_value(metadata.lexicon),
        settings=metadata.settings,
        versions=metadata.versions,
        sample_digest=metadata.sample_digest,
        calibration=metadata.calibration,
        scorers=tuple(Scorer(state, learner) for state in model.states),
    )


def _check_n_features(features: FeatureConfig, n: int) -> None:
    if features.n_features != n:
        raise ConfigError(f"{n} weights a member and {features.n_features} features")
