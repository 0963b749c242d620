"""From options to settings: those that were given, parsed, over those of a file."""

import datetime
import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from emotiset.config import SourceConfig, TrainConfig
from emotiset.errors import ConfigError
from emotiset.forking import start_early

if TYPE_CHECKING:
    from emotiset.cluster import ClusterConfig

# Modules that load Dask are imported when they are needed.


def pick_given(options: Mapping[str, Any], kind: type[Any]) -> dict[str, Any]:
    """Return the options that are settings of *kind* and were given.

    Parameters
    ----------
    options
        By name, as a command gets them; None stands for the default, and names that
        *kind* does not have are passed over.
    kind
        A dataclass.

    Examples
    --------
    >>> pick_given({"limit": 5, "format": None, "quiet": True}, SourceConfig)
    {'limit': 5}
    """
    names = {each.name for each in fields(kind)}
    return {k: v for k, v in options.items() if k in names and v is not None}


def parse_given(
    options: Mapping[str, Any], kind: type[Any] = TrainConfig
) -> dict[str, Any]:
    """Return what `pick_given` picks, with sizes, days and the like parsed.

    Examples
    --------
    >>> parse_given({"block_size": "1kB", "storage_option": ["anon=true"]})
    {'block_size': 1000, 'storage_options': {'anon': True}}
    """
    given = pick_given(options, kind)
    found = {k: _PARSERS[k](v) if k in _PARSERS else v for k, v in given.items()}
    if options.get("storage_option"):
        found["storage_options"] = parse_storage_options(options["storage_option"])
    return found


def find_settings(options: Mapping[str, Any]) -> dict[str, Any]:
    """Lay the options over the settings of the file that ``config`` names, if any."""
    from emotiset.config_file import load_config

    path = options["config"]
    found = {} if path is None else load_config(path)
    return {**found, **parse_given(options)}


def make_source_config(options: Mapping[str, Any]) -> SourceConfig:
    """Return how the inputs are read."""
    return SourceConfig(**parse_given(options, SourceConfig))


def make_cluster_config(
    options: Mapping[str, Any], *, will_work: bool = True
) -> "ClusterConfig":
    """Return the cluster that options describe.

    Where it *will work*, a local one gets ready while this process still imports.
    """
    is_local = not (options.get("scheduler") or options.get("scheduler_file"))
    if is_local and will_work:
        start_early()
    from emotiset.cluster import ClusterConfig

    return ClusterConfig(**parse_given(options, ClusterConfig))


def parse_size(name: str, size: str) -> int:
    """Return the bytes that a size such as ``64MiB`` means."""
    from dask.utils import parse_bytes

    try:
        return int(parse_bytes(size))
    except (ValueError, OverflowError):
        raise ConfigError(
            f"{name} needs a size, found {size!r}: write 64MiB or 500kB"
        ) from None


def _keep_size(size: str) -> str:
    """Return the limit of a worker's memory as it was written, if it is a size."""
    parse_size("--memory-limit", size)
    return size


def parse_crosses(pairs: list[str]) -> tuple[tuple[str, str], ...]:
    """Return the pairs of names that ``a,b`` options mean.

    Examples
    --------
    >>> parse_crosses(["user,ad"])
    (('user', 'ad'),)
    """
    for pair in pairs:
        if pair.count(",") != 1 or "" in pair.split(","):
            raise ConfigError(
                f"--cross needs two names of features, found {pair!r}: write --cross "
                "user,ad"
            )
    return tuple((a, b) for a, b in (pair.split(",") for pair in pairs))


def parse_class_weight(weights: str) -> str | tuple[float, float]:
    """Return ``balanced``, or the two numbers that an option holds.

    Examples
    --------
    >>> parse_class_weight("balanced"), parse_class_weight("1,20")
    ('balanced', (1.0, 20.0))
    """
    if weights == "balanced":
        return weights
    try:
        negative, positive = map(float, weights.split(","))
    except ValueError:
        raise ConfigError(
            f"--class-weight needs balanced or two numbers, found {weights!r}: write "
            "--class-weight 1,20"
        ) from None
    return negative, positive


def parse_storage_options(pairs: list[str]) -> dict[str, Any]:
    """Return what ``key=value`` options mean; a value that is JSON is taken as such.

    Examples
    --------
    >>> parse_storage_options(["anon=true", "key=AKIA", 'client_kwargs={"a": 1}'])
    {'anon': True, 'key': 'AKIA', 'client_kwargs': {'a': 1}}
    """
    options: dict[str, Any] = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if not (key and sign):
            raise ConfigError(
                f"--storage-option needs KEY=VALUE, found {key!r} without a value: "
                "write --storage-option anon=true"
            )
        try:
            options[key] = json.loads(value)
        except ValueError:
            options[key] = value
    return options


def read_text(name: str, path: Path) -> str:
    """Return what a file named by an option holds."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{name} needs a readable UTF-8 file, found {path}: "
            f"{getattr(error, 'strerror', None) or error}"
        ) from None


# What an option's value becomes, where a setting is of another type.
_PARSERS: Final[dict[str, Callable[[Any], Any]]] = {
    "block_size": partial(parse_size, "--block-size"),
    "class_weight": parse_class_weight,
    "cross": parse_crosses,
    "keep_columns": tuple,
    "lexicon": partial(read_text, "--lexicon"),
    "memory_limit": _keep_size,
    "test_after": datetime.datetime.date,
}
