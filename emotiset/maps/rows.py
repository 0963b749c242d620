"""What a caller may hand in as feature maps, made canonical strings."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from emotiset.errors import InputError
from emotiset.maps.arrow import canonical_column, is_features
from emotiset.maps.objects import canonical_objects
from emotiset.maps.text import canonical_text


@dataclass(frozen=True)
class Canonical:
    """Feature maps that are known to be in canonical form, as readers give them.

    Examples
    --------
    >>> known = Canonical(pa.array(["ad=a1 x:0.5", "ad=a2"]))
    >>> len(known), [batch.to_pylist() for batch in split_maps(known, 1)]
    (2, [['ad=a1 x:0.5'], ['ad=a2']])
    """

    text: pa.Array

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.text)

    def __iter__(self) -> Iterator[Any]:
        """Yield the rows as Arrow has them."""
        return iter(self.text)


def split_maps(maps: Iterable[Any], n_rows: int) -> Iterator[pa.Array]:
    """Yield the canonical form of *maps* in order, at most *n_rows* at a time.

    Parameters
    ----------
    maps
        Dicts, ``name:value`` strings, or an Arrow array, chunked array or what offers
        itself to Arrow, of maps, structs or strings; or `Canonical`.
    n_rows
        Rows of a yielded array, at least 1.

    Yields
    ------
    pa.Array of string
        A null is a row without features.

    Raises
    ------
    InputError
        If *maps* are of no such kind, or a single one.

    Examples
    --------
    >>> [batch.to_pylist() for batch in split_maps([{"a": "x"}, "b:2", None], 2)]
    [['a=x', 'b:2'], ['']]
    """
    if isinstance(maps, Mapping | str | bytes):
        raise InputError(
            f"a list of feature maps is needed, found one {type(maps).__name__}: put "
            "it in brackets"
        )
    if isinstance(maps, Canonical):
        for start in range(0, len(maps), n_rows):
            yield pc.fill_null(maps.text.slice(start, n_rows), "")
        return
    if hasattr(maps, "__arrow_c_stream__"):
        maps = pa.chunked_array(maps)
    if isinstance(maps, pa.Array | pa.ChunkedArray):
        for batch in pa.table([maps], ["maps"]).to_batches(n_rows):
            yield pc.fill_null(canonical_array(batch["maps"]), "")
        return
    rows = list(maps)
    for start in range(0, len(rows), n_rows):
        yield pc.fill_null(canonical_list(rows[start : start + n_rows]), "")


def canonical_array(column: pa.Array) -> pa.Array:
    """Return the canonical form of a column of maps, structs or strings.

    Parameters
    ----------
    column
        For maps and structs see `canonical_column`, for strings `canonical_text`.

    Returns
    -------
    pa.Array of string
        Null where the row is null.

    Raises
    ------
    InputError
        If the column is of another type.

    Examples
    --------
    >>> canonical_array(pa.array(["b:2 a=x", None])).to_pylist()
    ['a=x b:2', None]
    """
    kind = column.type
    if is_features(kind):
        return canonical_column(column)
    if pa.types.is_dictionary(kind):
        return canonical_array(column.dictionary_decode())
    if pa.types.is_null(kind):
        return pa.nulls(len(column), pa.string())
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    if not is_text and not pa.types.is_string_view(kind):
        raise InputError(
            "a column of features needs maps, structs or name:value strings, found "
            f"type {kind}: name another with --features-column"
        )
    return canonical_text(column)


def canonical_list(rows: list[Any]) -> pa.Array:
    """Return the canonical form of each of some rows.

    Parameters
    ----------
    rows
        Dicts, ``name:value`` strings and None, as they come.

    Returns
    -------
    pa.Array of string
        Null where there is None.

    Raises
    ------
    InputError
        If a row is anything else.

    Examples
    --------
    >>> canonical_list([{"b": 2, "a": "x"}, "b:2", None]).to_pylist()
    ['a=x b:2', 'b:2', None]
    """
    if not any(isinstance(row, str) for row in rows):
        return canonical_objects(rows)
    is_text = [isinstance(row, str) for row in rows]
    texts = [row if is_ else None for row, is_ in zip(rows, is_text, strict=True)]
    others = [None if is_ else row for row, is_ in zip(rows, is_text, strict=True)]
    return pc.coalesce(
        canonical_text(pa.array(texts, pa.string())), canonical_objects(others)
    )
