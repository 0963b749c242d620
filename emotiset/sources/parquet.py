"""Parquet tables: row groups, of which only the columns needed are read."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from emotiset.config import SourceConfig
from emotiset.sources.arrow import (
    check_types,
    to_features,
    to_flags,
    to_text,
    to_times,
)
from emotiset.sources.blocks import Flaw, Piece, Reading
from emotiset.sources.columns import Columns, find_columns
from emotiset.sources.door import make_tweets
from emotiset.sources.dropping import count_dropped
from emotiset.sources.hive import add_columns, add_fields, find_partitions
from emotiset.sources.lines import MAX_ROWS
from emotiset.sources.storage import Place, open_place, unreadable

MAGIC: Final = b"PAR1"
_EMPTY: Final = ("has no text in its text column", "has no feature map")
_BROKEN: Final = (pa.ArrowException, OSError)


def plan_parquet(path: str, place: Place, config: SourceConfig) -> list[Piece]:
    """Make a piece of each row group, or one with a problem.

    Raises
    ------
    InputError
        If a column is not there, or is of a type that holds no text.
    """
    try:
        with _open(place) as parquet:
            return _plan_groups(path, place, parquet, config)
    except _BROKEN as error:
        problem = f"is a damaged Parquet file ({_one_line(error)})"
        return [Piece(path, 0, 0, n_bytes=1, problem=problem)]


def _plan_groups(
    path: str, place: Place, parquet: pq.ParquetFile, config: SourceConfig
) -> list[Piece]:
    _find_checked(parquet, path, config)
    groups = [parquet.metadata.row_group(i) for i in range(parquet.num_row_groups)]
    return [
        Piece(path, i, i + 1, n_bytes=max(group.total_byte_size, 1), place=place)
        for i, group in enumerate(groups)
        if group.num_rows
    ]


def count_parquet(piece: Piece, limit: int) -> tuple[int, int]:
    """Count the rows of a piece, up to *limit*, and about their bytes."""
    try:
        with _open(piece.where) as parquet:
            n_rows = sum(_row_counts(parquet)[piece.start : piece.stop])
    except _BROKEN:
        return 1, piece.n_bytes
    n_taken = min(n_rows, limit)
    return n_taken, piece.n_bytes * n_taken // max(n_rows, 1)


def read_parquet(
    piece: Piece, config: SourceConfig, limit: int | None
) -> Iterator[Reading]:
    """Read the rows of a piece of a Parquet file.

    Where a row group turns out to be damaged, what is left of the piece is one reject.

    Parameters
    ----------
    piece
        Row groups.
    config
        Names columns.
    limit
        Rows to read at most; None: all.

    Yields
    ------
    Reading
        Of at most `MAX_ROWS` rows.

    Raises
    ------
    InputError
        If the file cannot be opened or lacks a column.
    """
    with ExitStack() as stack:
        try:
            parquet = stack.enter_context(_open(piece.where))
        except _BROKEN as error:
            raise unreadable(piece.path, error) from error
        columns, schema = _find_checked(parquet, piece.path, config)
        row = sum(_row_counts(parquet)[: piece.start])
        stop = None if limit is None else row + limit
        for part in _read_parts(parquet, piece, columns, schema):
            if stop is not None and row >= stop:
                return
            if isinstance(part, Flaw):
                yield part.to_reading(piece.path)
                return
            batch = part if stop is None else part.slice(0, stop - row)
            yield _to_reading(batch, columns, schema, piece.path, row, config)
            row += batch.num_rows


def _read_parts(
    parquet: pq.ParquetFile, piece: Piece, columns: Columns, schema: pa.Schema
) -> Iterator[pa.RecordBatch | Flaw]:
    """Yield the batches of a piece; at the end a flaw, if it is damaged."""
    positions = (*columns.positions(), *columns.kept)
    wanted = dict.fromkeys(schema.names[i] for i in positions)
    partitions = find_partitions(piece.path)
    batches = parquet.iter_batches(
        batch_size=MAX_ROWS,
        row_groups=list(range(piece.start, piece.stop)),
        columns=[name for name in wanted if name in parquet.schema_arrow.names],
        use_threads=False,
    )
    try:
        for batch in batches:
            yield add_columns(batch, partitions)
    except _BROKEN as error:
        reason = f"row groups {piece.start} to {piece.stop - 1} are damaged"
        yield Flaw(0, f"{reason} ({_one_line(error)})", b"")


@contextmanager
def _open(place: Place) -> Iterator[pq.ParquetFile]:
    with open_place(place) as file, pq.ParquetFile(file) as parquet:
        yield parquet


def _find_checked(
    parquet: pq.ParquetFile, path: str, config: SourceConfig
) -> tuple[Columns, pa.Schema]:
    """Return where the columns are, in the file's schema and its folders' names."""
    schema = add_fields(parquet.schema_arrow, find_partitions(path))
    columns = find_columns(schema.names, config, path)
    check_types(schema, columns, path, has_maps=config.features_column is not None)
    return columns, schema


def _to_reading(
    batch: pa.RecordBatch,
    columns: Columns,
    schema: pa.Schema,
    source: str,
    first_row: int,
    config: SourceConfig,
) -> Reading:
    names = batch.schema.names

    def take(position: int | None) -> pa.Array | None:
        if position is None:
            return None
        return batch.column(names.index(schema.names[position]))

    raw = batch.column(names.index(schema.names[columns.text]))
    has_maps = config.features_column is not None
    text = to_features(raw) if has_maps else to_text(raw)
    is_sound = pc.or_(text.is_valid(), raw.is_null()).to_numpy(zero_copy_only=False)
    lang, id, label = take(columns.lang), take(columns.id), take(columns.label)
    created_at, flags = take(columns.created_at), take(columns.is_retweet)
    tweets, dropped = make_tweets(
        text,
        lang=None if lang is None else to_text(lang),
        created_at=None if created_at is None else to_times(created_at),
        id=None if id is None else to_text(id),
        is_retweet=None if flags is None else to_flags(flags),
        label=None if label is None else to_text(label),
        is_features=has_maps,
        kept={
            name: batch.column(names.index(schema.names[position]))
            for name, position in zip(config.keep_columns, columns.kept, strict=True)
        },
    )
    empty = ("no_text", _EMPTY[has_maps])
    why = count_dropped(
        source,
        dropped,
        lambda row: empty if is_sound[row] else ("unreadable", "is no UTF-8"),
        lambda row: (f"row {first_row + row}", b""),
    )
    return Reading(source, tweets, *why)


def _row_counts(parquet: pq.ParquetFile) -> list[int]:
    metadata = parquet.metadata
    return [metadata.row_group(i).num_rows for i in range(parquet.num_row_groups)]


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
