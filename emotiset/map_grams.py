"""The features behind the columns of a model of feature maps, for `emotiset.ngrams`."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from emotiset.config import FeatureConfig
from emotiset.map_features import hash_maps
from emotiset.maps.words import escape_name

FEATURE: Final = 4  # places in `emotiset.ngrams`
CROSS: Final = 5

_NUMBER: Final = r"^([^=:]*):.*$"
_NAME: Final = r"[=:].*$"

_Ints = NDArray[np.int64]


def enumerate_words(
    text: pa.Array, config: FeatureConfig
) -> tuple[_Ints, _Ints, _Ints, _Ints, _Ints, NDArray[np.uint8]]:
    """Return the features of canonical feature maps, and their crosses.

    Returns
    -------
    column, row, start, stop, kind, data
        As `emotiset.ngrams.Grams` has them; of a number the name alone.

    Examples
    --------
    >>> config = FeatureConfig(features="maps", cross=(("a", "b"),))
    >>> *_, start, stop, kind, data = enumerate_words(pa.array(["a=x b:2"]), config)
    >>> [bytes(data[i:j]) for i, j in zip(start, stop)], kind.tolist()
    ([b'a=x', b'b', b'a=x b'], [4, 4, 5])
    """
    plain = replace(config, cross=())
    lists = pc.split_pattern(pc.fill_null(text, ""), " ")
    rows, words = pc.list_parent_indices(lists).to_numpy(), pc.list_flatten(lists)
    is_word = pc.not_equal(words, "").to_numpy(zero_copy_only=False)
    rows, words = rows[is_word], words.filter(pa.array(is_word))
    columns = hash_maps(words, plain).indices.astype(np.int64)
    shown = pc.replace_substring_regex(words, _NUMBER, r"\1")
    parts = [(columns, rows, shown, FEATURE)]
    for cross in config.cross:
        for one, other in _find_pairs(rows, words, cross):
            pairs = pc.binary_join_element_wise(words.take(one), words.take(other), " ")
            found = hash_maps(pairs, replace(plain, cross=(cross,)))
            last = found.indices[found.indptr[1:].astype(np.int64) - 1]
            names = pc.binary_join_element_wise(shown.take(one), shown.take(other), " ")
            parts.append((last.astype(np.int64), rows[one.to_numpy()], names, CROSS))
    names = pa.concat_arrays([each[2] for each in parts]).cast(pa.large_string())
    offsets = np.frombuffer(names.buffers()[1], np.int64, len(names) + 1)
    return (
        np.concatenate([each[0] for each in parts]),
        np.concatenate([each[1] for each in parts]).astype(np.int64),
        offsets[:-1],
        offsets[1:],
        np.repeat([each[3] for each in parts], [len(each[0]) for each in parts]),
        np.frombuffer(names.buffers()[2] or b"", np.uint8),
    )


def _find_pairs(
    rows: _Ints, words: pa.Array, cross: tuple[str, str]
) -> Iterator[tuple[pa.Array, pa.Array]]:
    """Yield, where there are any, the places of words that are crossed in a row."""
    names = pc.replace_substring_regex(words, _NAME, "")
    sides = [
        np.flatnonzero(
            pc.equal(names, escape_name(name)).to_numpy(zero_copy_only=False)
        )
        for name in cross
    ]
    first = np.searchsorted(rows[sides[1]], rows[sides[0]], "left")
    n = np.searchsorted(rows[sides[1]], rows[sides[0]], "right") - first
    one = np.repeat(sides[0], n)
    within = np.arange(len(one)) - np.repeat(np.cumsum(n) - n, n)
    other = sides[1][np.repeat(first, n) + within]
    is_pair = (one < other) if cross[0] == cross[1] else np.ones(len(one), bool)
    if is_pair.any():
        yield pa.array(one[is_pair]), pa.array(other[is_pair])
