"""The n-grams behind columns, against a dictionary filled text by text."""

from collections import defaultdict

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotiset.config import FeatureConfig, TextSet
from emotiset.features import hash_features
from emotiset.ngrams import (
    ENUMERATORS,
    enumerate_byte4_grams,
    enumerate_mixed_grams,
    find_strongest,
)

TEXTS = [
    "what a good day",
    "  good   good ",
    "bad",
    "",
    None,
    "日本語です",
    "\x1b[2Jred",
    "no\u2003good",
]


@pytest.fixture(autouse=True)
def hashes_wrap_around():
    """Let products overflow where the kernels run as Python."""
    with np.errstate(over="ignore"):
        yield


def byte4_grams(text):
    """Return the byte 4-grams of one text, as the docs say it."""
    folded = " ".join((text or "").split()).encode()
    if 0 < len(folded) < 4:
        folded = folded.ljust(4, b"\0")
    return [folded[i : i + 4] for i in range(len(folded) - 3)]


def column_of(gram, features):
    """Return the column that training hashes one 4-gram to."""
    X = hash_features(pa.array([gram.rstrip(b"\0").decode()]), features)
    return int(X.indices[0])


@settings(max_examples=50, deadline=None)  # the first call compiles
@given(st.lists(st.none() | st.text(max_size=40), max_size=8))
def test_enumerate_byte4_grams__is_the_twin_and_training_sees_the_same(texts):
    features = FeatureConfig(features="byte4", n_features=1 << 8)
    text = pa.array(texts, pa.string())
    grams = enumerate_byte4_grams(text, features)
    data = grams.data.tobytes()
    found = defaultdict(list)
    for row, start, stop in zip(grams.row, grams.start, grams.stop, strict=True):
        found[int(row)].append(data[start:stop])
    expected = {i: byte4_grams(each) for i, each in enumerate(texts)}
    assert dict(found) == {i: each for i, each in expected.items() if each}
    X = hash_features(text, features)
    for row in range(len(texts)):
        columns = set(X.indices[X.indptr[row] : X.indptr[row + 1]].tolist())
        assert set(grams.column[grams.row == row].tolist()) == columns


@pytest.mark.parametrize("name", TextSet.__args__)
def test_enumerators__there_is_one_for_each_feature_set(name):
    features = FeatureConfig(features=name, n_features=1 << 12)
    text = pa.array([each or "" for each in TEXTS])
    grams = ENUMERATORS[name](text, features)
    X = hash_features(text, features)
    seen = {(int(r), int(c)) for r, c in zip(grams.row, grams.column, strict=True)}
    assert seen == set(zip(*map(np.ndarray.tolist, X.nonzero()), strict=True))


def test_enumerate_mixed_grams__words_pairs_negated_words_and_bytes_as_written():
    features = FeatureConfig(features="mixed")
    texts = pa.array([None, "@me NOT  good,so", "x", ""])
    grams = enumerate_mixed_grams(texts, features)
    data = grams.data.tobytes()
    found = defaultdict(list)
    for fields in zip(grams.row, grams.kind, grams.start, grams.stop, strict=True):
        row, kind, start, stop = map(int, fields)
        found[row, kind].append(data[start:stop])
    assert set(row for row, _ in found) == {1, 2}
    assert found[1, 0] == [b"\1", b"not", b"good", b",", b"so"]
    assert found[1, 1] == [b"\1 not", b"not good", b"good ,", b", so"]
    assert found[1, 2] == [b"good"]  # a mark ends what is negated
    simple = b" \1 not good,so "
    sizes = ((4, 10), (6, 8))
    assert sorted(found[1, 3]) == sorted(
        simple[i : i + size] for size, n in sizes for i in range(n + 2)
    )
    assert (found[2, 0], found[2, 3]) == ([b"x"], [])


def test_find_strongest__names_what_a_model_of_words_listens_to():
    features = FeatureConfig(features="mixed")
    batch = pa.array(["never again @you", "so good http://a.b", "so good too"] * 3)
    gram = enumerate_mixed_grams(batch, features)
    weights = np.zeros(features.n_features, np.float32)
    for kind, row, value in ((1, 1, 2), (2, 0, -1), (0, 1, 1)):
        of_kind = gram.column[(gram.kind == kind) & (gram.row == row)]
        weights[of_kind[-1]] = value  # the last pair, negated word and word
    found = find_strongest([batch], weights, features, min_texts=2)
    assert [(e["ngram"], e["kind"]) for e in found["positive"]] == [
        ("good <address>", "pair"),
        ("<address>", "word"),
    ]
    assert [(e["ngram"], e["kind"]) for e in found["negative"]] == [
        ("<mention>", "negated")
    ]
    assert found["collisions"] == 0


@pytest.mark.parametrize("n_features", [4, 64, 1 << 20])
def test_find_strongest__agrees_with_a_dictionary(n_features):
    features = FeatureConfig(features="byte4", n_features=n_features)
    rng = np.random.default_rng(0)
    words = ["good", "bad", "day", "rain", "sunny", "never", "мир"]
    texts = [" ".join(rng.choice(words, 4)) for _ in range(200)]
    weights = rng.normal(size=n_features).astype(np.float32)
    batches = [pa.array(texts[:70]), pa.array([], pa.string()), pa.array(texts[70:])]
    found = find_strongest(batches, weights, features, top=5, min_texts=2)

    grams_of = [enumerate_byte4_grams(pa.array([text]), features) for text in texts]
    counts = defaultdict(lambda: defaultdict(int))
    for grams in grams_of:
        data = grams.data.tobytes()
        spans = zip(grams.column, grams.start, grams.stop, strict=True)
        for column, gram in {(int(c), data[a:b]) for c, a, b in spans}:
            counts[column][gram] += 1
    assert found["texts"] == 200
    assert found["columns"] == len(counts)
    assert found["ngrams"] == sum(map(len, counts.values()))
    assert found["collisions"] == sum(len(grams) > 1 for grams in counts.values())
    often = [c for c, grams in counts.items() if sum(grams.values()) >= 2]
    loudest = sorted((c for c in often if weights[c] > 0), key=lambda c: -weights[c])
    assert [each["column"] for each in found["positive"]] == loudest[:5]
    for each in found["positive"] + found["negative"]:
        assert each["texts"] == max(counts[each["column"]].values())
        assert each["weight"] == weights[each["column"]]


def test_find_strongest__names_what_the_weights_were_put_on():
    features = FeatureConfig(features="byte4")
    weights = np.zeros(features.n_features, np.float32)
    weights[column_of(b"good", features)] = 2
    weights[column_of(b"bad\0", features)] = -1
    batch = pa.array(TEXTS)
    found = find_strongest([batch], weights, features, min_texts=1)
    assert [each["ngram"] for each in found["positive"]] == ["good"]
    assert found["positive"][0]["texts"] == 3
    assert [each["ngram"] for each in found["negative"]] == ["bad\\x00"]


def test_find_strongest__control_characters_never_reach_the_terminal():
    features = FeatureConfig(features="byte4")
    weights = np.ones(features.n_features, np.float32)
    found = find_strongest([pa.array(TEXTS)], weights, features, top=99, min_texts=1)
    shown = [each["ngram"] for each in found["positive"]]
    assert "\\x1b[2J" in shown
    assert all(gram.isprintable() for gram in shown)


def test_find_strongest__no_text():
    features = FeatureConfig(features="byte4", n_features=16)
    nothing = find_strongest([], np.ones(16, np.float32), features)
    empty = find_strongest([pa.array([None, ""])], np.ones(16, np.float32), features)
    for found, n in ((nothing, 0), (empty, 2)):
        assert (found["texts"], found["ngrams"], found["columns"]) == (n, 0, 0)
        assert found["positive"] == found["negative"] == []
