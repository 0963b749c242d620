r"""Which raw lines can carry a symbol of a lexicon: all that labeling needs to decode.

A symbol may stand in a line in many ways: a character raw, as ``\u003a``, ``\/``, or as
an HTML entity.  All ways of all symbols become one automaton over bytes, which
`emotiset.kernels.scanning` runs over undecoded lines.  It may keep a line too many,
never one too few: guards that ask for more than a letter or a digit beside a symbol are
left to labeling, and a line with an entity that might become a character of a symbol
is kept for that alone.
"""

import re
import sys
from collections.abc import Iterator
from functools import lru_cache
from html.entities import html5
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emotiset.automaton import write_forms
from emotiset.kernels.matching import ACCEPTS, NEEDS_LEFT, NEEDS_RIGHT, STATE_SHIFT
from emotiset.kernels.scanning import KEPT, NEWLINE_BUCKET, scan_json, scan_text
from emotiset.lexicon import MODIFIERS, Lexicon, Symbol, is_repeatable
from emotiset.machine import Machine

_MAX_STATES: Final = 1 << 18
_STRIP: Final = 64 << 10  # bytes that are marked at once; a multiple of 64
_MAX_NAME: Final = 32  # characters of an HTML entity
_SHORT_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "/": "\\/"}
# Entities that are written out in a symbol's ways; a line with any other is kept.
_COMMON: Final = '<>&"'
_NOTICE: Final = re.compile(b'"delete"')
_DIGITS, _HEX = b"0123456789", b"0123456789abcdefABCDEF"
_ALNUM: Final = bytes(byte for byte in range(128) if chr(byte).isalnum())
# Ways to write a symbol go into buckets by how they begin; the eighth is the kernel's.
_SHORT_BUCKET: Final = 1  # two bytes are all of it
_BUCKETS: Final = {"\\": 2, "&": 4}


class Scan(NamedTuple):
    """A lexicon as `kernels.scanning` wants it, argument by argument."""

    pairs: NDArray[np.uint16]  # [65536]
    step: NDArray[np.int32]  # [n_states, 256]


class LineKinds(NamedTuple):
    """The lines of some bytes.

    Attributes
    ----------
    starts : int64[n_lines + 1]
        Where each begins, and where the last one ends.
    kinds : uint8[n_lines]
        ``PASSED``, ``KEPT`` or ``EMPTY`` of `kernels.scanning`.
    """

    starts: NDArray[np.int64]
    kinds: NDArray[np.uint8]


def find_kinds(
    data: bytes, scan: Scan, *, is_json: bool, keep_notices: bool = False
) -> LineKinds:
    r"""Tell which lines of *data* are to be decoded.

    Parameters
    ----------
    data
        Whole lines; the last one need not end in ``\n``.
    scan
        Of a lexicon.
    is_json
        Whether lines are JSON, in which only the values of keys that end in ``text``
        are texts, or such texts themselves.
    keep_notices
        Whether those are to be decoded in which ``"delete"`` stands as it would as a
        key; an escaped letter is enough for any line of JSON to be decoded.

    Examples
    --------
    >>> from emotiset.lexicon import load_lexicon
    >>> scan = build_scan(load_lexicon())
    >>> lines = b'{"text":":\\u0029"}\n{"text":"a","urls":[]}\n\n{"text":"&#58;)"}'
    >>> find_kinds(lines, scan, is_json=True).kinds.tolist()
    [1, 0, 2, 1]
    """
    text = np.frombuffer(data, np.uint8)
    # Room for the most lines there can be: pages that are not touched cost nothing.
    starts, kinds = np.empty(len(data) + 1, np.int64), np.empty(len(data), np.uint8)
    if is_json:
        marks = np.empty(_STRIP, np.uint8)
        n_lines = scan_json(text, marks, marks.view(np.uint64), *scan, starts, kinds)
    else:
        words = np.frombuffer(data, np.uint64, len(data) // 8)
        if sys.byteorder == "big":
            words = words.byteswap()
            words.flags.writeable = False  # or the kernel would be compiled once more
        hits = np.empty(len(data) // 8 + 1, np.int64)
        n_lines = scan_text(text, words, *scan, hits, starts, kinds)
    starts, kinds = starts[: n_lines + 1].copy(), kinds[:n_lines].copy()
    if is_json and keep_notices:
        places = [found.start() for found in _NOTICE.finditer(data)]
        kinds[np.searchsorted(starts, places, side="right") - 1] = KEPT
    return LineKinds(starts, kinds)


@lru_cache(maxsize=8)
def build_scan(lexicon: Lexicon) -> Scan | None:
    """Build the tables of a lexicon.

    Returns
    -------
    Scan or None
        None for a lexicon that a scan cannot serve: it has too many symbols, or a
        symbol holds a control character or U+FFFD, which stands for what cannot be
        read.
    """
    texts = [symbol.text for symbol in lexicon.symbols]
    if any(char < " " or char in "\x7f\ufffd" for text in texts for char in text):
        return None
    machine = Machine()
    for symbol in lexicon.symbols:
        _add_symbol(machine, symbol)
    _add_entities(machine, lexicon)
    tables = machine.determinize(_MAX_STATES)
    if tables is None:
        return None
    step, accepts = tables
    return Scan(_find_pairs(step, accepts), step << STATE_SHIFT | accepts[step])


def _add_symbol(machine: Machine, symbol: Symbol) -> None:
    text, state = symbol.text, 0
    for i, char in enumerate(text):
        target = machine.add_state()
        ways = [way for form in write_forms(char) for way in write_ways(form)]
        loops = list(ways) if i and is_repeatable(text, i) else []
        if not char.isascii() and i + 1 < len(text):
            loops += [way for each in MODIFIERS for way in write_ways(each)]
        for way in ways:
            machine.add_way(state, way, target)
        for way in loops:
            machine.add_way(target, way, target)
        state = target
    needs = ACCEPTS
    # A run such as "DDD:" is matched from its last D, whose neighbor says nothing.
    if not is_repeatable(text, 0):
        needs |= NEEDS_LEFT * _is_word(text[0]) | NEEDS_RIGHT * _is_word(text[-1])
    machine.accepts[state] = needs


def _is_word(char: str) -> bool:
    return char.isascii() and char.isalnum()


def write_ways(char: str) -> Iterator[list[bytes]]:
    """Yield the ways to write a character, each step as the bytes it may take."""
    yield _literal(char)
    yield [step for unit in _utf16(char) for step in _escape(unit)]
    if char in _SHORT_ESCAPES:
        yield _literal(_SHORT_ESCAPES[char])
    if char in _COMMON:
        for name in (name for name, value in html5.items() if value == char):
            for ampersand in _AMPERSANDS:
                yield [*ampersand, *_literal(name)]


def _literal(text: str) -> list[bytes]:
    return [bytes([byte]) for byte in text.encode()]


def _utf16(char: str) -> list[str]:
    data = char.encode("utf-16-be").hex()
    return [data[i : i + 4] for i in range(0, len(data), 4)]


def _escape(digits: str) -> list[bytes]:
    either_case = [bytes({ord(each.lower()), ord(each.upper())}) for each in digits]
    return [b"\\", b"u", *either_case]


_AMPERSANDS: Final = ([b"&"], _escape("0026"))


def _add_entities(machine: Machine, lexicon: Lexicon) -> None:
    r"""Accept each entity that may become part of a symbol in a way not written out.

    Those are the numeric ones, of which some even vanish; named ones that stand for a
    character of a symbol, alone or with others; and any with an escape inside, as in
    ``&l\u0074;``.
    """
    chars = {char for symbol in lexicon.symbols for char in symbol.text}
    chars = {form for char in chars for form in write_forms(char)} | {*MODIFIERS}
    names = [
        name
        for name, value in html5.items()
        if chars & {*value} and value not in {*_COMMON}
    ]
    end = machine.add_state()
    machine.accepts[end] = ACCEPTS
    for ampersand in _AMPERSANDS:
        state = machine.add_state()
        machine.add_way(0, ampersand, state)
        machine.add_way(state, [b"#", _DIGITS + b"xX"], end)
        for name in names:
            machine.add_way(state, _literal(name), end)
        for _ in range(_MAX_NAME):
            machine.add_way(state, [b"\\", b"u", b"0", b"0", b"234567", _HEX], end)
            after = machine.add_state()
            machine.add_way(state, [_ALNUM + b"#"], after)
            state = after


def _find_pairs(
    step: NDArray[np.int32], accepts: NDArray[np.uint8]
) -> NDArray[np.uint16]:
    """Return in which buckets a way may begin with two bytes, or go on with two."""
    first, second = np.zeros((2, 256, 256), np.uint16)  # [right, left]
    second |= _SHORT_BUCKET | NEWLINE_BUCKET
    for left in np.flatnonzero(step[0]):
        state = step[0, left]
        if accepts[state]:
            first[:, left] |= _SHORT_BUCKET
        bucket = _BUCKETS.get(chr(left), 8 << int(left) % 4)
        for right in np.flatnonzero(step[state]):
            after = step[state, right]
            first[right, left] |= _SHORT_BUCKET if accepts[after] else bucket
            _add_second(second, bucket, step, accepts, after)
    first[:, ord("\n")] |= NEWLINE_BUCKET
    return (first | second << 8).astype(np.uint16).reshape(-1)


def _add_second(
    second: NDArray[np.uint16],
    bucket: int,
    step: NDArray[np.int32],
    accepts: NDArray[np.uint8],
    state: np.int32,
) -> None:
    for left in np.flatnonzero(step[state]):
        after = step[state, left]
        if accepts[after]:
            second[:, left] |= bucket
        second[np.flatnonzero(step[after]), left] |= bucket
