"""From a model file back to an ensemble; see `emotiset.store` for the file."""

from pathlib import Path
from typing import Any

import msgspec

from emotiset.calibration import NOT_CALIBRATED, Calibration
from emotiset.config import FeatureConfig, Vote
from emotiset.ensemble import Ensemble
from emotiset.errors import ConfigError, ModelFileError
from emotiset.language import parse_languages
from emotiset.lexicon import Lexicon
from emotiset.model_format import refusal, shorten
from emotiset.store import read_model


class _Metadata(msgspec.Struct):
    features: FeatureConfig
    vote: Vote
    lexicon: Any
    settings: dict[str, Any]
    versions: dict[str, str]
    sample_digest: str
    calibration: Calibration = NOT_CALIBRATED  # format version 1 began without


def load_ensemble(path: str | Path) -> Ensemble:
    """Read the model file that `Ensemble.save` wrote.

    Raises
    ------
    ModelFileError
        If the file is missing, no model, damaged, or of another format version.
    """
    model = read_model(path)
    try:
        metadata = msgspec.convert(model.metadata, _Metadata)
        lexicon = Lexicon.from_json_value(metadata.lexicon)
        parse_languages(model.language)
        _check_n_features(metadata.features, len(model.weights))
    except (msgspec.ValidationError, ConfigError, ModelFileError) as error:
        found = shorten(error, 200)
        raise refusal(Path(path), "metadata that makes sense", found) from None
    return Ensemble(
        weights=model.weights,
        intercepts=model.intercepts,
        vote_weights=model.vote_weights,
        n_examples=model.n_examples,
        features=metadata.features,
        vote=metadata.vote,
        language=model.language,
        lexicon=lexicon,
        settings=metadata.settings,
        versions=metadata.versions,
        sample_digest=metadata.sample_digest,
        calibration=metadata.calibration,
    )


def _check_n_features(features: FeatureConfig, n: int) -> None:
    if features.n_features != n:
        raise ConfigError(f"{n} weights a member and {features.n_features} features")
