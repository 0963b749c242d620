"""What a training run hands back: the ensemble, and the summary of how it came."""

import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from emotiset.config import FeatureConfig, TrainConfig
from emotiset.ensemble import Ensemble
from emotiset.learner import Member
from emotiset.lexicon import Lexicon
from emotiset.partition import Tally
from emotiset.progress import Stopwatch
from emotiset.schema import BINS
from emotiset.steps import Drawn, Judgment

# What can change a byte of the model.
_PACKAGES = ("emotiset", "emoji", "msgspec", "numba", "numpy", "py3langid", "pyarrow")


@dataclass(frozen=True)
class TrainResult:
    """What `emotiset.train.train` returns.

    Attributes
    ----------
    ensemble
        Ready to predict and to be saved.
    summary
        Plain JSON values: ``funnel``, ``read``, ``n_train``, ``n_test``, ``members``,
        ``n_calibration``, ``metrics``, ``model_sha256``, ``seconds``, ``inputs``,
        ``config``, ``versions``.
    """

    ensemble: Ensemble
    summary: dict[str, Any]


def find_versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that shape a model."""
    found = {name: version(name) for name in _PACKAGES}
    return {"python": platform.python_version(), **found}


def order_funnel(*bins: Mapping[str, int]) -> dict[str, int]:
    """Add counts by bin; return every bin, in the order of the funnel.

    Examples
    --------
    >>> list(order_funnel({"copy": 2}, {"copy": 1}).items())[11:13]
    [('copy', 3), ('conflicting_copies', 0)]
    """
    return {name: sum(each.get(name, 0) for each in bins) for name in BINS}


def merge_digests(digests: Iterable[tuple[int, int]]) -> str:
    """Add the members' digests of their keys up; return 32 hexadecimal digits.

    Examples
    --------
    >>> merge_digests([(2**64 - 1, 5), (3, 6)])
    '0000000000000002000000000000000b'
    """
    digests = list(digests)
    first, second = (sum(each[i] for each in digests) % 2**64 for i in (0, 1))
    return f"{first:016x}{second:016x}"


def make_result(
    members: Sequence[tuple[Member, tuple[int, int]]],
    judgment: Judgment,
    drawn: Drawn,
    tally: Tally,
    inputs: Sequence[str | Path],
    config: TrainConfig,
    lexicon: Lexicon,
    clock: Stopwatch,
) -> TrainResult:
    """Put the ensemble together, and the summary of the run."""
    versions = find_versions()
    calibration = judgment.assessment.calibration
    digest = merge_digests(digest for _, digest in members)
    ensemble = Ensemble.from_members(
        judgment.assessment.weigh([member for member, _ in members]),
        calibration=calibration,
        features=FeatureConfig(features=config.features, n_features=config.n_features),
        vote=config.vote,
        language=config.languages,
        lexicon=lexicon,
        settings=config.result_settings(),
        versions=versions,
        sample_digest=digest,
    )
    funnel = order_funnel(tally.bins, drawn.bins)
    summary = {
        "read": tally.n_read,
        "funnel": funnel,
        "n_train": funnel["trained"],
        "n_test": funnel["held_out"],
        "members": len(members),
        "n_calibration": calibration.n_examples,
        "metrics": dict(judgment.metrics),
        "model_sha256": ensemble.sha256(),
        "sample_digest": digest,
        "seconds": dict(clock.seconds),
        "inputs": [str(path) for path in inputs],
        "config": config.to_dict(),
        "versions": {**versions, "dask": version("dask")},
    }
    return TrainResult(ensemble, summary)
