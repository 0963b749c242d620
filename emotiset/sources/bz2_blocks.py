"""Blocks of .bz2, each decompressed alone, so that a large file can be cut.

A block begins at any bit with a mark of 48 bits, and nothing before it is needed to
decompress it: with a header in front and its own checksum behind, it is a whole file.
A mark belongs to the piece in which its first bit lies.
"""

import bz2
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from emotiset.sources.opening import read_bytes
from emotiset.sources.storage import Place

_BLOCK: Final = 0x314159265359
_END: Final = 0x177245385090
_HEADER: Final = b"BZh"
_GARBAGE: Final = "the compressed data is followed by something else"
_MARK_BITS: Final = 48
_TRAILER_BITS: Final = 80  # the mark of the end, and a checksum
_MARK_BYTES: Final = 7  # that a mark at any bit touches
_CHUNK: Final = 256 << 10
_MAX_BLOCK: Final = 2 << 20  # bytes; no encoder makes them larger


@dataclass(frozen=True)
class Part:
    """What one block holds.

    Attributes
    ----------
    is_inside
        Whether it begins in the piece, and not behind it.
    data
        Decompressed.
    damage
        Why there is no data.
    n_raw
        Its bytes in the file, about.
    """

    is_inside: bool
    data: bytes
    damage: str = ""
    n_raw: int = 0


def read_parts(place: Place, start: int, stop: int) -> Iterator[Part]:
    """Yield the blocks that begin from byte *start* to before *stop*, then the others.

    Reads no further than its caller asks for.
    """
    previous: int | None = None  # where the block begins that has not ended yet
    is_any = False
    window = _Window(place, start)
    while True:
        found = window.next_mark()
        if found is None:
            if previous is not None:
                yield Part(previous < 8 * stop, b"", "the compressed data is cut short")
            return
        at, is_block = found
        if previous is not None:
            yield _decompress(window, previous, at, 8 * stop)
        is_any |= is_block and at < 8 * stop
        if at >= 8 * stop and not is_any:
            return  # nothing begins in the piece, so nothing behind it belongs to it
        previous = at if is_block else None
        if not is_block and window.has_garbage(at):
            yield Part(at < 8 * stop, b"", _GARBAGE)
        window.drop(at)


def _decompress(window: "_Window", start: int, stop: int, end: int) -> Part:
    is_inside = start < end
    if stop - start > 8 * _MAX_BLOCK:
        return Part(is_inside, b"", "the block is too long")
    try:
        data = bz2.decompress(_as_file(window.bits(start, stop)))
        return Part(is_inside, data, n_raw=(stop - start) // 8 + 1)
    except (OSError, ValueError, EOFError) as error:
        return Part(is_inside, b"", f"the compressed data is damaged ({error})")


def _as_file(bits: tuple[int, int]) -> bytes:
    """Return a file of one block, of a number and how many bits it has."""
    number, n_bits = bits
    if n_bits < _MARK_BITS + 32:
        raise ValueError("the block is too short")
    checksum = number >> (n_bits - _MARK_BITS - 32) & 0xFFFFFFFF
    number = (number << _TRAILER_BITS) | (_END << 32) | checksum
    n_bits += _TRAILER_BITS
    padding = -n_bits % 8
    return b"BZh9" + (number << padding).to_bytes((n_bits + padding) // 8, "big")


class _Window:
    """Bytes of a file from some byte on, and where the marks are in them."""

    def __init__(self, place: Place, start: int) -> None:
        self._stream = read_bytes(place, "none", start=start, size=_CHUNK)
        self._data = b""
        self._offset = start
        self._searched = 8 * start  # marks before this bit are known
        self._marks: list[tuple[int, bool]] = []

    def next_mark(self) -> tuple[int, bool] | None:
        """Return the bit at which the next mark begins, and whether it is a block's."""
        while not self._marks:
            self._search()
            if not self._marks and not self._read():
                return None
        return self._marks.pop(0)

    def _search(self) -> None:
        base = self._searched // 8
        found = _find_marks(self._data[base - self._offset :])
        self._marks = [(8 * base + at, is_block) for at, is_block in found]
        # A mark that is not all there yet is found with the next bytes.
        end = self._offset + len(self._data)
        seen = [mark[0] // 8 + 1 for mark in self._marks[-1:]]
        self._searched = 8 * max(end - _MARK_BYTES + 1, base, *seen)
        if len(self._data) > 2 * _MAX_BLOCK:
            self.drop(8 * (end - _MAX_BLOCK))

    def _read(self) -> bool:
        more = next(self._stream, b"")
        self._data += more
        return bool(more)

    def has_garbage(self, end: int) -> bool:
        """Return whether what follows the end of a stream is no stream, nor padding."""
        at = -(-(end + _TRAILER_BITS) // 8)
        while True:
            rest = self._data[at - self._offset :].lstrip(b"\0")
            if len(rest) >= len(_HEADER):
                return not rest.startswith(_HEADER)
            if not self._read():
                return bool(rest)

    def bits(self, start: int, stop: int) -> tuple[int, int]:
        """Return what lies between two bits, as a number, and how many bits it has."""
        first, last = start // 8 - self._offset, -(-stop // 8) - self._offset
        if first < 0:
            raise ValueError("the block is too long")
        number = int.from_bytes(self._data[first:last], "big")
        n_bits = stop - start
        number >>= 8 * (last + self._offset) - stop
        return number & ((1 << n_bits) - 1), n_bits

    def drop(self, bit: int) -> None:
        """Forget what lies before a bit."""
        n = bit // 8 - self._offset
        if n > 0:
            self._data, self._offset = self._data[n:], self._offset + n


def _find_marks(data: bytes) -> list[tuple[int, bool]]:
    """Return the bits at which marks begin, ascending."""
    found = []
    for shift, inner, is_block, number in _PATTERNS:
        at = data.find(inner)
        while at >= 0:
            first = at - 1
            around = data[max(first, 0) : first + _MARK_BYTES]
            # At the ends there is less than seven bytes around a mark of whole bytes.
            padded = bytes(max(-first, 0)) + around
            padded = padded.ljust(_MARK_BYTES, b"\0")
            value = int.from_bytes(padded, "big") >> (8 - shift)
            is_there = (first >= 0 or shift == 8) and (
                first + _MARK_BYTES <= len(data) or (shift == 8 and at + 6 <= len(data))
            )
            if is_there and value & ((1 << _MARK_BITS) - 1) == number:
                found.append((8 * first + shift, is_block))
            at = data.find(inner, at + 1)
    return sorted(found)


def _make_patterns() -> list[tuple[int, bytes, bool, int]]:
    """Return, for each place of a mark in its first byte, the five bytes amid it."""
    patterns = []
    for number in (_BLOCK, _END):
        for shift in range(1, 9):
            inner = (number << (8 - shift)).to_bytes(_MARK_BYTES, "big")[1:6]
            patterns.append((shift, inner, number == _BLOCK, number))
    return patterns


_PATTERNS: Final = _make_patterns()
