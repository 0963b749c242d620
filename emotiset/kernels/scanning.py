r"""Tell lines that may carry a lexicon symbol from those that cannot, undecoded.

The tables come from `emotiset.scan`.  In JSON only the values of keys that end in
``text`` are looked at: less than one byte in ten.  Whether a line is kept depends on
the line alone.
"""

import numpy as np

from emotiset.kernels._jit import jitable, njit
from emotiset.kernels.matching import is_symbol

# What becomes of a line.
PASSED = 0  # no symbol in any way of writing
KEPT = 1  # is to be decoded
EMPTY = 2  # white space alone

NEWLINE_BUCKET = 128  # bit of the tables of pairs

_TAB, _NEWLINE, _RETURN, _SPACE, _QUOTE = 9, 10, 13, 32, 34
_ZERO, _FIVE, _SEVEN, _COLON, _BACKSLASH = 48, 53, 55, 58, 92
_T, _U, _X = 116, 117, 120


@njit("scan")
def scan_json(text, marks, words, pairs, step, starts, kinds):
    r"""Find the lines of *text* and say what becomes of each; return their number.

    Parameters
    ----------
    text : uint8[n_bytes]
        Whole lines of JSON; the last one need not end in ``\n``.
    marks : uint8[a multiple of 64]
        Room to work in: for the marks of a strip of text, in the processor's cache.
    words : uint64[len(marks) // 8]
        The same, eight bytes at a time.
    pairs : uint16[65536]
        For two neighboring bytes, ``left | right << 8``: in the low byte the buckets of
        those ways to write a symbol that begin so, in the high byte of those that go on
        so behind two bytes.
    step : int32[n_states, 256]
        The automaton, as `matching.is_symbol` takes it.
    starts : int64[n_lines + 1]
        Filled with where each line begins, and where the last one ends.
    kinds : uint8[n_lines]
        Filled with `PASSED`, `KEPT` or `EMPTY`.
    """
    row, start, is_kept = 0, 0, False
    starts[0] = 0
    for base in range(0, len(text), len(marks)):
        for first in range(0, _mark_strip(text, base, marks) // 8, 8):
            if _is_bare(words, first):
                continue
            for i in range(first * 8, first * 8 + 64):
                at = base + i
                if marks[i] == 0:
                    continue
                if text[at] == _NEWLINE:
                    kinds[row] = _kind_of(text, start, at, is_kept)
                    row, start, is_kept = row + 1, at + 1, False
                    starts[row] = start
                elif text[at] == _U:
                    is_kept |= at > start and text[at - 1] == _BACKSLASH
                elif not is_kept:
                    is_kept = _has_symbol(text, at + 3, pairs, step)
    return _end_lines(text, start, len(text), is_kept, row, starts, kinds)


@jitable
def _mark_strip(text, base, marks):
    r"""Mark where a line ends, ``xt"`` begins, or ``u005`` to ``u007``.

    Those are the ends of keys such as ``text`` and ``full_text``, and the letters that
    might be escaped in them.  Returns the number of marks, a multiple of 64.
    """
    n = min(len(marks), len(text) - base)
    n_whole = max(min(n, len(text) - base - 3), 0)
    stop = base + n_whole
    _mark_places(
        text[base:stop],
        text[base + 1 : stop + 1],
        text[base + 2 : stop + 2],
        text[base + 3 : stop + 3],
        marks,
    )
    for i in range(n_whole, n):  # so near the end only a line's end is of interest
        marks[i] = text[base + i] == _NEWLINE
    n_filled = (n + 63) // 64 * 64
    marks[n:n_filled] = 0
    return n_filled


@jitable
def _mark_places(text, text1, text2, text3, marks):
    """Do it for *text*, given what stands one, two and three bytes behind.

    Without branches, so that it becomes SIMD code.
    """
    for i in range(len(text)):
        a, b, c, d = text[i], text1[i], text2[i], text3[i]
        is_key = (a == _X) & (b == _T) & (c == _QUOTE)
        is_letter = (c == _ZERO) & (d >= _FIVE) & (d <= _SEVEN)
        is_escape = (a == _U) & (b == _ZERO) & is_letter
        marks[i] = (a == _NEWLINE) | is_key | is_escape


@jitable
def _is_bare(words, at):
    """Return whether 64 bytes have no mark."""
    left = words[at] | words[at + 1] | words[at + 2] | words[at + 3]
    right = words[at + 4] | words[at + 5] | words[at + 6] | words[at + 7]
    return left | right == 0


@njit("scan")
def scan_text(text, words, pairs, step, hits, starts, kinds):
    r"""Do the same for lines of plain text, all of which is looked at.

    Parameters
    ----------
    text, pairs, step, starts, kinds
        As in `scan_json`.
    words : uint64[n_bytes // 8]
        The text, eight bytes at a time, the first one lowest.
    hits : int64[n_bytes // 8 + 1]
        Room to work in.
    """
    n_bytes = len(text)
    n_hits = _find_hits(words, pairs, hits)
    for at in range(max(len(words) - 2, 0), n_bytes // 8 + 1):  # the end: not looked up
        hits[n_hits] = at
        n_hits += 1
    row, start, is_kept = 0, 0, False
    starts[0] = 0
    for hit in hits[:n_hits]:
        for at in range(hit * 8, min(hit * 8 + 8, n_bytes)):
            if text[at] == _NEWLINE:
                kinds[row] = _kind_of(text, start, at, is_kept)
                row, start, is_kept = row + 1, at + 1, False
                starts[row] = start
            elif not is_kept and _may_start(text, at, pairs):
                is_kept = is_symbol(text, at, start, step)
    return _end_lines(text, start, n_bytes, is_kept, row, starts, kinds)


@jitable
def _end_lines(text, start, n_bytes, is_kept, row, starts, kinds):
    if start < n_bytes:
        kinds[row] = _kind_of(text, start, n_bytes, is_kept)
        row += 1
        starts[row] = n_bytes
    return row


@jitable
def _kind_of(text, start, stop, is_kept):
    if is_kept:
        return KEPT
    while start < stop and (text[start] == _SPACE or _TAB <= text[start] <= _RETURN):
        start += 1
    return EMPTY if start == stop else PASSED


@jitable
def _find_hits(words, pairs, hits):
    """Write down the words in which a symbol may begin or a line ends; return how many.

    Each is written, and most are overwritten by the next: a branch would be
    mispredicted too often.
    """
    n_hits, n_words = 0, len(words) - 2
    if n_words <= 0:
        return 0
    word = words[0]
    pair0, pair1 = pairs[word & 0xFFFF], pairs[(word >> 8) & 0xFFFF]
    for at in range(n_words):
        after = words[at + 1]
        pair2 = pairs[(word >> 16) & 0xFFFF]
        pair3 = pairs[(word >> 24) & 0xFFFF]
        pair4 = pairs[(word >> 32) & 0xFFFF]
        pair5 = pairs[(word >> 40) & 0xFFFF]
        pair6 = pairs[word >> 48]
        pair7 = pairs[(word >> 56) | (after & 0xFF) << 8]
        pair8, pair9 = pairs[after & 0xFFFF], pairs[(after >> 8) & 0xFFFF]
        found = (
            (pair0 & pair2 >> 8)
            | (pair1 & pair3 >> 8)
            | (pair2 & pair4 >> 8)
            | (pair3 & pair5 >> 8)
            | (pair4 & pair6 >> 8)
            | (pair5 & pair7 >> 8)
            | (pair6 & pair8 >> 8)
            | (pair7 & pair9 >> 8)
        )
        hits[n_hits] = at
        n_hits += found & 0xFF != 0
        word, pair0, pair1 = after, pair8, pair9
    return n_hits


@jitable
def _has_symbol(text, at, pairs, step):
    """Return whether the key that ends at *at* has a string with a symbol."""
    at = _skip_blanks(text, at)
    if at >= len(text) or text[at] != _COLON:
        return False
    at = _skip_blanks(text, at + 1)
    if at >= len(text) or text[at] != _QUOTE:
        return False
    start = at + 1
    for i in range(start, len(text) - 3):
        byte = text[i]
        if byte == _NEWLINE or (byte == _QUOTE and not _is_escaped(text, i, start)):
            return False
        ways = pairs[_pair(text, i)] & 0xFF
        if (
            ways != 0
            and ways & pairs[_pair(text, i + 2)] >> 8 != 0
            and is_symbol(text, i, start, step)
        ):
            return True
    for i in range(max(start, len(text) - 3), len(text)):
        if text[i] == _NEWLINE or text[i] == _QUOTE:
            return False
        if is_symbol(text, i, start, step):
            return True
    return False


@jitable
def _is_escaped(text, at, start):
    i = at
    while i > start and text[i - 1] == _BACKSLASH:
        i -= 1
    return (at - i) & 1 != 0


@jitable
def _skip_blanks(text, at):
    while at < len(text) and (
        text[at] == _SPACE or text[at] == _TAB or text[at] == _RETURN
    ):
        at += 1
    return at


@jitable
def _may_start(text, at, pairs):
    if at + 3 >= len(text):
        return True
    ways = pairs[_pair(text, at)] & 0xFF
    return ways != 0 and ways & pairs[_pair(text, at + 2)] >> 8 != 0


@jitable
def _pair(text, at):
    # As 64 bits: run as Python, a byte that is shifted stays one, and is 0.
    return np.int64(text[at]) | np.int64(text[at + 1]) << 8
