"""Texts without repeated characters, for telling near-copies."""

from emotiset.kernels._jit import njit


@njit
def drop_repeats(offsets, data, out_offsets, out):
    """Write each text with only the first of neighboring equal characters.

    Parameters
    ----------
    offsets : int32[n_rows + 1]
        Row i is ``data[offsets[i]:offsets[i + 1]]``, valid UTF-8.
    data : uint8[n_bytes]
    out_offsets : int32[n_rows + 1]
        Written; starts at 0.
    out : uint8[n_bytes]
        Written, up to ``out_offsets[-1]``.
    """
    end = 0
    out_offsets[0] = 0
    for row in range(len(offsets) - 1):
        at, stop = offsets[row], offsets[row + 1]
        before = 0  # bytes of the character that was written last
        while at < stop:
            size = _size_of(data[at])
            is_repeat = size == before
            for i in range(size):
                out[end + i] = data[at + i]
                if is_repeat and out[end - before + i] != data[at + i]:
                    is_repeat = False
            if not is_repeat:
                end += size
                before = size
            at += size
        out_offsets[row + 1] = end


@njit
def _size_of(first):
    # Bytes of a UTF-8 character, by its first one.
    if first < 0x80:
        return 1
    if first < 0xE0:
        return 2
    if first < 0xF0:
        return 3
    return 4
