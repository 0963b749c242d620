"""Hashed byte 4-grams against plain Python and scikit-learn's MurmurHash3."""

import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.utils import murmurhash3_32

from emotiset.kernels.ngrams import hash_byte4, scratch_sizes

N_FEATURES = 1 << 20


def _hash(texts: list[bytes], n_features: int = N_FEATURES) -> list[list[int]]:
    """Run the kernel; everything around what it may touch is checked afterwards."""
    lengths = [len(text) for text in texts]
    margin = b"?" * 5
    data = np.frombuffer(margin + b"".join(texts) + margin, np.uint8)
    offsets = (5 + np.cumsum([0, *lengths])).astype(np.uint64)
    n_folded, n_slots = scratch_sizes(max(lengths, default=0), n_features)
    indptr = np.empty(len(texts) + 1, np.uint64)
    indices = np.full(sum(lengths) + len(texts) + 1, 0xFFFFFFFF, np.uint32)
    folded, slots = np.empty(n_folded, np.uint8), np.empty(n_slots, np.uint32)
    hash_byte4(offsets, data, n_features, folded, slots, indptr, indices)
    assert indices[-1] == 0xFFFFFFFF
    return [
        indices[int(start) : int(stop)].tolist() for start, stop in pairwise(indptr)
    ]


def _column(gram: bytes, n_features: int) -> int:
    # MurmurHash3 of no bytes is its finalizer, applied to the seed.
    seed = int.from_bytes(gram, "little")
    hashed: int = murmurhash3_32(b"", seed=seed, positive=True)
    return hashed % n_features


def _slow_twin(text: str, n_features: int = N_FEATURES) -> list[int]:
    folded = " ".join(text.split()).encode()
    if folded:
        folded = folded.ljust(4, b"\0")
    grams = [folded[i : i + 4] for i in range(len(folded) - 3)]
    return list(dict.fromkeys(_column(gram, n_features) for gram in grams))


def test_hash_byte4__no_text() -> None:
    assert _hash([]) == []


def test_hash_byte4__empty_and_blank_texts_have_no_feature() -> None:
    assert _hash([b"", b" ", b"\t\n ", "\u3000\u00a0".encode()]) == [[], [], [], []]


def test_hash_byte4__short_text_is_one_gram() -> None:
    rows = _hash([b"a", b"ab", b"abc", b"abcd", b" abc ", b"abcde"])
    assert [len(row) for row in rows] == [1, 1, 1, 1, 1, 2]
    assert rows[2] == rows[4]
    assert len({tuple(row) for row in rows[:4]}) == 4


def test_hash_byte4__repeated_gram_counts_once() -> None:
    assert [len(row) for row in _hash([b"aaaa", b"a" * 1000, b"abab" * 100])] == [
        1,
        1,
        2,
    ]


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.text(max_size=60), max_size=5), st.integers(1, 28))
@example(["", "\u2028", "x\u00a0\u3000y", "né\u0085 à", "\U0001f600" * 3], 20)
def test_hash_byte4__agrees_with_slow_twin(texts: list[str], log2: int) -> None:
    found = _hash([text.encode() for text in texts], 1 << log2)
    assert found == [_slow_twin(text, 1 << log2) for text in texts]


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.sampled_from(list("ab \t\u00a0\u2003\u3000\u200b")), max_size=40))
def test_hash_byte4__folds_white_space_as_split_does(symbols: list[str]) -> None:
    text = "".join(symbols)
    assert _hash([text.encode()]) == [_slow_twin(text)]


def test_hash_byte4__white_space_is_what_split_splits_at() -> None:
    # All characters whose first byte can begin white space, and those around.
    characters = [chr(point) for point in range(0x4000)]
    texts = [f"ab{character}cd" for character in characters]
    found = _hash([text.encode() for text in texts])
    blank, none = _slow_twin("ab cd"), _slow_twin("abcd")
    assert none not in found
    for character, row in zip(characters, found, strict=True):
        assert (row == blank) == character.isspace(), hex(ord(character))
    assert not any(chr(point).isspace() for point in range(0x4000, 0x110000))


def test_hash_byte4__never_looks_past_its_row() -> None:
    # No valid text ends in half a character, but a kernel must survive one.
    halves = [b"\xc2", b"\xe2\x80", b"\xe3\x80", b"\xe2"]
    rest = [b"\xa0", b"\x80", b"\x80", b"\x80\x80"]
    mixed = [part for pair in zip(halves, rest, strict=True) for part in pair]
    alone = [_hash([part])[0] for part in mixed]
    assert _hash(mixed) == alone
    assert all(len(row) == 1 for row in alone)


def test_hash_byte4__long_text() -> None:
    rng = random.Random(3)
    text = "".join(rng.choices("abcdefgh ", k=20_000))
    for n_features in (2, 256, N_FEATURES):
        assert _hash([b"x", text.encode(), b"y"], n_features)[1] == _slow_twin(
            text, n_features
        )


def test_hash_byte4__every_column_taken() -> None:
    text = bytes(random.Random(4).choices(range(33, 127), k=5_000))
    (row,) = _hash([text], 64)
    assert sorted(row) == list(range(64))


@pytest.mark.parametrize("log2", [8, 12, 16])
def test_hash_byte4__spreads_grams_evenly(log2: int) -> None:
    # 26^3 grams that differ in three letters only, thrown into 2^log2 columns.
    letters = "abcdefghijklmnopqrstuvwxyz"
    texts = [f"#{a}{b}{c}".encode() for a in letters for b in letters for c in letters]
    columns = [row[0] for row in _hash(texts, 1 << log2)]
    counts = np.bincount(columns, minlength=1 << log2)
    expected = len(texts) / (1 << log2)
    chi_square = ((counts - expected) ** 2 / expected).sum()
    freedom = (1 << log2) - 1
    assert abs(chi_square - freedom) < 5 * np.sqrt(2 * freedom)


def test_hash_byte4__no_two_grams_share_a_column_in_32_bits() -> None:
    # The mix is one-to-one on 32 bits, so at 2^28 hardly two of 17,576 meet.
    letters = "abcdefghijklmnopqrstuvwxyz"
    texts = [f"{a}{b}{c}!".encode() for a in letters for b in letters for c in letters]
    columns = [row[0] for row in _hash(texts, 1 << 28)]
    assert len(set(columns)) >= len(texts) - 5


@pytest.mark.parametrize("longest", [0, 1, 3, 280, 10**7])
@pytest.mark.parametrize("n_features", [2, 1 << 20, 1 << 28])
def test_scratch_sizes__leave_free_slots(longest: int, n_features: int) -> None:
    n_folded, n_slots = scratch_sizes(longest, n_features)
    assert n_folded >= max(longest, 4)
    assert n_slots >= 2 * min(longest, n_features)
    assert n_slots & (n_slots - 1) == 0
    assert n_slots <= max(4096, 4 * longest)
