"""Columns of JSON lines to be carried along, named by their places."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pyarrow as pa

from emotiset.sources.networks import split_path
from emotiset.sources.paths import Picker, UnreadableError, as_text


def pick_columns(lines: Sequence[bytes], names: Sequence[str]) -> dict[str, pa.Array]:
    """Return what lies at each of some places in each line, as text.

    Parameters
    ----------
    lines
        JSON objects; one that is none has nothing anywhere.
    names
        Places such as ``user.name``.

    Returns
    -------
    dict of pa.Array of string
        Null where there is nothing; lists and objects as JSON.

    Examples
    --------
    >>> lines = [b'{"a": {"b": 1, "c": [2]}}', b'{"a.b": "x"}', b"{"]
    >>> {name: found.to_pylist() for name, found in pick_columns(
    ...     lines, ["a.b", "a.c"]).items()}
    {'a.b': ['1', 'x', None], 'a.c': ['[2]', None, None]}
    """
    return {name: _pick_column(lines, name) for name in names}


def _pick_column(lines: Sequence[bytes], name: str) -> pa.Array:
    picker = Picker(split_path(name))
    return pa.array([_pick(picker, line) for line in lines], pa.string())


def _pick(picker: Picker, line: bytes) -> str | None:
    try:
        found = picker.pick(line)
    except UnreadableError:
        return None
    return next((_write(each) for each in found if each is not None), None)


def _write(value: Any) -> str:
    plain = as_text(value)
    return msgspec.json.encode(value).decode() if plain is None else plain
