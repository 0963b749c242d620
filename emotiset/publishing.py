"""A folder of published models: versions, which of them is current, and the history.

::

    current.parquet     a link, to one of the versions
    versions/*.parquet
    history.jsonl       a line for each decision

The history is the truth: a decision is taken when its line is written, and the link
follows.  Where a process dies in between, `Shelf.settle` makes good what was decided.
Each file is renamed into place whole, the link too, so a reader of ``current.parquet``
finds one whole model at any time.
"""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from emotiset.atomic import write_atomically
from emotiset.errors import InputError, OutputError

PROMOTED: Final = "promoted"
ROLLED_BACK: Final = "rolled back"

Line = dict[str, Any]


@dataclass(frozen=True)
class Shelf:
    """Published models in a folder; its methods are for one process at a time.

    Attributes
    ----------
    folder
        Made where there is none; on a file system with links and locks.
    keep
        How many versions stay there, the current one among them.

    Examples
    --------
    >>> import tempfile
    >>> shelf = Shelf(Path(tempfile.mkdtemp()), keep=2)
    >>> for day in ("monday", "tuesday", "friday"):
    ...     write = lambda path, day=day: path.write_text(day)
    ...     _ = shelf.publish(day, write, {"n": 1})
    >>> shelf.current.read_text(), sorted(each.stem for each in shelf.list_versions())
    ('friday', ['friday', 'tuesday'])
    >>> shelf.roll_back()["version"], shelf.current.read_text()
    ('tuesday', 'tuesday')
    """

    folder: Path
    keep: int = 7

    @property
    def current(self) -> Path:
        """What readers open."""
        return self.folder / "current.parquet"

    @property
    def _history(self) -> Path:
        return self.folder / "history.jsonl"

    def list_versions(self) -> list[Path]:
        """Return the files of all versions that are kept."""
        return sorted((self.folder / "versions").glob("*.parquet"))

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other processes out; a process that dies leaves no lock behind.

        Raises
        ------
        OutputError
            If another process is in.
        """
        (self.folder / "versions").mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise OutputError(
                    f"a folder of models needs one run at a time, found another in "
                    f"{self.folder} ({error.strerror}): wait for it"
                ) from None
            yield

    def read_history(self) -> list[Line]:
        """Return all lines, the oldest first.

        Raises
        ------
        InputError
            If one of them is not a JSON object.
        """
        if not self._history.exists():
            return []
        lines = self._history.read_bytes().splitlines()
        try:
            return [msgspec.json.decode(line, type=Line) for line in lines]
        except msgspec.DecodeError as error:
            raise InputError(
                f"a history needs a JSON object in each line, found another in "
                f"{self._history} ({error}): mend it"
            ) from None

    def find(self, **wanted: Any) -> Line | None:
        """Return the last line with these values, if there is one."""
        for line in reversed(self.read_history()):
            if all(line.get(name) == value for name, value in wanted.items()):
                return line
        return None

    def note(self, line: Mapping[str, Any]) -> Line:
        """Write a line, at the end; one of the same ``run`` is replaced.

        Without a ``version`` of its own it gets the one that is current.
        """
        told = {"version": next(reversed(self._stack()), None), **line}
        run = told.get("run")
        kept = [
            each
            for each in self.read_history()
            if run is None or each.get("run") != run
        ]
        self.folder.mkdir(parents=True, exist_ok=True)
        with write_atomically(self._history) as temporary:
            encoded = [msgspec.json.encode(each) + b"\n" for each in (*kept, told)]
            temporary.write_bytes(b"".join(encoded))
        return told

    def publish(
        self,
        version: str,
        write: Callable[[Path], object],
        line: Mapping[str, Any],
    ) -> Line:
        """Make a new version the current one.

        Parameters
        ----------
        version
            Its name, that of a file.
        write
            Writes the model to a path.
        line
            What the history shall say, besides ``action`` and ``version``.
        """
        path = self._path(version)
        path.parent.mkdir(parents=True, exist_ok=True)
        with write_atomically(path) as temporary:
            write(temporary)
        told = self.note({**line, "action": PROMOTED, "version": version})
        self.settle()
        return told

    def roll_back(self, version: str | None = None) -> Line:
        """Make an older version the current one.

        Parameters
        ----------
        version
            One that is kept; None: the one that was current before this one, unless
            an earlier decision waits to be made good: then that.

        Raises
        ------
        InputError
            If there is none.
        """
        stack = self._stack()
        if version is None and stack and not self._is_linked(stack[-1]):
            self.settle()
            return self.read_history()[-1]
        kept = [each.stem for each in self.list_versions()]
        target = version or (stack[-2] if len(stack) > 1 else None)
        if target is None or target not in kept:
            raise InputError(
                f"a roll back needs a version that is kept, found "
                f"{target or 'none before this one'}: choose from {', '.join(kept)}"
            )
        told = self.note({"action": ROLLED_BACK, "version": target})
        self.settle()
        return told

    def settle(self) -> None:
        """Make the folder what the history says: the link, and which versions stay."""
        for folder in (self.folder, self.folder / "versions"):
            for debris in folder.glob(".*.partial"):
                debris.unlink()
        stack = self._stack()
        if not stack:
            return
        target = self._path(stack[-1])
        if not target.exists():
            raise InputError(
                f"the current version needs its file, found none at {target}: roll "
                "back to one that is kept, by its name"
            )
        if not self._is_linked(stack[-1]):
            self._link(target)
        lines = self.read_history()
        published = [
            each["version"] for each in lines if each.get("action") in _DECIDES
        ]
        newest = list(dict.fromkeys(reversed([*published, stack[-1]])))[: self.keep]
        for path in self.list_versions():
            if path.stem not in newest:
                path.unlink()

    def _is_linked(self, version: str) -> bool:
        target = self._path(version)
        return self.current.exists() and self.current.samefile(target)

    def _link(self, target: Path) -> None:
        temporary = self.folder / ".current.partial"
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(target.relative_to(self.folder))
        os.replace(temporary, self.current)

    def _path(self, version: str) -> Path:
        if not version or Path(version).name != version or version.startswith("."):
            raise InputError(
                f"a version needs a name that a file can have, found {version!r}: "
                "choose another"
            )
        return self.folder / "versions" / f"{version}.parquet"

    def _stack(self) -> list[str]:
        """Return what was current, and would be again after so many roll backs."""
        stack: list[str] = []
        for line in self.read_history():
            action, version = line.get("action"), line.get("version")
            if action == ROLLED_BACK and version in stack:
                del stack[stack.index(version) + 1 :]
            elif action in _DECIDES:
                stack.append(str(version))
        return stack


_DECIDES: Final = (PROMOTED, ROLLED_BACK)
