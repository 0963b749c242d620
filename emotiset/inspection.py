"""What a model file is, and what it has learned, as plain values."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from emotiset.config import SourceConfig
from emotiset.ensemble import Ensemble
from emotiset.errors import ConfigError, InputError
from emotiset.kinds import check_kind
from emotiset.labeling import strip_symbols
from emotiset.ngrams import find_strongest
from emotiset.polyglot import Model, by_language
from emotiset.sources import limit_blocks, plan_blocks, read_block

SAMPLE_RECORDS: Final = 100_000


def describe_model(model: Model, path: str | Path) -> dict[str, Any]:
    """Describe a model that was loaded from *path*.

    Returns
    -------
    dict
        Plain JSON values: ``file``, ``bytes``, ``language``, ``vote``, ``features``,
        ``members`` (a list, one entry for each), ``symbols`` (by polarity),
        ``settings``, ``versions``, and ``calibration`` and ``sample_digest``, of
        several languages by language.
    """
    ensembles = by_language(model)
    ensemble = next(iter(ensembles.values()))
    members = [
        {
            "language": name,
            "intercept": float(each.intercepts[i]),
            "vote_weight": float(each.vote_weights[i]),
            "n_examples": int(each.n_examples[i]),
            "n_nonzero": int((each.weights[:, i] != 0).sum()),
            **({"n_bytes": len(each.scorers[i].state)} if each.scorers else {}),
        }
        for name, each in ensembles.items()
        for i in range(each.n_members)
    ]
    symbols = {
        name: [each.text for each in ensemble.lexicon.symbols if each.polarity == sign]
        for name, sign in (("positive", 1), ("negative", -1))
    }
    return {
        "file": str(path),
        "bytes": Path(path).stat().st_size,
        "language": model.language,
        "vote": ensemble.vote,
        "features": {
            "name": ensemble.features.features,
            "n_features": ensemble.features.n_features,
        },
        "members": members,
        "symbols": symbols,
        "calibration": _by_language(model, lambda each: each.calibration.to_metadata()),
        "settings": dict(ensemble.settings),
        "versions": dict(ensemble.versions),
        "sample_digest": _by_language(model, lambda each: each.sample_digest),
    }


def _by_language(model: Model, tell: Callable[[Ensemble], Any]) -> Any:
    """Tell something of an ensemble, or of several by language."""
    if isinstance(model, Ensemble):
        return tell(model)
    return {name: tell(each) for name, each in model.by_language.items()}


def list_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings for a reader: without null, of updates how many there were.

    Examples
    --------
    >>> list_settings({"seed": 0, "per_class": None, "updates": [{"decay": 0.5}]})
    {'seed': 0, 'updates': 1}
    """
    told = {name: value for name, value in settings.items() if value is not None}
    if isinstance(told.get("updates"), list):
        told["updates"] = len(told["updates"])
    return told


def describe_features(
    model: Model, inputs: Sequence[str | Path], source: SourceConfig, top: int
) -> dict[str, Any]:
    """Find what the ensemble listens to, in the words of the texts of *inputs*.

    Runs in this process; holds the texts.

    Parameters
    ----------
    model
        Its members' weights are averaged.
    inputs
        Files, folders or globs.
    source
        How they are read; without a limit, the first 100,000 records.
    top
        How many n-grams of each polarity.

    Returns
    -------
    dict
        See `emotiset.ngrams.find_strongest`; of several languages one by language,
        each in the texts that are in it.

    Raises
    ------
    InputError
        If the inputs cannot be read, or hold no text.
    ConfigError
        If the members have no weights.
    """
    check_kind(model, source)
    if any(each.scorers for each in by_language(model).values()):
        raise ConfigError(
            "inspect --texts needs members that have weights, found others: leave "
            "--texts out"
        )
    blocks = plan_blocks([str(path) for path in inputs], source)
    limit = SAMPLE_RECORDS if source.limit is None else source.limit
    tweets = [
        reading.tweets
        for block in limit_blocks(blocks, limit, source)
        for reading in read_block(block, source)
    ]
    if not any(batch.num_rows for batch in tweets):
        raise InputError("inspect needs texts, found none: check --texts and --format")
    if isinstance(model, Ensemble):
        return _find_strongest(model, [batch["text"] for batch in tweets], top)
    picked = [(each["text"], model.pick(each["text"], each["lang"])) for each in tweets]
    return {
        name: _find_strongest(
            ensemble, [text.filter(pa.array(w == place)) for text, w in picked], top
        )
        for place, (name, ensemble) in enumerate(model.by_language.items())
    }


def _find_strongest(
    ensemble: Ensemble, texts: Sequence[pa.Array], top: int
) -> dict[str, Any]:
    texts = [strip_symbols(text, ensemble.lexicon) for text in texts]
    weights = ensemble.weights.mean(axis=1, dtype=np.float64).astype(np.float32)
    return find_strongest(texts, weights, ensemble.features, top=top)
