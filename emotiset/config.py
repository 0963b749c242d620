"""Settings: frozen, and checked when they are made.

`TrainConfig` *is* each of its parts, so a stage that needs only a part says so in its
signature and is handed the whole::

    def fit_member(batches: Iterable[RecordBatch], config: LearnerConfig) -> Member
"""

import datetime
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Literal, get_args

import msgspec

from emotiset.checks import check_choice, check_range, check_types, take_numpy
from emotiset.errors import ConfigError
from emotiset.folds import FoldConfig
from emotiset.learning import FeatureSet as FeatureSet
from emotiset.learning import LearnerConfig as LearnerConfig
from emotiset.learning import LearnerName as LearnerName
from emotiset.learning import TextSet as TextSet
from emotiset.sourcing import SourceConfig as SourceConfig

Vote = Literal["majority", "weighted", "mean"]
_MAX_LOG2_FEATURES: Final = 28
_TEST_FRACTION: Final = 0.1


@dataclass(frozen=True, kw_only=True)
class LabelingConfig:
    """Which tweets become labeled examples, and how.

    Attributes
    ----------
    language
        ``en``; ``en,es`` trains an ensemble for each; ``en+es`` pools both in one;
        ``any`` keeps all.  None: ``en``, and ``any`` with a label column.
    lexicon
        TOML text that extends or replaces the built-in lexicon.
    keep_retweets
        Keep tweets that repeat another's.
    drop_deleted
        Drop tweets that a delete notice anywhere in the input names.
    min_length
        Characters a tweet needs before its symbols are removed; the paper asks
        for more than 20.
    positive, negative
        Values of the label column; None: -1/1, 0/1, negative/positive or false/true.
    """

    language: str | None = None
    lexicon: str | None = None
    keep_retweets: bool = False
    drop_deleted: bool = False
    min_length: int = 21
    positive: str | None = None
    negative: str | None = None

    def __post_init__(self) -> None:
        """Check the values."""
        check_range("min_length", self.min_length, at_least=0, at_most=1 << 31)
        if not all(code.strip().isalnum() for code in self._code_stems()):
            raise ConfigError(
                "--language needs a code such as en, several such as en,es or en+es, "
                f"or 'any', found {self.language!r}: name at least one"
            )
        if (self.positive is None) != (self.negative is None):
            raise ConfigError(
                "--positive and --negative are needed together, found only one: name "
                "both"
            )
        if self.positive is not None and self.positive == self.negative:
            raise ConfigError(
                "--positive and --negative need two different values of the label "
                f"column, found {self.positive!r} for both: change one"
            )

    def _code_stems(self) -> list[str]:
        if self.language is None:
            return []
        codes = self.language.replace("+", ",").split(",")
        return [code.split("-")[0] for code in codes]


@dataclass(frozen=True, kw_only=True)
class SampleConfig:
    """Which of the labeled examples are drawn, and for what.

    Attributes
    ----------
    per_class
        Examples of each polarity; None: as many as the rarer one has.
    members
        Members of the ensemble; None: chosen from the sample's size.
    keep_copies
        Keep every copy of a text, also where copies disagree.
    test_fraction
        Share of key space that is held out; None: 0.1, and 0 with a label column.
    test_after
        Hold out what was posted on this day or later, instead of a fraction.
    calibration
        Examples, a tenth of the sample at most, that members learn from last,
        after they have fitted the probabilities; 0: probabilities are not fitted.
    seed
        Changes the draw, the held-out set, the members and their order.
    """

    per_class: int | None = None
    members: int | None = None
    keep_copies: bool = False
    test_fraction: float | None = None
    test_after: datetime.date | None = None
    calibration: int = 20_000
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the values."""
        check_range("per_class", self.per_class, at_least=1)
        check_range("members", self.members, at_least=1, at_most=10_000)
        check_range("test_fraction", self.test_fraction, at_least=0, at_most=0.9)
        check_range("calibration", self.calibration, at_least=0)
        check_range("seed", self.seed, at_least=0, at_most=2**63 - 1)
        if self.test_after is not None and self.test_fraction is not None:
            raise ConfigError(
                "--test-fraction and --test-after exclude each other, found both: keep "
                "one"
            )


@dataclass(frozen=True, kw_only=True)
class FeatureConfig:
    """How text becomes a row of the feature matrix.

    Attributes
    ----------
    features
        Name of the feature set: ``mixed`` takes words and byte n-grams, ``byte4`` is
        the paper's, and ``maps`` are features already.
    n_features
        Columns, a power of two.
    cross
        Pairs of names in feature maps whose values together are a feature too.
    """

    features: FeatureSet = "mixed"
    n_features: int = 1 << 21
    cross: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """Check the values."""
        check_choice("features", self.features, get_args(FeatureSet))
        check_range("n_features", self.n_features, at_least=2)
        log2 = self.n_features.bit_length() - 1
        if self.n_features != 1 << log2 or log2 > _MAX_LOG2_FEATURES:
            raise ConfigError(
                f"--n-features needs a power of two up to 2^{_MAX_LOG2_FEATURES}, "
                f"found {self.n_features}: try {1 << min(log2, _MAX_LOG2_FEATURES)}"
            )
        if self.cross and self.features != "maps":
            raise ConfigError(
                "--cross needs feature maps, found texts: name their column with "
                "--features-column"
            )

    def to_metadata(self) -> dict[str, Any]:
        """Return what a model file says of it; crosses only where there are some."""
        found = {"features": self.features, "n_features": self.n_features}
        return {**found, "cross": self.cross} if self.cross else found


@dataclass(frozen=True, kw_only=True)
class TrainConfig(
    SourceConfig,
    LabelingConfig,
    SampleConfig,
    FeatureConfig,
    LearnerConfig,
    FoldConfig,
):
    """Everything that one training run can be told; each part explains its own.

    Attributes
    ----------
    vote
        How the members' answers become one.

    Examples
    --------
    >>> config = TrainConfig(members=8)
    >>> config.to_dict()["block_size"], "block_size" in config.result_settings()
    (67108864, False)
    >>> TrainConfig(n_features=1000)
    Traceback (most recent call last):
    ...
    emotiset.errors.ConfigError: --n-features needs a power of two up to 2^28, \
found 1000: try 512
    """

    vote: Vote = "mean"

    def __post_init__(self) -> None:
        """Check the types, each part, then what holds between parts."""
        take_numpy(self)
        check_types(self)
        SourceConfig.__post_init__(self)  # a format may imply a column
        if self.features_column is not None and self.features == "mixed":
            object.__setattr__(self, "features", "maps")
        for part in TrainConfig.__bases__:
            part.__post_init__(self)  # type: ignore[attr-defined]
        check_choice("vote", self.vote, get_args(Vote))
        if self.keep_columns:
            raise ConfigError(
                "--keep-columns needs predictions to stand beside, found training: "
                "leave it out"
            )
        self._check_maps()
        self.resolve(self.features)  # which looks at what holds between settings
        if self.positive is not None and self.label_column is None:
            raise ConfigError(
                "--positive and --negative name values of the label column, found no "
                "--label-column: name it too"
            )

    def _check_maps(self) -> None:
        if (self.features == "maps") != (self.features_column is not None):
            raise ConfigError(
                "--features maps and --features-column belong together, found "
                f"--features {self.features} and "
                f"--features-column {self.features_column}: leave --features out"
            )
        if self.features_column is not None and self.label_column is None:
            raise ConfigError(
                "--features-column needs a known class in each row, found no "
                "--label-column: name it too"
            )

    @property
    def languages(self) -> str:
        """The languages in use: those set; else English, or any for observations."""
        if self.language is not None:
            return self.language
        return "en" if self.label_column is None else "any"

    @property
    def held_out_fraction(self) -> float:
        """Share of key space that is held out, 0 to 0.9."""
        if self.test_fraction is not None:
            return self.test_fraction
        has_own_rule = self.label_column is not None or self.test_after is not None
        return 0.0 if has_own_rule else _TEST_FRACTION

    def result_settings(self) -> dict[str, Any]:
        """Return the settings that shape the model, as plain JSON values.

        How the input is found and cut does not, nor whether it is judged by folds, so
        that is left out: the same tweets from another kind of file give the same model
        file.  What a rule chose stands there as it was chosen.
        """
        unused = (*fields(SourceConfig), *fields(FoldConfig))
        hidden = {each.name for each in unused} | {"lexicon"}
        learner = msgspec.to_builtins(asdict(self.resolve(self.features)))
        found = {**self.to_dict(), **learner}
        found["language"] = self.languages
        hidden |= {name for name in ("cross", "class_weight") if not found[name]}
        if self.test_after is None:
            found["test_fraction"] = self.held_out_fraction
        return {name: value for name, value in found.items() if name not in hidden}

    def to_dict(self) -> dict[str, Any]:
        """Return all settings as plain JSON values, secrets left out."""
        plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(asdict(self)))
        plain["storage_options"] = dict.fromkeys(self.storage_options, "...")
        return plain
