"""Settings from a TOML file."""

import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import msgspec

from emotiset.config import TrainConfig
from emotiset.errors import ConfigError


def load_config(path: str | Path) -> dict[str, Any]:
    """Read settings from a TOML file.

    Returns
    -------
    dict
        Only the settings that the file names, to be laid under others.

    Raises
    ------
    ConfigError
        If the file is missing, is no TOML, names a setting that does not exist, or
        gives one a value of the wrong type.
    """
    try:
        found = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"--config needs a readable TOML file, found {path}: {error.strerror}"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"--config needs a TOML file, found {path}: {error}"
        ) from None
    known = {field.name for field in fields(TrainConfig)}
    for name in found:
        if name not in known:
            raise ConfigError(
                f"{path} needs settings of TrainConfig, found {name!r}: "
                f"choose from {', '.join(sorted(known))}"
            )
    try:
        msgspec.convert(found, TrainConfig)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path} has a value of the wrong type: {error}") from None
    return found
