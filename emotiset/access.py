"""Whether a process sees the inputs, and can write to a folder; asked on workers."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from emotiset.errors import EmotisetError, InputError, OutputError
from emotiset.sources import Block
from emotiset.sources.storage import Place, find_system, measure, open_place


def pick_files(blocks: Sequence[Block], n_files: int) -> list[tuple[Place, int]]:
    """Choose files that stand for all: the folders' first ones, spread out.

    Parameters
    ----------
    blocks
        The plan.
    n_files
        How many to choose at most.

    Returns
    -------
    list of (Place, int)
        Each with its size in bytes, as seen here.
    """
    places = {
        piece.where.path: Place(piece.where.path, piece.where.options)
        for block in blocks
        for piece in block.pieces
        if block.format != "simulated" and piece.problem is None
    }
    first_of: dict[str, Place] = {}
    for path, place in places.items():
        first_of.setdefault(path.rpartition("/")[0], place)
    chosen = list(first_of.values()) if len(first_of) > 1 else list(places.values())
    step = -(-len(chosen) // n_files) or 1
    return [(place, measure(place)) for place in chosen[::step]]


def check_files(files: Sequence[tuple[Place, int]]) -> list[str]:
    """Return what is wrong with files here; each is opened and a byte of it read."""
    problems = []
    for place, n_bytes in files:
        try:
            with open_place(place) as file:
                file.read(1)
            found = measure(place)
        except (InputError, OSError) as error:
            problems.append(
                f"{place.path}: {getattr(error, 'strerror', None) or error}"
            )
            continue
        if found != n_bytes:
            problems.append(f"{place.path} of {found} bytes, not {n_bytes}")
    return problems


@contextmanager
def put_token(folder: str, options: Mapping[str, Any]) -> Iterator[str]:
    """Make a folder or URL, and write a small file there for a while; give its name.

    Raises
    ------
    OutputError
        If that cannot be done.
    """
    name = f".emotiset-{uuid.uuid4().hex}"
    try:
        system, path = find_system(folder, dict(options))
        system.makedirs(path, exist_ok=True)
        target = f"{path.rstrip('/')}/{name}"
        system.pipe_file(target, b"1")
    except Exception as error:  # each file system has errors of its own
        told = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise OutputError(
            f"a place to write to is needed, found {folder}: {told}; choose another"
        ) from error
    try:
        yield name
    finally:
        with suppress(Exception):
            system.rm_file(target)


def check_folder(folder: str, options: Mapping[str, Any], token: str) -> list[str]:
    """Return why this process cannot share a folder with the one that put the token."""
    try:
        system, path = find_system(folder, dict(options))
        if not system.exists(f"{path.rstrip('/')}/{token}"):
            return [f"{folder} without what the client wrote there"]
        with put_token(folder, options):
            return []
    except EmotisetError as error:
        return [str(error)]
