"""Where bytes lie: a local file, any URL that fsspec knows, or a stretch of either.

Remote bytes are asked for by range, a buffer at a time, so a connection that breaks
costs one request, which is made again.
"""

import io
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import IO, Any, Final, TypeVar

import fsspec

from emotiset.errors import InputError

_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(://|::)")
_BUFFER: Final = 8 << 20  # bytes of a request; hides what one costs
_ATTEMPTS: Final = 5
_FIRST_PAUSE: Final = 0.1  # seconds; doubles
_HOPELESS: Final = (FileNotFoundError, PermissionError, ImportError, ValueError)
# The extra of this package that brings what a protocol needs.
_EXTRAS: Final = {
    **dict.fromkeys(("s3", "s3a"), "s3"),
    **dict.fromkeys(("http", "https"), "http"),
    **dict.fromkeys(("gs", "gcs"), "gs"),
    **dict.fromkeys(("hdfs", "webhdfs"), "hdfs"),
}

_T = TypeVar("_T")


class AccessError(InputError):
    """What an input names cannot be opened or read."""


@dataclass(frozen=True)
class Place:
    """Some bytes, wherever they are.

    Attributes
    ----------
    path
        A local file, or a URL.
    options
        What its file system is told, such as keys; not shown.
    start
        Where the bytes begin in the file.
    size
        How many they are; None: all to the end of the file.
    """

    path: str
    options: dict[str, Any] = field(default_factory=dict, repr=False, hash=False)
    start: int = 0
    size: int | None = None

    def cut(self, start: int, size: int) -> "Place":
        """Return a stretch of these bytes."""
        return replace(self, start=self.start + start, size=size)


def is_url(name: str) -> bool:
    """Return whether a name is no local path.

    Examples
    --------
    >>> is_url("s3://bucket/a.json"), is_url("C:/a.json"), is_url("/a/b.json")
    (True, False, False)
    """
    return _URL.match(name) is not None


def open_place(place: Place | str) -> IO[bytes]:
    """Open some bytes for reading and seeking.

    Raises
    ------
    AccessError
        If they cannot be opened.
    """
    place = place if isinstance(place, Place) else Place(place)
    try:
        file = _open_whole(place)
    except OSError as error:
        raise unreadable(place.path, error) from error
    if place.start == 0 and place.size is None:
        return file
    size = place.size
    if size is None:
        size = max(file.seek(0, os.SEEK_END) - place.start, 0)
    return io.BufferedReader(_Window(file, place.start, size), 1 << 16)


def measure(place: Place | str) -> int:
    """Return how many bytes there are.

    Raises
    ------
    AccessError
        If that cannot be found out.
    """
    if isinstance(place, Place) and place.size is not None:
        return place.size
    with open_place(place) as file:
        return file.seek(0, os.SEEK_END)


def find_system(url: str, options: dict[str, Any]) -> tuple[Any, str]:
    """Return the file system of a URL, and the path there.

    Raises
    ------
    AccessError
        If nothing here knows the protocol, or the options are wrong.
    """
    try:
        system, path = fsspec.core.url_to_fs(url, **options)
    except ImportError as error:
        protocol = url.split(":", 1)[0].lower()
        extra = _EXTRAS.get(protocol)
        advice = f"pip install 'emotiset[{extra}]'" if extra else "install what it says"
        raise AccessError(
            f"an input on {protocol} needs a package that is missing ({error}): "
            f"{advice}, on every worker too"
        ) from error
    except Exception as error:
        raise unreadable(url, error) from error
    return system, path


def ask(url: str, question: Callable[[], _T]) -> _T:
    """Ask a file system something, again where the connection breaks.

    Raises
    ------
    AccessError
        If there is no answer.
    """
    for attempt in range(_ATTEMPTS):
        try:
            return question()
        except Exception as error:  # each file system has errors of its own
            if isinstance(error, _HOPELESS) or attempt == _ATTEMPTS - 1:
                raise unreadable(url, error) from error
            time.sleep(_FIRST_PAUSE * 2**attempt)
    raise AssertionError


def unreadable(path: str, error: BaseException) -> AccessError:
    """Return the error for what cannot be read."""
    told = " ".join(str(getattr(error, "strerror", None) or error).split())[:300]
    advice = (
        "check the address and --storage-option"
        if is_url(path)
        else "check its permissions, and that every worker sees it"
    )
    return AccessError(
        f"an input needs to be readable, found {path}: "
        f"{told or type(error).__name__}; {advice}"
    )


def _open_whole(place: Place) -> IO[bytes]:
    if not is_url(place.path):
        return open(place.path, "rb")
    system, path = find_system(place.path, place.options)
    info = ask(place.path, partial(system.info, path))
    size = info.get("size")
    if info.get("type") == "directory":
        raise IsADirectoryError("is a folder")
    if size is None:
        raise AccessError(
            f"an input needs a size, found that the server of {place.path} does not "
            "tell it: download the file first, or pipe it into -"
        )
    return io.BufferedReader(_Remote(system, path, place.path, size), _BUFFER)


class _Seekable(io.RawIOBase):
    """What the two below share: a position in so many bytes."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        """Return that it is."""
        return True

    def seekable(self) -> bool:
        """Return that it is."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a position; return it."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(base + offset, 0)
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer as far as there are bytes; return how many."""
        n = max(min(len(buffer), self._size - self._at), 0)
        data = self._fetch(n) if n else b""
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def _fetch(self, n: int) -> bytes:
        raise NotImplementedError


class _Window(_Seekable):
    """A stretch of a file."""

    def __init__(self, file: IO[bytes], start: int, size: int) -> None:
        super().__init__(size)
        self._file = file
        self._start = start

    def _fetch(self, n: int) -> bytes:
        self._file.seek(self._start + self._at)
        return self._file.read(n)

    def close(self) -> None:
        """Close the file too."""
        self._file.close()
        super().close()


class _Remote(_Seekable):
    """A file that is asked for by range."""

    def __init__(self, system: Any, path: str, url: str, size: int) -> None:
        super().__init__(size)
        self._system = system
        self._path = path
        self._url = url

    def _fetch(self, n: int) -> bytes:
        return ask(self._url, partial(self._get, self._at, n))

    def _get(self, start: int, n: int) -> bytes:
        data: bytes = self._system.cat_file(self._path, start=start, end=start + n)
        if len(data) > n:
            raise ValueError(
                "its server gives whole files only: download it, or pipe it into -"
            )
        if len(data) != n:
            raise OSError(f"asked for {n} bytes and got {len(data)}")
        return data
