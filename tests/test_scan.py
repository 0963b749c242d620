"""The scan passes over no line that full decoding would label."""

import bz2
import json
import os
import re
from functools import lru_cache
from html.entities import html5
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotiset import scan
from emotiset.automaton import find_and_strip, write_forms
from emotiset.config import TrainConfig
from emotiset.kernels.scanning import EMPTY, KEPT, PASSED
from emotiset.lexicon import MODIFIERS, Lexicon, is_repeatable, load_lexicon
from emotiset.partition import label_block
from emotiset.sampling import make_rule
from emotiset.scan import build_scan, find_kinds
from emotiset.sources import plan_blocks
from emotiset.sources.blocks import Reading
from emotiset.sources.lines import Lines
from emotiset.sources.text import read_texts
from emotiset.sources.tweets import read_chunk

OWN = """
symbols = [
  { text = "yay", polarity = "positive" },
  { text = "\\\\m/", polarity = "positive" },
  { text = '"x"', polarity = "positive" },
  { text = "<&>", polarity = "positive" },
  { text = "é🎉", polarity = "positive" },
  { text = "::", polarity = "positive" },
  { text = ":'(", polarity = "negative" },
  { text = "3:", polarity = "negative" },
  { text = "Q_Q", polarity = "negative" },
  { text = ": /", polarity = "negative" },
  { text = "ω", polarity = "negative" },
]
"""
LEXICONS = (load_lexicon(), load_lexicon(OWN))
SHREDS = b""": ) \\ u 00 3a " text & #58; { } , xD a \xff \0 \xf0\x9f\x98\x8d""".split()
NAMES: dict[str, list[str]] = {}
for _name, _value in html5.items():
    NAMES.setdefault(_value, []).append(_name)


def has_symbol(reading: Reading, lexicon: Lexicon) -> bool:
    """Return whether full decoding finds a symbol."""
    if not reading.tweets.num_rows:
        return False
    return bool(find_and_strip(reading.tweets["text"], lexicon)[1].any())


def kinds_of(data: bytes, lexicon: Lexicon, *, is_json: bool) -> list[int]:
    scan = build_scan(lexicon)
    assert scan is not None
    return list(find_kinds(data, scan, is_json=is_json).kinds)


def escape(char: str, draw: Any) -> str:
    """Write a character as ``\\uXXXX``, each hexadecimal digit in either case."""
    data = char.encode("utf-16-be").hex()
    digits = [each.upper() if draw(st.booleans()) else each for each in data]
    units = ["".join(digits[i : i + 4]) for i in range(0, len(digits), 4)]
    return "".join(f"\\u{unit}" for unit in units)


def write_entity(char: str, draw: Any) -> str:
    """Write a character as an HTML entity; the semicolon may be missing."""
    zeros, code = "0" * draw(st.integers(0, 3)), ord(char)
    forms = [f"#{zeros}{code}", f"#x{zeros}{code:x}", f"#X{zeros}{code:X}"]
    numeric = [form + end for form in forms for end in (";", "")]
    return "&" + draw(st.sampled_from(numeric + NAMES.get(char, []) * 3))


def write_json(char: str, draw: Any) -> str:
    """Write a character as it may stand in a JSON string."""
    short = {'"': '\\"', "\\": "\\\\", "/": "\\/", "\n": "\\n", "\t": "\\t"}
    raw = [] if char in '"\\' or char < " " else [char]
    short_forms = [short[char]] if char in short else []
    return str(draw(st.sampled_from([*raw, *raw, *short_forms, escape(char, draw)])))


@st.composite
def texts(draw: Any, lexicon: Lexicon) -> tuple[str, str]:
    """Draw a text with a symbol, and the same as the source of a JSON string."""
    symbol = draw(st.sampled_from(lexicon.symbols)).text
    chars: list[str] = []
    for char in symbol:
        chars.append(draw(st.sampled_from(write_forms(char))))
        chars += [chars[-1]] * draw(st.sampled_from([0, 0, 0, 1, 3]))
        if not char.isascii():
            chars += draw(st.lists(st.sampled_from(MODIFIERS), max_size=2))
    around = st.text("ab1 :;=()\"'\\/&<>éω❤\n\t#x.,D_\x00\x01", max_size=4)
    spaced = st.sampled_from(["", " ", "\n", "é", "so ", "&nbsp", "&amp;", '"', "n"])
    spelled = [
        write_entity(char, draw) if draw(st.sampled_from([0, 0, 0, 1])) else char
        for char in chars
    ]
    left = draw(st.one_of(spaced, around))
    text = left + "".join(spelled) + draw(st.one_of(spaced, around))
    return text, "".join(write_json(char, draw) for char in text)


@pytest.mark.parametrize("lexicon", LEXICONS)
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_scan__passes_over_no_json_line_with_a_symbol(
    lexicon: Lexicon, data: Any
) -> None:
    _, source = data.draw(texts(lexicon))
    key = data.draw(st.sampled_from(["text", "full_text", "te\\u0078t", "text"]))
    gap = data.draw(st.sampled_from(["", " ", "\t", "  "]))
    field = f'"{key}"{gap}:{gap}"{source}"'
    if "full" in key:
        field = f'"extended_tweet":{gap}{{{field}}}'
    user = data.draw(st.sampled_from(["", f'"user":{{"name":"{source}","x":[]}},']))
    line = f'{{"id":1,{user}{field},"lang":"en","urls":[]}}'.encode()
    line += data.draw(st.sampled_from([b"", b"\r"]))
    reading = read_chunk(Lines([line], 0), "-", None)
    found = [kinds_of(line + end, lexicon, is_json=True) for end in (b"", b"\n")]
    assert found[0] == found[1]
    if has_symbol(reading, lexicon):
        assert found[0] == [KEPT]


@pytest.mark.parametrize("lexicon", LEXICONS)
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_scan__passes_over_no_text_with_a_symbol(lexicon: Lexicon, data: Any) -> None:
    text, _ = data.draw(texts(lexicon))
    lines = text.encode().split(b"\n")
    found = kinds_of(text.encode(), lexicon, is_json=False)
    for line, kind in zip(lines[: len(found)], found, strict=True):
        assert (kind == EMPTY) == (not line.strip())
        if line and has_symbol(read_texts(Lines([line], 0), "-"), lexicon):
            assert kind == KEPT


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from([*SHREDS, b" ", b"\n"]),
        max_size=60,
    ).map(b"".join)
)
def test_scan__a_line_alone_decides(data: bytes) -> None:
    lines = data.split(b"\n")
    lines = lines if lines[-1] else lines[:-1]
    for is_json in (False, True):
        together = kinds_of(data, LEXICONS[0], is_json=is_json)
        alone = [
            kinds_of(line + b"\n", LEXICONS[0], is_json=is_json)[0] for line in lines
        ]
        assert together == alone


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (b'{"text":"a","urls":[],"symbols":[]}', PASSED),
        (b'{"text":":[ sad"}', KEPT),
        (b'{"text": ":)"}', KEPT),
        (b'{"text":"so \\":[ sad\\""}', KEPT),
        (b'{"user":{"description":"\\":) ;)"},"text":"a"}', PASSED),
        (b'{"user":{"description":":) ;)"},"text":":)"}', KEPT),
        (b'{"user":{"te\\u0078t":":)"}}', KEPT),
        (b'{"text":"https:\\/\\/t.co\\/xDa1"}', PASSED),
        (b'{"text":"\\nxD"}', KEPT),
        (b'{"text":"&nbspxD"}', KEPT),
        (b'{"text":"&#1;"}', KEPT),
        (b'{"text":"&l\\u0074;3"}', KEPT),
        (b'{"text":"&hearts;"}', KEPT),
        (b'{"text":"&eacute; &amp;"}', PASSED),
        (b" \t\r", EMPTY),
        (b"\xef\xbb\xbf", PASSED),
        (b'{"te\\u0078t":":)"}', KEPT),
        (b'{"full_text" :\t":)"}', KEPT),
        (b'{"text":["', PASSED),
        (b'"text":":)', KEPT),
        (b'{"text":"' + b"x" * 10_000_000 + b' :)"}', KEPT),
        (b'{"text":"' + b":T" * 1_000_000 + b"_" * 1_000_000 + b'"}', PASSED),
    ],
)
def test_find_kinds__one_line(line: bytes, kind: int) -> None:
    assert kinds_of(line, LEXICONS[0], is_json=True) == [kind]


@pytest.mark.parametrize("length", range(0, 40))
def test_find_kinds__a_symbol_at_any_place(length: int) -> None:
    for before in ("a" * length, "a" * length + "\n", "\n" * length):
        for after in ("", "\n", " b" * length):
            data = f"{before} :){after}".encode()
            lines = data.split(b"\n")
            lines = lines if lines[-1] else lines[:-1]
            kinds = {True: KEPT, False: PASSED}
            expected = [kinds[b":)" in line] if line else EMPTY for line in lines]
            assert kinds_of(data, LEXICONS[0], is_json=False) == expected


def test_build_scan__none_for_characters_that_may_come_about_otherwise() -> None:
    for symbol in ("\\u0001", "\\ufffd"):
        own = f'symbols = [{{ text = "{symbol}", polarity = "positive" }}, '
        own += '{ text = ":(", polarity = "negative" }]'
        assert build_scan(load_lexicon(own)) is None


def slow_ways(char: str) -> str:
    """Return a pattern of the ways to write a character of a symbol."""
    ways = []
    for form in write_forms(char):
        data = form.encode("utf-16-be").hex()
        units = [data[i : i + 4] for i in range(0, len(data), 4)]
        ways.append("".join(rf"\\u(?i:{unit})" for unit in units))
        ways.append("".join(f"\\x{byte:02x}" for byte in form.encode()))
    ways += {'"': ['\\\\"'], "\\": [r"\\\\"], "/": ["\\\\/"]}.get(char, [])
    names = NAMES[char] if char in '<>&"' else []
    ways += [rf"(?:&|\\u0026){name}" for name in names]
    return "(?:" + "|".join(ways) + ")"


@lru_cache(maxsize=8)
def slow_pattern(lexicon: Lexicon) -> re.Pattern[bytes]:
    """Return a pattern that matches, at no width, where the scan sees a symbol."""
    modifiers = "|".join(slow_ways(each) for each in MODIFIERS)
    bare, guarded = [], []
    for symbol in lexicon.symbols:
        text, parts = symbol.text, []
        for i, char in enumerate(text):
            ways = slow_ways(char)
            parts.append(ways + f"{ways}*" * (i > 0 and is_repeatable(text, i)))
            if not char.isascii() and i + 1 < len(text):
                parts[-1] = (
                    f"{ways}(?:{ways}|{modifiers})*"
                    if "*" in parts[-1]
                    else (f"{ways}(?:{modifiers})*")
                )
        bare.append("".join(parts))
        is_guarded = not is_repeatable(text, 0)
        left = r"(?<![0-9A-Za-z])" if is_guarded and slow_word(text[0]) else ""
        right = "(?!WORD)" if is_guarded and slow_word(text[-1]) else ""
        guarded.append(left + bare[-1] + right)
    chars = {form for s in lexicon.symbols for c in s.text for form in write_forms(c)}
    chars |= {*MODIFIERS}
    names = [name for name, value in html5.items() if chars & {*value}]
    names = [name for name in names if html5[name] not in '<>&"']
    entity = rf"(?:&|\\u0026)(?:#[0-9xX]|{'|'.join(map(re.escape, names))}"
    entity += r"|[0-9A-Za-z#]{0,31}\\u00[2-7][0-9a-fA-F])"
    any_bare = "|".join([*bare, entity])
    word = f"(?!{any_bare})[0-9A-Za-z]"
    pattern = "|".join([*guarded, entity]).replace("WORD", word)
    return re.compile(f"(?={pattern})".encode())


def slow_word(char: str) -> bool:
    return char.isascii() and char.isalnum()


VALUE = re.compile(rb'xt"[ \t\r]*:[ \t\r]*"((?:[^"\\]|\\.)*)"')


@pytest.mark.skipif(
    "EMOTISET_REAL_DATA" not in os.environ, reason="EMOTISET_REAL_DATA is not set"
)
def test_find_kinds__like_its_slow_twin_on_the_stream() -> None:
    folder = Path(os.environ["EMOTISET_REAL_DATA"]) / "stream"
    lexicon = LEXICONS[0]
    for day in sorted(folder.iterdir()):
        path = min(day.glob("*.bz2"))
        with bz2.open(path) as file:
            lines = b"".join(islice(file, 100)).splitlines()
        kinds = kinds_of(b"\n".join(lines), lexicon, is_json=True)
        for line, kind in zip(lines, kinds, strict=True):
            is_kept = re.search(rb"\\u00[5-7]", line) or any(
                slow_pattern(lexicon).search(line, *value.span(1))
                for value in VALUE.finditer(line)
            )
            assert (kind == KEPT) == bool(is_kept), line


@pytest.mark.skipif(
    "EMOTISET_REAL_DATA" not in os.environ, reason="EMOTISET_REAL_DATA is not set"
)
def test_label_block__same_rows_with_and_without_the_scan() -> None:
    config = TrainConfig(language="any", block_size=300_000)
    folder = Path(os.environ["EMOTISET_REAL_DATA"]) / "stream"
    for day in sorted(folder.iterdir()):
        block, *_ = plan_blocks([str(min(day.glob("*.bz2")))], config)
        scanned, full = (
            label_block(
                block, config, LEXICONS[0], make_rule(config), keep_rejects=decodes_all
            )
            for decodes_all in (False, True)
        )
        assert scanned.rows.equals(full.rows)
        assert scanned.tally.n_read == full.tally.n_read
        n_binned = sum(scanned.tally.bins.values()) + scanned.rows.num_rows
        assert n_binned == scanned.tally.n_read


@pytest.mark.parametrize("is_json", [True, False])
def test_find_kinds__kernels_run_as_python_say_the_same(
    is_json: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [
        "what a day :)",
        "no symbol in here",
        "\U0001f60d so so",
        "xD",
        " ",
        ":(\t",
    ]
    rows = [json.dumps({"text": text, "id": 1}) if is_json else text for text in texts]
    data = "\n".join([*rows, "and at the end =)"]).encode()
    compiled = kinds_of(data, LEXICONS[0], is_json=is_json)
    assert {KEPT, PASSED} <= set(compiled)
    for name in ("scan_json", "scan_text"):
        kernel = getattr(scan, name)
        monkeypatch.setattr(scan, name, getattr(kernel, "py_func", kernel))
    assert kinds_of(data, LEXICONS[0], is_json=is_json) == compiled
