"""Delimited text, CSV and its kin: rows whose columns a header names.

All cells are read as text, so an id keeps every digit.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from emotiset.config import SourceConfig
from emotiset.maps import canonical_text
from emotiset.sources.blocks import Flaw, Layout, Piece, Reading
from emotiset.sources.cells import Cells, split_record
from emotiset.sources.columns import Columns, find_columns, has_text_name, read_flags
from emotiset.sources.door import is_utf8, make_tweets
from emotiset.sources.dropping import BLANK, count_dropped
from emotiset.sources.lines import BOM, take_records
from emotiset.sources.quotes import Int64, find_record_ends
from emotiset.sources.records import Records, read_records

_DELIMITERS: Final = (",", "\t", ";", "|")
_NO_DELIMITER: Final = "\x1f"  # of a file with one column: no text holds it


def find_layouts(head: bytes, *, is_whole: bool) -> list[Layout]:
    r"""Read the header of a delimited file with each delimiter that is common.

    Parameters
    ----------
    head
        Of the file, decompressed.
    is_whole
        Whether it is all of the file.

    Returns
    -------
    list of Layout
        The one with the most columns first.  Empty, if no header ends in *head*.

    Examples
    --------
    >>> find_layouts(b"id; text\n1;a,b\n", is_whole=True)[0]
    Layout(delimiter=';', names=('id', 'text'), data_start=9)
    """
    found = [_read_header(head, each, is_whole=is_whole) for each in _DELIMITERS]
    layouts = [layout for layout in found if layout is not None]
    return sorted(layouts, key=lambda layout: -len(layout.names))


def choose_layout(layouts: Sequence[Layout], config: SourceConfig) -> Layout | None:
    """Return the layout in which the text column is found; None: there is none."""
    return next((each for each in layouts if has_text_name(each.names, config)), None)


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
    columns = find_columns(layout.names, config, piece.path)
    chunks = read_records(piece, layout.delimiter, layout.data_start)
    for chunk in take_records(chunks, limit):
        yield (
            chunk.to_reading(piece.path)
            if isinstance(chunk, Flaw)
            else _read_rows(chunk, layout, columns, piece.path, config)
        )


def _read_header(head: bytes, delimiter: str, *, is_whole: bool) -> Layout | None:
    start = len(BOM) if head.startswith(BOM) else 0
    body = head[start:]
    ends = find_record_ends(body, delimiter, is_final=is_whole).tolist()
    for begin, end in zip([0, *ends], ends, strict=False):
        if body[begin:end].strip():
            names = split_record(body[begin:end].rstrip(b"\r\n"), delimiter)
            is_single = len(names) == 1
            return Layout(
                _NO_DELIMITER if is_single else delimiter,
                tuple(name.strip() for name in names),
                start + end,
            )
    return None


def _read_rows(
    records: Records,
    layout: Layout,
    columns: Columns,
    source: str,
    config: SourceConfig,
) -> Reading:
    cells = Cells(records, layout.delimiter)
    is_sound = _find_sound(records)
    is_row = is_sound & (cells.n_cells == len(layout.names))
    rows = np.flatnonzero(is_row)
    tweets, dropped = _take_columns(cells, rows, columns, config)
    is_row[rows[dropped]] = False

    def explain(row: int) -> tuple[str, str]:
        record, n_cells = cells.record(row), int(cells.n_cells[row])
        return _explain(record, n_cells, layout, is_sound=bool(is_sound[row]))

    def locate(row: int) -> tuple[str, bytes]:
        return f"byte {records.offset + int(cells.starts[row])}", cells.record(row)

    why = count_dropped(source, np.flatnonzero(~is_row), explain, locate)
    return Reading(source, tweets, *why)


def _take_columns(
    cells: Cells, rows: Int64, columns: Columns, config: SourceConfig
) -> tuple[pa.RecordBatch, Int64]:
    def take(column: int | None) -> pa.Array | None:
        return None if column is None else cells.take(rows, column)

    flags = take(columns.is_retweet)
    has_maps = config.features_column is not None
    text = cells.take(rows, columns.text)
    return make_tweets(
        canonical_text(text) if has_maps else text,
        lang=take(columns.lang),
        created_at=take(columns.created_at),
        id=take(columns.id),
        is_retweet=None if flags is None else read_flags(flags),
        label=take(columns.label),
        is_features=has_maps,
        kept={
            name: cells.take(rows, column)
            for name, column in zip(config.keep_columns, columns.kept, strict=True)
        },
    )


def _find_sound(records: Records) -> npt.NDArray[np.bool_]:
    """Return which records are UTF-8, bool[n]."""
    if is_utf8(records.data):
        return np.ones(records.n_records, np.bool_)
    bounds = zip(records.starts.tolist(), records.ends.tolist(), strict=True)
    return np.array([is_utf8(records.data[start:end]) for start, end in bounds])


def _explain(
    record: bytes, n_cells: int, layout: Layout, *, is_sound: bool
) -> tuple[str, str]:
    """Return the bin of a record without text, and the reason if it is a reject."""
    if not record.strip():
        return BLANK
    if not is_sound:
        return "unreadable", "is no UTF-8"
    if n_cells != len(layout.names):
        return "unreadable", f"has {n_cells} cells instead of {len(layout.names)}"
    return "no_text", "has no text in its text column"
