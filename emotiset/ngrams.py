"""The n-grams behind the columns of a model, found again in a sample of texts.

Hashing forgets which n-gram a column stands for.  A pass over texts hashes their
n-grams once more and keeps what met which column: readable features, and a count of
the columns that several n-grams share.  A further feature set needs an enumerator in
`ENUMERATORS` and nothing else.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from emotiset.config import FeatureConfig, FeatureSet
from emotiset.features import text_buffers
from emotiset.kernels.grams import enumerate_byte4, hash_spans
from emotiset.kernels.mixed import COLUMNS_PER_BYTE, COLUMNS_PER_ROW
from emotiset.kernels.mixed_grams import (
    BYTES,
    KEPT_PER_BYTE,
    KEPT_PER_ROW,
    N_FIELDS,
    enumerate_mixed,
)
from emotiset.kernels.tokens import ADDRESS, MENTION
from emotiset.map_grams import enumerate_words

_SHOWN_OTHERS: Final = 3
_KINDS: Final = ("word", "pair", "negated", "bytes", "feature", "cross")  # by number
_STAND_INS: Final[dict[FeatureSet, dict[str, str]]] = {
    "byte4": {},
    "maps": {},
    "mixed": {chr(MENTION): "<mention>", chr(ADDRESS): "<address>"},
}


@dataclass(frozen=True)
class Grams:
    """The n-grams of some texts, in the order in which they occur.

    Attributes
    ----------
    column, row : int64[n]
        The column that each is hashed to, and the text that it is from.
    start, stop : int64[n]
        Its bytes are ``data[start:stop]``.
    kind : int64[n]
        A word, a pair of words, a negated word or so many bytes.
    data : uint8[n_bytes]
        The texts as the feature set sees them.
    """

    column: NDArray[np.int64]
    row: NDArray[np.int64]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    kind: NDArray[np.int64]
    data: NDArray[np.uint8]

    def identify(self) -> NDArray[np.uint64]:
        """Return a number for each: equal kind, bytes and column, equal numbers."""
        numbers = np.empty(len(self.column), np.uint64)
        hash_spans(self.data, self.start, self.stop, numbers)
        numbers ^= self.kind.astype(np.uint64) << np.uint64(61)
        numbers ^= self.column.astype(np.uint64) << np.uint64(32)
        return numbers

    def take(self, which: NDArray[Any]) -> "Grams":
        """Return those at the positions, or where the flags are set, of *which*."""
        each = (self.column, self.row, self.start, self.stop, self.kind)
        column, row, start, stop, kind = (array[which] for array in each)
        return Grams(column, row, start, stop, kind, self.data)


def enumerate_byte4_grams(text: pa.Array, config: FeatureConfig) -> Grams:
    """Return the byte 4-grams of each text, repeated ones too."""
    offsets, data = text_buffers(text, config)
    n_bytes = int(offsets[-1] - offsets[0])
    folded = np.empty(n_bytes + 4 * len(text), np.uint8)
    spans = [np.empty(n_bytes + len(text), np.int64) for _ in range(4)]
    n = enumerate_byte4(offsets, data, config.n_features, folded, *spans)
    column, start, stop, row = (each[:n] for each in spans)
    return Grams(column, row, start, stop, np.full(n, BYTES), folded)


def enumerate_mixed_grams(text: pa.Array, config: FeatureConfig) -> Grams:
    """Return the words, pairs and byte n-grams of each text, repeated ones too."""
    offsets, data = text_buffers(text, config)
    n_bytes, n_rows = int(offsets[-1] - offsets[0]), len(text)
    folded = np.empty(int(np.diff(offsets).max(initial=0)), np.uint8)
    kept = np.empty(KEPT_PER_BYTE * n_bytes + KEPT_PER_ROW * n_rows, np.uint8)
    most = COLUMNS_PER_BYTE * n_bytes + COLUMNS_PER_ROW * n_rows
    found = np.empty((most, N_FIELDS), np.int64)
    n = enumerate_mixed(offsets, data, config.n_features, folded, kept, found)
    column, start, stop, row, kind = np.ascontiguousarray(found[:n].T)
    return Grams(column, row, start, stop, kind, kept)


def enumerate_map_features(text: pa.Array, config: FeatureConfig) -> Grams:
    """Return the features of canonical feature maps, and their crosses."""
    return Grams(*enumerate_words(text, config))


ENUMERATORS: Final[dict[FeatureSet, Callable[[pa.Array, FeatureConfig], Grams]]] = {
    "byte4": enumerate_byte4_grams,
    "maps": enumerate_map_features,
    "mixed": enumerate_mixed_grams,
}


def find_strongest(
    texts: Sequence[pa.Array],
    weights: NDArray[np.float32],
    features: FeatureConfig,
    *,
    top: int = 20,
    min_texts: int = 5,
) -> dict[str, Any]:
    """Find the n-grams that speak the loudest for either polarity.

    Parameters
    ----------
    texts
        Batches of strings without lexicon symbols.  Gone through twice; what is held
        is 16 bytes for each n-gram and batch.
    weights : float32[n_features]
        What each column adds to the score.
    features
        How text becomes columns.
    top
        How many to return for each polarity.
    min_texts
        In how many texts a column has to occur, so that it is more than one author's.

    Returns
    -------
    dict
        Plain JSON values.  ``texts``; ``ngrams`` and ``columns`` (different ones
        seen); ``collisions`` (columns with more than one n-gram); ``positive`` and
        ``negative``, each a list, the strongest first, of ``ngram``, ``kind``
        (``word``, ``pair``, ``negated`` or ``bytes``; of feature maps ``feature`` or
        ``cross``), ``weight``, ``column``,
        ``texts`` and ``others`` (more n-grams of that column, the most frequent three).
    """
    enumerate_grams = ENUMERATORS[features.features]
    pairs = [_count_pairs(enumerate_grams(text, features)) for text in texts]
    pair = _merge_pairs(pairs)
    columns, n_grams = np.unique(pair["column"], return_counts=True)
    n_texts = np.zeros(len(columns), np.int64)
    np.add.at(n_texts, np.searchsorted(columns, pair["column"]), pair["n"])
    often = columns[n_texts >= min_texts]
    rising = often[np.argsort(weights[often], kind="stable")]
    negative = [int(c) for c in rising[:top] if weights[c] < 0]
    positive = [int(c) for c in rising[::-1][:top] if weights[c] > 0]
    chosen = np.array(negative + positive, np.int64)
    stand_ins = _STAND_INS[features.features]
    named = _name_columns((enumerate_grams(t, features) for t in texts), chosen)
    return {
        "texts": sum(map(len, texts)),
        "ngrams": len(pair),
        "columns": len(columns),
        "collisions": int((n_grams > 1).sum()),
        "positive": [_describe(c, weights, named[c], stand_ins) for c in positive],
        "negative": [_describe(c, weights, named[c], stand_ins) for c in negative],
    }


_PAIR: Final = np.dtype([("column", np.int64), ("gram", np.uint64), ("n", np.int64)])


def _count_pairs(grams: Grams) -> NDArray[Any]:
    """Count the texts of each different n-gram."""
    distinct = _one_per_text(grams)
    found = np.empty(len(distinct.column), _PAIR)
    found["column"], found["gram"], found["n"] = distinct.column, distinct.identify(), 1
    return _merge_pairs([found])


def _merge_pairs(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Add up the counts of equal n-grams."""
    pairs = np.concatenate([np.empty(0, _PAIR), *parts])
    pairs = pairs[np.lexsort((pairs["gram"], pairs["column"]))]
    is_first = np.ones(len(pairs), bool)
    is_first[1:] = pairs["gram"][1:] != pairs["gram"][:-1]
    is_first[1:] |= pairs["column"][1:] != pairs["column"][:-1]
    starts = np.flatnonzero(is_first)
    merged = pairs[starts]
    if len(merged):
        merged["n"] = np.add.reduceat(pairs["n"], starts)
    return merged


def _one_per_text(grams: Grams) -> Grams:
    """Drop the repeats of an n-gram within its text."""
    number = grams.identify()
    order = np.lexsort((number, grams.row))
    row, number = grams.row[order], number[order]
    is_first = np.ones(len(order), bool)
    is_first[1:] = (row[1:] != row[:-1]) | (number[1:] != number[:-1])
    return grams.take(order[is_first])


_Named = dict[tuple[int, bytes], int]  # kind and bytes of an n-gram: its texts


def _name_columns(
    batches: Iterable[Grams], columns: NDArray[np.int64]
) -> dict[int, _Named]:
    """Return the n-grams of a few columns, each with the number of its texts."""
    named: dict[int, _Named] = {int(column): {} for column in columns}
    for grams in batches:
        few = _one_per_text(grams.take(np.isin(grams.column, columns)))
        data = few.data.tobytes()
        fields = zip(few.column, few.kind, few.start, few.stop, strict=True)
        for column, kind, start, stop in fields:
            gram, counts = (int(kind), data[start:stop]), named[int(column)]
            counts[gram] = counts.get(gram, 0) + 1
    return named


def _describe(
    column: int,
    weights: NDArray[np.float32],
    counts: _Named,
    stand_ins: Mapping[str, str],
) -> dict[str, Any]:
    by_frequency = sorted(counts, key=lambda gram: (-counts[gram], gram))
    first, *others = [show_gram(gram, stand_ins) for _, gram in by_frequency]
    return {
        "ngram": first,
        "kind": _KINDS[by_frequency[0][0]],
        "weight": float(weights[column]),
        "column": column,
        "texts": counts[by_frequency[0]],
        "others": others[:_SHOWN_OTHERS],
    }


def show_gram(gram: bytes, stand_ins: Mapping[str, str] = MappingProxyType({})) -> str:
    r"""Return an n-gram that a terminal can print and that is never ambiguous.

    *stand_ins* are control characters with a meaning of their own.

    Examples
    --------
    >>> print(show_gram(b"so g"), show_gram(b"\x1b[2J"), show_gram("é".encode()[:1]))
    so g \x1b[2J \xc3
    >>> print(show_gram(b"a\\\x00\x00"), show_gram("\u202e".encode()))
    a\\\x00\x00 \u202e
    """
    text = gram.decode("utf-8", "surrogateescape")
    shown = []
    for character in text:
        if 0xDC80 <= ord(character) <= 0xDCFF:  # a byte that is no UTF-8 here
            shown.append(f"\\x{ord(character) - 0xDC00:02x}")
        elif character in stand_ins:
            shown.append(stand_ins[character])
        elif character.isprintable() and character != "\\":
            shown.append(character)
        else:
            shown.append(character.encode("unicode_escape").decode())
    return "".join(shown)
