"""From a model to the settings of its update, and from what that gave to a new model.

The settings are those in the model file.  What says how input is read and how much of
it is drawn may differ from one update to the next; a setting that shapes the columns,
the labels or the steps may not, as the weights would mean something else.
"""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Annotated, Any, Final

import msgspec

from emotiset.assessing import Assessment
from emotiset.calibration import Calibration
from emotiset.checks import check_range
from emotiset.config import FeatureConfig, SourceConfig, TrainConfig
from emotiset.ensemble import Ensemble
from emotiset.errors import ConfigError, InputError
from emotiset.kinds import check_kind
from emotiset.lexicon import load_lexicon
from emotiset.model_format import shorten
from emotiset.own_class import is_own
from emotiset.polyglot import Model, Polyglot, by_language
from emotiset.result import merge_digests
from emotiset.training import Outcome, Outcomes
from emotiset.warm import Past, Pasts

UPDATES: Final = "updates"

# Settings that concern the new examples alone.
_FREE: Final = frozenset(
    {each.name for each in fields(SourceConfig)}
    | {"per_class", "test_fraction", "test_after", "calibration"}
)
_MODULUS: Final = 1 << 64
_Digest = Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{32})?$")]


class _Update(msgspec.Struct, forbid_unknown_fields=True):
    decay: float
    samples: dict[str, _Digest]
    n_examples: dict[str, int]


def continue_config(model: Model, given: Mapping[str, Any]) -> TrainConfig:
    """Return the settings of an update: those of the model, and what is *given*.

    Parameters
    ----------
    model
        What is updated.
    given
        Settings of `TrainConfig` by name.

    Raises
    ------
    ConfigError
        If one differs from the model's that may not, or the model has none.
    """
    found = next(iter(by_language(model).values()))
    names = {each.name for each in fields(TrainConfig)} - {"per_class", "test_after"}
    own = {name: value for name, value in found.settings.items() if name in names}
    if not isinstance(own.get("learner"), str):
        raise ConfigError(
            "update needs a model that holds its settings, found one without: train it "
            "again"
        )
    own |= {
        each.name: getattr(model.features, each.name) for each in fields(FeatureConfig)
    }
    if is_own(own["learner"]):
        raise ConfigError(
            "update needs a learner of this package, whose past a model file tells, "
            f"found {own['learner']}: train on old and new input together"
        )
    read_updates(model)
    _check_source(model, given)
    own["language"] = model.language
    own["members"] = found.n_members
    if given.get("lexicon") is not None:
        given = {**given, "lexicon": load_lexicon(given["lexicon"]).to_json_value()}
        own["lexicon"] = model.lexicon.to_json_value()
    for name, value in given.items():
        _check_same(name, value, own)
    own.pop("lexicon", None)
    if given.get("test_after") is not None:
        own["test_fraction"] = None
    free = {name: value for name, value in given.items() if name in _FREE}
    try:  # what was a tuple is a list in JSON, and a model file may be a stranger's
        return msgspec.convert({**own, **free}, TrainConfig)
    except msgspec.ValidationError as error:
        raise ConfigError(
            f"update needs settings that make sense, found others ({error}): mend "
            "them, or train a new model"
        ) from None


def _check_source(model: Model, given: Mapping[str, Any]) -> None:
    """Raise unless the input holds what the model was trained on, texts or maps."""
    names = {each.name for each in fields(SourceConfig)}
    check_kind(model, SourceConfig(**{k: v for k, v in given.items() if k in names}))


def _check_same(name: str, value: Any, own: Mapping[str, Any]) -> None:
    if name in _FREE or (name in own and own[name] == value):
        return
    found = f" ({shorten(own[name])})" if name in own else ""
    raise ConfigError(
        f"update needs {name} as in the model{found}, found {shorten(value)}: leave it "
        "out, or train a new model"
    )


def read_updates(model: Model) -> list[dict[str, Any]]:
    """Return the updates that the settings of a model tell of.

    Raises
    ------
    ConfigError
        If they, or the digests beside them, are no such thing: a model file may be a
        stranger's.

    Examples
    --------
    >>> from emotiset.sklearn import EmotisetClassifier
    >>> made = EmotisetClassifier(n_features=2).fit(["a", "b"], [0, 1])
    >>> read_updates(made.ensemble_)
    []
    """
    ensembles = by_language(model).values()
    told = next(iter(ensembles)).settings.get(UPDATES, [])
    try:
        updates = msgspec.convert(told, list[_Update])
        msgspec.convert([each.sample_digest for each in ensembles], list[_Digest])
    except msgspec.ValidationError as error:
        raise ConfigError(
            f"update needs a model whose history makes sense, found another ({error}): "
            "train it again"
        ) from None
    return [msgspec.to_builtins(each) for each in updates]


def choose_decay(decay: float | None, config: TrainConfig) -> float:
    """Return the decay asked for, or the one that does best for the learner.

    Measured by ``benchmarks/updating.py``: past iterates hold up a mean of iterates,
    while to Pegasos' sum each example is worth as much, whenever it came.

    Examples
    --------
    >>> from emotiset.config import TrainConfig
    >>> choose_decay(None, TrainConfig()), choose_decay(0, TrainConfig())
    (0.5, 0.0)
    >>> choose_decay(None, TrainConfig(learner="pegasos"))
    1.0
    """
    if decay is None:
        learner = config.resolved_learner(config.features)
        return 0.5 if learner == "averaged" else 1.0
    check_range("decay", decay, at_least=0, at_most=1)
    return float(decay)


def take_pasts(model: Model, decay: float) -> dict[str, Pasts]:
    """Return what the members of each language have learned, times *decay*."""
    return {
        name: Pasts(
            tuple(
                Past(
                    each.weights[:, i].copy(),
                    float(each.intercepts[i]),
                    float(each.vote_weights[i]),
                    int(decay * int(each.n_examples[i])),
                )
                for i in range(each.n_members)
            ),
            each.calibration,
        )
        for name, each in by_language(model).items()
    }


def continue_model(
    model: Model, found: Outcomes, decay: float, versions: Mapping[str, str]
) -> Model:
    """Return the updated model; a language that was omitted stays as it is.

    Its settings tell all updates under ``updates``: the decay, and for each language
    the digest and the number of the examples.

    Raises
    ------
    InputError
        If the model has learned from the very same examples before.
    """
    ensembles = by_language(model)
    settings = next(iter(ensembles.values())).settings
    earlier = read_updates(model)
    samples = {each.pool.name: _digest(each) for each in found.outcomes}
    for name, digest in samples.items():
        _check_new(name, digest, ensembles[name].sample_digest, earlier)
    sizes = {each.pool.name: each.drawn.bins["trained"] for each in found.outcomes}
    update = {"decay": decay, "samples": samples, "n_examples": sizes}
    told = {**settings, UPDATES: [*earlier, update]}
    updated = {each.pool.name: each for each in found.outcomes}
    made = [
        replace(
            _continue(old, updated[name]) if name in updated else old,
            settings=told,
            versions=versions,
        )
        for name, old in ensembles.items()
    ]
    return Polyglot(tuple(made)) if isinstance(model, Polyglot) else made[0]


def _continue(old: Ensemble, outcome: Outcome) -> Ensemble:
    assessment: Assessment = outcome.judgment.assessment
    calibration: Calibration = assessment.calibration
    return Ensemble.from_members(
        assessment.weigh([member for member, _ in outcome.members]),
        features=old.features,
        calibration=calibration,
        vote=old.vote,
        language=old.language,
        lexicon=old.lexicon,
        settings=old.settings,
        versions=old.versions,
        sample_digest=_add_digests(old.sample_digest, _digest(outcome)),
    )


def _digest(outcome: Outcome) -> str:
    return merge_digests(digest for _, digest in outcome.members)


def _check_new(name: str, digest: str, total: str, updates: list[Any]) -> None:
    """Raise where a sample is that of the first training, or of an update."""
    seen = [each["samples"][name] for each in updates if name in each["samples"]]
    first = total
    for each in seen:
        first = _add_digests(first, each, sign=-1)
    if digest in (first, *seen):
        raise InputError(
            f"update needs new examples, found those that the model has learned from "
            f"before ({name}, digest {digest[:12]}...): give other input"
        )


def _add_digests(one: str, other: str, sign: int = 1) -> str:
    """Add digests up, or take one away; one that is empty counts as 0.

    Examples
    --------
    >>> total = _add_digests("", "0000000000000002000000000000000b")
    >>> _add_digests(total, "0000000000000002000000000000000b", sign=-1)
    '00000000000000000000000000000000'
    """
    first, second = (
        (int(one[half] or "0", 16) + sign * int(other[half] or "0", 16)) % _MODULUS
        for half in (slice(16), slice(16, 32))
    )
    return f"{first:016x}{second:016x}"
