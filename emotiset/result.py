"""What a training run hands back: the ensemble, and the summary of how it came."""

import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa

from emotiset.config import FeatureConfig, TrainConfig
from emotiset.ensemble import Ensemble
from emotiset.evaluate import Confusion
from emotiset.lexicon import Lexicon
from emotiset.partition import Tally
from emotiset.polyglot import Model, Polyglot
from emotiset.progress import Stopwatch
from emotiset.schema import BINS
from emotiset.training import Outcome, Outcomes

# What can change a byte of the model.
_PACKAGES = ("emotiset", "emoji", "msgspec", "numba", "numpy", "py3langid", "pyarrow")


@dataclass(frozen=True)
class TrainResult:
    """What `emotiset.train.train` returns.

    Attributes
    ----------
    ensemble
        Ready to predict and to be saved; a `Polyglot` where several languages were
        asked for.
    summary
        Plain JSON values: ``funnel``, ``read``, ``n_train``, ``n_test``, ``members``,
        ``n_calibration``, ``metrics``, ``model_sha256``, ``labels``, ``seconds``,
        ``inputs``, ``config`` (as given), ``settings`` (those of the model, as rules
        chose them), ``versions``; of several languages ``languages``, with sizes and
        metrics of each, and ``omitted``, with a reason for each that had too few
        examples; ``folds``, of each language, where cross-validation was asked
        for: ``k``, ``by``, ``means`` with intervals, and ``each`` fold.
    texts
        Batches of held-out rows by language, where they were asked for.
    """

    ensemble: Model
    summary: dict[str, Any]
    texts: Mapping[str, Sequence[pa.RecordBatch]] = field(default_factory=dict)


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


def describe_labels(tally: Tally, lexicon: Lexicon) -> dict[str, Any]:
    """Return labeled texts by first symbol and by day, copies included.

    Returns
    -------
    dict
        ``by_symbol``, a list of ``symbol``, ``polarity`` and ``n``, the commonest
        first; ``by_day``, negative and positive labels of each day in UTC, those
        without a time under the empty string.
    """
    found = [each for each in lexicon.symbols if each.text in tally.by_symbol]
    found.sort(key=lambda each: -tally.by_symbol[each.text])
    by_symbol = [
        {
            "symbol": each.text,
            "polarity": each.polarity,
            "n": tally.by_symbol[each.text],
        }
        for each in found
    ]
    by_day = {day: list(counts) for day, counts in sorted(tally.by_day.items())}
    return {"by_symbol": by_symbol, "by_day": by_day}


def make_result(
    found: Outcomes,
    tally: Tally,
    inputs: Sequence[str | Path],
    config: TrainConfig,
    lexicon: Lexicon,
    clock: Stopwatch,
    model: Model | None = None,
) -> TrainResult:
    """Put the ensembles together, unless *model* is made of them; write the summary."""
    versions = find_versions()
    settings = {**config.result_settings(), **_tell_sizes(found, config)}
    with clock.time("pack"):
        model = model or _make_model(found, config, lexicon, versions, settings)
        digest = model.sha256()
    funnel = order_funnel(tally.bins, found.bins)
    summary = {
        "read": tally.n_read,
        "funnel": funnel,
        "first_reject": _tell_reject(tally),
        "n_train": funnel["trained"],
        "n_test": funnel["held_out"],
        "members": len(found.members),
        "n_calibration": sum(
            each.judgment.assessment.calibration.n_examples for each in found.outcomes
        ),
        "metrics": _merge_metrics([each.judgment.metrics for each in found.outcomes]),
        "model_sha256": digest,
        "sample_digest": merge_digests(digest for _, digest in found.members),
        "labels": describe_labels(tally, lexicon),
        "seconds": dict(clock.seconds),
        "inputs": [str(path) for path in inputs],
        "config": config.to_dict(),
        "settings": settings,
        "versions": {**versions, "dask": version("dask")},
    }
    if isinstance(model, Polyglot):
        summary["languages"] = {
            each.pool.name: {
                **each.sizes,
                "metrics": dict(each.judgment.metrics),
                **_tell_folds(each),
            }
            for each in found.outcomes
        }
        summary["omitted"] = found.omitted
    else:
        summary |= _tell_folds(found.outcomes[0])
    texts = {each.pool.name: each.texts for each in found.outcomes if each.texts}
    return TrainResult(model, summary, texts)


def _tell_folds(outcome: Outcome) -> dict[str, Any]:
    return {} if outcome.folds is None else {"folds": outcome.folds}


def _tell_reject(tally: Tally) -> str | None:
    """Say what is wrong with the first reject, if there is one."""
    if not tally.rejects:
        return None
    first = tally.rejects[0]
    return f"{first.source}, {first.where}: {first.reason}"


def _make_model(
    found: Outcomes,
    config: TrainConfig,
    lexicon: Lexicon,
    versions: dict[str, str],
    settings: dict[str, Any],
) -> Model:
    """Make an ensemble of each outcome, and one model of all."""
    ensembles = [
        Ensemble.from_members(
            each.judgment.assessment.weigh([member for member, _ in each.members]),
            features=FeatureConfig(
                features=config.features,
                n_features=config.n_features,
                cross=config.cross,
            ),
            calibration=each.judgment.assessment.calibration,
            vote=config.vote,
            language=each.pool.name,
            lexicon=lexicon,
            settings=settings,
            versions=versions,
            sample_digest=merge_digests(digest for _, digest in each.members),
        )
        for each in found.outcomes
    ]
    is_one = len(ensembles) == 1 and not found.omitted
    return ensembles[0] if is_one else Polyglot(tuple(ensembles))


def _tell_sizes(found: Outcomes, config: TrainConfig) -> dict[str, Any]:
    """Return settings that a rule has chosen from what there was, by language."""
    names = [each.pool.name for each in found.outcomes]
    told: dict[str, Any] = {"language": ",".join(sorted([*names, *found.omitted]))}
    members = {each.pool.name: len(each.members) for each in found.outcomes}
    told["members"] = _unwrap(members)
    is_balanced = config.label_column is None or config.per_class is not None
    if is_balanced:
        halves = [each.drawn.bins["trained"] // 2 for each in found.outcomes]
        told["per_class"] = _unwrap(dict(zip(names, halves, strict=True)))
    return told


def _unwrap(by_language: dict[str, int]) -> int | dict[str, int]:
    return by_language if len(by_language) > 1 else next(iter(by_language.values()))


def _merge_metrics(each: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the metrics of all held-out sets together.

    Of several, what counts of right and wrong tell, and means of the log loss and of
    the single members.  AUC and ECE are
    None: ranks and bins of different ensembles do not add up.
    """
    if len(each) == 1:
        return dict(each[0])
    total = sum((Confusion(**one["confusion"]) for one in each), Confusion())
    interval = total.accuracy_interval
    means = {
        name: sum(one[name] * one["n"] for one in each if one["n"]) / total.n
        if total.n
        else None
        for name in ("log_loss", "single_member_accuracy")
    }
    return {
        "n": total.n,
        "accuracy": total.accuracy,
        "accuracy_interval": None if interval is None else list(interval),
        "macro_recall": total.macro_recall,
        "f1": total.f1,
        "auc": None,
        "ece": None,
        "confusion": asdict(total),
        **means,
    }
