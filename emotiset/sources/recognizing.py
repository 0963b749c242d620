"""What a file holds, by its content: compression, format, and where columns are.

The name decides one thing only: whether lines without a known header are plain text or
a table, so that a table is never read as if its rows were texts.
"""

import re
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from emotiset.checks import option_name
from emotiset.config import SourceConfig
from emotiset.errors import InputError
from emotiset.sources.blocks import Layout, shorten
from emotiset.sources.columns import find_columns, missing_column
from emotiset.sources.decoding import is_notice
from emotiset.sources.delimited import choose_layout, find_layouts
from emotiset.sources.dialects import (
    UnknownError,
    find_dialect,
    has_field,
    has_pages,
    has_place,
    list_all_fields,
)
from emotiset.sources.lines import BOM, MAX_RECORD, TOO_LONG
from emotiset.sources.opening import DamagedError, find_compression, read_bytes
from emotiset.sources.parquet import MAGIC as PARQUET
from emotiset.sources.storage import Place
from emotiset.sources.svmlight import is_svmlight

_HEAD_BYTES: Final = 256 << 10
_RAW_HEAD_BYTES: Final = 512
_LINES_LOOKED_AT: Final = 64
_MAX_ODD_SHARE: Final = 0.1  # of the bytes, in what still passes for text

_FOREIGN: Final = (
    (b"PK\x03\x04", "is a ZIP archive or a spreadsheet: unpack it, or save it as CSV"),
    (b"\xff\xfe", "is UTF-16 text: convert it to UTF-8"),
    (b"\xfe\xff", "is UTF-16 text: convert it to UTF-8"),
    (b"ARROW1", "is an Arrow file: write it as Parquet"),
    (b"ORC", "is an ORC file: write it as Parquet"),
    (b"Obj\x01", "is an Avro file: write it as Parquet"),
    (b"SQLite format 3", "is a database: export the table as CSV"),
    (b"%PDF", "is a PDF: nothing here reads one"),
)
_TAR, _TAR_AT = b"ustar", 257
_TABLE_SUFFIXES: Final = frozenset({".csv", ".tsv", ".tab", ".psv"})
_COMPRESSED_SUFFIXES: Final = frozenset({".gz", ".bz2", ".xz", ".zst"})
_OBJECT: Final = re.compile(rb'\s*\{\s*["}]')
_ARRAY: Final = re.compile(rb"\s*\[\s*(\{|$)")
_NAME: Final = re.compile(r"[\w.#-]+")  # a column's name, but no part of a sentence
_OBJECTS: Final = frozenset({"tweets", "bluesky", "mastodon", "reddit", "json"})
_CONTROL: Final = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b"))


@dataclass(frozen=True)
class Recognized:
    """What a file holds.

    Attributes
    ----------
    format
        As a `Block` names it; None: the file is empty.
    compression
        As `find_compression` names it.
    layout
        Of delimited text.
    problem
        Why the file cannot be read.
    """

    format: str | None
    compression: str = "none"
    layout: Layout | None = None
    problem: str | None = None

    @property
    def is_lines(self) -> bool:
        """Whether it can be read, line by line, and no header says more of it."""
        known = {*_OBJECTS, "pages", "svmlight", "text"}
        return self.problem is None and self.format in known


@dataclass(frozen=True)
class _Head:
    """The first bytes of a file, decompressed, and whether they are all of it."""

    data: bytes
    compression: str
    is_whole: bool
    damage: str

    @property
    def is_one_line(self) -> bool:
        """Whether not even the first line has ended."""
        return not self.is_whole and b"\n" not in self.data

    def begins_with(self, mark: bytes) -> bool:
        """Return whether *mark* is the first that is no blank."""
        return self.data.removeprefix(BOM).lstrip().startswith(mark)

    def lines(self) -> list[bytes]:
        """Return the lines that hold something, without one that is cut off."""
        lines = self.data.removeprefix(BOM).split(b"\n")
        if len(lines) > 1 and not self.is_whole:
            lines.pop()
        return [line for line in lines if line.strip()]


def recognize(path: str, place: Place, config: SourceConfig) -> Recognized:
    """Find out what a file holds, from its first bytes.

    Parameters
    ----------
    path
        What to call it.
    place
        Where its bytes lie.
    config
        May name the format and columns.

    Returns
    -------
    Recognized
        With a problem, if the file is damaged or of a kind that no reader knows.  A
        tar archive has the format ``tar``, which no reader has: its members do.

    Raises
    ------
    InputError
        If the file lacks a column that the user named, if a table has no column that
        can be taken for the text, or if the file cannot be opened.
    """
    head = _read_head(place)
    if not head.data and not head.damage:
        return Recognized(None)
    if head.compression == "none" and _is_archive(head):
        return Recognized("tar")
    try:
        if head.damage and b"\n" not in head.data:
            raise UnknownError(head.damage)
        kind = config.format if config.format != "auto" else _guess(head, path, config)
        if kind == "tweets" and has_pages(head.lines()[:_LINES_LOOKED_AT]):
            kind = "pages"
        if kind == "parquet":
            _check_parquet(head)
    except UnknownError as error:
        return Recognized("text", head.compression, problem=str(error))
    layout = _find_layout(head, path, config) if kind == "csv" else None
    if config.label_column is not None and kind == "text":
        raise missing_column(config.label_column, "--label-column", [], path)
    if kind == "json" and config.format == "auto":
        _check_places(head, path, config)
    if config.label_column is not None and kind in _OBJECTS:
        _check_label(head, path, config.label_column, is_place=kind != "tweets")
    return Recognized(kind, head.compression, layout)


def _read_head(place: Place) -> _Head:
    with closing(read_bytes(place, "none", size=_RAW_HEAD_BYTES)) as raw:
        compression = find_compression(next(raw, b""))
    head = _Head(b"", compression, False, "")
    with closing(read_bytes(place, compression, size=_HEAD_BYTES)) as stream:
        try:
            for part in stream:
                head = replace(head, data=head.data + part)
                if len(head.data) >= _HEAD_BYTES and not _is_wanting(head):
                    return head
        except DamagedError as error:
            return replace(head, damage=str(error))
    return replace(head, is_whole=True)


def _is_wanting(head: _Head) -> bool:
    """Return whether a line of JSON has to be read on, up to where it is a reject."""
    is_object = head.is_one_line and head.begins_with(b"{")
    return is_object and len(head.data) <= MAX_RECORD


def _guess(head: _Head, path: str, config: SourceConfig) -> str:
    """Return the format of a file by its content."""
    if head.data.startswith(PARQUET):
        return "parquet"
    _check_foreign(head)
    lines = head.lines()[:_LINES_LOOKED_AT]
    _check_spread(head, lines)
    n_objects = sum(_OBJECT.match(line) is not None for line in lines)
    if n_objects and 2 * n_objects >= len(lines):
        return find_dialect(lines, config)
    if config.features_column is not None and is_svmlight(lines):
        return "svmlight"
    _check_characters(head.data)
    return "csv" if _is_table(head, path, config) else "text"


def _check_spread(head: _Head, lines: list[bytes]) -> None:
    if head.is_one_line and head.begins_with(b"{"):
        raise UnknownError(
            f"is JSON of which the first line {TOO_LONG}: write one object a line, or "
            "say what the other lines are, such as --format tweets"
        )
    is_array = head.is_one_line and head.begins_with(b"[")
    if lines and (is_array or _ARRAY.match(lines[0]) or lines[0].strip() == b"{"):
        raise UnknownError(
            "is JSON that goes over several lines, or an array: write one object a "
            "line, as jq -c does"
        )


def _check_parquet(head: _Head) -> None:
    if not head.data.startswith(PARQUET):
        raise UnknownError("is no Parquet file: try --format auto")
    if head.compression != "none":
        raise UnknownError(
            "is a Parquet file that was compressed as a whole: decompress it"
        )


def _check_foreign(head: _Head) -> None:
    for magic, what in _FOREIGN:
        if head.data.startswith(magic):
            raise UnknownError(what)
    if _is_archive(head):
        raise UnknownError(
            "is a compressed tar archive: decompress it, and it is read file by file"
        )
    if head.compression != "none" and find_compression(head.data) != "none":
        raise UnknownError("was compressed twice: decompress it once")


def _is_archive(head: _Head) -> bool:
    return head.data[_TAR_AT:].startswith(_TAR)


def _check_characters(data: bytes) -> None:
    n_control = len(data) - len(data.translate(None, _CONTROL))
    n_odd = data.decode(errors="replace").count("\ufffd")
    if n_control + n_odd > _MAX_ODD_SHARE * len(data):
        raise UnknownError(
            f"is neither text nor of a kind that is known, it begins with "
            f"{data[:8].hex(' ')}: say what it is with --format tweets, csv, parquet "
            "or text"
        )


def _is_table(head: _Head, path: str, config: SourceConfig) -> bool:
    """Return whether lines are rows: by the name, a named column, or the header."""
    suffixes = [suffix.lower() for suffix in Path(path).suffixes]
    while suffixes and suffixes[-1] in _COMPRESSED_SUFFIXES:
        suffixes.pop()
    if config.content_column is not None or set(suffixes[-1:]) & _TABLE_SUFFIXES:
        return True
    layouts = find_layouts(head.data, is_whole=head.is_whole)
    layout = choose_layout(layouts, config)
    if layout is None or len(layout.names) < 2:
        return False
    return all(_NAME.fullmatch(name) for name in layout.names)


def _find_layout(head: _Head, path: str, config: SourceConfig) -> Layout:
    layouts = find_layouts(head.data, is_whole=head.is_whole)
    if not layouts:
        raise InputError(
            f"a table needs a header line, found none in the first "
            f"{_HEAD_BYTES >> 10} kB of {shorten(path)}: add one, or say --format text"
        )
    layout = choose_layout(layouts, config) or layouts[0]
    find_columns(layout.names, config, path)
    return layout


def _check_places(head: _Head, path: str, config: SourceConfig) -> None:
    """Raise if the head lacks a place that the user named beside the text's."""
    lines = head.lines()
    for setting in ("lang_column", "time_column", "id_column"):
        name = getattr(config, setting)
        if name is not None and not has_place(lines, name):
            names = list_all_fields(lines)
            error = missing_column(name, option_name(setting), names, path)
            raise InputError(
                f"{error}; say --format json where only later lines have it"
            )


def _check_label(head: _Head, path: str, label_column: str, *, is_place: bool) -> None:
    """Raise if the head holds tweets and none of them has the label."""
    lines = [line for line in head.lines() if not is_notice(line)]
    names = list_all_fields(lines)
    is_there = label_column in names or (is_place and has_field(lines, label_column))
    if names and not is_there:
        raise missing_column(label_column, "--label-column", names, path)
