"""What a model file is, as plain values."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from emotiset.ensemble import Ensemble


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
