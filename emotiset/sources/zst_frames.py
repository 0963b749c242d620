"""Frames of .zst, each decompressed alone, so that a file of many can be cut.

A frame belongs to the piece in which it begins, and tells where it ends: each of its
blocks has a header with its size.  Where a piece begins amid a frame, the next one is
found by its mark; a mark can stand in compressed data by chance, but from there no
blocks lead to another frame or to the end of the file.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import IO, Final

from emotiset.sources.bz2_blocks import Part
from emotiset.sources.opening import DamagedError, read_bytes
from emotiset.sources.storage import Place, open_place

_MARK: Final = b"\x28\xb5\x2f\xfd"
_SKIPPED: Final = b"\x2a\x4d\x18"  # behind a first byte of 0x50 to 0x5f
_CHUNK: Final = 256 << 10
_MAX_BLOCK: Final = 128 << 10
_RUN, _RESERVED = 1, 3  # types of blocks
_GARBAGE: Final = "the compressed data is followed by something else"


def has_frames(place: Place, within: int) -> bool:
    """Return whether the first frame ends within some bytes and another follows."""
    with open_place(place) as file:
        size = file.seek(0, 2)
        at = _skip_other(file, 0)
        end = _find_end(file, at, size, within)
        if end is None or end > within:
            return False
        return _has_mark(file, _skip_other(file, end))


def read_frames(place: Place, start: int, stop: int) -> Iterator[Part]:
    """Yield what the frames hold that begin from *start* to before *stop*.

    Then that of the others.  Reads no further than its caller asks for.
    """
    with open_place(place) as file:
        size = file.seek(0, 2)
        at: int | None = 0
        if start > 0:
            at = _find_frame(file, start, size, stop)
        while at is not None and (at := _skip_other(file, at)) < size:
            is_inside = at < stop
            end = _find_end(file, at, size, size)
            if end is None:
                if not _is_padding(file, at):
                    yield Part(is_inside, b"", _GARBAGE)
                at = _find_frame(file, at + 1, size, size)
                continue
            window = replace(place, start=place.start + at, size=min(end, size) - at)
            yield from _read_frame(window, is_inside=is_inside)
            at = end


def _read_frame(window: Place, *, is_inside: bool) -> Iterator[Part]:
    n_raw = window.size or 0
    try:
        for data in read_bytes(window, "zst"):
            yield Part(is_inside, data, n_raw=n_raw)
            n_raw = 0
    except DamagedError as error:
        yield Part(is_inside, b"", str(error))


def _find_frame(file: IO[bytes], start: int, size: int, stop: int) -> int | None:
    """Return where the first frame begins from *start* to before *stop*, if any."""
    file.seek(start)
    data, offset = file.read(_CHUNK), start
    while data and offset < stop:
        at = data.find(_MARK)
        while 0 <= at < stop - offset:
            if _leads_on(file, offset + at, size):
                return offset + at
            at = data.find(_MARK, at + 1)
        keep = len(_MARK) - 1  # a mark may go over the end
        offset += max(len(data) - keep, 1)
        file.seek(offset)
        data = file.read(_CHUNK)
        if len(data) <= keep:
            return None
    return None


def _leads_on(file: IO[bytes], at: int, size: int) -> bool:
    """Return whether blocks lead from a mark to another frame or to the end."""
    end = _find_end(file, at, size, size)
    if end is None:
        return False
    after = _skip_other(file, min(end, size))
    return after >= size or _has_mark(file, after) or _is_padding(file, after)


def _find_end(file: IO[bytes], at: int, size: int, limit: int) -> int | None:
    """Return where a frame ends, more than *size* if it is cut short.

    None where no frame begins; goes no further than *limit*.
    """
    file.seek(at)
    head = file.read(len(_MARK) + 1)
    if len(head) < len(_MARK) + 1 or head[:-1] != _MARK or head[-1] & 8:
        return None
    told = head[-1]
    is_single = told >> 5 & 1
    n_size = (is_single, 2, 4, 8)[told >> 6]
    at += len(head) + (1 - is_single) + (0, 1, 2, 4)[told & 3] + n_size
    while at <= limit:
        file.seek(at)
        block = int.from_bytes(file.read(3), "little")
        if at + 3 > size:
            return size + 1
        is_last, kind, n_bytes = block & 1, block >> 1 & 3, block >> 3
        if kind == _RESERVED or n_bytes > _MAX_BLOCK:
            return None
        at += 3 + (1 if kind == _RUN else n_bytes)
        if is_last:
            return at + 4 * (told >> 2 & 1)
    return size + 1


def _skip_other(file: IO[bytes], at: int) -> int:
    """Return where what is no skippable frame begins, such as a table of frames."""
    while True:
        file.seek(at)
        head = file.read(8)
        if len(head) < 8 or head[1:4] != _SKIPPED or head[0] & 0xF0 != 0x50:
            return at
        at += 8 + int.from_bytes(head[4:], "little")


def _has_mark(file: IO[bytes], at: int) -> bool:
    file.seek(at)
    return file.read(len(_MARK)) == _MARK


def _is_padding(file: IO[bytes], at: int) -> bool:
    """Return whether there are only zeros to the end."""
    file.seek(at)
    while data := file.read(_CHUNK):
        if data.strip(b"\0"):
            return False
    return True
