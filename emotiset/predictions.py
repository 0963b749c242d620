"""Predictions on disk: one Parquet file, or a folder of them in order.

===============  =================================================================
column           meaning
===============  =================================================================
``id``, ``created_at``, ``lang``, ``text``  as the source has them
``polarity``     -1 negative, 1 positive; null where the model abstained
``probability``  of positive, 0 to 1
``language``     what the ensemble that answered was trained on
===============  =================================================================

``probability`` and ``language`` are null too where no ensemble of the model is for the
text's language.  Columns of the input that are carried along follow, under their own
names; with ``input_`` before one that is taken.
"""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from emotiset.atomic import check_outputs, check_writable, write_atomically
from emotiset.errors import InputError, OutputError
from emotiset.schema import TIME
from emotiset.sources import find_kept

PREDICTED: Final = pa.schema(
    [
        ("id", pa.string()),
        ("created_at", TIME),
        ("lang", pa.string()),
        ("text", pa.string()),
        ("polarity", pa.int8()),
        ("probability", pa.float32()),
        ("language", pa.string()),
    ]
)


def join_answers(
    tweets: pa.RecordBatch,
    polarity: pa.Array,
    probability: pa.Array,
    language: pa.Array,
) -> pa.RecordBatch:
    """Put answers beside what a reader gave: `PREDICTED`, then the kept columns."""
    own = [tweets[name] for name in PREDICTED.names[:4]]
    columns = [*own, polarity, probability, language]
    batch = pa.record_batch(columns, schema=PREDICTED)
    for name, column in find_kept(tweets).items():
        taken = name in PREDICTED.names
        batch = batch.append_column(f"input_{name}" if taken else name, column)
    return batch


def make_table(batches: Sequence[pa.RecordBatch]) -> pa.Table:
    """Return batches as one table, without columns where there is none.

    Raises
    ------
    InputError
        If a kept column is of different types.
    """
    for batch in batches:
        _check_same(batch.schema, batches[0].schema)
    return pa.Table.from_batches(batches) if batches else pa.table({})


def is_folder(output: str | Path) -> bool:
    """Tell whether an output names a folder: it is one, or ends with a slash."""
    return str(output).endswith(("/", os.sep)) or Path(output).is_dir()


def check_target(output: str | Path, inputs: Iterable[str | Path]) -> None:
    """Raise `OutputError` unless predictions can be written without loss."""
    if not is_folder(output):
        check_outputs([output], inputs)
        return
    folder = Path(os.path.realpath(output))
    if folder.exists() and not folder.is_dir():
        raise OutputError(
            f"an output folder needs a name of its own, found the file {output}: leave "
            "out the slash at its end, or choose another"
        )
    if folder.exists() and any(folder.iterdir()):
        raise OutputError(
            f"an output folder needs to be new or empty, found files in {output}: "
            "choose another, or remove it"
        )
    check_writable(folder.parent / f".{folder.name}.partial")


class Writer:
    """Writes tables one after the other, all with the columns of the first."""

    def __init__(self, target: Path, *, in_parts: bool) -> None:
        self._target = target
        self._in_parts = in_parts
        self._schema: pa.Schema | None = None
        self._n_parts = 0
        self._file: pq.ParquetWriter | None = None
        self._sink: pa.OSFile | None = None

    def write(self, table: pa.Table) -> None:
        """Write a table, a part of its own in a folder; one without rows is nothing.

        Raises
        ------
        InputError
            If a kept column is of another type than before.
        """
        if not table.num_rows:
            return
        self._schema = self._schema or table.schema
        _check_same(table.schema, self._schema)
        if self._in_parts:
            path = self._target / f"part-{self._n_parts:05}.parquet"
            with _open_sink(path) as sink:
                pq.write_table(table, sink, compression="zstd")
            self._n_parts += 1
            return
        if self._file is None:
            self._sink = _open_sink(self._target)
            self._file = pq.ParquetWriter(self._sink, self._schema, compression="zstd")
        self._file.write_table(table)

    def close(self) -> None:
        """Write the end of the file."""
        if self._file is not None:
            self._file.close()
        if self._sink is not None:
            self._sink.close()


def _open_sink(path: Path) -> pa.OSFile:
    """Open a file for Arrow, whose own way takes only names that are UTF-8."""
    return pa.OSFile(os.fsencode(path), "wb")


def _check_same(found: pa.Schema, first: pa.Schema) -> None:
    for one, other in zip(found, first, strict=True):
        if one.type != other.type:
            raise InputError(
                f"--keep-columns {one.name} needs one type in all inputs, found "
                f"{other.type} and {one.type}: predict them apart"
            )


@contextmanager
def write_predictions(output: str | Path) -> Iterator[Writer]:
    """Give a writer; what it writes is there whole at the end, or not at all.

    Raises
    ------
    OutputError
        If *output* cannot be written.
    """
    place = _make_folder if is_folder(output) else write_atomically
    with place(output) as temporary:
        writer = Writer(temporary, in_parts=is_folder(output))
        try:
            yield writer
        finally:
            writer.close()


@contextmanager
def _make_folder(path: str | Path) -> Iterator[Path]:
    """Give a temporary folder beside *path*; rename it to *path* at the end."""
    target = Path(os.path.realpath(path))
    temporary = None
    try:
        temporary = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
        yield temporary
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o777 & ~mask)  # mkdtemp makes it private
        temporary.replace(target)
    except OSError as error:
        raise OutputError(
            f"an output needs a writable place, found {target}: "
            f"{error.strerror or error}; choose another or make room"
        ) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
