"""Walk the automaton of all ways to write the symbols, from one place of a raw line."""

from emotiset.kernels._jit import jitable

# What an accepting state tells, beside the number of the state in `is_symbol`.
ACCEPTS = 1
NEEDS_LEFT = 2  # no letter or digit left of it
NEEDS_RIGHT = 4  # none right of it, unless another symbol follows
STATE_SHIFT = 3

_LONGEST_NAME = 40  # letters and digits of an entity or an escape, amply
_AND, _BACKSLASH = 38, 92


@jitable
def is_symbol(text, at, start, step):
    """Return whether a symbol that starts at *at* ends somewhere, as it must.

    Parameters
    ----------
    text : uint8[n_bytes]
    at, start : int
        Where to start, and where what may stand left of it begins.
    step : int32[n_states, 256]
        For each byte ``state << STATE_SHIFT | needs`` of the next state; state 0 is the
        start, and as a target "no way on".  Needs are ``ACCEPTS | NEEDS_LEFT |
        NEEDS_RIGHT``, 0 where no symbol ends.
    """
    state, i = 0, at
    while i < len(text):
        reached = step[state, text[i]]
        if reached == 0:
            return False
        i += 1
        state = reached >> STATE_SHIFT
        if reached & ACCEPTS and not (
            (reached & NEEDS_LEFT and _has_word_before(text, at, start))
            or (
                reached & NEEDS_RIGHT
                and i < len(text)
                and _is_word(text[i])
                and not _is_prefix(text, i, step)
            )
        ):
            return True
    return False


@jitable
def _is_prefix(text, at, step):
    """Return whether a symbol starts at *at*, whatever it asks for."""
    reached = 0
    while at < len(text):
        reached = step[reached >> STATE_SHIFT, text[at]]
        if reached == 0 or reached & ACCEPTS:
            break
        at += 1
    return reached & ACCEPTS != 0


@jitable
def _has_word_before(text, at, start):
    r"""Return whether a letter or a digit stands before, not ``\n`` or ``&nbsp``."""
    i = at
    while i > start and at - i < _LONGEST_NAME and _is_word(text[i - 1]):
        i -= 1
    if i == at:
        return False
    return i == start or (text[i - 1] != _BACKSLASH and text[i - 1] != _AND)


@jitable
def _is_word(byte):
    return 48 <= byte <= 57 or 65 <= byte <= 90 or 97 <= byte <= 122
