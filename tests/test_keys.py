"""Keys: copies share them, near-copies share half, and nothing else does."""

import itertools
import re
import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotiset.keys import choose_member, make_keys, near_group
from emotiset.labeling import normalize_text


def near_twin(text: str) -> str:
    """Return the near form, character by character."""
    letters = re.sub(r"[\W\d_]+", "", text)
    return "".join(char for char, _ in itertools.groupby(letters)) or text


@given(st.lists(st.text("aAbB1! éÉ漢𝒳x", max_size=8), max_size=12))
@settings(deadline=None)
def test_make_keys__near_groups_are_those_of_the_near_form(texts: list[str]) -> None:
    normal = normalize_text(pa.array(texts, pa.string()))
    key = make_keys(normal, seed=1)
    forms = normal.to_pylist()
    for i, j in itertools.combinations(range(len(texts)), 2):
        assert (key[i] == key[j]) == (forms[i] == forms[j])
        is_near = near_twin(forms[i]) == near_twin(forms[j])
        assert (near_group(key)[i] == near_group(key)[j]) == is_near


def test_make_keys__every_character_is_a_letter_or_none() -> None:
    # Few characters differ between the Unicode versions of RE2 and of Python.
    codes = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    text = pa.array([f"a{chr(code)}b" for code in codes])
    near = near_group(make_keys(text, seed=0))
    [without] = near_group(make_keys(pa.array(["ab"]), seed=0)).tolist()
    is_letter = [
        unicodedata.category(char)[0] in "LM" and char not in "ab"
        for char in map(chr, codes)
    ]
    n_other = np.count_nonzero((near != without) != np.array(is_letter))
    assert n_other < 20_000
    known = [i for i, code in enumerate(codes) if code < 0x2E80]
    n_known = np.count_nonzero((near != without)[known] != np.array(is_letter)[known])
    assert n_known < 100


@pytest.mark.parametrize("char", ["漢", "\U00020000", "\U000e0100", "\U0001f600"])
def test_make_keys__as_regular_expressions_tell_letters(char: str) -> None:
    text = [f"so {char}{char} go{char}od 2", f"{char}", f"1{char} {char}x"]
    letters = [re.sub(r"[^a-z漢\U00020000\U000e0100]", "", each) for each in text]
    squeezed = ["".join(c for c, _ in itertools.groupby(each)) for each in letters]
    near = near_group(make_keys(pa.array(text), seed=0))
    alone = [form or each for form, each in zip(squeezed, text, strict=True)]
    # Whatever else stands in the batch, the form is the same.
    for i, form in enumerate(alone):
        assert near_group(make_keys(pa.array([form, "\U0002ffff"]), 0))[0] == near[i]


@pytest.mark.parametrize(
    ("text", "near_copy"),
    [
        ("so happy today", "SO happyyy today!!!"),
        ("win 100 dollars", "win 250 dollars..."),
        ("été à la plage", "étéé à la   plage 😀"),
    ],
)
def test_make_keys__near_copies_share_the_high_half(text: str, near_copy: str) -> None:
    first, second = make_keys(normalize_text(pa.array([text, near_copy])), seed=0)
    assert first != second
    assert first >> np.uint64(32) == second >> np.uint64(32)


def test_make_keys__sliced_empty_and_without_letters() -> None:
    text = pa.array(["x", "123", "456", "", "x"])
    whole = make_keys(text, seed=0)
    assert make_keys(text.slice(1, 3), seed=0).tolist() == whole[1:4].tolist()
    assert make_keys(text.slice(5), seed=0).tolist() == []
    assert len(set(near_group(whole[:4]).tolist())) == 4


def test_make_keys__another_seed_shares_nothing() -> None:
    text = pa.array([f"text {word}" for word in "abcdefgh"])
    halves = [near_group(make_keys(text, seed)) for seed in (0, 1)]
    assert not set(halves[0].tolist()) & set(halves[1].tolist())


def test_choose_member__near_copies_go_to_one() -> None:
    key = make_keys(pa.array(["happy day", "happyyy day 2"]), seed=0)
    for n_members in (2, 7, 100):
        assert len(set(choose_member(key, 0, n_members).tolist())) == 1
