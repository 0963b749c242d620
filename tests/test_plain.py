"""Nothing that a terminal obeys passes; all that people write does."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiset.plain import make_plain


@given(st.text())
def test_make_plain__leaves_nothing_to_obey(text):
    shown = make_plain(text)
    assert len(shown.splitlines()) <= 1
    for character in shown:
        odd = unicodedata.category(character) in ("Cc", "Cs", "Co", "Cn")
        assert not odd, ascii(character)
        assert character not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2069\ufeff"
    assert make_plain(shown) == shown
    shown.encode()


@pytest.mark.parametrize(
    "text",
    ["naïve", "日本語", "👩\u200d👧", "🏴\U000e0067\U000e007f", "می\u200cخواهم", "a b"],
)
def test_make_plain__keeps_what_people_write(text):
    assert make_plain(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("a\x00b\x7f\x9b", r"a\x00b\x7f\x9b"),
        ("\ud800", r"\ud800"),
        ("a\r\nb\u2028c", "a b c"),
        (None, "None"),
    ],
)
def test_make_plain__shows_what_it_takes_away(text, shown):
    assert make_plain(text) == shown


def test_make_plain__cut_to_size():
    assert make_plain("abcdef", 6) == "abcdef"
    assert make_plain("abcdefg", 6) == "abc..."
    assert len(make_plain("\x1b" * 100, 20)) == 20
