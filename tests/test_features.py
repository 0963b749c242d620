"""Features of texts in every Arrow form, against plain sets of n-grams."""

import csv
import gzip
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from emotiset.config import FeatureConfig, TextSet
from emotiset.errors import SchemaError
from emotiset.features import FEATURE_SETS, hash_features
from emotiset.kernels.ngrams import hash_byte4
from emotiset.labeling import strip_symbols
from emotiset.lexicon import load_lexicon

CONFIG = FeatureConfig(features="byte4", n_features=1 << 20)
WIDE = FeatureConfig(
    features="byte4", n_features=1 << 28
)  # so wide that columns tell n-grams apart
TEXTS = ["so happy today", "", "  née  à\u3000Paris \U0001f600 ", "abc", "so so so so"]


def _grams(text: str) -> set[bytes]:
    folded = " ".join(text.split()).encode()
    return {folded[i : i + 4] for i in range(max(len(folded) - 3, len(folded) > 0))}


def _rows(X: csr_matrix) -> list[list[int]]:
    return [X[i].indices.tolist() for i in range(X.shape[0])]


def test_hash_features__is_binary_csr() -> None:
    X = hash_features(pa.array(TEXTS), CONFIG)
    assert isinstance(X, csr_matrix)
    assert X.shape == (len(TEXTS), 1 << 20)
    assert (X.data.dtype, X.indices.dtype) == (np.float32, np.int32)
    assert set(X.data.tolist()) == {1.0}
    X.check_format(full_check=True)
    X.sum_duplicates()
    assert set(X.data.tolist()) == {1.0}


def test_hash_features__no_text() -> None:
    X = hash_features(pa.array([], pa.string()), CONFIG)
    assert (X.shape, X.nnz, X.indices.dtype) == ((0, 1 << 20), 0, np.int32)


def test_hash_features__null_is_a_row_without_features() -> None:
    X = hash_features(pa.array([None, "abcd", None]), CONFIG)
    assert X.getnnz(axis=1).tolist() == [0, 1, 0]
    assert hash_features(pa.nulls(2), CONFIG).nnz == 0


def test_hash_features__bytes_under_a_null_are_not_read() -> None:
    validity, offsets, data = pa.array(["abcd", "secret", "efgh"]).buffers()
    assert validity is None
    masked = pa.StringArray.from_buffers(3, offsets, data, pa.py_buffer(b"\x05"))
    assert masked.to_pylist() == ["abcd", None, "efgh"]
    assert hash_features(masked, CONFIG).getnnz(axis=1).tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    "dress",
    [
        lambda texts: pa.array(texts, pa.large_string()),
        lambda texts: pa.array(texts, pa.string_view()),
        lambda texts: pa.array(texts).dictionary_encode(),
        lambda texts: pa.array(["before", *texts, "after"]).slice(1, len(texts)),
        lambda texts: pa.array(["b", *texts], pa.large_string()).slice(1, len(texts)),
        lambda texts: pa.chunked_array([texts[:1], [], texts[1:]], pa.string()),
        lambda texts: pa.chunked_array([texts], pa.large_string()),
    ],
)
def test_hash_features__same_rows_in_every_form(
    dress: Callable[[list[str | None]], pa.Array],
) -> None:
    texts = [*TEXTS, None]
    expected = hash_features(pa.array(texts), CONFIG)
    found = hash_features(dress(texts), CONFIG)
    assert found.shape == expected.shape
    assert _rows(found) == _rows(expected)


def test_hash_features__chunked_array_without_chunks() -> None:
    assert hash_features(pa.chunked_array([], pa.string()), CONFIG).shape[0] == 0


def test_hash_features__not_text() -> None:
    for column in (pa.array([1]), pa.array([b"a"]), pa.array([["a"]])):
        with pytest.raises(SchemaError, match="needs text, found"):
            hash_features(column, CONFIG)


def test_hash_features__compiles_once_for_all_forms() -> None:
    hash_features(pa.array(TEXTS), CONFIG)
    compiled = list(hash_byte4.signatures)
    for text in (pa.array(TEXTS), pa.array([], pa.large_string()), pa.array([""])):
        hash_features(text, CONFIG)
        hash_features(text.slice(0, 1), FeatureConfig(features="byte4", n_features=2))
    assert list(hash_byte4.signatures) == compiled


def test_hash_features__every_name_has_a_kernel() -> None:
    assert set(FEATURE_SETS) == set(get_args(TextSet))


# Always the same examples: now and then two of all n-grams do share a column.
@settings(deadline=None, derandomize=True)
@given(st.lists(st.text(max_size=80), max_size=6))
def test_hash_features__counts_distinct_grams(texts: list[str]) -> None:
    X = hash_features(pa.array(texts, pa.string()), WIDE)
    grams = [_grams(text) for text in texts]
    assert X.getnnz(axis=1).tolist() == [len(row) for row in grams]
    assert len(set(X.indices.tolist())) == len(set().union(*grams))
    columns = [set(row) for row in _rows(X)]
    for i, row in enumerate(grams):
        for j in range(i):
            assert len(columns[i] & columns[j]) == len(row & grams[j])


@pytest.mark.parametrize("name", get_args(TextSet))
@settings(deadline=None)
@given(
    left=st.text(max_size=20),
    right=st.text(max_size=20),
    gap=st.text(" \t\n\u00a0", min_size=1),
)
def test_hash_features__what_is_removed_leaves_no_trace(
    name: TextSet, left: str, right: str, gap: str
) -> None:
    # A symbol is replaced by a blank: wherever it stood, the features are the same.
    X = hash_features(
        pa.array([f"{left} {right}", f"{left}{gap} {gap}{right}", f" {left} {right} "]),
        FeatureConfig(features=name),
    )
    first, second, third = _rows(X)
    assert first == second == third


@pytest.mark.parametrize("n_features", [2, 1 << 28])
def test_hash_features__number_of_columns_at_its_limits(n_features: int) -> None:
    config = FeatureConfig(features="byte4", n_features=n_features)
    X = hash_features(pa.array(["the quick brown fox", "jumps"]), config)
    assert X.shape == (2, n_features)
    assert X.indices.max() < n_features
    assert X.getnnz(axis=1).tolist() == ([2, 2] if n_features == 2 else [16, 2])


@pytest.mark.parametrize("name", get_args(TextSet))
@settings(deadline=None)
@given(
    st.text(max_size=30), st.sampled_from([(":)", ":("), ("😊", "😒"), ("<3", "</3")])
)
def test_hash_features__swapped_symbols_leave_no_trace(
    name: TextSet, text: str, symbols: tuple[str, str]
) -> None:
    # Whatever stands around them, and wherever: what one leaves, the other leaves.
    words, rows = text.split(" "), []
    for symbol in symbols:
        texts = [" ".join([*words[:i], symbol, *words[i:]]) for i in range(len(words))]
        stripped = strip_symbols(pa.array(texts, pa.string()), load_lexicon())
        rows.append(_rows(hash_features(stripped, FeatureConfig(features=name))))
    assert rows[0] == rows[1]


def test_hash_features__mixed_rows_have_length_1() -> None:
    X = hash_features(pa.array([*TEXTS, None]), FeatureConfig())
    lengths = np.sqrt(X.multiply(X).sum(axis=1)).A1
    np.testing.assert_allclose(lengths, [1, 0, 1, 1, 1, 0], rtol=1e-6)
    X.check_format(full_check=True)


def test_hash_features__mixed_folds_case_of_all_scripts() -> None:
    pairs = [("SO HAPPY", "so happy"), ("ÜBEL", "übel"), ("ДА Ω", "да ω")]
    for upper, lower in pairs:
        X = hash_features(pa.array([upper, lower]), FeatureConfig())
        assert (X[0] != X[1]).nnz == 0


def test_hash_features__real_tweets(real_data: Path) -> None:
    with gzip.open(real_data / "sentiment140" / "train.csv.gz", "rt") as lines:
        rows = csv.DictReader(lines)
        texts = [row["text"] for _, row in zip(range(3000), rows, strict=False)]
    X = hash_features(pa.array(texts), WIDE)
    grams = [_grams(text) for text in texts]
    assert X.getnnz(axis=1).tolist() == [len(row) for row in grams]
    # 49,000 n-grams in 2^28 columns: about 4 pairs meet.
    n_grams = len(set().union(*grams))
    assert n_grams - 20 <= len(np.unique(X.indices)) <= n_grams
