"""The settings that a search tries: listed, or drawn from ranges.

Drawn numbers are rounded to three digits, so that they are the same on every CPU and
can be read.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import product
from typing import (
    TYPE_CHECKING,
    Any,
    Final,
    Literal,
    NamedTuple,
    get_args,
    get_type_hints,
)

import msgspec

from emotiset.checks import check_choice, check_range
from emotiset.config import FeatureConfig, LearnerConfig, TrainConfig
from emotiset.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np

Score = Literal["log_loss", "accuracy"]
Search = Literal["random", "grid"]

_DIGITS: Final = 3
_MOST_DRAWS: Final = 100  # for each trial, before a space counts as used up
_MOST_TRIALS: Final = 10_000
_TOO_HIGH: Final = 1 << 63  # no generator draws it


class Range(NamedTuple):
    """Numbers from *low* to *high*; whole ones evenly, others by their logarithm."""

    low: float
    high: float


# For each setting the values to choose from.
Space = Mapping[str, Sequence[Any] | Range]

TUNABLE: Final = (
    *(each.name for each in fields(FeatureConfig)),
    *(each.name for each in fields(LearnerConfig)),
    *("members", "vote", "calibration"),
)
DEFAULT_SPACE: Final[Space] = {
    "features": ("mixed", "byte4"),
    "learner": ("averaged", "logistic"),
    "epochs": (1, 2, 3),
    "alpha": Range(1e-8, 1e-4),
}


@dataclass(frozen=True, kw_only=True)
class SearchConfig:
    """How settings are searched.

    Attributes
    ----------
    search
        ``random`` draws from the space; ``grid`` tries all that is listed.
    trials
        Settings to try, those given among them; None: 18, or all of a grid.
    halving
        Of the settings tried on a small sample one in so many is tried on one so many
        times as large, up to the whole sample; 1: all are tried on the whole.
    score
        What decides; the lower log loss or the higher accuracy.
    """

    search: Search = "random"
    trials: int | None = None
    halving: int = 3
    score: Score = "log_loss"

    def __post_init__(self) -> None:
        """Check the values."""
        check_choice("search", self.search, get_args(Search))
        check_choice("score", self.score, get_args(Score))
        check_range("trials", self.trials, at_least=2, at_most=_MOST_TRIALS)
        check_range("halving", self.halving, at_least=1, at_most=100)
        if self.search == "grid" and self.trials is not None:
            raise ConfigError(
                "--search grid tries all that is listed, found --trials too: leave one "
                "out"
            )


def parse_space(given: Sequence[str]) -> dict[str, Sequence[Any] | Range]:
    """Return the space that options such as ``epochs=1,2,3`` mean.

    Raises
    ------
    ConfigError
        If one names no setting that can be tuned, or a value of the wrong type.

    Examples
    --------
    >>> parse_space(["learner=averaged,logistic", "alpha=1e-8..1e-5", "epochs=1..5"])
    {'learner': ('averaged', 'logistic'), 'alpha': Range(low=1e-08, high=1e-05), \
'epochs': Range(low=1, high=5)}
    """
    space: dict[str, Sequence[Any] | Range] = {}
    for text in given:
        name, sign, values = text.partition("=")
        name = name.strip().removeprefix("--").replace("-", "_")
        if not sign or not values:
            raise ConfigError(
                f"--try needs NAME=VALUE,VALUE or NAME=LOW..HIGH, found {text!r}: "
                "write --try epochs=1,2,3"
            )
        if name in space:
            raise ConfigError(
                f"--try needs each setting once, found {name} twice: write --try "
                f"{name}=VALUE,VALUE"
            )
        low, is_range, high = values.partition("..")
        if is_range:
            space[name] = Range(_parse(name, low), _parse(name, high))
        else:
            space[name] = tuple(_parse(name, each) for each in values.split(","))
    check_space(space)
    return space


def check_space(space: Space) -> None:
    """Raise `ConfigError` unless each entry names a setting, and says what to try."""
    for name, values in space.items():
        _check_name(name)
        if isinstance(values, Range):
            numbers = (int, float)
            if not all(isinstance(each, numbers) for each in values) or not (
                0 < values.low < values.high < _TOO_HIGH
            ):
                raise ConfigError(
                    f"--try {name} needs a range of numbers above 0, the lower first, "
                    f"below 2^63, found {values.low}..{values.high}: list the values "
                    "instead"
                )
        elif isinstance(values, str) or not getattr(values, "__len__", int)():
            raise ConfigError(
                f"--try {name} needs a list of values or a Range, found {values!r}"
            )


def list_trials(
    space: Space, base: TrainConfig, search: SearchConfig
) -> list[TrainConfig]:
    """Return the settings to try, those of *base* first, no two of which are the same.

    Of a grid all that make sense together, the last entry of the space fastest.

    Parameters
    ----------
    space
        What to try; the rest stays as in *base*, whose ``seed`` draws.
    base
        The settings as given.
    search
        How, and how many.

    Raises
    ------
    ConfigError
        If nothing makes sense, or there are too few for as many trials.
    """
    check_space(space)
    found = {_identify(base): base}
    problem = None
    wanted = search.trials or (18 if search.search == "random" else None)
    for chosen in _choose(space, base, search):
        try:
            trial = replace(base, **chosen)
        except ConfigError as error:
            problem = error
            continue
        found.setdefault(_identify(trial), trial)
        if len(found) == wanted:
            break
        if len(found) > _MOST_TRIALS:
            raise ConfigError(
                f"--search grid needs at most {_MOST_TRIALS} combinations, found more: "
                "list fewer values, or draw some by --search random"
            )
    if len(found) == 1:
        told = problem or "they are all as given"
        raise ConfigError(
            f"--try needs settings that differ and fit together, found none: {told}"
        )
    return list(found.values())


def _choose(
    space: Space, base: TrainConfig, search: SearchConfig
) -> Iterator[dict[str, Any]]:
    if search.search == "grid":
        ranges = [name for name, values in space.items() if isinstance(values, Range)]
        if ranges:
            raise ConfigError(
                f"--search grid needs listed values, found a range for {ranges[0]}: "
                "list some, or leave --search grid out"
            )
        for values in product(*space.values()):
            yield dict(zip(space, values, strict=True))
        return
    import numpy as np  # not at the top: --help shows the defaults of a search

    rng = np.random.Generator(np.random.PCG64(base.seed))
    seen = set()
    for _ in range(_MOST_DRAWS * (search.trials or 18)):
        chosen = {name: _draw(values, rng) for name, values in space.items()}
        if repr(chosen) not in seen:
            yield chosen
        seen.add(repr(chosen))


def _draw(values: Sequence[Any] | Range, rng: "np.random.Generator") -> Any:
    if not isinstance(values, Range):
        return values[int(rng.integers(len(values)))]
    import numpy as np

    low, high = values
    if isinstance(low, int) and isinstance(high, int):
        return int(rng.integers(low, high + 1))
    drawn = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    return min(max(float(f"{drawn:.{_DIGITS}g}"), low), high)


def _identify(config: TrainConfig) -> bytes:
    """Return what two settings have in common that give the same model."""
    settings = config.result_settings()
    return msgspec.json.encode(settings, order="deterministic")


def _check_name(name: str) -> None:
    if name not in TUNABLE:
        raise ConfigError(
            f"--try needs a setting that can be tuned, found {name!r}: choose from "
            f"{', '.join(TUNABLE)}"
        )


def _parse(name: str, text: str) -> Any:
    _check_name(name)
    kind = get_type_hints(TrainConfig)[name]
    try:
        return msgspec.convert(text.strip(), kind, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(
            f"--try {name} has a value it cannot take, {text!r}: {error}; lists can be "
            "tried from Python alone (emotiset.tune)"
        ) from None
