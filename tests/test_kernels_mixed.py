"""Tokens and mixed features against a twin of regular expressions and Python ints."""

import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from emotiset.kernels.mixed import (
    COLUMNS_PER_BYTE,
    COLUMNS_PER_ROW,
    hash_mixed,
    mixed_scratch_sizes,
)
from emotiset.kernels.tokens import NEGATIONS, is_negation, simplify, token_end

N_FEATURES = 1 << 28  # so wide that columns tell features apart

_STAND_INS = re.compile(
    rb"(?<![0-9A-Za-z_])(?:(@[0-9A-Za-z_]+)|((?:https?://|www\.)[^ ]*))"
)
_WORD = rb"[0-9A-Za-z_\x80-\xc1\xc3-\xe1\xe3-\xef]"
_TOKEN = re.compile(
    rb"[\x01\x02#]|\xc2.|\xe2..|[\xf0-\xff]...|(?P<word>%b(?:%b|'(?=%b))*)"
    rb"|(?P<mark>(?:(?!%b)[^ \x01\x02#\xc2\xe2\xf0-\xff])+)"
    % (_WORD, _WORD, _WORD, _WORD),
    re.DOTALL,
)
# Texts in which all that is special comes up often.
TEXTS = st.lists(
    st.text(max_size=8)
    | st.sampled_from(["@a_b", "@@", "a@b", "http://x.y", "https:/", "www.", "www.a"])
    | st.sampled_from(["#tag", "not", "n't", "no'", "don’t", "aaaa", "!!!!?", "1111"])
    | st.sampled_from(["ééééé", "😂😂😂😂", "´", " ", "«a»"]),
    max_size=12,
).map("".join)


def _simple(text: str) -> bytes:
    folded, parts, at = " ".join(text.split()).encode(), [], 0
    for found in _STAND_INS.finditer(folded):
        parts += [folded[at : found.start()], b"\x01" if found[1] else b"\x02"]
        at = found.end()
    parts.append(folded[at:])
    for i in range(0, len(parts), 2):
        plain = parts[i].decode().replace("’", "'")
        parts[i] = re.sub(r"([^0-9])\1{3,}", r"\1\1\1", plain, flags=re.DOTALL).encode()
    return b" " + b"".join(parts) + b" "


def _mix(h: int) -> int:
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        h = ((h ^ h >> 33) * factor) % 2**64
    return h ^ h >> 33


def _slow_twin(text: str, n_features: int = N_FEATURES) -> list[int]:
    if not text.split():
        return []
    simple, hashes = _simple(text), []
    before, n_negated = 0, 0
    for found in _TOKEN.finditer(simple):
        token = 0xC2B2AE3D27D4EB4F
        for byte in found[0]:
            token = ((token ^ byte) * 0x9E3779B185EBCA87) % 2**64
        token = _mix(token)
        hashes.append(token)
        if before:
            hashes.append(_mix((before * 0x9E3779B185EBCA87 + token) % 2**64))
        if found["mark"]:
            n_negated = 0
        elif n_negated:
            hashes.append(_mix(token ^ 0x165667B19E3779F9))
            n_negated -= 1
        if found[0].decode("utf-8", "replace") in NEGATIONS.split() or re.search(
            rb".n't$", found[0], re.DOTALL
        ):
            n_negated = 3
        before = token
    for i in range(4, len(simple) + 1):
        for size in (4, 6):
            if i >= size:
                gram = int.from_bytes(simple[i - size : i], "big")
                hashes.append(_mix(gram | size << 56))
    return list(dict.fromkeys(h % n_features for h in hashes))


def _hash(texts: list[bytes], n_features: int = N_FEATURES) -> list[list[int]]:
    """Run the kernel; everything around what it may touch is checked afterwards."""
    lengths = [len(text) for text in texts]
    margin = b"?" * 5
    data = np.frombuffer(margin + b"".join(texts) + margin, np.uint8)
    offsets = (5 + np.cumsum([0, *lengths])).astype(np.uint64)
    n_folded, n_slots = mixed_scratch_sizes(max(lengths, default=0), n_features)
    indptr = np.empty(len(texts) + 1, np.uint64)
    most = COLUMNS_PER_BYTE * sum(lengths) + COLUMNS_PER_ROW * len(texts)
    indices = np.full(most + 1, 0xFFFFFFFF, np.uint32)
    folded, slots = np.full(n_folded + 1, 77, np.uint8), np.empty(n_slots, np.uint32)
    with np.errstate(over="ignore"):  # where the kernel runs as Python
        hash_mixed(offsets, data, n_features, folded[:-1], slots, indptr, indices)
    assert (indices[-1], folded[-1]) == (0xFFFFFFFF, 77)
    return [
        indices[int(start) : int(stop)].tolist() for start, stop in pairwise(indptr)
    ]


def _cut(text: str) -> list[str]:
    """Return the tokens of a text, those that turn what follows with a star."""
    folded = np.frombuffer(text.encode(), np.uint8)
    simple = np.empty(len(folded) + 2, np.uint8)
    n = np.uint64(simplify(folded, np.uint64(len(folded)), simple))
    tokens, at = [], np.uint64(1)
    while at < n:
        if simple[at] == ord(" "):
            at += np.uint64(1)
            continue
        end = np.uint64(token_end(simple, at, n))
        token = simple[int(at) : int(end)].tobytes().decode()
        with np.errstate(over="ignore"):
            tokens.append(token + "*" * bool(is_negation(simple, at, end)))
        at = end
    return tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("@bob hi @Ann_1!", ["\x01", "hi", "\x01", "!"]),
        ("a@b.c @ @@x", ["a", "@", "b", ".", "c", "@", "@", "\x01"]),
        ("see http://t.co/x?y=1, or www.a.b", ["see", "\x02", "or", "\x02"]),
        ("xhttp://a http:/b", ["xhttp", "://", "a", "http", ":/", "b"]),
        ("#sad day", ["#", "sad", "day"]),
        ("soooooo 10000 !!!!!", ["sooo", "10000", "!!!"]),
        ("éééééé 😂😂😂😂😂", ["ééé", "😂", "😂", "😂"]),
        ("i don’t, it's no'", ["i", "don't*", ",", "it's", "no*", "'"]),
        ("never nothing knot n't", ["never*", "nothing*", "knot", "n't"]),
        ("не люблю «это»", ["не*", "люблю", "«", "это", "»"]),
    ],
)
def test_tokens__of_tweets(text: str, tokens: list[str]) -> None:
    assert _cut(text) == tokens


def test_is_negation__every_word_of_the_list_and_no_beginning_of_one() -> None:
    words = NEGATIONS.split()
    assert _cut(" ".join(words)) == [f"{word}*" for word in words]
    others = {word[:-1] for word in words} - set(words)
    assert _cut(" ".join(sorted(others))) == sorted(others)


@pytest.mark.parametrize(
    ("after", "n_turned"),
    [("", 0), ("bc", 1), ("bc de", 2), ("bc de fg hi", 3), ("bc ! de", 1), ("!", 0)],
)
def test_hash_mixed__negation_reaches_three_tokens_or_a_mark(
    after: str, n_turned: int
) -> None:
    turned, plain = _hash([f"not {after}".encode(), f"nit {after}".encode()])
    assert len(turned) - len(plain) == n_turned


def test_hash_mixed__no_text() -> None:
    assert _hash([]) == []
    assert _hash([b"", b" ", b"\t\n ", "\u3000\u00a0".encode()]) == [[], [], [], []]


def test_hash_mixed__one_byte_is_one_feature() -> None:
    assert [len(row) for row in _hash([b"a", b" a ", b"ab", b"!"])] == [1, 1, 2, 1]


@settings(deadline=None, max_examples=300)
@given(st.lists(TEXTS, max_size=4), st.integers(4, 28))
@example(["", "\u2028", "x\u00a0\u3000y", "né\u0085 à", "\U0001f600" * 5], 20)
@example(["a" * 3000 + " b" * 2000], 28)
def test_hash_mixed__agrees_with_slow_twin(texts: list[str], log2: int) -> None:
    found = _hash([text.encode() for text in texts], 1 << log2)
    assert found == [_slow_twin(text, 1 << log2) for text in texts]


@settings(deadline=None)
@given(st.lists(st.binary(max_size=30), max_size=4))
def test_hash_mixed__bytes_that_are_no_text_stay_within_bounds(
    texts: list[bytes],
) -> None:
    for row in _hash(texts):
        assert len(set(row)) == len(row)
