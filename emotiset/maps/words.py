"""Words of feature maps: written, escaped, and put together to rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from emotiset.kernels.words import join_words

CATEGORY: Final = "="
NUMBER: Final = ":"

_IN_VALUES: Final = "% \t\n\v\f\r\x1c\x1d\x1e\x1f\x85\xa0"
_IN_NAMES: Final = _IN_VALUES + CATEGORY + NUMBER


def _quote(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode())


_NAME_TABLE: Final = {ord(each): _quote(each) for each in _IN_NAMES}
_VALUE_TABLE: Final = {ord(each): _quote(each) for each in _IN_VALUES}
# Bytes of which an escaped character has one; in UTF-8 two begin with C2.
_IS_SPECIAL: Final = np.isin(
    np.arange(256), [*(ord(each) for each in _IN_NAMES if each < "\x80"), 0xC2]
)


@dataclass(frozen=True)
class Words:
    """Some words, and the row that each belongs to.

    Attributes
    ----------
    rows : int64[n]
    text : string[n]
        Null or empty: no feature.
    """

    rows: NDArray[np.int64]
    text: pa.Array


def escape_names(names: pa.Array) -> pa.Array:
    """Return names in which nothing ends a name or a word."""
    return _escape(names, _IN_NAMES)


def escape_values(values: pa.Array) -> pa.Array:
    """Return categories in which nothing ends a word."""
    return _escape(values, _IN_VALUES)


@lru_cache(maxsize=10_000)
def escape_name(name: str) -> str:
    """Return one name as `escape_names` does.

    Examples
    --------
    >>> escape_name("a b=c")
    'a%20b%3Dc'
    """
    return name.translate(_NAME_TABLE)


def escape_value(value: str) -> str:
    """Return one category as `escape_values` does."""
    return value.translate(_VALUE_TABLE)


def write_categories(names: pa.Array | pa.Scalar, values: pa.Array) -> pa.Array:
    """Return ``name=value`` of each, null where either is; *names* are escaped."""
    text = pc.binary_join_element_wise(names, escape_values(values), CATEGORY)
    return text.cast(pa.string())


def write_numbers(names: pa.Array | pa.Scalar, values: pa.Array) -> pa.Array:
    """Return ``name:1.5`` of each, null where the number is missing, 0 or infinite.

    Examples
    --------
    >>> numbers = pa.array([1, 0.1, 0, float("nan")])
    >>> write_numbers(pa.array(["a"] * 4), numbers).to_pylist()
    ['a:1', 'a:0.1', None, None]
    """
    numbers = values.cast(pa.float32(), safe=False)
    is_one = pc.and_(pc.is_finite(numbers), pc.not_equal(numbers, 0))
    numbers = pc.if_else(is_one, numbers, pa.scalar(None, pa.float32()))
    return pc.binary_join_element_wise(names, numbers.cast(pa.string()), NUMBER)


def join_rows(parts: Iterable[Words], n_rows: int) -> pa.Array:
    """Return the canonical form of each row, string[n_rows], from the words of all.

    Parameters
    ----------
    parts
        In any order; each has its rows in ascending order.
    n_rows
        Rows without a word are empty.
    """
    parts = list(parts)
    rows = np.concatenate([np.empty(0, np.int64), *(part.rows for part in parts)])
    if not len(rows):
        return pa.repeat(pa.scalar(""), n_rows)
    # Arrow leaves no bytes where it writes a null, which is then no word.
    text = pa.concat_arrays([part.text.cast(pa.string()) for part in parts])
    order = np.arange(len(rows))
    if len(parts) > 1:
        order = np.argsort(rows, kind="stable")
    counts = np.bincount(rows, minlength=n_rows)
    firsts = np.zeros(n_rows + 1, np.int64)
    np.cumsum(counts, out=firsts[1:])
    return _join(firsts, order, text)


def _join(
    firsts: NDArray[np.int64], order: NDArray[np.int64], text: pa.Array
) -> pa.Array:
    offsets, data = _buffers(text)
    out_offsets = np.empty(len(firsts), np.int32)
    out = np.empty(len(data) + len(order), np.uint8)
    longest = int(np.diff(firsts).max(initial=0))
    places = np.empty(longest, np.int64)
    join_words(firsts, order, offsets, data, places, out_offsets, out)
    buffers = [None, pa.py_buffer(out_offsets), pa.py_buffer(out[: out_offsets[-1]])]
    return pa.Array.from_buffers(pa.string(), len(firsts) - 1, buffers)


def _buffers(text: pa.Array) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    _, offsets, data = text.buffers()
    starts = np.frombuffer(offsets, np.int32)
    starts = starts[text.offset : text.offset + len(text) + 1].view()
    values = np.frombuffer(data or b"", np.uint8).view()
    starts.flags.writeable = values.flags.writeable = False
    return starts, values


def _escape(text: pa.Array, special: str) -> pa.Array:
    offsets, data = _buffers(text)
    if not len(text) or not _IS_SPECIAL[data[offsets[0] : offsets[-1]]].any():
        return text
    for each in special:
        text = pc.replace_substring(text, each, _quote(each))
    return text
