"""Columns that folders name, as Hive writes them: ``.../lang=en/day=1/a.parquet``."""

from typing import Final
from urllib.parse import unquote

import pyarrow as pa

_NULL: Final = "__HIVE_DEFAULT_PARTITION__"

Partitions = dict[str, str | None]


def find_partitions(path: str) -> Partitions:
    """Return the columns that the folders of a path name.

    Examples
    --------
    >>> find_partitions("/data/lang=en/place=S%C3%A3o/a=b.parquet")
    {'lang': 'en', 'place': 'São'}
    """
    pairs = (part.partition("=") for part in path.split("/")[:-1])
    return {
        unquote(name): None if value == _NULL else unquote(value)
        for name, sign, value in pairs
        if name and sign
    }


def add_fields(schema: pa.Schema, partitions: Partitions) -> pa.Schema:
    """Return a schema with a column for each partition that it does not have."""
    for name in partitions:
        if name not in schema.names:
            schema = schema.append(pa.field(name, pa.string()))
    return schema


def add_columns(batch: pa.RecordBatch, partitions: Partitions) -> pa.RecordBatch:
    """Return a batch with the partitions, each one value repeated."""
    for name, value in partitions.items():
        if name not in batch.schema.names:
            column = pa.repeat(pa.scalar(value, pa.string()), batch.num_rows)
            batch = batch.append_column(name, column)
    return batch
