"""White space, folded: a run of it becomes one blank, and none at either end.

So what is taken out of a text between two blanks leaves no trace in its features.
"""

import numpy as np

from emotiset.kernels._jit import jitable

_0, _1, _2 = map(np.uint64, (0, 1, 2))

# White space is what `str.split` splits at.  Of its characters these are one byte
# in UTF-8; the others begin with 0xC2, 0xE1, 0xE2 or 0xE3.
_IS_WHITE = np.zeros(256, np.uint64)
_IS_WHITE[[9, 10, 11, 12, 13, 28, 29, 30, 31, 32]] = 1
_BLANK = np.uint8(32)
_NUL = np.uint8(0)
_FOLDED = np.arange(256).astype(np.uint8)
_FOLDED[_IS_WHITE == 1] = _BLANK


@jitable
def fold_white_space(data, start, stop, folded):
    """Write ``data[start:stop]``, folded, to *folded*; return how many bytes.

    Parameters
    ----------
    data : uint8[n_bytes]
        UTF-8.
    start, stop : uint64
    folded : uint8[stop - start]
        Overwritten; the returned number of bytes count.
    """
    # Writes every byte and moves on only past those that stay: no branch to
    # mispredict at the end of each word, which doubles the speed.
    n_folded = _0
    after_white = _1
    position = start
    while position < stop:
        byte = data[position]
        position += _1
        is_white = _IS_WHITE[byte]
        if 0xC2 <= byte <= 0xE3:
            second = data[position] if position < stop else _NUL
            third = data[position + _1] if position + _1 < stop else _NUL
            n_more = _wide_white(byte, second, third)
            if n_more > _0:
                position += n_more
                is_white = _1
                byte = _BLANK
        folded[n_folded] = _FOLDED[byte]
        n_folded += _1 - (is_white & after_white)
        after_white = is_white
    if n_folded > _0:
        n_folded -= after_white
    return n_folded


@jitable
def _wide_white(first, second, third):
    # How many bytes of a white-space character follow its first, 0 if it is none.
    if first == 0xC2:  # U+0085, U+00A0
        return _1 if second == 0x85 or second == 0xA0 else _0
    if first == 0xE2 and second == 0x80:  # U+2000 to U+200A, U+2028, U+2029, U+202F
        is_white = 0x80 <= third <= 0x8A or third in (0xA8, 0xA9, 0xAF)
    elif first == 0xE2:
        is_white = second == 0x81 and third == 0x9F  # U+205F
    elif first == 0xE3:
        is_white = second == 0x80 and third == 0x80  # U+3000
    else:
        is_white = first == 0xE1 and second == 0x9A and third == 0x80  # U+1680
    return _2 if is_white else _0
