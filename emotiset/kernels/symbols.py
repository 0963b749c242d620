"""Find lexicon symbols in UTF-8 text and put a blank in the place of each.

The tables come from `emotiset.automaton`.  What stands left and right of a symbol
is told by its character class, a bit of the constants below, so that a guard is a
bit mask: the classes that may stand there.
"""

from emotiset.kernels._jit import njit

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

_SLASH, _COLON, _SPACE, _NEWLINE = 47, 58, 32, 10
_BRACKET_REACH = 256  # bytes; bounds the work on hostile text


@njit
def strip_symbols(offsets, data, tables, out_offsets, out, found):
    """Copy text without its symbols, and say which polarities they had.

    Each row is gone over again until nothing more is found, so stripping twice is
    stripping once: symbols that lean on each other are all taken.

    Parameters
    ----------
    offsets, data : int32[n_rows + 1], uint8[n_bytes]
        An Arrow string array.  Rows need not be valid UTF-8.
    tables : Tables
        See `emotiset.automaton.Tables`.
    out_offsets, out : int32[n_rows + 1], uint8[n_bytes]
        Filled with the stripped text, never longer than the text.
    found : uint8[n_rows]
        Filled with ``IS_POSITIVE | IS_NEGATIVE``, 0 where there is no symbol.
    """
    start = 0
    for row in range(len(offsets) - 1):
        out_offsets[row] = start
        stop, bits = _strip_row(data, offsets[row], offsets[row + 1], tables, out, start)
        found[row] = bits
        while bits:
            stop, bits = _strip_row(out, start, stop, tables, out, start)
            found[row] |= bits
        start = stop
    out_offsets[len(offsets) - 1] = start


@njit
def _strip_row(data, i, stop, tables, out, start):
    """Copy ``data[i:stop]`` to ``out[start:]``; return its new end and the bits.

    *data* may be *out*: writing never overtakes reading.  What is left of a symbol
    is looked up in *out*, where a symbol before it is a blank already.
    """
    at = start
    bits = 0
    while i < stop:
        byte = data[i]
        if tables.may_start[byte]:
            if byte == _COLON and _is_address(data, i, stop):
                end = _address_end(data, i, stop)
                while i < end:
                    out[at] = data[i]
                    at += 1
                    i += 1
                continue
            # A run such as "((((" is entered at its head alone: keeps the work linear.
            if at == start or out[at - 1] != byte:
                state, end = _longest_match(data, i, stop, tables)
                if end > i and _is_free(data, end, stop, tables, state, out, start, at):
                    bits |= tables.found[state]
                    out[at] = _SPACE
                    at += 1
                    i = end
                    continue
        out[at] = byte
        at += 1
        i += 1
    return at, bits


@njit
def _longest_match(data, i, stop, tables):
    """Return the last accepting state on the way from *i*, and where it ends."""
    state, best, end = 0, 0, i
    while i < stop:
        state = tables.step[state, data[i]]
        if state == 0:
            break
        i += 1
        if tables.found[state]:
            best, end = state, i
    return best, end


@njit
def _is_free(data, end, stop, tables, state, out, start, at):
    """Return whether what stands left and right lets this be a symbol."""
    before = _class_before(out, start, at, tables.classes)
    if not before & tables.left[state]:
        return False
    is_attached = before != BLANK
    allowed = tables.attached[state] if is_attached else tables.right[state]
    needs_blank = allowed == BLANK
    if not _class_after(data, end, stop, tables.classes) & allowed:
        if needs_blank or _longest_match(data, end, stop, tables)[1] == end:
            return False
    elif end < stop and data[end] == data[end - 1] and data[end] < 128:
        if _longest_match(data, end, stop, tables)[1] == end:
            return False
    if tables.closes[state] and (is_attached or needs_blank):
        return not _has_open_bracket(out, start, at)
    return True


@njit
def _is_address(data, i, stop):
    """Return whether the colon at *i* is that of ``http://``."""
    return i + 2 < stop and data[i + 1] == _SLASH and data[i + 2] == _SLASH


@njit
def _address_end(data, i, stop):
    """Return where visible ASCII ends: addresses hold nothing else."""
    while i < stop and _SPACE < data[i] < 127:
        i += 1
    return i


@njit
def _has_open_bracket(out, start, at):
    """Return whether a round bracket, also a full-width one, is open at *at*."""
    depth = 0
    i = at - 1
    while i >= max(start, at - _BRACKET_REACH) and out[i] != _NEWLINE:
        byte = out[i]
        if byte >= 128:
            is_wide = i - 2 >= start and out[i - 1] == 0xBC and out[i - 2] == 0xEF
            byte = byte - 96 if is_wide else 0  # EF BC 88 is ( and EF BC 89 is )
        if byte == 41:
            depth += 1
        elif byte == 40:
            if depth == 0:
                return True
            depth -= 1
        i -= 1
    return False


@njit
def _class_before(out, start, at, classes):
    if at == start:
        return BLANK
    i = at - 1
    while i > start and at - i < 4 and out[i] & 0xC0 == 0x80:
        i -= 1
    return _class_after(out, i, at, classes)


@njit
def _class_after(data, i, stop, classes):
    """Return the class of the character at *i*; broken UTF-8 is `STOP`."""
    if i >= stop:
        return BLANK
    byte = data[i]
    if byte < 0x80:
        return classes[byte]
    if byte < 0xE0:
        width, code = 2, byte & 0x1F
    elif byte < 0xF0:
        width, code = 3, byte & 0x0F
    else:
        width, code = 4, byte & 0x07
    if i + width > stop:
        return STOP
    for k in range(i + 1, i + width):
        code = code << 6 | data[k] & 0x3F
    return classes[code] if code < len(classes) else STOP
