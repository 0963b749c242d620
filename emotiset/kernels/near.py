"""Texts of letters alone, without repeated ones, for telling near-copies."""

import numpy as np

from emotiset.kernels._jit import jitable, njit


@njit("label")
def squeeze_letters(offsets, data, is_letter, out_offsets, out):
    """Write the letters of each text, of neighboring equal ones only the first.

    Parameters
    ----------
    offsets : int32[n_rows + 1]
        Row i is ``data[offsets[i]:offsets[i + 1]]``, valid UTF-8.
    data : uint8[n_bytes]
    is_letter : uint8[n_codes]
        For each code point; those beyond count as letters.
    out_offsets : int32[n_rows + 1]
        Written; starts at 0.
    out : uint8[n_bytes]
        Written, up to ``out_offsets[-1]``.

    Returns
    -------
    bool
        Whether a code point is beyond the table.
    """
    end = 0
    is_beyond = False
    out_offsets[0] = 0
    for row in range(len(offsets) - 1):
        at, stop = np.int64(offsets[row]), np.int64(offsets[row + 1])
        before = -1
        while at < stop:
            code, size = _decode(data, at)
            is_beyond |= code >= len(is_letter)
            if code != before and (code >= len(is_letter) or is_letter[code]):
                for i in range(size):
                    out[end + i] = data[at + i]
                end += size
                before = code
            at += size
        out_offsets[row + 1] = end
    return is_beyond


@jitable
def _decode(data, at):
    """Return a character of UTF-8 that begins at *at*, and its bytes."""
    first = np.int64(data[at])
    if first < 0x80:
        return first, 1
    size = 2 + (first >= 0xE0) + (first >= 0xF0)
    code = first & (0x7F >> size)
    for i in range(at + 1, at + size):
        code = code << 6 | (np.int64(data[i]) & 0x3F)
    return code, size
