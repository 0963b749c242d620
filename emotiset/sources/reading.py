"""Blocks to batches: each piece by the reader of its format."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final

import pyarrow as pa

from emotiset.config import SourceConfig
from emotiset.scan import Scan, find_kinds
from emotiset.sources.blocks import Block, Flaw, Piece, Reading, Seen
from emotiset.sources.delimited import read_delimited
from emotiset.sources.pages import read_pages
from emotiset.sources.parquet import read_parquet
from emotiset.sources.posts import read_posts
from emotiset.sources.scanning import Decode, read_scanned
from emotiset.sources.simulated import read_simulated
from emotiset.sources.svmlight import read_svmlight
from emotiset.sources.text import read_text, read_texts
from emotiset.sources.tweets import read_chunk, read_tweets

_ENOUGH_ROWS: Final = 4_096  # a stage spends about 1 ms on a batch, however small
_ENOUGH_BYTES: Final = 8 << 20


def read_block(
    block: Block,
    config: SourceConfig,
    scan: Scan | None = None,
    *,
    keep_notices: bool = False,
) -> Iterator[Reading]:
    """Read a block, a batch at a time; holds one batch and one chunk of a file.

    Parameters
    ----------
    block
        Of a plan.
    config
        The settings that the plan was made with.
    scan
        Of a lexicon: lines of JSON or text in which none of its symbols can stand are
        passed over.  Nothing is passed over where a label column is read, nor in
        other formats.
    keep_notices
        Whether delete notices are read all the same.

    Yields
    ------
    Reading
        In input order, each of one source.

    Raises
    ------
    InputError
        If a file cannot be opened or read, or lacks a column.  What is wrong with
        records is never raised, but counted.

    Examples
    --------
    >>> from emotiset.sources.planning import plan_blocks
    >>> config = SourceConfig()
    >>> [block] = plan_blocks(["simulated:1000"], config)
    >>> sum(reading.n_records for reading in read_block(block, config))
    1000
    """
    left = block.n_records
    read = partial(_read_piece, block.format, keep_notices=keep_notices)
    for piece in block.pieces:
        if left is not None and left <= 0:
            return
        for reading in _gather(read(piece, config, left, scan)):
            yield reading
            left = None if left is None else left - reading.n_records


def _read_piece(
    format: str,
    piece: Piece,
    config: SourceConfig,
    limit: int | None,
    scan: Scan | None,
    *,
    keep_notices: bool,
) -> Iterator[Reading]:
    if piece.problem is not None:
        return iter([Flaw(0, piece.problem, b"").to_reading(piece.source)])
    if scan is not None and config.label_column is None and format in SCANNED:
        find = partial(
            find_kinds,
            scan=scan,
            is_json=format == "tweets",
            keep_notices=keep_notices,
        )
        return read_scanned(piece, limit, find, SCANNED[format])
    return _READERS[format](piece, config, limit)


def _gather(readings: Iterable[Reading]) -> Iterator[Reading]:
    """Join small readings of a source: each batch costs every stage something."""
    waiting: list[Reading] = []
    n_rows = n_bytes = n_rejects = 0
    for reading in readings:
        waiting.append(reading)
        n_rows += reading.tweets.num_rows
        n_bytes += reading.tweets.nbytes
        n_rejects += len(reading.rejects)
        is_enough = n_rows >= _ENOUGH_ROWS or n_bytes >= _ENOUGH_BYTES
        if is_enough or n_rejects >= _ENOUGH_ROWS:
            yield _join(waiting)
            waiting, n_rows, n_bytes, n_rejects = [], 0, 0, 0
    if waiting:
        yield _join(waiting)


def _join(readings: list[Reading]) -> Reading:
    if len(readings) == 1:
        return readings[0]
    bins: dict[str, int] = {}
    for reading in readings:
        for name, count in reading.bins.items():
            bins[name] = bins.get(name, 0) + count
    # A flaw has no rows, and knows nothing of columns that are carried along.
    filled = [each.tweets for each in readings if each.tweets.num_rows]
    tweets = pa.concat_batches(filled or [readings[0].tweets])
    rejects = tuple(reject for reading in readings for reject in reading.rejects)
    looked_at = sum((reading.looked_at for reading in readings), Seen())
    deleted = tuple(id for reading in readings for id in reading.deleted)
    return Reading(readings[0].source, tweets, bins, rejects, looked_at, deleted)


_READERS: Final[
    dict[str, Callable[[Piece, SourceConfig, int | None], Iterator[Reading]]]
] = {
    "tweets": read_tweets,
    "pages": read_pages,
    **{
        format: partial(read_posts, format=format)
        for format in ("bluesky", "mastodon", "reddit", "json")
    },
    "csv": read_delimited,
    "parquet": read_parquet,
    "svmlight": read_svmlight,
    "text": read_text,
    "simulated": read_simulated,
}

# For a format of which lines can be passed over, what decodes them.
SCANNED: Final[dict[str, Decode]] = {
    "tweets": partial(read_chunk, label_column=None),
    "text": read_texts,
}
