"""The emoticons and emoji that label a tweet, each with its polarity and source.

A lexicon is data: `lexicon.toml` beside this file, or a file of the same form given
by the user.  How symbols are found in text is the business of `emotiset.automaton`.
"""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final, Literal

import emoji
import msgspec

from emotiset.errors import ConfigError, ModelFileError
from emotiset.schema import NEGATIVE, POSITIVE

# Skin tones and variation selectors: they dress an emoji and never change which.
MODIFIERS: Final = (*map(chr, range(0x1F3FB, 0x1F400)), "\ufe0e", "\ufe0f")

_POLARITIES: Final = {"positive": POSITIVE, "negative": NEGATIVE}
_BRACKETS: Final = "()[]{}"
_FOLD: Final = {
    **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)},  # full width
    **{ord(modifier): None for modifier in MODIFIERS},
}


@dataclass(frozen=True, slots=True)
class Symbol:
    """An emoticon, emoji or other literal string that stands for a feeling.

    Attributes
    ----------
    text
        Its plainest form: no skin tone, no variation selector, ASCII rather than
        full width, a mouth once (``:)`` stands for ``:)))`` too).
    polarity
        `POSITIVE` or `NEGATIVE`.
    source
        Who says so.
    name
        What it is called; may be empty.
    """

    text: str
    polarity: int
    source: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Symbols in order of their text, each text once; hashable and small."""

    symbols: tuple[Symbol, ...]

    def to_json_value(self) -> list[dict[str, Any]]:
        """Return plain JSON values from which `from_json_value` makes an equal one."""
        return [asdict(symbol) for symbol in self.symbols]

    @classmethod
    def from_json_value(cls, value: object) -> "Lexicon":
        """Make a lexicon from what `to_json_value` returned.

        Raises
        ------
        ModelFileError
            If *value* is nothing that `to_json_value` can have returned.
        """
        try:
            lexicon = cls(msgspec.convert(value, tuple[Symbol, ...]))
        except msgspec.ValidationError as error:
            raise ModelFileError(
                f"the model's lexicon needs a list of symbols: {error}"
            ) from None
        for symbol in lexicon.symbols:
            text = symbol.text
            is_plain = text and plain_text(text) == text and _is_unicode(text)
            if not is_plain or symbol.polarity not in (POSITIVE, NEGATIVE):
                raise ModelFileError(
                    "the model's lexicon needs plain symbols of polarity -1 or 1, "
                    f"found {text!r} of {symbol.polarity}"
                )
        return lexicon


class _Entry(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    text: str
    polarity: Literal["positive", "negative"]
    name: str = ""
    source: str = "the user"
    counts: tuple[int, int, int] | None = None  # negative, neutral, positive tweets


class _LexiconFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    symbols: list[_Entry]
    extends: bool = False


@lru_cache(maxsize=8)
def load_lexicon(toml_text: str | None = None) -> Lexicon:
    """Read a lexicon from TOML text; without any, the built-in one.

    Parameters
    ----------
    toml_text
        Has a list ``symbols``; each is a table of ``text`` and ``polarity``
        ("positive" or "negative") and may have ``name`` and ``source``.  With
        ``extends = true`` they are added to the built-in symbols, and where a text
        is in both, the file's polarity holds; else they replace them.

    Raises
    ------
    ConfigError
        If it is no TOML, has other keys, an empty symbol, a symbol of both
        polarities or an unknown emoji, or if one polarity has no symbol at all.

    Examples
    --------
    >>> one_sided = 'symbols = [{text = ":P", polarity = "positive"}]'
    >>> load_lexicon(one_sided)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    emotiset.errors.ConfigError: --lexicon needs symbols of both polarities, found ...
    """
    if toml_text is None:
        builtin = files("emotiset").joinpath("lexicon.toml")
        toml_text = builtin.read_text(encoding="utf-8")
    file = _parse(toml_text)
    symbols = _checked_symbols(file.symbols)
    if file.extends:
        builtin_symbols = {symbol.text: symbol for symbol in load_lexicon().symbols}
        symbols = {**builtin_symbols, **symbols}
    for word, polarity in _POLARITIES.items():
        if all(symbol.polarity != polarity for symbol in symbols.values()):
            raise ConfigError(
                f"--lexicon needs symbols of both polarities, found no {word} one: add "
                "one, or set extends = true"
            )
    return Lexicon(tuple(symbols[text] for text in sorted(symbols)))


def _parse(toml_text: str) -> _LexiconFile:
    try:
        return msgspec.convert(tomllib.loads(toml_text), _LexiconFile)
    except tomllib.TOMLDecodeError as error:
        found = " ".join(toml_text[:60].split())
        raise ConfigError(
            f"--lexicon needs TOML, found {found!r}: {error}; in a file of "
            "settings, as in Python, it is the text itself"
        ) from None
    except msgspec.ValidationError as error:
        raise ConfigError(
            "--lexicon needs extends and a list symbols of tables with text, polarity, "
            f"name and source: {error}"
        ) from None


def _checked_symbols(entries: Iterable[_Entry]) -> dict[str, Symbol]:
    symbols: dict[str, Symbol] = {}
    for entry in entries:
        text = plain_text(entry.text)
        if not text:
            raise ConfigError(
                "--lexicon needs symbols of at least one visible character, found "
                f"{entry.text!r}: take it out"
            )
        rest = emoji.replace_emoji(text, "")
        if any("\U0001f000" <= char <= "\U0001faff" for char in rest):
            raise ConfigError(
                f"--lexicon needs emoji that the emoji package {emoji.__version__} "
                f"knows, found {entry.text!r}: take it out or update the package"
            )
        polarity = _POLARITIES[entry.polarity]
        if text in symbols and symbols[text].polarity != polarity:
            raise ConfigError(
                "--lexicon needs one polarity for each symbol, found both for "
                f"{text!r}: take one out"
            )
        name = entry.name or emoji_name(text)
        symbols.setdefault(text, Symbol(text, polarity, entry.source, name))
    return symbols


def emoji_name(text: str) -> str:
    """Return the name of an emoji as the emoji package has it, or nothing.

    Examples
    --------
    >>> emoji_name("\N{HEAVY BLACK HEART}"), emoji_name(":)")
    ('red heart', '')
    """
    facts = emoji.EMOJI_DATA.get(text, {"en": ""})
    return str(facts["en"]).strip(":").replace("_", " ")


def plain_text(text: str) -> str:
    """Return the plainest form of a symbol: `Symbol.text`.

    Examples
    --------
    >>> plain_text("：)))"), plain_text("T___T"), plain_text("^^")
    (':)', 'T_T', '^^')
    """
    text = text.translate(_FOLD).strip()
    kept = [
        char
        for i, char in enumerate(text)
        if not (i and text[i - 1] == char and _may_repeat(text, i, char))
    ]
    return "".join(kept) if len(kept) > 1 else text


def is_repeatable(text: str, i: int) -> bool:
    """Return whether character *i* of a plain symbol may be written many times.

    Those are a mouth at either end, and a tear or a mouth in the middle.
    """
    return len(text) > 1 and _may_repeat(text, i, text[i])


def _is_unicode(text: str) -> bool:
    """Return whether *text* has no lone surrogates, which JSON can hold."""
    return not any("\ud800" <= char <= "\udfff" for char in text)


def _may_repeat(text: str, i: int, char: str) -> bool:
    if not text[i:].strip(char):
        return char in f"{_BRACKETS}D3*"
    if not text[:i].strip(char):
        is_mouth = char == "D" and re.match("D+[:;=]", text) is not None
        return char in _BRACKETS or is_mouth
    return char in "_'"
