"""What a model file looks like, and the checks that a file does.

A file is not trusted: every size is checked against its header, and the header
against fixed limits, before memory is taken for it.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from emotiset.errors import ModelFileError
from emotiset.scorer import MAX_STATE

FORMAT_VERSION: Final = 1

# Key of the file's metadata that holds the header and all else in JSON.
METADATA_KEY: Final = b"emotiset"

# A row for each language and member; no column can hold a null.
WEIGHTS: Final = pa.list_(pa.field("element", pa.float32(), nullable=False))
MODEL: Final = pa.schema(
    [
        pa.field("language", pa.string(), nullable=False),
        pa.field("member", pa.int32(), nullable=False),
        pa.field("intercept", pa.float64(), nullable=False),
        pa.field("weights", WEIGHTS, nullable=False),
        pa.field("vote_weight", pa.float64(), nullable=False),
        pa.field("n_examples", pa.int64(), nullable=False),
    ]
)
# Of members without weights the lists of weights are empty.
STATE_MODEL: Final = MODEL.append(pa.field("state", pa.binary(), nullable=False))
SMALL_COLUMNS: Final = [name for name in MODEL.names if name != "weights"]

MAX_WEIGHTS: Final = 1 << 32  # 16 GiB in memory
# 2^28 weights of this size still add up to a finite float32.
MAX_WEIGHT: Final = 1e30

_MAGIC: Final = b"PAR1"
_TRAIN: Final = "train it again"
_WRONG_FILE: Final = "name the file that training wrote"


class Header(msgspec.Struct):
    """The sizes that a model file declares.

    Attributes
    ----------
    language
        Of every row; of several languages all names, joined by ``,``.
    members
        Number of rows.
    n_features
        Number of weights in each row; 0 where each is kept as bytes instead.
    languages
        Of several languages the number of rows of each, in the order of the rows.
    """

    language: str
    members: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    n_features: Annotated[int, msgspec.Meta(ge=0, le=1 << 28)]
    languages: dict[str, Annotated[int, msgspec.Meta(ge=1, le=10_000)]] = {}


def name_rows(languages: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return language and member of each row of a file.

    Examples
    --------
    >>> name_rows({"en": 2, "es": 1})
    [('en', 0), ('en', 1), ('es', 0)]
    """
    return [(name, i) for name, n in languages.items() for i in range(n)]


def check_is_parquet(path: Path) -> None:
    """Raise `ModelFileError` unless the file begins and ends as Parquet does."""
    try:
        with path.open("rb") as file:
            head = file.read(len(_MAGIC))
            file.seek(max(0, path.stat().st_size - len(_MAGIC)))
            tail = file.read(len(_MAGIC))
    except OSError as error:
        found = str(error.strerror)
        raise refusal(path, "to be readable", found, "check its name") from None
    found = "another kind of file" if head else "an empty file"
    need(head == _MAGIC, path, "to be Parquet", found, _WRONG_FILE)
    need(tail == _MAGIC, path, "its end", "it cut short", "copy it again")


@contextmanager
def open_parquet(path: Path) -> Iterator[pq.ParquetFile]:
    """Open a file; its name may be any, where Arrow itself takes only UTF-8."""
    with (
        pa.OSFile(os.fsencode(path)) as file,
        pq.ParquetFile(file, page_checksum_verification=True) as parquet,
    ):
        yield parquet


def read_document(path: Path, parquet: pq.FileMetaData) -> dict[str, Any]:
    """Return the JSON object in the metadata of a file; raise `ModelFileError`."""
    text = (parquet.metadata or {}).get(METADATA_KEY)
    if text is None:
        raise refusal(path, "metadata under 'emotiset'", "none", _WRONG_FILE)
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise refusal(path, "metadata in JSON", shorten(text)) from None


def take_header(path: Path, document: dict[str, Any]) -> Header:
    """Check format version and sizes; leave the rest in *document*.

    Raises
    ------
    ModelFileError
        If the version is another than `FORMAT_VERSION`, or a size is beyond reason.
    """
    version = document.pop("format_version", None)
    if type(version) is not int or version != FORMAT_VERSION:
        needed, found = (
            f"format version {FORMAT_VERSION}",
            f"version {shorten(version)}",
        )
        raise refusal(path, needed, found, _advise(version, document))
    try:
        header = msgspec.convert(document, Header)
    except msgspec.ValidationError as error:
        raise refusal(path, "a whole header", shorten(error)) from None
    n_weights = header.members * header.n_features
    need(n_weights <= MAX_WEIGHTS, path, f"up to {MAX_WEIGHTS} weights", n_weights)
    if header.languages:
        n_rows, names = sum(header.languages.values()), ",".join(header.languages)
        needed = f"{header.members} members of {shorten(header.language)!r} in all"
        is_same = (n_rows, names) == (header.members, header.language)
        need(is_same, path, needed, f"{n_rows} of {shorten(names)!r}")
    for name in Header.__struct_fields__:
        document.pop(name, None)
    return header


def _advise(version: object, document: dict[str, Any]) -> str:
    if not isinstance(version, int) or version < FORMAT_VERSION:
        return _TRAIN
    versions = document.get("versions")
    writer = versions.get("emotiset") if isinstance(versions, dict) else None
    return f"emotiset {shorten(writer)} wrote it, install that or newer"


def check_columns(path: Path, schema: pa.Schema, header: Header) -> None:
    """Raise `ModelFileError` unless each column that is needed is there once."""
    for field in MODEL if header.n_features else STATE_MODEL:
        where = schema.get_field_index(field.name)
        found = schema.field(where) if where >= 0 else None
        needed = f"column {field.name!r} of {_describe(field)}"
        is_same = found is not None and found.equals(field)
        need(is_same, path, needed, shorten(_describe(found)))


def _describe(field: pa.Field | None) -> str:
    if field is None:
        return "none or several"
    return f"{field.type}{' with nulls' if field.nullable else ''}"


def check_sizes(path: Path, parquet: pq.FileMetaData, header: Header) -> None:
    """Raise `ModelFileError` unless the file declares sizes like those of its header.

    Looks at row groups only: to ask a damaged footer for a column chunk ends the
    process, since pyarrow (26.0) lets an exception of C++ through.
    """
    n_rows = parquet.num_rows
    need(n_rows == header.members, path, f"{header.members} rows", n_rows)
    groups = range(parquet.num_row_groups)
    n_bytes = sum(parquet.row_group(group).total_byte_size for group in groups)
    # A weight takes 4 bytes, or 8 with a dictionary, and its levels up to 2.
    limit = header.members * (10 * header.n_features + 5000)
    if not header.n_features:
        limit += min(header.members * MAX_STATE, 4 * MAX_WEIGHTS)
    need(n_bytes <= limit, path, f"up to {limit} bytes of rows", n_bytes)


def check_members(path: Path, rows: pa.Table, header: Header) -> list[int]:
    """Return the place of each row; raise `ModelFileError` unless each is once."""
    declared = header.languages or {header.language: header.members}
    languages = rows["language"].unique().to_pylist()
    needed = f"language {shorten(', '.join(declared))!r} alone"
    need(set(languages) == set(declared), path, needed, shorten(languages))
    places = {row: place for place, row in enumerate(name_rows(declared))}
    members = rows["member"].to_pylist()
    found = list(zip(rows["language"].to_pylist(), members, strict=True))
    is_whole = sorted(found) == sorted(places)
    last = max(declared.values()) - 1
    told = shorten(sorted(members))
    need(is_whole, path, f"members 0 to {last}, each once", told)
    return [places[row] for row in found]


def check_numbers(
    path: Path, name: str, values: NDArray[Any], *, lowest: float = -MAX_WEIGHT
) -> None:
    """Raise `ModelFileError` unless all values are numbers that training can give."""
    low, high = np.min(values), np.max(values)
    is_inside = bool(lowest <= low and high <= MAX_WEIGHT)  # not so for NaN
    needed = f"{name} from {lowest:g} to {MAX_WEIGHT:g}"
    need(is_inside, path, needed, f"{low:g} to {high:g}")


def need(ok: bool, path: Path, needed: str, found: object, do: str = _TRAIN) -> None:
    """Raise `ModelFileError` unless *ok*."""
    if not ok:
        raise refusal(path, needed, found, do)


def refusal(path: Path, needed: str, found: object, do: str = _TRAIN) -> ModelFileError:
    """Return the error that says what a model file needs and what was found."""
    return ModelFileError(f"a model file needs {needed}, found {found} in {path}: {do}")


def shorten(value: object, size: int = 80) -> str:
    r"""Return *value* on one line of printable characters, cut to *size*.

    Examples
    --------
    >>> shorten("two\nlines\x1b[31m"), shorten("long", 3)
    ('two lines [31m', 'lon...')
    """
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    line = "".join(c if c.isprintable() else " " for c in text[:1000])
    line = " ".join(line.split())
    return line if len(line) <= size else line[:size] + "..."
