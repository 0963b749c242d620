"""Tokens of short social text: words, mentions, addresses, marks, emoji.

Works on bytes of UTF-8 in lower case.  `simplify` writes a text in which who is
mentioned, which page is linked and how long a letter is drawn out no longer show;
`token_end` cuts that into tokens.  Positions are unsigned, as in
`emotiset.kernels.ngrams`.
"""

import numpy as np

from emotiset.kernels._jit import jitable

_0, _1, _2, _3, _4, _8 = map(np.uint64, (0, 1, 2, 3, 4, 8))

# What stands for any mention and any address: control characters, not in use.
MENTION, ADDRESS = np.uint8(1), np.uint8(2)
BLANK, APOSTROPHE = np.uint8(32), np.uint8(39)

# Kinds of bytes.  A character of which one alone is a token: emoji and symbols begin
# with 0xE2 or 0xF0, marks of Latin 1 with 0xC2; a hash sign is kept from its word.
_SPACE, WORD, MARK, _ALONE = 0, 1, 2, 3
KINDS = np.full(256, MARK, np.uint8)
KINDS[[*range(48, 58), *range(65, 91), 95, *range(97, 123), *range(128, 256)]] = WORD
KINDS[[MENTION, ADDRESS, ord("#"), 0xC2, 0xE2, *range(0xF0, 256)]] = _ALONE
KINDS[BLANK] = _SPACE

_WIDTHS = np.ones(256, np.uint64)  # bytes of a character, by its first
_WIDTHS[0xC0:] = 2
_WIDTHS[0xE0:] = 3
_WIDTHS[0xF0:] = 4

_IS_NAME = np.zeros(256, np.bool_)  # what the name of a user is made of
_IS_NAME[[*range(48, 58), *range(65, 91), 95, *range(97, 123)]] = True
_MAY_START = np.zeros(256, np.bool_)
_MAY_START[[ord("@"), ord("h"), ord("w")]] = True
_IS_DIGIT = np.zeros(256, np.bool_)
_IS_DIGIT[48:58] = True
_CURLY = np.uint64(int.from_bytes("’".encode(), "little"))
_PLAIN = np.uint64(APOSTROPHE)
_HTTP = np.frombuffer(b"http", np.uint8)
_WWW = np.frombuffer(b"www.", np.uint8)
_AFTER_HTTP = np.frombuffer(b"://", np.uint8)

# Words that turn what follows, in English and its neighbors, also without apostrophe.
# Each fits into 8 bytes, so it is compared as one number.
NEGATIONS = (
    "no not never none nor nobody nothing nowhere neither cannot cant without hardly "
    "aint arent couldnt didnt doesnt dont hadnt hasnt havent isnt shouldnt wasnt "
    "werent wont wouldnt nicht kein keine nie pas jamais niet geen non não nao nunca "
    "не нет"
)
_N_SLOTS = 256  # so roomy that a word seldom meets another


def _number(word: str) -> int:
    return int.from_bytes(word.encode().ljust(8, b"\0"), "little")


def _slot(number: int) -> int:
    return number * 0x9E3779B97F4A7C15 % 2**64 >> 56


def _fill_slots(words: str) -> np.ndarray:
    slots = np.zeros(_N_SLOTS, np.uint64)
    for number in map(_number, words.split()):
        slot = _slot(number)
        while slots[slot]:
            slot = (slot + 1) % _N_SLOTS
        slots[slot] = number
    return slots


_NEGATIONS = _fill_slots(NEGATIONS)
_GOLDEN, _SLOT_SHIFT = np.uint64(0x9E3779B97F4A7C15), np.uint64(56)
_LAST_SLOT = np.uint64(_N_SLOTS - 1)


@jitable
def simplify(folded, n, simple):
    """Write a folded text with one byte for each mention and each address.

    A letter or mark that stands more than three times in a row is cut to three; a
    digit is not.  A curly apostrophe becomes a plain one.

    Parameters
    ----------
    folded : uint8[at least n]
        From `emotiset.kernels.folding.fold_white_space`.
    n : uint64
    simple : uint8[n + 2]
        Overwritten.  A blank comes first and another last.

    Returns
    -------
    uint64
        Bytes written.
    """
    simple[0] = BLANK
    top = _1
    at = _0
    before, n_equal = _0, _0  # the character before, and how many like it in a row
    while at < n:
        byte = folded[at]
        if _MAY_START[byte] and (at == _0 or not _IS_NAME[folded[at - _1]]):
            end, stand_in = _find_end(folded, at, n)
            if end > at:
                simple[top] = stand_in
                top += _1
                at = end
                before = _0
                continue
        character, width = np.uint64(byte), _WIDTHS[byte]
        if width > _1:
            character, width = _read_character(folded, at, min(width, n - at))
        at += width
        if character == _CURLY:
            character, width = _PLAIN, _1
        n_equal = n_equal + _1 if character == before else _1
        before = character
        if n_equal <= _3 or _IS_DIGIT[byte]:
            for i in range(width):
                simple[top + i] = np.uint8(character >> (_8 * i))
            top += width
    simple[top] = BLANK
    return top + _1


@jitable
def _read_character(folded, at, width):
    character = _0
    for i in range(width):
        character |= np.uint64(folded[at + i]) << (_8 * i)
    return character, width


@jitable
def _find_end(folded, at, n):
    """Return where a mention or address that starts at *at* ends, and its stand-in."""
    end = at
    if folded[at] == 64:
        if at + _1 < n and _IS_NAME[folded[at + _1]]:
            end += _1
            while end < n and _IS_NAME[folded[end]]:
                end += _1
        return end, MENTION
    if _is_address(folded, at, n):
        while end < n and folded[end] != BLANK:
            end += _1
    return end, ADDRESS


@jitable
def _is_address(folded, at, n):
    if folded[at] == _WWW[0]:
        return _starts(folded, at, n, _WWW)
    if folded[at] != _HTTP[0] or not _starts(folded, at, n, _HTTP):
        return False
    at += _4
    at += np.uint64(at < n and folded[at] == 115)
    return _starts(folded, at, n, _AFTER_HTTP)


@jitable
def _starts(folded, at, n, start):
    if at + np.uint64(len(start)) > n:
        return False
    i = _0
    while i < np.uint64(len(start)) and folded[at + i] == start[i]:
        i += _1
    return i == np.uint64(len(start))


@jitable
def token_end(simple, at, n):
    """Return where the token that starts at *at* ends.

    Parameters
    ----------
    simple : uint8[at least n]
        From `simplify`.
    at : uint64
        Not of a blank.
    n : uint64
        Bytes of *simple* that count; the last is a blank.

    Returns
    -------
    uint64
        Past the last byte of a run of letters and digits, with apostrophes between
        them; of a run of marks; or of one character that is a token alone.
    """
    kind = KINDS[simple[at]]
    if kind == _ALONE:
        return min(at + _WIDTHS[simple[at]], n)
    end = at + _1
    while KINDS[simple[end]] == kind or (
        kind == WORD and simple[end] == APOSTROPHE and KINDS[simple[end + _1]] == WORD
    ):
        end += _1
    return end


@jitable
def is_negation(simple, at, end):
    """Tell whether a token turns the meaning of those after it.

    Parameters
    ----------
    simple : uint8[at least end]
    at, end : uint64
        Where the token starts and ends.
    """
    if end - at > _3 and simple[end - _1] == 116 and simple[end - _2] == APOSTROPHE:
        return simple[end - _3] == 110  # n't
    if end - at > _8:
        return False
    number = _0
    for i in range(end - at):
        number |= np.uint64(simple[at + i]) << (_8 * i)
    slot = (number * _GOLDEN) >> _SLOT_SHIFT
    while _NEGATIONS[slot] != _0:
        if _NEGATIONS[slot] == number:
            return True
        slot = (slot + _1) & _LAST_SLOT
    return False
