"""Finding symbols: the kernel against a slow twin, and what guards let through."""

import re
import time
from collections.abc import Iterable

import numba
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiset.automaton import (
    Guards,
    build_tables,
    class_of,
    find_and_strip,
    find_guards,
)
from emotiset.errors import ConfigError
from emotiset.kernels import symbols as kernel
from emotiset.lexicon import Lexicon, Symbol, is_repeatable, load_lexicon
from emotiset.schema import NEGATIVE, POSITIVE

LEXICON = load_lexicon()
OWN = Lexicon(
    (
        Symbol(">:)", NEGATIVE),
        Symbol(":)", POSITIVE),
        Symbol("not good", NEGATIVE),
        Symbol("good", POSITIVE),
        Symbol("❤\u200d🔥", POSITIVE),
        Symbol("8)", POSITIVE),
        Symbol("最高", POSITIVE),
    )
)


def strip(text: str, lexicon: Lexicon = LEXICON) -> tuple[str, int]:
    stripped, found = find_and_strip(pa.array([text]), lexicon)
    return stripped[0].as_py(), int(found[0])


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    """Compile before hypothesis looks at the clock."""
    strip("")


class Twin:
    """The same rules on Python strings, a character at a time, with `re`."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.symbols = [
            (re.compile(self._pattern(symbol.text)), symbol, find_guards(symbol))
            for symbol in lexicon.symbols
        ]

    @staticmethod
    def _pattern(text: str) -> str:
        pattern = ""
        for i, char in enumerate(text):
            wide = chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else ""
            pattern += f"[{re.escape(char)}{re.escape(wide)}]"
            pattern += "+" if is_repeatable(text, i) else ""
            modifiers = "[\U0001f3fb-\U0001f3ff\ufe0e\ufe0f]*"
            is_dressed = not char.isascii() or i == len(text) - 1
            pattern += modifiers if is_dressed else ""
        return pattern

    def strip(self, text: str) -> tuple[str, int]:
        found = 0
        while True:
            text, bits = self._pass(text)
            found |= bits
            if not bits:
                return text, found

    def _pass(self, text: str) -> tuple[str, int]:
        out, bits, i, address_end = "", 0, 0, 0
        while i < len(text):
            if i >= address_end and text.startswith("://", i):
                address_end = i + len(re.match("[!-~]*", text[i:]).group())
            elif i >= address_end and not (out.endswith(text[i]) and text[i] < "\x80"):
                end, symbol, guards = self._longest(text, i)
                if symbol and self._is_free(out, text, end, guards):
                    is_positive = symbol.polarity == POSITIVE
                    bits |= kernel.IS_POSITIVE if is_positive else kernel.IS_NEGATIVE
                    out += " "
                    i = end
                    continue
            out += text[i]
            i += 1
        return out, bits

    def _longest(self, text: str, i: int) -> tuple[int, Symbol | None, Guards | None]:
        matches = (
            (match.end(), symbol, guards)
            for pattern, symbol, guards in self.symbols
            if (match := pattern.match(text, i))
        )
        return max(matches, default=(i, None, None), key=lambda match: match[0])

    def _is_free(self, out: str, text: str, end: int, guards: Guards) -> bool:
        left = class_of(out[-1]) if out else kernel.BLANK
        right = class_of(text[end]) if end < len(text) else kernel.BLANK
        if not left & guards.left:
            return False
        allowed = guards.right if left == kernel.BLANK else guards.attached
        needs_blank = allowed == kernel.BLANK
        is_run = text[end - 1 : end] == text[end : end + 1] and text[end] < "\x80"
        if not right & allowed or is_run:
            _, other, other_guards = self._longest(text, end)
            if needs_blank or other is None:
                return False
            if other_guards.closes and self._has_open_bracket(out):
                return False
        may_close = guards.closes and (left != kernel.BLANK or needs_blank)
        return not (may_close and self._has_open_bracket(out))

    @staticmethod
    def _has_open_bracket(out: str) -> bool:
        line = out.rsplit("\n", maxsplit=1)[-1].replace("（", "(").replace("）", ")")
        while (shorter := re.sub(r"\([^()]*\)", "", line)) != line:
            line = shorter
        return "(" in line


# Pieces of symbols and of what stands around them, so that they meet often.
PIECES = st.sampled_from(
    [
        *":;=()[]DxXT_-^<>3/\\o'*'.,!\"@#& \n\t",
        *"aZé9я笑ก❤♡😂😍👍🏽（）：＾・´▽｀",
        *["\u200d", "\ufe0f", "\u200b", "\u00a0", "\u3000", "http://t.co/a", "RT @a:"],
        *(symbol.text for symbol in LEXICON.symbols),
        *(symbol.text for symbol in OWN.symbols),
    ]
)
TEXTS = st.lists(PIECES, max_size=12).map("".join)


@given(TEXTS)
def test_find_and_strip__equals_its_slow_twin(text: str) -> None:
    assert strip(text) == Twin(LEXICON).strip(text)


@given(TEXTS)
def test_find_and_strip__equals_its_slow_twin_with_own_symbols(text: str) -> None:
    assert strip(text, OWN) == Twin(OWN).strip(text)


@given(st.lists(st.none() | TEXTS, max_size=8), st.integers(0, 8), st.integers(0, 8))
def test_find_and_strip__is_the_same_for_slices(
    texts: list[str | None], start: int, length: int
) -> None:
    text = pa.array(texts, pa.string()).slice(min(start, len(texts)), length)
    stripped, found = find_and_strip(text, LEXICON)
    stripped.validate(full=True)
    expected = [(None, 0) if each is None else strip(each) for each in text.to_pylist()]
    assert list(zip(stripped.to_pylist(), found.tolist(), strict=True)) == expected


@given(TEXTS)
def test_find_and_strip__twice_is_once(text: str) -> None:
    stripped, _ = strip(text)
    assert strip(stripped) == (stripped, 0)


@given(st.lists(st.binary(max_size=12) | TEXTS.map(str.encode), max_size=5))
def test_find_and_strip__survives_what_is_no_utf8(parts: list[bytes]) -> None:
    joined = b"".join(parts)
    offsets = pa.py_buffer(np.array([0, len(joined)], np.int32))
    buffers = [None, offsets, pa.py_buffer(joined)]
    text = pa.Array.from_buffers(pa.string(), 1, buffers)
    stripped, _ = find_and_strip(text, LEXICON)
    assert len(stripped.cast(pa.binary())[0].as_py()) <= len(joined)


def test_find_and_strip__empty_batch() -> None:
    stripped, found = find_and_strip(pa.array([], pa.string()), LEXICON)
    assert stripped.type == pa.string()
    assert len(stripped) == len(found) == 0


def test_find_and_strip__leaves_its_input_alone() -> None:
    text = pa.array(["so :)", None, "❤"])
    find_and_strip(text, LEXICON)
    assert text.to_pylist() == ["so :)", None, "❤"]


@pytest.mark.parametrize("symbol", LEXICON.symbols, ids=lambda symbol: symbol.text)
def test_find_and_strip__finds_each_symbol_of_the_lexicon(symbol: Symbol) -> None:
    bit = kernel.IS_POSITIVE if symbol.polarity == POSITIVE else kernel.IS_NEGATIVE
    text = symbol.text
    assert strip(text) == (" ", bit)
    assert strip(f"so {text} it is") == ("so   it is", bit)
    assert strip(f"so {text} {text} {text}") == ("so      ", bit)
    wide = text.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)})
    assert strip(f"so {wide}") == ("so  ", bit)
    if is_repeatable(text, len(text) - 1):
        assert strip(f"so {text}{text[-1] * 4}") == ("so  ", bit)
    if is_repeatable(text, 0):
        assert strip(f"so {text[0] * 4}{text}") == ("so  ", bit)


@pytest.mark.parametrize(
    ("text", "stripped", "found"),
    [
        (":):)", "  ", 1),
        (":):(", "  ", 3),
        ("<3<3<3", "   ", 1),
        ("❤❤❤", "   ", 1),
        ("<3:D", "  ", 1),
        (":)T_T", "  ", 3),
        ("^_^^_^", "  ", 1),
        (":-)))-:", " -:", 1),
        ("D::)", "  ", 3),
        ("\n:)\n", "\n \n", 1),
        (">:(", " ", 2),
        ("(^_^)", "( )", 1),
        ("(^_^;)", "(^_^;)", 0),
        ("👍🏽👍🏿", "  ", 1),
        ("☺\ufe0f☺\ufe0e☺", "   ", 1),
        ("❤\ufe0f:)", "  ", 1),
        (":)\ufe0f ok", "  ok", 1),
        ("❤\u200d🔥", "❤\u200d🔥", 0),
        ("❤\ufe0f\u200d🔥 ok", "❤\ufe0f\u200d🔥 ok", 0),
        ("👩\u200d❤\ufe0f\u200d👨", "👩\u200d❤\ufe0f\u200d👨", 0),
        ("👩\u200d❤\ufe0f\u200d👨❤", "👩\u200d❤\ufe0f\u200d👨 ", 1),
        ("(thanks :)", "(thanks  ", 1),
        ("(yes) thanks:)", "(yes) thanks ", 1),
        ("http://t.co/a❤", "http://t.co/a ", 1),
        ("http://t.co/a:) :(", "http://t.co/a:)  ", 2),
    ],
)
def test_find_and_strip__neighbors(text: str, stripped: str, found: int) -> None:
    assert strip(text) == (stripped, found)


@pytest.mark.parametrize(
    ("text", "stripped", "found"),
    [
        (">:)", " ", 2),
        (":)", " ", 1),
        ("not good", " ", 2),
        ("good", " ", 1),
        ("not  good", "not   ", 1),
        ("goods", "goods", 0),
        ("a good, very good!", "a  , very  !", 1),
        ("#good @good", "#good @good", 0),
        ("❤\ufe0f\u200d🔥", " ", 1),
        ("❤ 🔥", "❤ 🔥", 0),
        ("cool 8)", "cool  ", 1),
        ("18)", "18)", 0),
        ("今日は最高です", "今日は です", 1),
    ],
)
def test_find_and_strip__own_symbols(text: str, stripped: str, found: int) -> None:
    assert strip(text, OWN) == (stripped, found)


def _hostile() -> Iterable[str]:
    n = 200_000
    yield "(" * n
    yield ")" * n
    yield "T" + "_" * n
    yield "T_" * n
    yield "^_" * n
    yield ":D" * n
    yield "(" + "a:)" * n
    yield "<3" * n + "x"
    yield "❤\u200d" * n
    yield "://" * n
    yield ":<3)" * n


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="linear, yet slow in Python")
def test_find_and_strip__hostile_text_takes_linear_time() -> None:
    strip("")
    start = time.perf_counter()
    for text in _hostile():
        strip(text)
    # Below 0.2 s; what is quadratic takes minutes.
    assert time.perf_counter() - start < 20


def test_build_tables__refuses_too_large_a_lexicon() -> None:
    words = tuple(Symbol(f"{i:08d}", POSITIVE) for i in range(0, 10**8, 10**4))
    with pytest.raises(ConfigError, match="leave some symbols out"):
        build_tables(Lexicon(words))


def test_build_tables__without_symbols_finds_nothing() -> None:
    assert strip("so :) http://t.co/a", Lexicon(())) == ("so :) http://t.co/a", 0)


def test_class_of__each_character_has_exactly_one_class() -> None:
    classes = build_tables(LEXICON).classes
    for code in [*range(0x3100), *range(0xFE00, 0x10000)]:
        bit = class_of(chr(code))
        assert bit.bit_count() == 1
        assert bit & kernel.ANY
        assert classes[code] == bit
