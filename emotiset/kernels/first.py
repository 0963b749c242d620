"""Tell which symbol of the lexicon a text has first; reads and changes nothing."""

from emotiset.kernels._jit import jitable, njit
from emotiset.kernels.symbols import (
    _COLON,
    _address_end,
    _is_address,
    _is_free,
    _longest_match,
)


@njit("label")
def find_first_states(offsets, text, step, may_start, guards, classes, states):
    """Find the state of the automaton in which each row's first symbol ends.

    Up to its first symbol a row is walked as `strip_symbols` walks it; before that
    nothing is taken out, so what is written there is the text itself.

    Parameters
    ----------
    offsets, text : int64[n_rows + 1], uint8[n_bytes]
        An Arrow string array, the first offset 0.
    step, may_start, guards, classes
        See `emotiset.kernels.symbols.strip_symbols`.
    states : int16[n_rows]
        Filled; 0 where there is no symbol.
    """
    for row in range(len(states)):
        states[row] = _find_state(
            text, offsets[row], offsets[row + 1], step, may_start, guards, classes
        )


@jitable
def _find_state(text, start, stop, step, may_start, guards, classes):
    i = start
    address_end = start
    while i < stop:
        byte = text[i]
        if may_start[byte] and i >= address_end:
            if byte == _COLON and _is_address(text, i, stop):
                address_end = _address_end(text, i, stop)
            elif i == start or text[i - 1] != byte:
                state, end = _longest_match(text, i, stop, step, guards)
                if end > i and _is_free(
                    text, start, i, end, stop, state, step, guards, classes
                ):
                    return state
        i += 1
    return 0
