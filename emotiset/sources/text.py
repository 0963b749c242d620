"""Plain text: one text a line, and nothing else known of it."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from emotiset.config import SourceConfig
from emotiset.errors import InputError
from emotiset.sources.blocks import Piece, Reading
from emotiset.sources.door import decode_utf8, make_tweets
from emotiset.sources.dropping import BLANK, count_dropped_lines
from emotiset.sources.lines import Lines, decode_chunks, read_lines


def read_text(
    piece: Piece, config: SourceConfig, limit: int | None
) -> Iterator[Reading]:
    """Read the lines of a piece, each one text.

    Parameters
    ----------
    piece
        Of a file of lines.
    config
        Names no column to keep: a text has none.
    limit
        Records to read at most; None: all.

    Returns
    -------
    iterator of Reading
        Each of at most `MAX_ROWS` lines.

    Raises
    ------
    InputError
        If the file cannot be opened or read, or columns of it are to be kept.
    """
    if config.keep_columns:
        raise InputError(
            f"--keep-columns needs columns, found plain text in {piece.path}: leave it "
            "out, or say --format csv"
        )
    return decode_chunks(read_lines(piece), piece.source, limit, read_texts)


def read_texts(chunk: Lines, source: str) -> Reading:
    """Turn some lines into a reading; *source* is what its rejects name."""
    text = decode_utf8(pa.array(chunk.lines, pa.binary()))
    is_sound = text.is_valid().to_numpy(zero_copy_only=False)
    batch, dropped = make_tweets(pc.utf8_rtrim(text, characters="\r"))
    why = count_dropped_lines(
        source, chunk, dropped, lambda row: _explain(chunk.lines[row], is_sound[row])
    )
    return Reading(source, batch, *why)


def _explain(line: bytes, is_sound: np.bool_) -> tuple[str, str]:
    """Return the bin of a line without text, and the reason if it is a reject."""
    if not line.strip():
        return BLANK
    if not is_sound:
        return "unreadable", "is no UTF-8"
    return "no_text", "has no text, only white space"
