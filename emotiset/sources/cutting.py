"""One input to pieces: opened, recognized, and cut where it can be cut."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Final

from emotiset.config import SourceConfig
from emotiset.errors import InputError
from emotiset.sources.archives import Member, find_members
from emotiset.sources.blocks import EXPANSION, Piece, shorten
from emotiset.sources.parquet import plan_parquet
from emotiset.sources.recognizing import Recognized, recognize
from emotiset.sources.records import cut_records
from emotiset.sources.simulated import PREFIX, plan_simulated
from emotiset.sources.spool import STANDARD_INPUT, spool_standard_input
from emotiset.sources.storage import AccessError, Place, is_url, measure
from emotiset.sources.zst_frames import has_frames

# A day's archive has 1,440 members, and the head of one in .bz2 takes 30 ms: where so
# many of one kind are alike, the others are taken for more of it.
_N_ALIKE: Final = 3
_LEAST_CUT: Final = 256 << 10  # bytes; a block of .bz2 is about half of that

_Pieces = list[tuple[str, Piece]]


def plan_file(name: str, config: SourceConfig) -> _Pieces:
    """Return the pieces of a file, archive or simulation, each with its format.

    What cannot be opened is one piece with a problem.

    Raises
    ------
    InputError
        If a column is missing, or the file is no simulation and has to be one.
    """
    if name.startswith(PREFIX):
        return [("simulated", piece) for piece in plan_simulated(name, config)]
    if config.format == "simulated":
        raise InputError(
            f"--format simulated needs inputs such as {PREFIX}200000, found "
            f"{shorten(name)}: leave the format out"
        )
    place = _find_place(name, config)
    try:
        known = recognize(name, place, config)
        if known.format == "tar":
            return list(_plan_archive(name, place, config))
        return _cut(name, place, known, config)
    except AccessError as error:
        return [("text", _problem(name, f"cannot be read ({error})"))]


def _find_place(name: str, config: SourceConfig) -> Place:
    if name == STANDARD_INPUT:
        return Place(spool_standard_input())
    return Place(name, config.storage_options if is_url(name) else {})


def _plan_archive(
    path: str, place: Place, config: SourceConfig
) -> Iterator[tuple[str, Piece]]:
    seen: dict[str, list[Recognized]] = {}
    for member in find_members(place):
        name = f"{path}/{member.name}" if member.name else path
        if member.problem is not None:
            yield "text", _problem(name, member.problem)
            continue
        recent = seen.setdefault(PurePosixPath(member.name).suffix.lower(), [])
        known = _recognize_member(name, member, recent, config)
        recent.append(known)
        yield from _cut(name, member.place, known, config)


def _recognize_member(
    name: str, member: Member, recent: list[Recognized], config: SourceConfig
) -> Recognized:
    last = recent[-_N_ALIKE:]
    is_alike = len(last) == _N_ALIKE and all(each == last[0] for each in last)
    if is_alike and last[0].is_lines:
        return last[0]
    known = recognize(name, member.place, config)
    if known.format == "tar":
        return Recognized("text", problem="is an archive in an archive: unpack it")
    return known


def _cut(name: str, place: Place, known: Recognized, config: SourceConfig) -> _Pieces:
    if known.format is None:
        return []
    pieces = _cut_file(name, place, known, config)
    return [(known.format, piece) for piece in pieces]


def _cut_file(
    path: str, place: Place, known: Recognized, config: SourceConfig
) -> list[Piece]:
    """Cut a file into pieces of about a block, where it can be cut."""
    if known.problem is not None:
        return [_problem(path, known.problem)]
    if known.format == "parquet":
        return plan_parquet(path, place, config)
    size = measure(place)
    start = 0 if known.layout is None else known.layout.data_start
    whole = Piece(
        path,
        0,
        size,
        known.compression,
        size * EXPANSION,
        layout=known.layout,
        place=place,
    )
    step = max(config.block_size // EXPANSION, _LEAST_CUT)
    if known.compression == "bz2" and known.layout is None:
        return _cut_evenly(whole, step)
    is_zst = known.compression == "zst" and known.layout is None
    if is_zst and size > step and has_frames(place, step):
        return _cut_evenly(replace(whole, is_cut=True), step)
    if known.compression != "none":
        return [whole]
    whole = replace(whole, start=start, n_bytes=size - start)
    if whole.n_bytes <= config.block_size:
        return [whole]
    if known.layout is None:
        return _cut_evenly(whole, config.block_size)
    cuts = cut_records(whole, known.layout.delimiter, config.block_size)
    bounds = zip([start, *cuts], cuts, strict=False)
    return [replace(whole, start=a, stop=b, n_bytes=b - a) for a, b in bounds]


def _cut_evenly(whole: Piece, step: int) -> list[Piece]:
    """Cut a file of lines, or its compressed bytes, into pieces of *step* or less."""
    size = whole.stop
    n = max(-(-size // step), 1)
    cuts = [size * i // n for i in range(n + 1)]
    return [
        replace(whole, start=a, stop=b, n_bytes=max(whole.n_bytes * (b - a) // size, 1))
        for a, b in pairwise(cuts)
    ]


def _problem(path: str, problem: str) -> Piece:
    return Piece(path, 0, 0, n_bytes=1, problem=problem)
