"""Turn a lexicon into the tables that the kernel walks, once per process.

The lexicon's symbols become one byte-wise automaton, with a loop where a mouth may
repeat or an emoji carry a skin tone; each accepting state has guards.  RE2, which
would do for plain alternatives, has no look-around: a guard would eat its neighbor,
and "an open bracket further left" is beyond it.
"""

import unicodedata
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from emotiset.errors import ConfigError
from emotiset.kernels.symbols import (
    ANY,
    BLANK,
    CLOSE,
    COMMA,
    DIGIT,
    EYES,
    FOREIGN,
    IS_NEGATIVE,
    IS_POSITIVE,
    JOINER,
    LETTER,
    OPEN,
    QUOTE,
    SIGN,
    STOP,
    TAG,
    strip_symbols,
)
from emotiset.lexicon import MODIFIERS, Lexicon, Symbol, is_repeatable
from emotiset.schema import POSITIVE
from emotiset.unpacked import make_once

_MAX_STATES: Final = 2**15 - 1
_FULL_WIDTH: Final = 0xFEE0  # from an ASCII character to its full-width form
_ASCII_CLASSES: Final = {
    **dict.fromkeys(":;=", EYES),
    **dict.fromkeys("\"'", QUOTE),
    **dict.fromkeys("@#", TAG),
    **dict.fromkeys("$%&+/<\\^_`", SIGN),
    ",": COMMA,
}


class Tables(NamedTuple):
    """A lexicon as `emotiset.kernels.symbols` wants it, argument by argument."""

    step: NDArray[np.int16]  # [n_states, 256]
    may_start: NDArray[np.bool_]  # [256]
    guards: NDArray[np.uint16]  # [n_states, 5]
    classes: NDArray[np.uint16]  # [65536]


class Guards(NamedTuple):
    """One row of `Tables.guards`: its columns are `FOUND` to `CLOSES` of the kernel."""

    found: int
    left: int
    right: int
    attached: int
    closes: bool


def find_and_strip(
    text: pa.Array, lexicon: Lexicon
) -> tuple[pa.Array, NDArray[np.uint8]]:
    """Return *text* with a blank for each symbol, and what was found in each row.

    Parameters
    ----------
    text
        Of type string; null stays null.
    lexicon
        Its tables are built at the first call in a process.

    Returns
    -------
    stripped : pa.Array of string
    found : uint8[n_rows]
        ``IS_POSITIVE | IS_NEGATIVE``, 0 for no symbol.
    """
    n_rows = len(text)
    offsets, data = copy_buffers(text)
    found = np.empty(n_rows, np.uint8)
    strip_symbols(offsets, data, *build_tables(lexicon), found)
    buffers = [None, pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(data)]
    stripped = pa.Array.from_buffers(pa.string(), n_rows, buffers)
    if text.null_count:
        is_valid = text.is_valid()
        found[~is_valid.to_numpy(zero_copy_only=False)] = 0
        stripped = pc.if_else(is_valid, stripped, pa.scalar(None, pa.string()))
    return stripped, found


def copy_buffers(text: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Return offsets, from 0 on, and a copy of the bytes of a string array."""
    n_rows = len(text)
    offsets, data = np.zeros(n_rows + 1, np.int64), np.empty(0, np.uint8)
    _, offsets_buffer, data_buffer = text.buffers()
    if n_rows and data_buffer is not None:
        offsets += np.frombuffer(offsets_buffer, np.int32)[text.offset :][: n_rows + 1]
        data = np.frombuffer(data_buffer, np.uint8)[offsets[0] : offsets[-1]].copy()
        offsets -= offsets[0]
    return offsets, data


@lru_cache(maxsize=8)
def build_tables(lexicon: Lexicon) -> Tables:
    """Build the automaton of *lexicon*: a trie of characters, written out in bytes.

    Raises
    ------
    ConfigError
        If the lexicon needs more than 32,767 states.
    """
    edges: list[dict[int, int]] = [{}]
    nodes: dict[tuple[int, str], int] = {}
    ends: dict[int, Guards] = {}
    loops: list[tuple[int, str]] = []
    for symbol in lexicon.symbols:
        node = 0
        for i, char in enumerate(symbol.text):
            if (node, char) not in nodes:
                edges.append({})
                nodes[node, char] = len(edges) - 1
                for form in write_forms(char):
                    _add_path(edges, node, form, nodes[node, char])
            node = nodes[node, char]
            if is_repeatable(symbol.text, i):
                loops += [(node, form) for form in write_forms(char)]
            if not char.isascii() or i == len(symbol.text) - 1:
                loops += [(node, modifier) for modifier in MODIFIERS]
        ends[node] = find_guards(symbol)
    for node, form in loops:
        _add_path(edges, node, form, node)
    if len(edges) > _MAX_STATES:
        raise ConfigError(
            f"lexicon needs at most {_MAX_STATES:,} characters in all, found about "
            f"{len(edges):,}: leave some symbols out"
        )
    return _fill_tables(edges, ends)


def write_forms(char: str) -> list[str]:
    """Return the ways to write a character of a symbol: ``:`` also in full width."""
    is_visible_ascii = "!" <= char <= "~"
    return [char, chr(ord(char) + _FULL_WIDTH)] if is_visible_ascii else [char]


def _add_path(edges: list[dict[int, int]], node: int, form: str, target: int) -> None:
    """Lead from *node* over the bytes of *form* to *target*, unless a way is there."""
    *heads, last = form.encode()
    for byte in heads:
        if byte not in edges[node]:
            edges.append({})
            edges[node][byte] = len(edges) - 1
        node = edges[node][byte]
    edges[node].setdefault(last, target)


def _fill_tables(edges: list[dict[int, int]], ends: dict[int, Guards]) -> Tables:
    step = np.zeros((len(edges), 256), np.int16)
    for state, ways in enumerate(edges):
        step[state, list(ways)] = list(ways.values())
    may_start = step[0] > 0
    may_start[ord(":")] = True  # the colon of http:// is looked at in any case
    guards = np.zeros((len(edges), len(Guards._fields)), np.uint16)
    for state, row in ends.items():
        guards[state] = row
    return Tables(step, may_start, guards, character_classes())


def find_guards(symbol: Symbol) -> Guards:
    """Return what may stand around a symbol, told from its first and last character.

    ==================  =======================  ====================================
    symbol              left of it is no         right of it is no
    ==================  =======================  ====================================
    ends with ``)``     digit, eyes, sign,       letter, digit, unless a blank is
                        ``(``; no open bracket   left
                        unless a blank is left
    ends with ``(``     digit, eyes, sign        letter, digit, sign, bracket; quote
                                                 and so on unless a blank is left
    ``(:``, ``D:``      digit, eyes, sign        anything but a blank or ``.!?``
    starts with letter  letter, digit, eyes,
                        sign, ``@``, ``#``
    others              digit, eyes, sign        letter, digit, eyes, sign
    ``: )``, ``: (``    anything but a blank     anything but a blank
                        or ``.!?``
    emoji               joiner                   joiner
    ==================  =======================  ====================================

    Examples
    --------
    >>> frown, smile = Symbol(":(", polarity=-1), Symbol(":)", polarity=1)
    >>> find_guards(frown).right & LETTER, find_guards(smile).right & LETTER
    (0, 2)
    """
    text = symbol.text
    found = IS_POSITIVE if symbol.polarity == POSITIVE else IS_NEGATIVE
    first, last = class_of(text[0]), class_of(text[-1])
    is_word = LETTER | DIGIT
    if " " in text and not (first | last) & is_word:
        return Guards(found, BLANK | STOP, BLANK, BLANK, closes=last == CLOSE)
    left = ANY & ~(DIGIT | EYES | SIGN)
    if not text[0].isascii() and first != LETTER:
        left = ANY & ~JOINER
    elif first & is_word:
        left &= ~(LETTER | TAG)
    elif last == CLOSE:
        left &= ~OPEN
    right = attached = ANY & ~(LETTER | DIGIT | EYES | SIGN)
    if not text[-1].isascii() and last != LETTER:
        right = attached = ANY & ~JOINER
    elif last == CLOSE:
        right, attached = ANY, ANY & ~(LETTER | DIGIT)
    elif last == OPEN:
        right = BLANK | STOP | QUOTE | TAG | COMMA | EYES | JOINER
        attached = BLANK | STOP | JOINER
    elif last == EYES and first & (OPEN | CLOSE | LETTER):
        right = attached = BLANK | STOP | JOINER
    return Guards(found, left, right, attached, closes=CLOSE in (first, last))


def class_of(char: str) -> int:
    """Return the class of a character, as the kernel sees it."""
    code = ord(char)
    if 0xFF01 <= code <= 0xFF5E:
        char = chr(code - _FULL_WIDTH)
    category = unicodedata.category(char)
    if char in _ASCII_CLASSES:
        return _ASCII_CLASSES[char]
    if char.isspace() or category == "Cc" or char in "\u200b\ufeff":
        return BLANK
    if char == "\u200d":
        return JOINER
    if char in "\ufe0e\ufe0f":
        return STOP
    if char in "・･":  # Japanese dots: they draw, as in .｡.:*･
        return SIGN
    if category[0] in "LM":
        has_blanks = code < 0x0590 or 0x1E00 <= code < 0x2000 or char.isascii()
        return LETTER if has_blanks else FOREIGN
    if category in ("Pi", "Pf"):
        return QUOTE
    return {"Nd": DIGIT, "Ps": OPEN, "Pe": CLOSE}.get(category, STOP)


@lru_cache(maxsize=1)
def character_classes() -> NDArray[np.uint16]:
    """Return the class of each character up to U+FFFF."""
    return make_once("classes", __file__, _classify_characters)


def _classify_characters() -> NDArray[np.uint16]:
    return np.array([class_of(chr(code)) for code in range(0x10000)], np.uint16)
