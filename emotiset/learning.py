"""Settings of the learner, and what they are where nobody sets them.

The defaults depend on the learner and the feature set and on nothing else: they were
chosen once, on a part of the training tweets of Sentiment140, by
``benchmarks/features.py``.
"""

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, get_args

from emotiset.checks import check_choice, check_range, option_name
from emotiset.errors import ConfigError

TextSet = Literal["mixed", "byte4"]
FeatureSet = Literal["mixed", "byte4", "maps"]
LearnerName = Literal["averaged", "logistic", "pegasos"]
Scale = Literal["nb", "largest", "none"]


class _Steps(NamedTuple):
    epochs: int
    alpha: float
    eta0: float


# The feature set's own learner; that of byte4 is the paper's.
_LEARNERS: Final[dict[FeatureSet, LearnerName]] = {
    "mixed": "averaged",
    "byte4": "logistic",
    "maps": "averaged",
}
_STEPS: Final[dict[tuple[FeatureSet, str], _Steps]] = {
    ("mixed", "averaged"): _Steps(2, 1e-6, 4.0),
    ("mixed", "logistic"): _Steps(3, 1e-6, 1.0),
    ("mixed", "pegasos"): _Steps(3, 3e-5, 1.0),
    ("byte4", "averaged"): _Steps(2, 1e-6, 0.03),
    ("byte4", "logistic"): _Steps(3, 1e-5, 0.01),
    ("byte4", "pegasos"): _Steps(3, 3e-3, 1.0),
    ("maps", "averaged"): _Steps(5, 1e-6, 0.1),
    ("maps", "logistic"): _Steps(5, 1e-6, 0.03),
    ("maps", "pegasos"): _Steps(5, 1e-4, 1.0),
}


@dataclass(frozen=True, kw_only=True)
class LearnerConfig:
    """How one member learns from its part of the sample.

    What is None depends on the feature set; see `resolve`.

    Attributes
    ----------
    learner
        ``averaged``: logistic regression by averaged SGD, on scaled features.
        ``logistic``: the same by plain SGD, and ``pegasos``: as in the paper.  A
        ``package.module:Class`` is one's own; see `emotiset.own`.
    scale
        What ``averaged`` scales the columns by: ``nb``, their naive-Bayes log-count
        ratio in the whole sample, or ``none``.  Feature maps: ``largest``, one over
        their largest value, for all learners; ``nb`` is then both.
    epochs
        Passes over the part.
    alpha
        L2 regularization strength; multiplies ``|w|**2 / 2``.
    eta0
        First step size; ``pegasos`` sets its own.
    class_weight
        What the loss of an example counts, negative and positive; ``balanced``: both
        classes as much.  None: each example the same.  Of feature maps.
    """

    learner: str | None = None
    scale: Scale | None = None
    epochs: int | None = None
    alpha: float | None = None
    eta0: float | None = None
    class_weight: str | tuple[float, float] | None = None

    def __post_init__(self) -> None:
        """Check the values."""
        self._check_learner()
        if self.scale is not None:
            check_choice("scale", self.scale, get_args(Scale))
        check_range("epochs", self.epochs, at_least=1, at_most=1000)
        least_alpha = 1e-12 if self.learner == "pegasos" else 0  # pegasos divides by it
        check_range("alpha", self.alpha, at_least=least_alpha, at_most=1)
        check_range("eta0", self.eta0, at_least=1e-9, at_most=1e3)
        if self.learner in ("logistic", "pegasos") and self.scale == "nb":
            raise ConfigError(
                f"--scale nb needs --learner averaged, found {self.learner}: "
                "leave one of them out"
            )
        self._check_class_weight()

    def _check_learner(self) -> None:
        if self.learner is None:
            return
        if ":" not in self.learner:
            check_choice("learner", self.learner, get_args(LearnerName))
            return
        given = ("scale", "epochs", "alpha", "eta0", "class_weight")
        named = [name for name in given if getattr(self, name) not in (None, "none")]
        if named:
            raise ConfigError(
                f"--learner {self.learner} has settings of its own, found also "
                f"{', '.join(map(option_name, named))}: leave that out"
            )

    def _check_class_weight(self) -> None:
        if isinstance(self.class_weight, str):
            check_choice("class_weight", self.class_weight, ("balanced",))
        for weight in (
            () if isinstance(self.class_weight, str) else (self.class_weight or ())
        ):
            check_range("class_weight", weight, at_least=1e-6, at_most=1e6)

    def resolved_learner(self, features: FeatureSet) -> str:
        """Return the learner in use: the one set, or the feature set's own."""
        return self.learner or _LEARNERS[features]

    def resolve(self, features: FeatureSet) -> "LearnerConfig":
        """Return these settings with a value in the place of each None.

        Raises
        ------
        ConfigError
            If ``alpha * eta0`` is 1 or more, where a step would go too far.

        Examples
        --------
        >>> found = LearnerConfig(epochs=1).resolve("byte4")
        >>> found.learner, found.scale, found.epochs, found.eta0
        ('logistic', 'none', 1, 0.01)
        """
        learner = self.resolved_learner(features)
        if ":" in learner:
            if features == "maps":
                raise ConfigError(
                    "--learner needs one of this package for feature maps, found "
                    f"{learner}: leave one of them out"
                )
            return LearnerConfig(learner=learner, scale="none")
        steps = _STEPS[features, learner]
        own_scale: Scale = "nb" if learner == "averaged" else "none"
        if features == "maps":
            own_scale = "largest"
        elif self.scale == "largest" or self.class_weight is not None:
            raise ConfigError(
                "--scale largest and --class-weight need feature maps, found texts: "
                "leave it out, or name --features-column"
            )
        found = {
            name: default if getattr(self, name) is None else getattr(self, name)
            for name, default in steps._asdict().items()
        }
        if learner != "pegasos" and found["alpha"] * found["eta0"] >= 1:
            raise ConfigError(
                "--alpha times --eta0 needs to stay under 1, found "
                f"{found['alpha'] * found['eta0']:g}: lower one of them"
            )
        scale = self.scale or own_scale
        return LearnerConfig(
            learner=learner, scale=scale, class_weight=self.class_weight, **found
        )
