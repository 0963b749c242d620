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
from emotiset.polyglot import Model, Polyglot
from emotiset.store import ModelFile, read_model


class _Metadata(msgspec.Struct):
    features: FeatureConfig
    vote: Vote
    lexicon: Any
    settings: dict[str, Any]
    versions: dict[str, str]
    sample_digest: str
    calibration: Calibration = NOT_CALIBRATED  # format version 1 began without


def load_ensemble(path: str | Path) -> Model:
    """Read the model file that `save` of an ensemble, or of several, wrote.

    Parameters
    ----------
    path
        A local file.

    Raises
    ------
    ModelFileError
        If the file is missing, no model, damaged, or of another format version.

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
    model = read_model(path)
    try:
        if model.languages:
            return Polyglot(tuple(map(_make_ensemble, _split(model))))
        return _make_ensemble(model)
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
        )


def _make_ensemble(model: ModelFile) -> Ensemble:
    metadata = msgspec.convert(model.metadata, _Metadata)
    parse_languages(model.language)
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
    )


def _check_n_features(features: FeatureConfig, n: int) -> None:
    if features.n_features != n:
        raise ConfigError(f"{n} weights a member and {features.n_features} features")
