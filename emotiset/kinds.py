"""Whether an input holds what a model was trained on, and what the model needs."""

from emotiset.config import SourceConfig
from emotiset.errors import ConfigError
from emotiset.families import list_families
from emotiset.kernels._cache import Family
from emotiset.polyglot import Model, by_language


def has_maps(model: Model) -> bool:
    """Tell whether a model was trained on feature maps.

    Examples
    --------
    >>> from emotiset.sklearn import EmotisetClassifier
    >>> made = EmotisetClassifier(n_features=1024).fit(["good", "bad"], [1, -1])
    >>> has_maps(made.ensemble_)
    False
    """
    return model.features.features == "maps"


def list_needs(model: Model) -> list[Family]:
    """Return the families of kernels that a model calls to answer."""
    [one, *_] = by_language(model).values()
    return list_families(one.features, one.vote)


def check_kind(model: Model, config: SourceConfig) -> None:
    """Raise `ConfigError` unless the input holds what *model* was trained on."""
    if has_maps(model) and config.features_column is None:
        raise ConfigError(
            "a model of feature maps needs the column that holds them, found none: "
            "name it with --features-column, or say --format svmlight"
        )
    if not has_maps(model) and config.features_column is not None:
        raise ConfigError(
            f"an input of feature maps needs a model of such, found one of texts "
            f"({model.features.features}): leave out --features-column and --format "
            "svmlight, or name another model"
        )
