"""The class that ``--learner package.module:Class`` names."""

import hashlib
import importlib
import inspect
from pathlib import Path
from typing import Any

from emotiset.errors import ConfigError
from emotiset.scorer import ScoringModel


def is_own(learner: str | None) -> bool:
    """Tell whether a learner is named as ``package.module:Class``."""
    return learner is not None and ":" in learner


def find_own(name: str) -> type[Any]:
    """Import a class by its name.

    Raises
    ------
    ConfigError
        If it cannot be imported, or has no method ``fit``.

    Examples
    --------
    >>> find_own("nowhere:Learner")
    Traceback (most recent call last):
    ...
    emotiset.errors.ConfigError: --learner needs a class that client and workers can \
import, found 'nowhere:Learner' (No module named 'nowhere'): install it on each \
machine, or name its folder in PYTHONPATH
    """
    module, _, path = name.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(
            f"--learner needs a class that client and workers can import, found "
            f"{name!r} ({error}): install it on each machine, or name its folder in "
            "PYTHONPATH"
        ) from None
    if not callable(getattr(found, "fit", None)) or not callable(found):
        raise ConfigError(
            f"--learner needs a class with a method fit, found none in {name!r}: see "
            "emotiset.own.OwnLearner"
        )
    named: type[Any] = found
    return named


def find_scoring(name: str | None) -> type[ScoringModel] | None:
    """Import a class if it is one of members without weights: it has ``from_bytes``."""
    if name is None or not is_own(name):
        return None
    found = find_own(name)
    return found if callable(getattr(found, "from_bytes", None)) else None


def find_problems(name: str) -> list[str]:
    """Tell why a class cannot be used in this process, if it cannot."""
    try:
        find_own(name)
    except ConfigError as error:
        return [str(error)]
    return []


def hash_own(name: str) -> str:
    """Return a digest of the file that defines a class, to know what it has made by."""
    try:
        source = inspect.getsourcefile(find_own(name))
    except TypeError:
        source = None
    if source is None:
        raise ConfigError(
            f"--work-dir needs the source of the learner, found none of {name!r}: "
            "leave one of them out"
        )
    return hashlib.sha256(Path(source).read_bytes()).hexdigest()
