"""Tar archives: their members are read where they lie, without unpacking."""

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass

from emotiset.errors import InputError
from emotiset.sources.storage import Place, open_place


@dataclass(frozen=True)
class Member:
    """A file in an archive.

    Attributes
    ----------
    name
        As the archive has it.
    place
        Its bytes.
    problem
        Why it, or what follows it, cannot be read.
    """

    name: str
    place: Place
    problem: str | None = None


def find_members(place: Place) -> Iterator[Member]:
    """Yield the files of an archive, in its order; reads only their headers.

    Members without a byte are passed over, and those whose name, or whose folder's
    name, begins with ``.`` or ``_``.

    Raises
    ------
    InputError
        If the archive cannot be opened.
    """
    try:
        with open_place(place) as file, tarfile.open(fileobj=file, mode="r:") as tar:
            for entry in tar:
                if entry.isreg() and entry.size and not _is_hidden(entry.name):
                    problem = "is stored as a sparse file: unpack it"
                    where = place.cut(entry.offset_data, entry.size)
                    is_sparse = entry.issparse()
                    yield Member(entry.name, where, problem if is_sparse else None)
    except InputError:
        raise
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        told = " ".join(str(error).split())
        problem = f"is a tar archive that is damaged or cut short ({told})"
        yield Member("", place, problem)


def _is_hidden(name: str) -> bool:
    parts = [part for part in name.split("/") if part not in ("", ".")]
    return any(part.startswith((".", "_")) for part in parts)
