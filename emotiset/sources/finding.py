"""Inputs as a user names them, to files: folders, globs, URLs, each file once."""

import glob
import os
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Final

from emotiset.errors import InputError
from emotiset.sources.simulated import PREFIX as SIMULATED
from emotiset.sources.spool import STANDARD_INPUT
from emotiset.sources.storage import ask, find_system, is_url

_WEB: Final = ("http://", "https://")


def find_files(
    inputs: Sequence[str], options: dict[str, Any] | None = None
) -> list[str]:
    """Return the files that inputs stand for, in the order of the inputs.

    A folder stands for all files in it and below it, sorted by name, without those
    whose name, or whose folder's name, begins with ``.`` or ``_``.

    Parameters
    ----------
    inputs
        Files, folders, globs (``**`` spans folders), URLs of them, simulations, and
        ``-`` for standard input.
    options
        What the file systems of URLs are told.

    Returns
    -------
    list of str
        Absolute paths, URLs, and the other names as they are.  What is named
        twice, also by a link, is there once.

    Raises
    ------
    InputError
        If an input stands for no file.
    """
    found: dict[str, str] = {}
    for each in inputs:
        if each.startswith(SIMULATED) or each == STANDARD_INPUT:
            found.setdefault(each, each)
            continue
        if is_url(each):
            found.update((url, url) for url in _expand_url(each, options or {}))
            continue
        for path in _expand(each):
            found.setdefault(os.path.realpath(path), os.path.abspath(path))
    return list(found.values())


def _expand(name: str) -> list[str]:
    if os.path.isdir(name):
        files = sorted(_walk(name))
        if not files:
            raise InputError(
                f"an input needs files, found none in the folder {name}: name another "
                "folder; names that begin with . or _ are passed over"
            )
        return files
    if os.path.exists(name):
        return [_check_file(name)]
    if not name or not glob.has_magic(name):
        raise InputError(
            f"an input needs to be there, found no file {name!r}: check the name"
        )
    matches = sorted(glob.glob(name, recursive=True))
    files = [path for match in matches for path in _expand_match(match, matches)]
    if not files:
        raise InputError(
            f"an input needs to be there, found no file that matches {name!r}: check "
            "the pattern; ** spans folders"
        )
    return files


def _expand_url(url: str, options: dict[str, Any]) -> list[str]:
    """Return the files that a URL names; on the web it names itself."""
    if url.startswith(_WEB) and "*" not in url:
        return [url]
    system, path = find_system(url, options)
    if "*" in url:
        found = ask(url, partial(system.glob, path))
        files = [each for each in found if not ask(url, partial(system.isdir, each))]
    elif ask(url, partial(system.isdir, path)):
        every = ask(url, partial(system.find, path))
        start = len(path.rstrip("/"))
        files = [each for each in every if not _is_hidden(each[start:])]
    else:
        return [url]
    if not files:
        raise InputError(
            f"an input needs to be there, found no file for {url!r}: check the "
            "address; names that begin with . or _ are passed over"
        )
    return [system.unstrip_protocol(each) for each in sorted(files)]


def _is_hidden(path: str) -> bool:
    return any(part.startswith((".", "_")) for part in path.split("/"))


def _expand_match(match: str, matches: list[str]) -> list[str]:
    """Return the files below a folder that a glob matched by its last part."""
    if not os.path.isdir(match):
        return [match] if os.path.isfile(match) else []
    return sorted(_walk(match))


def _walk(folder: str) -> Iterator[str]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith((".", "_"))]
        for name in names:
            path = os.path.join(parent, name)
            is_there = os.path.isfile(path) or not os.path.exists(path)
            if not name.startswith((".", "_")) and is_there:
                yield path  # a link to nothing too, which is a reject


def _check_file(path: str) -> str:
    if not os.path.isfile(path):
        raise InputError(
            f"an input needs to be a file or folder, found {path} that is neither: "
            "write what it gives into a file first"
        )
    return path
