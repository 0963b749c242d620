"""Output files that are there whole or not at all."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from emotiset.errors import OutputError


@contextmanager
def write_atomically(path: str | Path) -> Iterator[Path]:
    """Give a temporary name beside *path*; rename it to *path* at the end.

    Parameters
    ----------
    path
        Where the file shall stand.  An older file there stays as it is until the
        new one is complete and on disk.

    Yields
    ------
    Path
        The temporary name to write to.  It is removed where the block raises.

    Raises
    ------
    OutputError
        If the folder is missing or not writable, or the disk is full.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with write_atomically(folder / "a.txt") as temporary:
    ...     _ = temporary.write_text("whole")
    >>> [found.name for found in folder.iterdir()]
    ['a.txt']
    """
    target = Path(os.path.realpath(path))  # a link stays, what it points to changes
    temporary = None
    try:
        descriptor, name = tempfile.mkstemp(
            dir=target.parent, prefix=f".{target.name}.", suffix=".partial"
        )
        os.close(descriptor)
        temporary = Path(name)
        yield temporary
        _finish(temporary, target)
    except OSError as error:
        raise OutputError(
            f"an output needs a writable place, found {target}: "
            f"{error.strerror or error}; choose another or make room"
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def check_outputs(
    outputs: Iterable[str | Path | None], inputs: Iterable[str | Path] = ()
) -> None:
    """Raise `OutputError` unless each output can be written without loss.

    Parameters
    ----------
    outputs
        Where files shall stand; None is passed over.
    inputs
        Files that no output may replace.

    Examples
    --------
    >>> check_outputs(["a.csv"], inputs=["./a.csv"])
    Traceback (most recent call last):
    ...
    emotiset.errors.OutputError: an output needs a file of its own, found a.csv, \
which is an input or another output: choose another name
    """
    taken = {os.path.realpath(path) for path in inputs}
    for path in outputs:
        if path is None:
            continue
        if os.path.realpath(path) in taken:
            raise OutputError(
                f"an output needs a file of its own, found {path}, which is an input "
                "or another output: choose another name"
            )
        taken.add(os.path.realpath(path))
        check_writable(path)


def check_writable(path: str | Path) -> None:
    """Raise `OutputError` unless a file can be made at *path*, and leave none."""
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        # A device or pipe would be replaced by the file, and be gone.
        kind = "folder" if target.is_dir() else "device or pipe"
        raise OutputError(
            f"an output needs a file name, found the {kind} {path}: choose another"
        )
    try:
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except OSError as error:
        raise OutputError(
            f"an output needs a writable place, found {target}: "
            f"{error.strerror or error}; choose another or make room"
        ) from error


def _finish(temporary: Path, target: Path) -> None:
    # mkstemp makes files private; give the mode that open() would have given.
    mask = os.umask(0)
    os.umask(mask)
    temporary.chmod(0o666 & ~mask)
    with temporary.open("rb") as written:
        os.fsync(written.fileno())
    temporary.replace(target)
