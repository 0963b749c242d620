"""Which symbol a text has first: what its label is counted under."""

from functools import lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from emotiset.automaton import build_tables, copy_buffers
from emotiset.kernels.first import find_first_states
from emotiset.lexicon import Lexicon


def find_first(text: pa.Array, lexicon: Lexicon) -> NDArray[np.int16]:
    """Return which symbol each row has first, by its place in the lexicon.

    Parameters
    ----------
    text
        Of type string, symbols still in it.
    lexicon
        As for `find_and_strip`.

    Returns
    -------
    int16[n_rows]
        -1 where there is no symbol.

    Examples
    --------
    >>> from emotiset.lexicon import load_lexicon
    >>> lexicon = load_lexicon()
    >>> found = find_first(pa.array(["so :))) <3", "nothing"]), lexicon)
    >>> lexicon.symbols[found[0]].text, found[1]
    (':)', np.int16(-1))
    """
    offsets, data = copy_buffers(text)
    states = np.empty(len(text), np.int16)
    find_first_states(offsets, data, *build_tables(lexicon), states)
    return _symbols_of_states(lexicon)[states]


@lru_cache(maxsize=8)
def _symbols_of_states(lexicon: Lexicon) -> NDArray[np.int16]:
    """Return the place in the lexicon for each accepting state, -1 for the others."""
    step = build_tables(lexicon).step
    places = np.full(len(step), -1, np.int16)
    for place, symbol in enumerate(lexicon.symbols):
        state = 0
        for byte in symbol.text.encode():
            state = step[state, byte]
        places[state] = place
    return places
