"""SVMLight and LIBSVM: one example a line, a label and ``column:value`` words.

Columns are names like any other.  What stands behind ``#`` is a comment, and a query id
(``qid:7``) is no feature.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from emotiset.config import SourceConfig
from emotiset.errors import InputError
from emotiset.maps import canonical_text
from emotiset.sources.blocks import Piece, Reading
from emotiset.sources.door import decode_utf8, make_tweets
from emotiset.sources.dropping import BLANK, count_dropped_lines
from emotiset.sources.lines import Lines, decode_chunks, read_lines

_NUMBER: Final = r"[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|nan|inf)"
_LINE: Final = (
    rf"^[ \t]*(?P<label>{_NUMBER})(?:[ \t]+qid:\d+)?"
    rf"(?P<words>(?:[ \t]+\d+:{_NUMBER})*)[ \t\r]*$"
)
_IS_LINE: Final = re.compile(_LINE.encode())
_COMMENT: Final = "#.*$"


def is_svmlight(lines: Sequence[bytes]) -> bool:
    """Tell whether most lines are examples, some of them with a feature.

    Examples
    --------
    >>> is_svmlight([b"# made by hand", b"+1 1:0.5 7:2"]), is_svmlight([b"1", b"2"])
    (True, False)
    """
    bare = [line.split(b"#")[0].strip() for line in lines]
    found = [_IS_LINE.match(line) for line in bare if line]
    n_examples = sum(each is not None for each in found)
    return 2 * n_examples > len(found) and any(each and each["words"] for each in found)


def read_svmlight(
    piece: Piece, config: SourceConfig, limit: int | None
) -> Iterator[Reading]:
    """Read the examples of a piece.

    Parameters
    ----------
    piece
        Of a file of lines.
    config
        Names no column to keep: there is none.
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
            f"--keep-columns needs columns with names, found SVMLight in {piece.path}: "
            "leave it out"
        )
    return decode_chunks(read_lines(piece), piece.source, limit, _read_chunk)


def _read_chunk(chunk: Lines, source: str) -> Reading:
    text = decode_utf8(pa.array(chunk.lines, pa.binary()))
    bare = pc.replace_substring_regex(text, _COMMENT, "")
    parts = pc.extract_regex(bare, _LINE)
    words = canonical_text(pc.struct_field(parts, "words"))
    batch, dropped = make_tweets(
        words, label=pc.struct_field(parts, "label"), is_features=True
    )
    why = count_dropped_lines(
        source, chunk, dropped, lambda row: _explain(chunk.lines[row])
    )
    return Reading(source, batch, *why)


def _explain(line: bytes) -> tuple[str, str]:
    """Return the bin of a line without an example, and the reason for a reject."""
    if not line.split(b"#")[0].strip():
        return BLANK
    return "unreadable", "is no label and column:value words"
