"""A folder of finished work: small files, each written once and whole.

A file's name is the key of what it holds and a digest of its bytes, so one listing says
what is there, and damage is found before a byte is parsed.  What the bytes mean is told
in `emotiset.kept`; what shapes a key, in `emotiset.reuse`.
"""

import hashlib
import os
import re
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from emotiset.atomic import write_atomically
from emotiset.errors import EmotisetError, OutputError
from emotiset.sources.storage import ask, find_system, is_url

Kind = Literal["blocks", "members", "trials"]
KINDS: Final[tuple[Kind, ...]] = ("blocks", "members", "trials")

_NAME: Final = re.compile(r"([0-9a-f]{32})-([0-9a-f]{32})\.arrow")
_STALE_SECONDS: Final = 3600.0  # no write takes so long, so a killed process left it
# One request puts an object there whole or not at all; elsewhere a file is renamed.
_ATOMIC_PUT: Final = frozenset(("s3", "s3a", "gs", "gcs", "abfs", "az", "memory"))

_T = TypeVar("_T")


class DamagedError(EmotisetError):
    """A kept file is gone, or does not hold what its name says."""


def digest(data: bytes) -> str:
    """Return 32 hexadecimal digits that tell *data* from any other."""
    return hashlib.sha256(data).hexdigest()[:32]


@dataclass(frozen=True)
class WorkFolder:
    """Where finished blocks, members and trials are kept between runs.

    Attributes
    ----------
    url
        A folder that client and workers share: a path, or a URL that fsspec knows.
    options
        What its file system is told, such as keys; not shown.
    """

    url: str
    options: dict[str, Any] = field(default_factory=dict, repr=False, hash=False)

    def prepare(self) -> None:
        """Make the folder, and find out that files can be written there.

        Raises
        ------
        OutputError
            If they cannot.
        """
        for kind in KINDS:
            if not is_url(self.url):
                self._try(partial(self._local(kind).mkdir, parents=True, exist_ok=True))
                self._try(partial(_remove_stale, self._local(kind)))
            else:
                system, path = self._remote(kind)
                self._try(partial(system.makedirs, path, exist_ok=True))
        trial = b"emotiset\n"
        name = f"{digest(os.fsencode(self.url))}-{digest(trial)}.trial"
        self._try(partial(self._put, "blocks", name, trial))
        self._try(partial(self._remove, "blocks", name))

    def find(self, kind: Kind) -> dict[str, str]:
        """Return the names of the kept files by their keys, from a single listing."""
        if not is_url(self.url):
            names = [path.name for path in self._local(kind).iterdir()]
        else:
            system, path = self._remote(kind)
            system.invalidate_cache()
            found = ask(self.url, partial(system.ls, path, detail=False))
            names = [each.rsplit("/", 1)[-1] for each in found]
        matches = map(_NAME.fullmatch, sorted(names, reverse=True))
        return {match[1]: match[0] for match in matches if match}

    def read(self, kind: Kind, name: str) -> bytes:
        """Return the bytes of a file that `find` named.

        Raises
        ------
        DamagedError
            If it is gone, or its bytes are not those that were written.
        """
        try:
            data = self._get(kind, name)
        except FileNotFoundError:
            raise DamagedError(f"{kind}/{name} is gone") from None
        match = _NAME.fullmatch(name)
        if match is None or digest(data) != match[2]:
            raise DamagedError(f"{kind}/{name} holds other bytes than were written")
        return data

    def write(self, kind: Kind, key: str, data: bytes) -> None:
        """Keep *data*; the same data under the same key is the same file.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        name = f"{key}-{digest(data)}.arrow"
        self._try(partial(self._put, kind, name, data))

    def _local(self, kind: Kind) -> Path:
        return Path(self.url).absolute() / kind

    def _remote(self, kind: Kind) -> tuple[Any, str]:
        system, path = find_system(self.url, self.options)
        return system, f"{path.rstrip('/')}/{kind}"

    def _get(self, kind: Kind, name: str) -> bytes:
        if not is_url(self.url):
            return (self._local(kind) / name).read_bytes()
        system, path = self._remote(kind)
        data: bytes = system.cat_file(f"{path}/{name}")
        return data

    def _put(self, kind: Kind, name: str, data: bytes) -> None:
        if not is_url(self.url):
            with write_atomically(self._local(kind) / name) as temporary:
                temporary.write_bytes(data)
            return
        system, path = self._remote(kind)
        if self.url.split(":", 1)[0].lower() in _ATOMIC_PUT:
            system.pipe_file(f"{path}/{name}", data)
            return
        temporary_name = f"{path}/.{name}.{uuid.uuid4().hex}.partial"
        system.pipe_file(temporary_name, data)
        system.mv(temporary_name, f"{path}/{name}")

    def _remove(self, kind: Kind, name: str) -> None:
        if not is_url(self.url):
            (self._local(kind) / name).unlink(missing_ok=True)
            return
        system, path = self._remote(kind)
        system.rm_file(f"{path}/{name}")

    def _try(self, action: Callable[[], _T]) -> _T:
        try:
            return action()
        except EmotisetError:
            raise
        except Exception as error:  # each file system has errors of its own
            told = " ".join(str(getattr(error, "strerror", None) or error).split())
            raise OutputError(
                f"--work-dir needs a folder that can be written, found {self.url}: "
                f"{told[:300] or type(error).__name__}; choose another or make room"
            ) from error


def _remove_stale(folder: Path) -> None:
    """Remove what a killed process left half written."""
    for path in folder.glob(".*.partial"):
        with suppress(FileNotFoundError):  # another run was quicker
            if time.time() - path.stat().st_mtime > _STALE_SECONDS:
                path.unlink()
