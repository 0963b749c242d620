"""Feature maps as Python has them, dicts, made canonical."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa

from emotiset.errors import InputError
from emotiset.maps.words import (
    Words,
    escape_name,
    escape_value,
    join_rows,
    write_numbers,
)

_MOST_NESTED: Final = 8
_NUMBERS: Final = (bool, int, float, np.number, np.bool_)


def canonical_objects(objects: Iterable[Mapping[str, Any] | None]) -> pa.Array:
    """Return the canonical form of each dict; see `emotiset.maps.canonical_column`.

    Parameters
    ----------
    objects
        Values are strings, numbers, bools, None, and lists and dicts of them.

    Returns
    -------
    pa.Array of string
        Null where there is None.

    Raises
    ------
    InputError
        If one is no dict, or a value of another kind.

    Examples
    --------
    >>> canonical_objects([{"b": 1.0, "a": ["x", "y z"], "c": None}, None]).to_pylist()
    ['a=x a=y%20z b:1', None]
    """
    objects = list(objects)
    categories: tuple[list[int], list[str]] = ([], [])
    numbers: tuple[list[int], list[str], list[float]] = ([], [], [])
    for row, each in enumerate(objects):
        if each is None:
            continue
        if not isinstance(each, Mapping):
            raise _error(f"a dict in each row, found {type(each).__name__}")
        for name, value in walk(each):
            if type(value) is str:
                categories[0].append(row)
                categories[1].append(f"{name}={escape_value(value)}")
            else:
                numbers[0].append(row)
                numbers[1].append(name)
                numbers[2].append(value)  # type: ignore[arg-type]
    try:
        words = [
            Words(
                np.array(categories[0], np.int64), pa.array(categories[1], pa.string())
            ),
            Words(
                np.array(numbers[0], np.int64),
                write_numbers(
                    pa.array(numbers[1], pa.string()),
                    pa.array(numbers[2], pa.float64()),
                ),
            ),
        ]
    except UnicodeEncodeError:
        raise _error("text in UTF-8, found half a pair of surrogates") from None
    joined = join_rows(words, len(objects))
    is_none = np.array([each is None for each in objects], bool)
    if not is_none.any():
        return joined
    return pa.array(joined.to_pylist(), pa.string(), mask=is_none)


def walk(
    value: Any, name: str | None = None, depth: int = 0
) -> Iterator[tuple[str, str | float]]:
    """Yield the escaped name and the value of each feature of a dict.

    Raises
    ------
    InputError
        If a value is of no kind that is a feature.
    """
    if depth > _MOST_NESTED:
        raise _error("at most 8 levels inside each other")
    if isinstance(value, dict | Mapping):
        for key, inner in value.items():
            below = escape_name(key if isinstance(key, str) else str(key))
            below = below if name is None else f"{name}.{below}"
            kind = type(inner)
            if kind is str or kind is float:  # almost always
                yield below, inner
            elif inner is not None:
                yield from walk(inner, below, depth + 1)
    elif isinstance(value, list | tuple | set | frozenset | np.ndarray):
        for each in value:
            yield from walk(each, name, depth + 1)
    elif name is not None and isinstance(value, str):
        yield name, str(value)
    elif name is not None and isinstance(value, _NUMBERS):
        yield name, _as_float(value)
    elif value is not None:
        raise _error(f"strings, numbers, lists or dicts, found {type(value).__name__}")


def _as_float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:  # an int beyond all floats is as an infinite number: missing
        return float("inf")


def _error(needed: str) -> InputError:
    return InputError(f"feature maps need {needed}: write them so")
