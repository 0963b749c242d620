"""Columns of whatever type a table has, to the types of `TWEETS`."""

from collections.abc import Callable
from typing import Final

import pyarrow as pa

from emotiset.errors import InputError
from emotiset.maps import canonical_array
from emotiset.maps.arrow import is_features
from emotiset.schema import TIME
from emotiset.sources.blocks import shorten
from emotiset.sources.columns import Columns, read_flags
from emotiset.sources.door import decode_utf8
from emotiset.sources.times import clip_times, parse_times

_IS_STRING: Final[tuple[Callable[[pa.DataType], bool], ...]] = (
    *(pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view),
    *(pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view),
    pa.types.is_fixed_size_binary,
)
_IS_SCALAR: Final[tuple[Callable[[pa.DataType], bool], ...]] = (
    *(pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean),
    *(pa.types.is_decimal, pa.types.is_temporal, pa.types.is_null),
)


def check_types(
    schema: pa.Schema, columns: Columns, path: str, *, has_maps: bool = False
) -> None:
    """Raise unless the columns are of types that can be read.

    Raises
    ------
    InputError
        If the text is no string, or another column is no plain value.

    Examples
    --------
    >>> schema = pa.schema({"text": pa.int8()})
    >>> check_types(schema, Columns(0, None, None, None, None, None), "/a/b.parquet")
    Traceback (most recent call last):
    ...
    emotiset.errors.InputError: a text column needs strings, found column 'text' of \
type int8 in a/b.parquet: name another with --text-column
    """
    for position in columns.positions():
        field = schema.field(position)
        kind = _value_type(field.type)
        is_text = any(check(kind) for check in _IS_STRING) or pa.types.is_null(kind)
        if position == columns.text and has_maps:
            if not is_text and not is_features(kind):
                raise InputError(
                    "a column of features needs maps, structs or name:value strings, "
                    f"found column {field.name!r} of type {field.type} in "
                    f"{shorten(path)}: name another with --features-column"
                )
            continue
        if position == columns.text and not is_text:
            raise InputError(
                f"a text column needs strings, found column {field.name!r} of type "
                f"{field.type} in {shorten(path)}: name another with --text-column"
            )
        if not is_text and not any(check(kind) for check in _IS_SCALAR):
            raise InputError(
                f"a column needs plain values, found column {field.name!r} of type "
                f"{field.type} in {shorten(path)}: name another, or write it as text"
            )


def to_text(column: pa.Array) -> pa.Array:
    """Return values as text.

    Returns
    -------
    pa.Array of string
        Whole numbers without a point, ``true`` and ``false``; null where bytes are no
        UTF-8.

    Examples
    --------
    >>> to_text(pa.array([1.0, 0.5, None])).to_pylist()
    ['1', '0.5', None]
    """
    if pa.types.is_dictionary(column.type):
        return to_text(column.dictionary_decode())
    if any(check(column.type) for check in _IS_STRING):
        # Parquet's strings are not checked when they are read.
        return decode_utf8(column.cast(pa.binary()))
    try:
        return column.cast(pa.string())
    except pa.ArrowException as error:
        raise InputError(
            f"a column needs plain values, found type {column.type} that cannot be "
            f"written as text ({error}): write it as text"
        ) from error


def to_features(column: pa.Array) -> pa.Array:
    """Return feature maps in their canonical form.

    Returns
    -------
    pa.Array of string
        Null where there is none, and where bytes are no UTF-8.
    """
    is_map = is_features(column.type)
    canonical = canonical_array(column if is_map else to_text(column))
    return decode_utf8(canonical.cast(pa.binary()))


def to_times(column: pa.Array) -> pa.Array:
    """Return values as times; a time without a zone is taken for UTC.

    Returns
    -------
    pa.Array of timestamp[us, UTC]
        Null for what is no time, such as a number.
    """
    kind = _value_type(column.type)
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        zone = kind.tz if pa.types.is_timestamp(kind) else None
        micros = column.cast(pa.timestamp("us", zone), safe=False)
        return clip_times(micros.cast(pa.int64()).cast(TIME))
    if any(check(kind) for check in _IS_STRING):
        return parse_times(to_text(column))
    return pa.nulls(len(column), TIME)


def to_flags(column: pa.Array) -> pa.Array:
    """Return values as bool; text and numbers as `read_flags` does."""
    kind = _value_type(column.type)
    return (
        column.cast(kind) if pa.types.is_boolean(kind) else read_flags(to_text(column))
    )


def _value_type(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind
