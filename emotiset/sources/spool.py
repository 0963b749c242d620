"""Standard input, which can be read once, made a file that can be read anywhere."""

import atexit
import os
import shutil
import sys
import tempfile
from functools import cache
from typing import Final

from emotiset.errors import InputError

STANDARD_INPUT: Final = "-"


@cache
def spool_standard_input() -> str:
    """Write all of standard input to a file; return its path.

    It lies in the folder for temporary files (``TMPDIR``), which workers on other
    machines need to share, and is removed when the program ends.

    Raises
    ------
    InputError
        If standard input is a terminal, or the file cannot be written.
    """
    if sys.stdin is None or sys.stdin.isatty():
        raise InputError(
            "- needs something on standard input, found a terminal: pipe a file into it"
        )
    try:
        handle, path = tempfile.mkstemp(prefix="emotiset-")
        atexit.register(_remove, path)
        with os.fdopen(handle, "wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file, 1 << 20)
    except OSError as error:
        raise InputError(
            f"- needs room for a temporary file, found {error.strerror or error}: "
            "set TMPDIR to a folder with more room"
        ) from error
    return path


def _remove(path: str) -> None:
    if os.path.exists(path):
        os.remove(path)
