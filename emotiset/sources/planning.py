"""The plan: which blocks an input is read in, and where a limit ends it."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from emotiset.config import SourceConfig
from emotiset.errors import InputError
from emotiset.sources.blocks import Block, Piece, shorten
from emotiset.sources.cutting import plan_file
from emotiset.sources.finding import find_files
from emotiset.sources.lines import count_lines
from emotiset.sources.pages import count_pages
from emotiset.sources.parquet import count_parquet
from emotiset.sources.records import count_delimited
from emotiset.sources.simulated import count_simulated

_WORKERS: Final = 8  # that an input of a few files should keep busy
_LEAST_BYTES: Final = 8 << 20  # of a block; smaller ones cost more than they give
_MAX_THREADS: Final = 8  # decompressing a head lets other threads run


def plan_blocks(inputs: Sequence[str], config: SourceConfig) -> list[Block]:
    """Plan how inputs are read.

    Reads the head of each file, all of a large delimited file (a line end there may
    be inside of quotes), and the footer of Parquet.  Files without a byte are passed
    over; a file that cannot be read is one reject, unless no other is there.

    Parameters
    ----------
    inputs
        Files, folders, globs, and ``simulated:N``.
    config
        The format, column names, and the size of a block.

    Returns
    -------
    list of Block
        In input order.  Small files share a block; a file that can be cut is cut.

    Raises
    ------
    InputError
        If an input is not there, nothing can be read, or a column is missing.

    Examples
    --------
    >>> [block] = plan_blocks(["simulated:1000"], SourceConfig())
    >>> block.format
    'simulated'
    """
    names = find_files(inputs, config.storage_options)
    if not names:
        raise InputError("an input is needed, found none: name files or folders")
    with ThreadPoolExecutor(_MAX_THREADS) as pool:
        planned = list(pool.map(partial(plan_file, config=config), names))
    pieces = [each for pieces in planned for each in pieces]
    problems = [piece for _, piece in pieces if piece.problem is not None]
    if not pieces:
        raise InputError(
            f"an input needs at least one record, found {shorten(names[0])} empty"
            f"{_and_more(len(names))}: name a file that holds something"
        )
    if len(problems) == len(pieces):
        raise InputError(
            "an input needs tweets, CSV, Parquet or text, found that "
            f"{shorten(problems[0].path)} {problems[0].problem}"
            f"{_and_more(len(problems))}"
        )
    return list(_group(pieces, _choose_size(pieces, config.block_size)))


def find_blocks(inputs: Sequence[str | Path], config: SourceConfig) -> list[Block]:
    """Plan the blocks of the inputs, up to the limit of records that *config* sets.

    See `plan_blocks` for what is raised.

    Raises
    ------
    InputError
        Also for a name that stands alone, whose letters would be the inputs.

    Examples
    --------
    >>> blocks = find_blocks(["simulated:1000"], SourceConfig(limit=10))
    >>> [block.n_records for block in blocks]
    [10]
    """
    if isinstance(inputs, str | Path):
        raise InputError(
            f"a list of inputs is needed, found {inputs!r} alone: put it in brackets"
        )
    blocks = plan_blocks([str(path) for path in inputs], config)
    if config.limit is None:
        return blocks
    return limit_blocks(blocks, config.limit, config)


def find_paths(blocks: Sequence[Block]) -> set[str]:
    """Return the files that the blocks read, which no output may replace.

    Examples
    --------
    >>> find_paths(plan_blocks(["simulated:1000"], SourceConfig()))
    {'simulated:1000'}
    """
    return {piece.path for block in blocks for piece in block.pieces}


def limit_blocks(
    blocks: Sequence[Block], n_records: int, config: SourceConfig
) -> list[Block]:
    """Return blocks that hold the first records and no others.

    Counts records, without decoding them, up to the last one needed.

    Parameters
    ----------
    blocks
        In input order; may be limited already.
    n_records
        How many records to keep.
    config
        The settings of the plan.

    Raises
    ------
    InputError
        If a file cannot be opened or read.

    Examples
    --------
    >>> config = SourceConfig(block_size=100_000)
    >>> blocks = plan_blocks(["simulated:1000"], config)
    >>> len(blocks), [block.n_records for block in limit_blocks(blocks, 60, config)]
    (20, [50, 10])
    """
    limited = []
    for block in blocks:
        if n_records <= 0:
            break
        taken = _take(block, n_records)
        limited.append(taken)
        n_records -= taken.n_records or 0
    return limited


def _take(block: Block, limit: int) -> Block:
    """Return a block of the first records of a block, and how many they are."""
    if block.n_records is not None:
        limit = min(limit, block.n_records)
    pieces, n_records = [], 0
    for piece in block.pieces:
        if n_records >= limit:
            break
        n_found, n_bytes = _count(block.format, piece, limit - n_records)
        n_records += n_found
        is_cut = n_records >= limit
        n_bytes = max(min(n_bytes, piece.n_bytes), 1)
        pieces.append(replace(piece, n_bytes=n_bytes) if is_cut else piece)
    return Block(block.format, tuple(pieces), n_records)


def _count(format: str, piece: Piece, limit: int) -> tuple[int, int]:
    return (1, 1) if piece.problem is not None else _COUNTERS[format](piece, limit)


def _choose_size(pieces: Sequence[tuple[str, Piece]], block_size: int) -> int:
    """Return the bytes of a block that give a small input's blocks to many workers.

    It is halved, not fitted, so that it stays the same while an input grows a little.
    """
    most = sum(piece.n_bytes for _, piece in pieces) // _WORKERS
    while block_size > max(most, 2 * _LEAST_BYTES - 1):
        block_size = -(-block_size // 2)
    return block_size


def _group(pieces: Iterable[tuple[str, Piece]], size: int) -> Iterator[Block]:
    """Fill blocks with pieces of one format that follow each other.

    A block ends where it is full, or before that at a piece whose name says so: a file
    that is new, or gone, then changes the blocks about it and none behind the next such
    piece.  So what an earlier run has kept of the others is found again.
    """
    waiting: list[Piece] = []
    waiting_format, n_bytes = "", 0
    for format, piece in pieces:
        # Halfway over is nearer to the size than halfway under.
        is_full = n_bytes + piece.n_bytes // 2 > size * 5 // 4
        is_full |= n_bytes > size * 3 // 4 and _is_mark(piece, size)
        if waiting and (is_full or format != waiting_format):
            yield Block(waiting_format, tuple(waiting))
            waiting, n_bytes = [], 0
        waiting.append(piece)
        waiting_format, n_bytes = format, n_bytes + piece.n_bytes
    if waiting:
        yield Block(waiting_format, tuple(waiting))


def _is_mark(piece: Piece, size: int) -> bool:
    """Tell by its name whether a block shall begin at a piece.

    By chance about once in a quarter of a block, however small the pieces are.
    """
    name = f"{piece.path} {piece.start}".encode(errors="surrogateescape")
    drawn = int.from_bytes(hashlib.blake2b(name, digest_size=8).digest())
    return drawn * size < piece.n_bytes << 66


def _and_more(n: int) -> str:
    return f", and {n - 1} more like it" if n > 1 else ""


_COUNTERS: Final[dict[str, Callable[[Piece, int], tuple[int, int]]]] = {
    "tweets": count_lines,
    "pages": count_pages,
    "bluesky": count_lines,
    "mastodon": count_lines,
    "reddit": count_lines,
    "json": count_lines,
    "svmlight": count_lines,
    "text": count_lines,
    "csv": count_delimited,
    "parquet": count_parquet,
    "simulated": count_simulated,
}
