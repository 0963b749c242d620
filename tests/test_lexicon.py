"""The lexicon: what it holds and why, and files of a user's own."""

import csv
import json
import math
import pickle
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import emoji
import pytest

from emotiset.errors import ConfigError, ModelFileError
from emotiset.lexicon import Lexicon, Symbol, emoji_name, load_lexicon, plain_text
from emotiset.schema import NEGATIVE, POSITIVE

TOML = files("emotiset").joinpath("lexicon.toml").read_text(encoding="utf-8")
ENTRIES: list[dict[str, Any]] = tomllib.loads(TOML)["symbols"]
COUNTED = [entry for entry in ENTRIES if "counts" in entry]
RANKED = [entry for entry in COUNTED if "Ranking" in entry["source"]]
POLARITY = {symbol.text: symbol.polarity for symbol in load_lexicon().symbols}

PAIR = """
[[symbols]]
text = "yay"
polarity = "positive"
[[symbols]]
text = "meh"
polarity = "negative"
"""


def _score_and_interval(counts: list[int]) -> tuple[float, float, float]:
    """Return what section "Sentiment score" of Kralj Novak et al. defines."""
    n = sum(counts)
    p_negative, _, p_positive = ((count + 1) / (n + 3) for count in counts)
    score = p_positive - p_negative
    sd = math.sqrt(p_negative * (-1 - score) ** 2 + p_positive * (1 - score) ** 2
                   + (1 - p_negative - p_positive) * score**2)  # fmt: skip
    return score, score - 1.96 * sd / math.sqrt(n), score + 1.96 * sd / math.sqrt(n)


def test_builtin__has_the_families_that_were_asked_for() -> None:
    positive = [":)", ":-)", ":D", "=)", ";)", "(:", "<3", "^_^", "xD", "XD"]
    negative = [":(", ":-(", ":'(", "=(", "D:", "</3", "T_T", "):", ";_;"]
    assert {POLARITY[text] for text in [*positive, ": )", "❤", "😍"]} == {POSITIVE}
    assert {POLARITY[text] for text in [*negative, ": (", "😒", "💔"]} == {NEGATIVE}


def test_builtin__leaves_the_ambiguous_out() -> None:
    assert not POLARITY.keys() & {"😂", "😭", ":/", ":P", ":p", "8)", ":3", ":|"}


def test_builtin__each_symbol_is_plain_named_sourced_and_there_once() -> None:
    texts = [entry["text"] for entry in ENTRIES]
    assert len(set(texts)) == len(texts) == len(load_lexicon().symbols)
    for entry in ENTRIES:
        assert plain_text(entry["text"]) == entry["text"]
        assert entry["name"]
        assert entry["source"]


def test_builtin__emoji_are_known_and_named_by_the_emoji_package() -> None:
    assert len(COUNTED) > 40
    for entry in COUNTED:
        if entry["text"] != "♡":  # a character of text, never drawn as an emoji
            assert emoji.is_emoji(entry["text"]), entry
            assert emoji_name(entry["text"]) == entry["name"]
    uncounted = [entry["text"] for entry in ENTRIES if "counts" not in entry]
    assert emoji.emoji_count("".join(uncounted)) == 0


@pytest.mark.parametrize("entry", RANKED, ids=lambda entry: entry["name"])
def test_builtin__emoji_keep_the_bounds_of_the_head_of_the_file(
    entry: dict[str, Any],
) -> None:
    score, low, high = _score_and_interval(entry["counts"])
    assert sum(entry["counts"]) >= 100
    if entry["polarity"] == "positive":
        assert low > 0.45
    else:
        assert score <= -0.1
        assert high < 0


def test_builtin__emoji_counts_are_those_of_the_ranking(real_data: Path) -> None:
    path = real_data / "emoji" / "Emoji_Sentiment_Data_v1.0.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = {row["Emoji"]: row for row in csv.DictReader(file)}
    for entry in COUNTED:
        row = rows[entry["text"]]
        counts = [int(row[name]) for name in ("Negative", "Neutral", "Positive")]
        assert counts == entry["counts"], entry
    tears_of_joy = rows["😂"]
    counts = [int(tears_of_joy[name]) for name in ("Negative", "Neutral", "Positive")]
    assert _score_and_interval(counts)[1] < 0.45


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        (":)))", ":)"),
        ("((((:", "(:"),
        ("：）", ":)"),
        ("DDD:", "D:"),
        ("xDDD", "xD"),
        ("T___T", "T_T"),
        (":'''(", ":'("),
        ("<333", "<3"),
        ("^^", "^^"),
        ("((", "(("),
        ("❤️", "❤"),
        ("👍🏽", "👍"),
        ("❤️‍🔥", "❤‍🔥"),
        (" :) ", ":)"),
        ("not good", "not good"),
        ("good", "good"),
        ("DDT", "DDT"),
        ("🏽", ""),
        ("", ""),
    ],
)
def test_plain_text__is_the_shortest_way_to_write_it(text: str, plain: str) -> None:
    assert plain_text(text) == plain
    assert plain_text(plain) == plain


def test_load_lexicon__a_file_replaces_the_builtin() -> None:
    assert load_lexicon(PAIR) == Lexicon(
        (
            Symbol("meh", NEGATIVE, source="the user"),
            Symbol("yay", POSITIVE, source="the user"),
        )
    )


def test_load_lexicon__a_file_extends_the_builtin_and_wins() -> None:
    own = 'extends = true\nsymbols = [{ text = "❤️", polarity = "negative" }]'
    extended = load_lexicon(own)
    polarity = {symbol.text: symbol.polarity for symbol in extended.symbols}
    assert polarity == {**POLARITY, "❤": NEGATIVE}
    [heart] = [symbol for symbol in extended.symbols if symbol.text == "❤"]
    assert heart == Symbol("❤", NEGATIVE, source="the user", name="red heart")


def test_load_lexicon__order_in_the_file_does_not_matter() -> None:
    first, second = PAIR.split("[[symbols]]")[1:]
    swapped = f"[[symbols]]{second}\n[[symbols]]{first}"
    assert load_lexicon(swapped) == load_lexicon(PAIR)


def _one(text: str, polarity: str = "positive") -> str:
    return f'{{ text = "{text}", polarity = "{polarity}" }}'


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("symbols = [", "TOML"),
        ("", "symbols"),
        ("symbols = 1", "symbols"),
        ("symbols = []", "positive"),
        (f"symbols = [{_one(':)')}]", "no negative"),
        (f"symbols = [{_one(':(', 'negative')}]", "no positive"),
        ('symbols = [{ text = ":)" }]', "polarity"),
        ('symbols = [{ polarity = "positive" }]', "text"),
        ('symbols = [{ text = 1, polarity = "positive" }]', "symbols[0].text"),
        (f"symbols = [{_one(':)', 'neutral')}]", "neutral"),
        (f"symbols = [{_one('')}]", "''"),
        (f"symbols = [{_one('   ')}]", "'   '"),
        (f"symbols = [{_one(chr(0xFE0F))}]", "visible"),
        (f"symbols = [{_one(':)')}, {_one(':)', 'negative')}]", "both for ':)'"),
        (f"symbols = [{_one(':)')}, {_one(':)))', 'negative')}]", "both for ':)'"),
        (f"symbols = [{_one('❤️')}, {_one('❤', 'negative')}]", "both for '❤'"),
        (f"symbols = [{_one(chr(0x1FAFF))}]", "emoji"),
        ("extends = 1\nsymbols = []", "extends"),
        ("symbols.toml", "found 'symbols.toml'"),
        ("extend = true\nsymbols = []", "extend"),
        ('symbols = [{ text = ":)", polarity = "positive", kind = "" }]', "kind"),
    ],
)
def test_load_lexicon__refuses_in_one_line(toml: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_lexicon(toml)
    message = str(caught.value)
    assert "lexicon" in message
    assert words in message
    assert "\n" not in message


def test_to_json_value__comes_back_exactly() -> None:
    for lexicon in (load_lexicon(), load_lexicon(PAIR), Lexicon(())):
        text = json.dumps(lexicon.to_json_value())
        assert Lexicon.from_json_value(json.loads(text)) == lexicon


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        [[]],
        [1],
        [{"text": ":)"}],
        [{"text": ":)", "polarity": 0}],
        [{"text": ":)", "polarity": True}],
        [{"text": "", "polarity": 1}],
        [{"text": " ", "polarity": 1}],
        [{"text": ":))", "polarity": 1}],
        [{"text": "\ud800", "polarity": 1}],
        [{"text": ":)", "polarity": 1, "source": 1}],
    ],
)
def test_from_json_value__refuses_in_one_line(value: object) -> None:
    with pytest.raises(ModelFileError, match=r"lexicon[^\n]*$"):
        Lexicon.from_json_value(value)


def test_lexicon__is_small_to_send() -> None:
    lexicon = load_lexicon()
    assert len(pickle.dumps(lexicon)) < 10_000
    assert pickle.loads(pickle.dumps(lexicon)) == lexicon
    assert load_lexicon() is lexicon
