"""Lines of a stretch of a .bz2 or .zst file, which may begin and end amid a line.

A line belongs to the stretch in which the line end before it lies, so a stretch begins
behind its first line end, and goes on to the first one behind its end.  A damaged block
costs itself and the line that leads into it.
"""

from collections.abc import Iterator
from typing import Final

from emotiset.sources.blocks import Piece
from emotiset.sources.bz2_blocks import Part, read_parts
from emotiset.sources.opening import BOMB, MAX_RATIO, MIN_BOMB, DamagedError
from emotiset.sources.zst_frames import read_frames

_STEP: Final = 4 << 20  # bytes; a block of nothing but copies can hold 45 MB


def read_stretch(piece: Piece) -> Iterator[Iterator[tuple[int, bytes]]]:
    """Yield runs of sound blocks or frames, each as offsets and bytes of whole lines.

    Offsets are of the decompressed file, counted from the first block of the piece.
    Where a run ends in a damaged block, it raises `DamagedError`.

    Raises
    ------
    InputError
        If the file cannot be opened or read.
    """
    read = read_parts if piece.compression == "bz2" else read_frames
    walk = _Walk(read(piece.where, piece.start, piece.stop), piece.start == 0)
    while not walk.is_over:
        yield walk.read()


class _Walk:
    """Goes from block to block, a run of sound ones at a time."""

    def __init__(self, parts: Iterator[Part], is_first: bool) -> None:
        self._parts = parts
        self._is_at_line = is_first
        self._offset = 0
        self._n_raw = 0
        self.is_over = False

    def read(self) -> Iterator[tuple[int, bytes]]:
        """Yield offsets and bytes, up to the end of the piece or to a damaged block.

        Raises
        ------
        DamagedError
            At a damaged block; reading goes on behind it.
        """
        for part in self._parts:
            if part.damage:
                # Behind the piece it costs the last line, which leads into it.
                self.is_over = not part.is_inside
                is_lost = part.is_inside or self._is_at_line
                self._is_at_line = False
                if is_lost:
                    raise DamagedError(part.damage)
                return
            data, offset = part.data, self._offset
            self._offset += len(data)
            self._n_raw += part.n_raw
            if self._offset > max(MIN_BOMB, MAX_RATIO * self._n_raw):
                self.is_over = True
                raise DamagedError(BOMB)
            if not part.is_inside:
                yield from self._finish(offset, data)
                if b"\n" in data:
                    break
                continue
            if not self._is_at_line:
                cut = data.find(b"\n") + 1
                offset, data = offset + cut, data[cut:] if cut else b""
                self._is_at_line = cut > 0
            for at in range(0, len(data), _STEP):
                yield offset + at, data[at : at + _STEP]
        self.is_over = True

    def _finish(self, offset: int, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield what belongs to the last line of the piece."""
        if self._is_at_line:
            yield offset, data[: data.find(b"\n") + 1 or len(data)]
