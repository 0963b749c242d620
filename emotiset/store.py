"""The model file: one Parquet file, a row for each language and member.

All that prediction needs beside the numbers is canonical JSON under the key
``emotiset`` of the file's metadata; what that means is told in `emotiset.ensemble`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from emotiset.atomic import write_atomically
from emotiset.errors import ModelFileError, OutputError
from emotiset.layout import AT_ONCE, lay_into, take_apart
from emotiset.model_digest import DIGEST, add_to_digest, begin_digest, find_digest
from emotiset.model_format import (
    FORMAT_VERSION,
    MAX_WEIGHTS,
    METADATA_KEY,
    MODEL,
    SMALL_COLUMNS,
    STATE_MODEL,
    WEIGHTS,
    Header,
    check_columns,
    check_is_parquet,
    check_members,
    check_numbers,
    check_sizes,
    name_rows,
    need,
    open_parquet,
    read_document,
    refusal,
    shorten,
    take_header,
)

# What reading a damaged file raises, beside what the checks do.
_DAMAGE: Final = (pa.ArrowException, OSError, UnicodeError)
_CHANGED: Final = "it was changed after training, take the original"


@dataclass(frozen=True, eq=False)
class ModelFile:
    """What a model file holds.

    Attributes
    ----------
    language
        What the members were trained on, as the setting says it: ``en``, ``en,es``.
    weights : float32[n_features, n_members]
        A column for each member: the layout that scoring wants.  No row with states.
    intercepts : float64[n_members]
    vote_weights : float64[n_members]
    n_examples : int64[n_members]
    metadata
        Further plain JSON values, kept as they are.
    languages
        Members of each language, in the order of the columns; empty: all are of one.
    states
        Of members without weights; see `emotiset.scorer`.  All are, or none.
    """

    language: str
    weights: NDArray[np.float32]
    intercepts: NDArray[np.float64]
    vote_weights: NDArray[np.float64]
    n_examples: NDArray[np.int64]
    metadata: dict[str, Any]
    languages: Mapping[str, int] = field(default_factory=dict)
    states: tuple[bytes, ...] = ()

    @property
    def digested(self) -> list[NDArray[Any]]:
        """All numbers beside the weights."""
        sizes = [np.array([len(each) for each in self.states], np.int64)]
        states = [np.frombuffer(each, np.uint8) for each in self.states]
        return [*self.small, *sizes, *states]

    @property
    def small(self) -> list[NDArray[Any]]:
        """The arrays with one number for each member."""
        return [self.intercepts, self.vote_weights, self.n_examples]

    @property
    def rows(self) -> list[tuple[str, int]]:
        """Language, and number in there, of each member."""
        return name_rows(self.languages or {self.language: len(self.intercepts)})


def write_model(path: str | Path, model: ModelFile) -> None:
    """Write *model* to *path*; the same model gives the same bytes.

    Raises
    ------
    OutputError
        If *path* cannot be written, or the model is too large to be read again.
    """
    with write_atomically(path) as temporary, temporary.open("wb") as file:
        _write(file, model)


def pack_model(model: ModelFile) -> pa.Buffer:
    """Return the bytes of the file that `write_model` would write."""
    sink = pa.BufferOutputStream()
    _write(sink, model)
    return sink.getvalue()


def _write(file: Any, model: ModelFile) -> None:
    n_features, n_members = model.weights.shape
    if model.weights.size > MAX_WEIGHTS:
        raise OutputError(
            f"a model file needs at most {MAX_WEIGHTS} weights, found {n_members} "
            f"members of {n_features}: lower --members or --n-features"
        )
    document = {
        **model.metadata,
        "format_version": FORMAT_VERSION,
        "language": model.language,
        "members": n_members,
        "n_features": n_features,
        "languages": dict(model.languages) or None,
    }
    if not model.languages:
        del document["languages"]
    digest = begin_digest(document)
    # Without statistics and Arrow's own schema a reader needs nothing that is not
    # Parquet's; a checksum tells a damaged page from a strange model.
    with pq.ParquetWriter(
        file,
        STATE_MODEL if model.states else MODEL,
        compression="zstd",
        compression_level=3,
        use_dictionary=False,
        write_statistics=False,
        write_page_checksum=True,
        store_schema=False,
    ) as writer:
        for column, weights in enumerate(take_apart(model.weights)):
            add_to_digest(digest, weights)
            writer.write_batch(_make_row(model, column, weights))
        for each in model.digested:
            add_to_digest(digest, each)
        document[DIGEST] = digest.hexdigest()
        text = json.dumps(document, sort_keys=True, ensure_ascii=False, allow_nan=False)
        writer.add_key_value_metadata({METADATA_KEY: text})


def _make_row(
    model: ModelFile, column: int, weights: NDArray[np.float32]
) -> pa.RecordBatch:
    """Return the row of one member, so that no second copy of all weights is held."""
    language, member = model.rows[column]
    offsets = pa.array([0, len(weights)], pa.int32())
    columns = [
        pa.array([language], pa.string()),
        pa.array([member], pa.int32()),
        pa.array(model.intercepts[[column]]),
        pa.ListArray.from_arrays(offsets, pa.array(weights), type=WEIGHTS),
        pa.array(model.vote_weights[[column]]),
        pa.array(model.n_examples[[column]]),
    ]
    schema = MODEL
    if model.states:
        columns.append(pa.array([model.states[column]], pa.binary()))
        schema = STATE_MODEL
    return pa.record_batch(columns, schema=schema)


def read_model(path: str | Path) -> ModelFile:
    """Read what `write_model` wrote, trusting none of it.

    Raises
    ------
    ModelFileError
        If the file is missing, no model, of another format version, cut short,
        damaged, or holds numbers that no training gives.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "notes.txt"
    >>> _ = path.write_text("weights: 1, 2, 3")
    >>> read_model(path)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    emotiset.errors.ModelFileError: a model file needs to be Parquet, found \
another kind of file in ...notes.txt: name the file that training wrote
    """
    path = Path(path)
    check_is_parquet(path)
    try:
        with open_parquet(path) as parquet:
            document = read_document(path, parquet.metadata)
            whole = dict(document)
            header = take_header(path, document)
            check_columns(path, parquet.schema_arrow, header)
            check_sizes(path, parquet.metadata, header)
            model = _read_rows(path, parquet, header, document)
    except MemoryError as error:
        raise refusal(path, "memory", shorten(error), "use a larger machine") from None
    except _DAMAGE as error:
        found = f"damage ({shorten(error)})"
        raise refusal(path, "to be whole", found, "copy it again") from None
    if not model.states:
        check_numbers(path, "weights", model.weights)
    check_numbers(path, "intercept", model.intercepts)
    check_numbers(path, "vote_weight", model.vote_weights, lowest=0)
    check_numbers(path, "n_examples", model.n_examples, lowest=0)
    if model.metadata.pop(DIGEST, None) is not None:  # format version 1 began without
        _check_digest(path, model, whole)
    return model


def _check_digest(path: Path, model: ModelFile, document: dict[str, Any]) -> None:
    try:
        found = find_digest(document, model.weights, model.digested)
    except RecursionError:
        raise refusal(path, "metadata that makes sense", "a deep nest") from None
    needed = f"the digest {shorten(document[DIGEST], 12)} of its numbers and metadata"
    need(found == document[DIGEST], path, needed, shorten(found, 12), _CHANGED)


def _read_rows(
    path: Path, parquet: pq.ParquetFile, header: Header, document: dict[str, Any]
) -> ModelFile:
    small = parquet.read(columns=SMALL_COLUMNS, use_threads=False)
    places = check_members(path, small, header)
    weights = np.empty((header.n_features, header.members), np.float32)
    rows = parquet.iter_batches(1, columns=["weights"], use_threads=False)
    for first in range(0, len(places), AT_ONCE):
        some = places[first : first + AT_ONCE]
        columns = [
            row.column(0).flatten().to_numpy() for row in islice(rows, len(some))
        ]
        n_read = first + len(columns)  # a footer may lie
        need(len(columns) == len(some), path, f"weights in {len(places)} rows", n_read)
        for place, column in zip(some, columns, strict=True):
            needed = f"{header.n_features} weights of member {place}"
            need(len(column) == header.n_features, path, needed, len(column))
        lay_into(weights, some, columns)
    in_order = small.take(pa.array(np.argsort(places)))
    return ModelFile(
        language=header.language,
        languages=header.languages,
        weights=weights,
        intercepts=in_order["intercept"].to_numpy(),
        vote_weights=in_order["vote_weight"].to_numpy(),
        n_examples=in_order["n_examples"].to_numpy(),
        metadata=document,
        states=_read_states(path, parquet, places) if not header.n_features else (),
    )


def _read_states(
    path: Path, parquet: pq.ParquetFile, places: list[int]
) -> tuple[bytes, ...]:
    rows = parquet.iter_batches(1, columns=["state"], use_threads=False)
    states = [row.column(0)[0].as_py() for row in rows]
    need(len(states) == len(places), path, f"{len(places)} states", len(states))
    return tuple(states[row] for row in np.argsort(places))


def is_model(path: str | Path) -> bool:
    """Tell whether *path* is a Parquet file with the metadata of a model.

    Whether it is a whole one is for `read_model` to say.
    """
    path = Path(path)
    try:
        check_is_parquet(path)
        with open_parquet(path) as parquet:
            return METADATA_KEY in (parquet.metadata.metadata or {})
    except (ModelFileError, *_DAMAGE):
        return False
