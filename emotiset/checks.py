"""Checks of single settings, with one form of message.

Messages name a setting by its option, ``--test-fraction``: what is typed on a command
line.  In Python and in a file of settings it is the same word, ``test_fraction``.
"""

import datetime
from collections.abc import Collection
from dataclasses import fields
from numbers import Real
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from emotiset.errors import ConfigError


def option_name(setting: str) -> str:
    """Return the option of a setting.

    Examples
    --------
    >>> option_name("test_fraction")
    '--test-fraction'
    """
    return f"--{setting.replace('_', '-')}"


def take_numpy(settings: Any) -> None:
    """Put plain numbers in a frozen dataclass where NumPy's are given.

    They come out of arrays, such as those of `numpy.logspace`.
    """
    for field in fields(settings):
        value = getattr(settings, field.name)
        if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
            object.__setattr__(settings, field.name, value.item())


def check_types(settings: Any) -> None:
    """Raise `ConfigError` unless each field of a dataclass has its declared type.

    Examples
    --------
    >>> from emotiset.config import TrainConfig
    >>> TrainConfig(epochs=2.5)
    Traceback (most recent call last):
    ...
    emotiset.errors.ConfigError: --epochs needs another type, found 2.5: \
Expected `int | null`, got `float`
    """
    types = get_type_hints(type(settings))
    for field in fields(settings):
        value = getattr(settings, field.name)
        kind = types[field.name]
        if Literal in {get_origin(each) for each in (kind, *get_args(kind))}:
            continue  # `check_choice` names the choices
        try:
            msgspec.convert(value, types[field.name], builtin_types=(datetime.date,))
        except msgspec.ValidationError as error:
            raise ConfigError(
                f"{option_name(field.name)} needs another type, found {value!r}: "
                f"{error}"
            ) from None


def check_choice(name: str, value: object, choices: Collection[str]) -> None:
    """Raise `ConfigError` unless *value* is one of *choices*."""
    if value not in choices:
        raise ConfigError(
            f"{option_name(name)} needs one of {', '.join(choices)}, found {value!r}"
        )


def check_range(
    name: str,
    value: float | None,
    *,
    at_least: float,
    at_most: float = float("inf"),
) -> None:
    """Raise `ConfigError` unless *value* is None or a number within bounds.

    Examples
    --------
    NaN is outside every range:

    >>> check_range("alpha", float("nan"), at_least=0)
    Traceback (most recent call last):
    ...
    emotiset.errors.ConfigError: --alpha needs a value of at least 0, found nan
    """
    if value is None:
        return
    if not isinstance(value, Real):
        raise ConfigError(f"{option_name(name)} needs a number, found {value!r}")
    if not at_least <= value <= at_most:
        upper = "" if at_most == float("inf") else f" and at most {_show(at_most)}"
        raise ConfigError(
            f"{option_name(name)} needs a value of at least {_show(at_least)}{upper}, "
            f"found {_show(value)}"
        )


def _show(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:g}"
