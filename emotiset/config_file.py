"""Settings from a TOML file, and to one."""

import datetime
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import msgspec

from emotiset.atomic import write_atomically
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
        config = msgspec.convert(found, TrainConfig)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path} has a value of the wrong type: {error}") from None
    return {name: getattr(config, name) for name in found}


def save_config(
    path: str | Path, settings: Mapping[str, Any], comments: Sequence[str] = ()
) -> None:
    """Write settings as TOML, which `load_config` reads.

    Parameters
    ----------
    path
        Written whole or not at all.
    settings
        By name; None stands for the default and is left out.
    comments
        Lines that go before them.

    Raises
    ------
    OutputError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_config(f"{folder}/a.toml", {"alpha": 1e-6, "members": None})
    ...     load_config(f"{folder}/a.toml")
    {'alpha': 1e-06}
    """
    lines = [f"# {' '.join(comment.split())}" for comment in comments]
    lines += [
        f"{name} = {_to_toml(value)}"
        for name, value in settings.items()
        if value is not None
    ]
    with write_atomically(path) as temporary:
        temporary.write_text("\n".join([*lines, ""]), encoding="utf-8")


def _to_toml(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_to_toml, value))}]"
    if isinstance(value, datetime.date):
        return value.isoformat()
    # Of strings, booleans and finite numbers JSON's form is TOML's too, but for DEL.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
