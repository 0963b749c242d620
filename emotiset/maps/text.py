"""Feature maps written as text, ``ad=a1 price:2.5 mobile``, made canonical."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from emotiset.maps.words import CATEGORY, Words, join_rows, write_numbers

_A_NUMBER: Final = r"^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$"
_NO_NUMBER: Final = r"^[-+]?(?i:nan|inf|infinity|null|none)?$"
_WORD: Final = r"^(?P<name>[^=:]*)(?P<sign>[=:]?)(?P<value>(?s:.*))$"
_BLANKS: Final = " \t\n\r\v\f"


def canonical_text(text: pa.Array) -> pa.Array:
    """Return the canonical form of strings of words.

    A word is ``name=category``, ``name:number``, ``name:category`` or a name alone,
    which counts as ``name:1``.  What is canonical stays as it is.

    Parameters
    ----------
    text : string[n]

    Returns
    -------
    pa.Array of string
        Null where it is null.

    Examples
    --------
    >>> canonical_text(pa.array(["b:2.50 a=x  c:y d e:nan f:", "", None])).to_pylist()
    ['a=x b:2.5 c=y d:1', '', None]
    """
    text = text.cast(pa.string())
    words = pc.utf8_split_whitespace(pc.utf8_trim(text, _BLANKS))
    joined = join_rows(_read_words(words), len(text))
    if not text.null_count:
        return joined
    return pc.if_else(text.is_valid(), joined, pa.scalar(None, pa.string()))


def _read_words(lists: pa.Array) -> Iterator[Words]:
    rows = pc.list_parent_indices(lists).to_numpy()
    words = pc.list_flatten(lists)
    parts = pc.extract_regex(words, _WORD)
    name, sign, value = (pc.struct_field(parts, i) for i in range(3))
    is_nothing = pc.equal(words, "")
    is_alone = pc.and_not(pc.equal(sign, ""), is_nothing)
    value = pc.if_else(is_alone, "1", value)  # nothing stays nothing: no number
    is_category = pc.equal(sign, CATEGORY)
    is_number = pc.and_not(pc.match_substring_regex(value, _A_NUMBER), is_category)
    is_missing = pc.and_not(pc.match_substring_regex(value, _NO_NUMBER), is_category)
    others = pc.invert(pc.or_(is_number, pc.or_(is_missing, is_nothing)))
    categories = pc.binary_join_element_wise(name, value, CATEGORY)
    at = np.flatnonzero(others.to_numpy(zero_copy_only=False))
    yield Words(rows[at], categories.take(pa.array(at)))
    at = np.flatnonzero(is_number.to_numpy(zero_copy_only=False))
    found = pa.array(at)
    numbers = _parse(value.take(found))
    yield Words(rows[at], write_numbers(name.take(found), numbers))


def _parse(numbers: pa.Array) -> pa.Array:
    plain = pc.utf8_ltrim(numbers, "+")
    return plain.cast(pa.float64())
