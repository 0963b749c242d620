"""Files beside the model: the labeled sample, the rejects, the summary."""

import os
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from emotiset.atomic import write_atomically
from emotiset.config import FeatureConfig
from emotiset.plain import encode_json
from emotiset.schema import KEYED
from emotiset.sources import Reject
from emotiset.svmlight import SUFFIXES, write_svmlight

SAMPLE: Final = pa.schema([("part", pa.string()), ("member", pa.int32()), *KEYED])


class HasResult(Protocol):
    """A future of batches."""

    def result(self) -> list[pa.RecordBatch]:
        """Return the batches."""


def write_sample(
    path: str | Path,
    languages: Iterable[Sequence[HasResult]],
    features: FeatureConfig,
) -> None:
    """Write what was drawn: members in visiting order, then the held-out.

    Parameters
    ----------
    path
        Parquet file with the columns of `SAMPLE`: ``part`` is train or test,
        ``member`` is null for test.  With the suffix of SVMLight or LIBSVM hashed
        examples, one a line; see `emotiset.svmlight`.
    languages
        For each ensemble the futures of its parts: batches of each member, then
        those of the held-out set; one part is held at a time.
    features
        How they become columns.
    """
    if Path(path).suffix in SUFFIXES:
        everyone = (part for parts in languages for part in parts)
        write_svmlight(path, chain.from_iterable(map(_take, everyone)), features)
        return
    with (
        write_atomically(path) as temporary,
        pa.OSFile(os.fsencode(temporary), "wb") as file,
        pq.ParquetWriter(file, SAMPLE, compression="zstd") as writer,
    ):
        for parts in languages:
            for member, part in enumerate(parts[:-1]):
                _write_part(writer, part.result(), "train", member)
            _write_part(writer, parts[-1].result(), "test", None)


def _take(part: HasResult) -> list[pa.RecordBatch]:
    return part.result()


def _write_part(
    writer: pq.ParquetWriter,
    batches: list[pa.RecordBatch],
    part: str,
    member: int | None,
) -> None:
    for batch in batches:
        n = batch.num_rows
        columns = [
            pa.repeat(pa.scalar(part), n),
            pa.repeat(pa.scalar(member, pa.int32()), n),
            *batch.columns,
        ]
        writer.write_batch(pa.record_batch(columns, schema=SAMPLE))


def write_rejects(path: str | Path, rejects: Iterable[Reject]) -> None:
    """Write one JSON line for each reject: source, where, reason, head."""
    with write_atomically(path) as temporary, temporary.open("wb") as file:
        for reject in rejects:
            file.write(encode_json(reject) + b"\n")


def write_summary(path: str | Path, summary: dict[str, Any]) -> None:
    """Write a summary as indented JSON."""
    with write_atomically(path) as temporary:
        temporary.write_bytes(
            msgspec.json.format(encode_json(summary), indent=2) + b"\n"
        )
