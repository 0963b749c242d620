"""Columns of feature maps, of the types that Arrow and Parquet have, made canonical."""

from collections.abc import Iterator
from typing import Final, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from emotiset.errors import InputError
from emotiset.maps.words import (
    Words,
    escape_name,
    escape_names,
    join_rows,
    write_categories,
    write_numbers,
)

_MOST_NESTED: Final = 8
_SEPARATOR: Final = "."

_Rows = NDArray[np.int64]
_Names: TypeAlias = pa.Array | pa.Scalar  # of each value, or one of all


def is_features(kind: pa.DataType) -> bool:
    """Tell whether a column of a type holds maps or structs."""
    return bool(pa.types.is_map(kind) or pa.types.is_struct(kind))


def canonical_column(column: pa.Array) -> pa.Array:
    """Return the canonical form of each row of a column of maps or structs.

    Strings are categories, numbers and bools are numbers, times categories by how they
    are written.  Lists are several values of a name; maps and structs inside have
    names such as ``outer.inner``.

    Parameters
    ----------
    column
        Map with names of strings, or struct.

    Returns
    -------
    pa.Array of string
        Null where the row is null.

    Raises
    ------
    InputError
        If a value is of a type that is no feature.

    Examples
    --------
    >>> rows = [{"ad": "a1", "price": 2.5, "bids": [1]}, {"ad": None}, None]
    >>> canonical_column(pa.array(rows)).to_pylist()
    ['ad=a1 bids:1 price:2.5', '', None]
    """
    rows = np.arange(len(column))
    joined = join_rows(_find_words(rows, None, column, 0), len(column))
    if not column.null_count:
        return joined
    return pc.if_else(column.is_valid(), joined, pa.scalar(None, pa.string()))


def _find_words(
    rows: _Rows, names: _Names | None, values: pa.Array, depth: int
) -> Iterator[Words]:
    """Give the words of values whose rows and escaped names are known."""
    kind = values.type
    if depth > _MOST_NESTED:
        raise _error("at most 8 levels inside each other", str(kind))
    if pa.types.is_struct(kind):
        for field, inner in zip(kind, values.flatten(), strict=True):
            name = pa.scalar(escape_name(field.name))
            yield from _find_words(rows, _put_under(names, name), inner, depth + 1)
    elif pa.types.is_map(kind):
        keys, items, parents = _open_lists(values, values.keys, values.items)
        below = _take(names, parents)
        name = escape_names(_as_strings(keys))
        taken = rows[parents.to_numpy()]
        yield from _find_words(taken, _put_under(below, name), items, depth + 1)
    elif _is_list(kind):
        parents = pc.list_parent_indices(values)
        below = _take(names, parents)
        taken = rows[parents.to_numpy()]
        yield from _find_words(taken, below, pc.list_flatten(values), depth + 1)
    elif names is None:
        raise _error("a map or a struct in each row", str(kind))
    else:
        yield Words(rows, _write(names, values))


def _open_lists(
    lists: pa.Array, keys: pa.Array, items: pa.Array
) -> tuple[pa.Array, pa.Array, pa.Array]:
    """Return what the maps of a slice hold, and the map that each belongs to."""
    starts = lists.offsets.to_numpy()
    counts = np.where(
        lists.is_valid().to_numpy(zero_copy_only=False), np.diff(starts), 0
    )
    parents = np.repeat(np.arange(len(lists)), counts)
    before = np.cumsum(counts) - counts
    places = pa.array(
        np.arange(int(counts.sum())) - np.repeat(before - starts[:-1], counts)
    )
    return keys.take(places), items.take(places), pa.array(parents)


def _write(names: _Names, values: pa.Array) -> pa.Array:
    kind = values.type
    if pa.types.is_dictionary(kind):
        return _write(names, values.dictionary_decode())
    if pa.types.is_null(kind):
        return pa.nulls(len(values), pa.string())
    if pa.types.is_boolean(kind):
        return write_numbers(names, values.cast(pa.int8()))
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return write_numbers(names, values)
    if pa.types.is_decimal(kind):
        return write_numbers(names, values.cast(pa.float64()))
    if pa.types.is_temporal(kind):
        return write_categories(names, values.cast(pa.string()))
    return write_categories(names, _as_strings(values))


def _as_strings(values: pa.Array) -> pa.Array:
    kind = values.type
    if pa.types.is_dictionary(kind):
        return _as_strings(values.dictionary_decode())
    if pa.types.is_integer(kind) or pa.types.is_null(kind):
        return values.cast(pa.string())
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    if not is_text and not pa.types.is_string_view(kind):
        raise _error("strings, numbers, bools, times, or lists of them", str(kind))
    return values.cast(pa.string())


def _put_under(outer: _Names | None, inner: _Names) -> _Names:
    if outer is None:
        return inner
    return pc.binary_join_element_wise(outer, inner, _SEPARATOR)


def _take(names: _Names | None, rows: pa.Array) -> _Names | None:
    return names.take(rows) if isinstance(names, pa.Array) else names


def _is_list(kind: pa.DataType) -> bool:
    checks = pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list
    return any(check(kind) for check in checks)


def _error(needed: str, found: str) -> InputError:
    return InputError(
        f"a column of features needs {needed}, found {found}: write it so, or as "
        "name:value strings"
    )
