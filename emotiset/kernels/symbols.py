"""Find lexicon symbols in UTF-8 text and put a blank in the place of each.

The tables come from `emotiset.automaton`.  What stands left and right of a symbol
is told by its character class, a bit of the constants below, so that a guard is a
bit mask: the classes that may stand there.
"""

import numpy as np

from emotiset.kernels._jit import jitable, njit

BLANK = 1  # white space, the ends of the text, and a symbol that was taken out
LETTER = 2  # of a script that sets words apart: Latin, Greek, Cyrillic, Armenian
FOREIGN = 4  # letters of all other scripts
DIGIT = 8
OPEN = 16  # opening brackets
CLOSE = 32  # closing brackets
EYES = 64  # : ; =
QUOTE = 128
TAG = 256  # @ #
COMMA = 512
SIGN = 1024  # $ % & + / < \ ^ _ `, which hold code and addresses together
JOINER = 2048  # zero width joiner: makes one emoji of several
STOP = 4096  # all else: . ! ? ... and emoji
ANY = 8191

IS_POSITIVE = 1
IS_NEGATIVE = 2

# Columns of the table of guards, one row per state of the automaton.
FOUND = 0  # IS_POSITIVE or IS_NEGATIVE where a symbol ends, else 0
LEFT = 1  # classes that may stand left of it
RIGHT = 2  # classes that may stand right of it, where a blank is left
ATTACHED = 3  # the same, where something else is left
CLOSES = 4  # 1 if it may be the end of a bracket rather than a symbol

_SLASH, _COLON, _SPACE, _NEWLINE = 47, 58, 32, 10
_BRACKET_REACH = 256  # bytes; bounds the work on hostile text


@njit("label")
def strip_symbols(offsets, text, step, may_start, guards, classes, found):
    """Take the symbols out of *text*, in place, and say which polarities they had.

    Each row is gone over again until nothing more is found, so stripping twice is
    stripping once: symbols that lean on each other are all taken.

    Parameters
    ----------
    offsets, text : int64[n_rows + 1], uint8[n_bytes]
        An Arrow string array, the first offset 0; both are overwritten with the
        stripped text.  Rows need not be valid UTF-8.  Numba would compile all of
        this once for each width of integer that it meets, hence int64 alone.
    step : int16[n_states, 256]
        Next state for each byte; state 0 is the start, and as a target "no way on".
    may_start : bool[256]
        Bytes at which a symbol or an address may start.
    guards : uint16[n_states, 5]
        See `FOUND` to `CLOSES`.
    classes : uint16[65536]
        Class of each character.
    found : uint8[n_rows]
        Filled with ``IS_POSITIVE | IS_NEGATIVE``, 0 where there is no symbol.
    """
    start = offsets[0]
    for row in range(len(found)):
        i, stop = offsets[row], offsets[row + 1]
        offsets[row] = start
        found[row] = 0
        is_done = False
        while not is_done:
            stop, bits = _strip_row(
                text, i, stop, start, step, may_start, guards, classes
            )
            found[row] |= bits
            is_done = bits == 0
            i = start
        start = stop
    offsets[len(found)] = start


@jitable
def _strip_row(text, i, stop, start, step, may_start, guards, classes):
    """Move ``text[i:stop]`` to ``text[start:]``; return its new end and the bits.

    Writing never overtakes reading.  What is left of a symbol is looked up in what
    is written, where a symbol before it is a blank already.
    """
    at = start
    bits = 0
    address_end = i
    while i < stop:
        byte = text[i]
        if may_start[byte] and i >= address_end:
            if byte == _COLON and _is_address(text, i, stop):
                address_end = _address_end(text, i, stop)
            # A run such as "((((" is entered at its head alone: keeps the work linear.
            elif at == start or text[at - 1] != byte:
                state, end = _longest_match(text, i, stop, step, guards)
                if end > i and _is_free(
                    text, start, at, end, stop, state, step, guards, classes
                ):
                    bits |= guards[state, FOUND]
                    byte = _SPACE
                    i = end - 1
        text[at] = byte
        at += 1
        i += 1
    return at, bits


@jitable
def _longest_match(text, i, stop, step, guards):
    """Return the last accepting state on the way from *i*, and where it ends."""
    state, best, end = 0, 0, i
    while i < stop:
        state = step[state, text[i]]
        if state == 0:
            break
        i += 1
        if guards[state, FOUND]:
            best, end = state, i
    return best, end


@jitable
def _is_free(text, start, at, end, stop, state, step, guards, classes):
    """Return whether what stands left and right lets this be a symbol."""
    left = _class_before(text, start, at, classes)
    if not left & guards[state, LEFT]:
        return False
    is_attached = left != BLANK
    allowed = guards[state, ATTACHED if is_attached else RIGHT]
    needs_blank = allowed == BLANK
    fits = _class_at(text, end, stop, classes) & allowed != 0
    if end < stop and text[end] == text[end - 1] and text[end] < 128:
        fits = False  # a run of what does not repeat, as in "^^^"
    if not fits and not needs_blank:
        # Another symbol is as good as a blank, unless it ends a bracket: "(^_^;)".
        other, other_end = _longest_match(text, end, stop, step, guards)
        fits = other_end > end
        if fits and guards[other, CLOSES]:
            fits = not _has_open_bracket(text, start, at)
    if fits and guards[state, CLOSES] and (is_attached or needs_blank):
        fits = not _has_open_bracket(text, start, at)
    return fits


@jitable
def _is_address(text, i, stop):
    """Return whether the colon at *i* is that of ``http://``."""
    return i + 2 < stop and text[i + 1] == _SLASH and text[i + 2] == _SLASH


@jitable
def _address_end(text, i, stop):
    """Return where visible ASCII ends: addresses hold nothing else."""
    while i < stop and _SPACE < text[i] < 127:
        i += 1
    return i


@jitable
def _has_open_bracket(text, start, at):
    """Return whether a round bracket, also a full-width one, is open before *at*."""
    depth = 0
    i = at - 1
    while i >= max(start, at - _BRACKET_REACH) and text[i] != _NEWLINE:
        byte = text[i]
        if byte >= 128:
            is_wide = i - 2 >= start and text[i - 1] == 0xBC and text[i - 2] == 0xEF
            byte = byte - 96 if is_wide else 0  # EF BC 88 is ( and EF BC 89 is )
        if byte == 41:
            depth += 1
        elif byte == 40:
            depth -= 1
            if depth < 0:
                return True
        i -= 1
    return False


@jitable
def _class_before(text, start, at, classes):
    """Return the class of the character that ends before *at*."""
    i = at - 1
    while i > start and at - i < 4 and text[i] & 0xC0 == 0x80:
        i -= 1
    return _class_at(text, i, at, classes) if at > start else BLANK


@jitable
def _class_at(text, i, stop, classes):
    """Return the class of the character at *i*; broken UTF-8 is `STOP`."""
    if i >= stop:
        return BLANK
    byte = np.int64(text[i])
    if byte < 0x80:
        return np.int64(classes[byte])
    width = 2 + (byte >= 0xE0) + (byte >= 0xF0)
    code = byte & (0x7F >> width)
    if i + width > stop:
        return STOP
    for k in range(i + 1, i + width):
        code = code << 6 | np.int64(text[k]) & 0x3F
    return np.int64(classes[code]) if code < len(classes) else STOP
