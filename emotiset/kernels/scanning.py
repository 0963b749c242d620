"""Tell lines that may carry a lexicon symbol from those that cannot, undecoded.

The tables come from `emotiset.scan`.  At each place the two bytes there and the two
behind them are looked up, eight places at a time; only where both pairs can begin a
symbol does the automaton run.  Whether a line is kept depends on the line alone.
"""

from emotiset.kernels._jit import njit

# What becomes of a line.
PASSED = 0  # no symbol in any way of writing
KEPT = 1  # is to be decoded
EMPTY = 2  # white space alone

# What a line is.
PLAIN = 0  # a text
JSON = 1
JSON_TEXT = 2  # JSON, and all its texts are values of keys that end in "text"

# What an accepting state tells, beside the number of the state in `scan_lines`.
ACCEPTS = 1
NEEDS_LEFT = 2  # no letter or digit left of it
NEEDS_RIGHT = 4  # none right of it, unless another symbol follows
STATE_SHIFT = 3

NEWLINE_BUCKET = 128  # bit of the tables of pairs
_LONGEST_NAME = 40  # letters and digits of an entity or an escape, amply

_NEWLINE, _SPACE, _QUOTE, _AND, _COLON, _BACKSLASH = 10, 32, 34, 38, 58, 92
_UNDERSCORE, _E, _T, _X = 95, 101, 116, 120


@njit
def scan_lines(text, words, pairs, step, mode, hits, starts, kinds):
    r"""Find the lines of *text* and say what becomes of each; return their number.

    Parameters
    ----------
    text : uint8[n_bytes]
        Whole lines; the last one need not end in ``\n``.
    words : uint64[n_bytes // 8]
        The same, eight bytes at a time, the first one lowest.
    pairs : uint16[65536]
        For two neighboring bytes, ``left | right << 8``: in the low byte the buckets of
        those ways to write a symbol that begin so, in the high byte of those that go on
        so behind two bytes.
    step : int32[n_states, 256]
        For each byte ``state << STATE_SHIFT | needs`` of the next state; state 0 is the
        start, and as a target "no way on".  Needs are ``ACCEPTS | NEEDS_LEFT |
        NEEDS_RIGHT``, 0 where no symbol ends.
    mode : int
        `PLAIN`, `JSON` or `JSON_TEXT`.
    hits : int64[n_bytes // 8 + 1]
        Room to work in.
    starts : int64[n_lines + 1]
        Filled with where each line begins, and where the last one ends.
    kinds : uint8[n_lines]
        Filled with `PASSED`, `KEPT` or `EMPTY`.
    """
    n_bytes, n_words = len(text), len(text) // 8 + 1
    n_hits = _find_hits(words, pairs, hits)
    for at in range(
        max(len(words) - 2, 0), n_words
    ):  # too near the end to be looked up
        hits[n_hits] = at
        n_hits += 1
    row, start, is_kept = 0, 0, False
    outside = -1  # the last place found to lie in a string that is no text
    starts[0] = 0
    for hit in hits[:n_hits]:
        for at in range(hit * 8, min(hit * 8 + 8, n_bytes)):
            if text[at] == _NEWLINE:
                kinds[row] = _kind_of(text, start, at, is_kept)
                row, start, is_kept, outside = row + 1, at + 1, False, -1
                starts[row] = start
            elif (
                not is_kept
                and _may_start(text, at, n_bytes, pairs)
                and _is_symbol(text, at, start, n_bytes, step, mode)
            ):
                is_kept = mode != JSON_TEXT or _is_in_text(text, at, start, outside)
                outside = at
    if start < n_bytes:
        kinds[row] = _kind_of(text, start, n_bytes, is_kept)
        row += 1
        starts[row] = n_bytes
    return row


@njit
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


@njit
def _kind_of(text, start, stop, is_kept):
    if is_kept:
        return KEPT
    while start < stop and (text[start] == 32 or 9 <= text[start] <= 13):
        start += 1
    return EMPTY if start == stop else PASSED


@njit
def _may_start(text, at, n_bytes, pairs):
    if at + 3 >= n_bytes:
        return True
    ways = pairs[text[at] | text[at + 1] << 8]
    return ways & pairs[text[at + 2] | text[at + 3] << 8] >> 8 & 0xFF != 0


@njit
def _is_symbol(text, at, start, n_bytes, step, mode):
    """Return whether a symbol that starts at *at* ends somewhere, as it must."""
    if mode != PLAIN and text[at] == _COLON and _is_behind_key(text, at, start):
        return False
    state, i = 0, at
    while i < n_bytes:
        reached = step[state, text[i]]
        if reached == 0:
            return False
        i += 1
        state = reached >> STATE_SHIFT
        if reached & ACCEPTS and not (
            (reached & NEEDS_LEFT and _has_word_before(text, at, start))
            or (
                reached & NEEDS_RIGHT
                and i < n_bytes
                and _is_word(text[i])
                and not _is_prefix(text, i, n_bytes, step)
            )
        ):
            return True
    return False


@njit
def _is_prefix(text, at, n_bytes, step):
    """Return whether a symbol starts at *at*, whatever it asks for."""
    reached = 0
    while at < n_bytes:
        reached = step[reached >> STATE_SHIFT, text[at]]
        if reached == 0 or reached & ACCEPTS:
            break
        at += 1
    return reached & ACCEPTS != 0


@njit
def _is_in_text(text, at, start, outside):
    r"""Return whether *at* may lie in the value of a key that ends in ``text``.

    Looks left for the quote that opens the string, no further than *outside*, which
    lies in a string that is no text, or -1.  Meeting the unexpected it says yes.
    """
    opening = at - 1
    while opening >= max(start, outside) and not _is_quote(text, opening):
        opening -= 1
    if opening < max(start, outside):
        return outside < start
    colon = _skip_spaces(text, opening - 1, start)
    if colon < start or text[colon] != _COLON:
        return True
    end = _skip_spaces(text, colon - 1, start)
    if end < start or text[end] != _QUOTE:
        return True
    i = end - 1
    while i >= start and (_is_word(text[i]) or text[i] == _UNDERSCORE):
        i -= 1
    if i < start or text[i] != _QUOTE:
        return True
    is_text = text[end - 1] == _T and text[end - 2] == _X
    return is_text and text[end - 3] == _E and text[end - 4] == _T


@njit
def _skip_spaces(text, at, start):
    while at >= start and text[at] == _SPACE:
        at -= 1
    return at


@njit
def _is_quote(text, at):
    """Return whether a quote stands at *at* that no backslash escapes."""
    if text[at] != _QUOTE:
        return False
    i = at
    while i > 0 and text[i - 1] == _BACKSLASH:
        i -= 1
    return (at - i) & 1 == 0


@njit
def _is_behind_key(text, at, start):
    r"""Return whether the colon stands behind the quote that closes a key.

    A quote that opens a string has one of ``: , [ {`` or a blank before it, and one
    inside of a string a backslash.
    """
    if at - 2 < start or text[at - 1] != _QUOTE:
        return False
    before = text[at - 2]
    is_open = before == _COLON or before == 44 or before == 91 or before == 123
    return not (is_open or before <= 32 or before == _BACKSLASH)


@njit
def _has_word_before(text, at, start):
    r"""Return whether a letter or a digit stands before, not ``\n`` or ``&nbsp``."""
    i = at
    while i > start and at - i < _LONGEST_NAME and _is_word(text[i - 1]):
        i -= 1
    if i == at:
        return False
    return i == start or (text[i - 1] != _BACKSLASH and text[i - 1] != _AND)


@njit
def _is_word(byte):
    return 48 <= byte <= 57 or 65 <= byte <= 90 or 97 <= byte <= 122
