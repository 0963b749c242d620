"""What a model file is, and what it has learned, as plain values."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from emotiset.config import SourceConfig
from emotiset.ensemble import Ensemble
from emotiset.errors import InputError
from emotiset.labeling import strip_symbols
from emotiset.ngrams import find_strongest
from emotiset.sources import limit_blocks, plan_blocks, read_block

SAMPLE_RECORDS: Final = 100_000


def describe_model(ensemble: Ensemble, path: str | Path) -> dict[str, Any]:
    """Describe an ensemble that was loaded from *path*.

    Returns
    -------
    dict
        Plain JSON values: ``file``, ``bytes``, ``language``, ``vote``, ``features``,
        ``members`` (a list, one entry for each), ``symbols`` (by polarity),
        ``calibration``, ``settings``, ``versions``, ``sample_digest``.
    """
    members = [
        {
            "intercept": float(ensemble.intercepts[i]),
            "vote_weight": float(ensemble.vote_weights[i]),
            "n_examples": int(ensemble.n_examples[i]),
            "n_nonzero": int((ensemble.weights[:, i] != 0).sum()),
        }
        for i in range(ensemble.n_members)
    ]
    symbols = {
        name: [each.text for each in ensemble.lexicon.symbols if each.polarity == sign]
        for name, sign in (("positive", 1), ("negative", -1))
    }
    return {
        "file": str(path),
        "bytes": Path(path).stat().st_size,
        "language": ensemble.language,
        "vote": ensemble.vote,
        "features": {
            "name": ensemble.features.features,
            "n_features": ensemble.features.n_features,
        },
        "members": members,
        "symbols": symbols,
        "calibration": asdict(ensemble.calibration),
        "settings": dict(ensemble.settings),
        "versions": dict(ensemble.versions),
        "sample_digest": ensemble.sample_digest,
    }


def describe_features(
    ensemble: Ensemble, inputs: Sequence[str | Path], source: SourceConfig, top: int
) -> dict[str, Any]:
    """Find what the ensemble listens to, in the words of the texts of *inputs*.

    Runs in this process; holds the texts.

    Parameters
    ----------
    ensemble
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
        See `emotiset.ngrams.find_strongest`.

    Raises
    ------
    InputError
        If the inputs cannot be read, or hold no text.
    """
    blocks = plan_blocks([str(path) for path in inputs], source)
    limit = SAMPLE_RECORDS if source.limit is None else source.limit
    texts: list[pa.Array] = [
        strip_symbols(reading.tweets["text"], ensemble.lexicon)
        for block in limit_blocks(blocks, limit, source)
        for reading in read_block(block, source)
    ]
    if not any(len(text) for text in texts):
        raise InputError("inspect needs texts, found none: check --texts and --format")
    weights = ensemble.weights.mean(axis=1, dtype=np.float64).astype(np.float32)
    return find_strongest(texts, weights, ensemble.features, top=top)
