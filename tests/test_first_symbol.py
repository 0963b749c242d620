"""The first symbol of a text: against the same text with its symbols taken out."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiset.automaton import find_and_strip
from emotiset.first_symbol import find_first
from emotiset.lexicon import load_lexicon

LEXICON = load_lexicon()
PLACES = {symbol.text: place for place, symbol in enumerate(LEXICON.symbols)}


def first(*texts):
    places = find_first(pa.array(texts, pa.string()), LEXICON)
    return [None if at < 0 else LEXICON.symbols[at].text for at in places.tolist()]


@pytest.mark.parametrize("symbol", LEXICON.symbols, ids=lambda each: ascii(each.text))
def test_find_first__each_symbol_between_words(symbol):
    assert first(f"word {symbol.text} word 🙂 :(") == [symbol.text]


def test_find_first__forms_of_one_symbol_and_none():
    texts = [":)))) x", "：）", "http://a/:) nothing", "", None, "(see: a)", "👍🏽 :("]
    assert first(*texts) == [":)", ":)", None, None, None, None, "👍"]


@given(
    st.lists(
        st.one_of(
            st.sampled_from(sorted(PLACES)),
            st.sampled_from(["word", "(", ")", ":", "http://t.co/:)", "8", "日本"]),
        )
    ),
    st.sampled_from(["", " "]),
)
def test_find_first__is_there_where_anything_is_found(parts, glue):
    text = glue.join(parts)
    array = pa.array([text])
    _, found = find_and_strip(array, LEXICON)
    [place] = find_first(array, LEXICON).tolist()
    assert (place >= 0) == (found[0] > 0)
    if place >= 0:
        # The text up to its first symbol's first place holds no symbol by itself.
        polarity = LEXICON.symbols[place].polarity
        assert found[0] & (1 if polarity > 0 else 2)


def test_find_first__slices_and_no_rows():
    array = pa.array(["x", ":) a", ":( b"]).slice(1)
    assert find_first(array, LEXICON).tolist() == [PLACES[":)"], PLACES[":("]]
    assert find_first(pa.array([], pa.string()), LEXICON).tolist() == []
