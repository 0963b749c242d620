"""Bytes of a file, decompressed as they come; what is damaged is said, not hidden.

The compression is found in the content, not in the name.  Members of a
concatenated file follow each other as if they were one.
"""

import bz2
import lzma
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Final, Protocol

import zstandard

from emotiset.sources.storage import Place, open_place, unreadable

CHUNK: Final = 512 << 10  # bytes; stays in the cache while it is cut into lines
_RAW_CHUNK: Final = 64 << 10
_ZSTD_STEP: Final = (
    2 << 10
)  # one byte of zstd can stand for 32 kB: 64 MB a step at most
_MAX_XZ_MEMORY: Final = 1 << 30
MAX_RATIO: Final = 500  # tweets give 5 to 12, their copies in a row some more
MIN_BOMB: Final = 256 << 20  # bytes from which on the ratio counts
_MAX_ZSTD_WINDOW: Final = 1 << 31  # what `zstd --long=31` needs, as archives do

_MAGIC: Final = (
    ("gzip", b"\x1f\x8b\x08"),
    ("bz2", b"BZh"),
    ("xz", b"\xfd7zXZ\0"),
    ("zst", b"\x28\xb5\x2f\xfd"),
)
_BZ2_BLOCK: Final = (b"1AY&SY", b"\x17rE8P\x90")  # a block, or the end of an empty file
_ZSTD_SKIPPABLE: Final = b"\x2a\x4d\x18"  # after a first byte of 0x50 to 0x5f

BOMB: Final = (
    f"the compressed data grows to more than {MAX_RATIO} times its size, as a "
    "decompression bomb does"
)
_BROKEN: Final = (OSError, EOFError, zlib.error, lzma.LZMAError, zstandard.ZstdError)


class DamagedError(Exception):
    """Decompression cannot go on; what came before it is good.  Never leaves here."""


class _Decoder(Protocol):
    """What `bz2` and `lzma` offer, and the others are made to offer."""

    @property
    def eof(self) -> bool:
        """Whether the member has ended."""

    @property
    def needs_input(self) -> bool:
        """Whether all that the input gives was returned."""

    @property
    def unused_data(self) -> bytes:
        """What stands behind the end of the member."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Take *data*; return about *max_length* bytes at most."""


def find_compression(head: bytes) -> str:
    """Name the compression of a file by its first bytes.

    Returns
    -------
    str
        ``gzip``, ``bz2``, ``xz``, ``zst`` or ``none``.

    Examples
    --------
    >>> find_compression(bz2.compress(b""))
    'bz2'
    >>> find_compression(b"BZh is how this text begins")
    'none'
    """
    for name, magic in _MAGIC:
        if head.startswith(magic):
            is_text = name == "bz2" and not head[4:10].startswith(_BZ2_BLOCK)
            return "none" if is_text else name
    is_skippable = head[1:4] == _ZSTD_SKIPPABLE and head[0] & 0xF0 == 0x50
    return "zst" if is_skippable else "none"


def read_bytes(
    place: Place | str, compression: str, *, start: int = 0, size: int = CHUNK
) -> Generator[bytes, None, None]:
    """Yield what a file holds, in chunks of *size* bytes or less.

    Holds one chunk, however large the file is.

    Parameters
    ----------
    place
        Where the bytes lie.
    compression
        As `find_compression` names it.
    start
        Byte to start at; only without compression.
    size
        Bytes of a chunk.

    Raises
    ------
    DamagedError
        After all that could be decompressed.
    InputError
        If the file cannot be opened or read.
    """
    if compression == "none":
        return _read_raw(place, start, size)
    return _gather(
        _decompress(_read_raw(place, 0, _RAW_CHUNK), compression, size), size
    )


def _read_raw(
    place: Place | str, start: int, size: int
) -> Generator[bytes, None, None]:
    with open_place(place) as file:
        try:
            file.seek(start)
            while data := file.read(size):
                yield data
        except OSError as error:
            path = place if isinstance(place, str) else place.path
            raise unreadable(path, error) from error


def _decompress(raw: Iterable[bytes], compression: str, size: int) -> Iterator[bytes]:
    decoder: _Decoder | None = None
    n_members = n_raw = n_bytes = 0
    for data in raw:
        n_raw += len(data)
        while data:
            if decoder is None:
                # Archivers pad with zeros behind the last member.
                data = data.lstrip(b"\0") if n_members else data
                if not data:
                    break
                decoder = _DECODERS[compression]()
                n_members += 1
            for part in _drain(decoder, data, size):
                n_bytes += len(part)
                if n_bytes > max(MIN_BOMB, MAX_RATIO * n_raw):
                    raise DamagedError(BOMB)
                yield part
            data = decoder.unused_data if decoder.eof else b""
            decoder = None if decoder.eof else decoder
    if decoder is not None:
        raise DamagedError("the compressed data is cut short")


def _drain(decoder: _Decoder, data: bytes, size: int) -> Iterator[bytes]:
    """Yield all that *data* gives, no more than about *size* bytes at a time."""
    while True:
        try:
            yield decoder.decompress(data, size)
        except _BROKEN as error:
            raise DamagedError(f"the compressed data is damaged ({error})") from error
        if decoder.eof or decoder.needs_input:
            return
        data = b""


def _gather(parts: Iterable[bytes], size: int) -> Generator[bytes, None, None]:
    """Yield chunks of exactly *size* bytes, the last and a damaged one excepted."""
    waiting: list[bytes] = []
    n_waiting = 0
    try:
        for part in parts:
            waiting.append(part)
            n_waiting += len(part)
            if n_waiting >= size:
                joined = b"".join(waiting)
                whole = n_waiting - n_waiting % size
                yield from (joined[at : at + size] for at in range(0, whole, size))
                waiting, n_waiting = [joined[whole:]], n_waiting - whole
    except DamagedError:
        if n_waiting:
            yield b"".join(waiting)
        raise
    if n_waiting:
        yield b"".join(waiting)


class _Gzip:
    """Tells when `zlib` needs input, which it does not say itself."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)
        self._is_full = False

    @property
    def eof(self) -> bool:
        """Whether the member has ended."""
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        """Whether all that the input gives was returned."""
        return not (self._is_full or self._inner.unconsumed_tail)

    @property
    def unused_data(self) -> bytes:
        """What stands behind the end of the member."""
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Take *data*; return at most *max_length* bytes."""
        found = self._inner.decompress(self._inner.unconsumed_tail + data, max_length)
        self._is_full = len(found) == max_length
        return found


class _Zstd:
    """Takes small steps, since its decoder cannot be told how much to give."""

    def __init__(self) -> None:
        decompressor = zstandard.ZstdDecompressor(max_window_size=_MAX_ZSTD_WINDOW)
        self._inner = decompressor.decompressobj()
        self._waiting = b""

    @property
    def eof(self) -> bool:
        """Whether the member has ended."""
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        """Whether all that the input gives was returned."""
        return not self._waiting

    @property
    def unused_data(self) -> bytes:
        """What stands behind the end of the member."""
        return self._inner.unused_data + self._waiting

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Take *data*; return what one step of it gives."""
        waiting = self._waiting + data
        step, self._waiting = waiting[:_ZSTD_STEP], waiting[_ZSTD_STEP:]
        return self._inner.decompress(step)


def _open_xz() -> _Decoder:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MAX_XZ_MEMORY)


_DECODERS: Final[dict[str, Callable[[], _Decoder]]] = {
    "gzip": _Gzip,
    "bz2": bz2.BZ2Decompressor,
    "xz": _open_xz,
    "zst": _Zstd,
}
