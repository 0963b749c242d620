"""Delimited text, CSV and its kin: the cells of the columns that are needed.

All cells are read as text, so an id keeps every digit.
"""

import csv
import io
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from emotiset.config import SourceConfig
from emotiset.sources.blocks import Flaw, Layout, Piece, Reading, Reject, make_reject
from emotiset.sources.columns import find_columns, read_flags
from emotiset.sources.door import decode_utf8, is_utf8, make_tweets
from emotiset.sources.lines import take_records
from emotiset.sources.quotes import Int64, find_delimiters
from emotiset.sources.records import Records, read_records

_LF, _CR = ord("\n"), ord("\r")


def read_delimited(
    piece: Piece, config: SourceConfig, limit: int | None
) -> Iterator[Reading]:
    """Read the rows of a piece of a delimited file.

    Parameters
    ----------
    piece
        With a layout; begins and ends where a record does.
    config
        Names columns.
    limit
        Records to read at most; None: all.

    Yields
    ------
    Reading
        Of at most `MAX_ROWS` rows.

    Raises
    ------
    InputError
        If the file cannot be opened or read, or lacks a column.
    """
    layout = piece.layout
    if layout is None:
        return
    chunks = read_records(piece, layout.delimiter, layout.data_start)
    for chunk in take_records(chunks, limit):
        yield (
            chunk.to_reading(piece.path)
            if isinstance(chunk, Flaw)
            else _read_rows(chunk, layout, config, piece.path)
        )


def _read_rows(
    records: Records, layout: Layout, config: SourceConfig, source: str
) -> Reading:
    table = Cells(records, layout.delimiter)
    is_whole = table.n_cells == len(layout.names)
    is_sound = _find_sound(records)
    rows = np.flatnonzero(is_whole & is_sound)
    columns = find_columns(layout.names, config, source)

    def take(column: int | None) -> pa.Array | None:
        return None if column is None else table.take(rows, column)

    flags = take(columns.is_retweet)
    batch, dropped = make_tweets(
        table.take(rows, columns.text),
        lang=take(columns.lang),
        created_at=take(columns.created_at),
        id=take(columns.id),
        is_retweet=None if flags is None else read_flags(flags),
        label=take(columns.label),
    )
    is_lost = ~(is_whole & is_sound)
    is_lost[rows[dropped]] = True
    return _count(np.flatnonzero(is_lost), batch, table, is_sound, layout, source)
