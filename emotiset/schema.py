"""The columns of every hand-over between stages, written down once.

=============  =========================================================
column         meaning
=============  =========================================================
``text``       what the author wrote, HTML entities unescaped; in
               `LABELED`, without lexicon symbols
``lang``       language code as the source gives it, or null
``created_at`` when it was posted, UTC, or null
``id``         the source's own identifier, as text, or null
``is_retweet`` whether the source marks it as a copy of another's tweet
``label``      value of the label column as text, or null without one
``polarity``   -1 negative, +1 positive
``key``        seeded hash of the normalized text; orders everything
=============  =========================================================
"""

from functools import cache
from typing import Final

import pyarrow as pa

from emotiset.errors import SchemaError

NEGATIVE: Final = -1
POSITIVE: Final = 1
ABSTAINED: Final = 0  # in predictions only

TIME: Final = pa.timestamp("us", tz="UTC")

# What a reader yields.
TWEETS: Final = pa.schema(
    [
        ("text", pa.string()),
        ("lang", pa.string()),
        ("created_at", TIME),
        ("id", pa.string()),
        ("is_retweet", pa.bool_()),
        ("label", pa.string()),
    ]
)

# What labeling hands on: the text has lost its symbols, each row has a polarity.
LABELED: Final = pa.schema(
    [
        ("polarity", pa.int8()),
        ("created_at", TIME),
        ("id", pa.string()),
        ("lang", pa.string()),
        ("text", pa.string()),
    ]
)

# What sampling draws from and moves: the same, with the key in front.
KEYED: Final = pa.schema([pa.field("key", pa.uint64()), *LABELED])

# The bins of the funnel, in the order in which a record can fall into them.
BINS: Final = (
    "blank",
    "unreadable",
    "delete",
    "no_text",
    "retweet",
    "no_symbol",
    "conflicting_symbols",
    "too_short",
    "nothing_left",
    "other_language",
    "deleted",
    "copy",
    "conflicting_copies",
    "surplus",
    "held_out",
    "trained",
)


def check_schema(batch: pa.RecordBatch, schema: pa.Schema, *, stage: str) -> None:
    """Raise `SchemaError` unless *batch* has the columns of *schema*.

    Parameters
    ----------
    batch
        What a stage was handed; further columns are allowed.
    schema
        Names and types that *stage* needs.
    stage
        Name of the stage, for the message.

    Examples
    --------
    >>> batch = pa.record_batch({"text": [1]})
    >>> check_schema(batch, pa.schema([("text", pa.string())]), stage="label_batch")
    Traceback (most recent call last):
    ...
    emotiset.errors.SchemaError: label_batch needs column 'text' of type string, \
found int64: cast it first
    """
    for field in schema:
        where = batch.schema.get_field_index(field.name)
        if where < 0:
            found = ", ".join(batch.schema.names) or "no column"
            raise SchemaError(
                f"{stage} needs column {field.name!r} of type {field.type}, "
                f"found {found}: add it or rename one"
            )
        if batch.schema.field(where).type != field.type:
            raise SchemaError(
                f"{stage} needs column {field.name!r} of type {field.type}, "
                f"found {batch.schema.field(where).type}: cast it first"
            )


def empty_batch(schema: pa.Schema) -> pa.RecordBatch:
    """Return a batch of *schema* without rows."""
    return pa.RecordBatch.from_arrays(
        [pa.array([], field.type) for field in schema], schema=schema
    )


@cache
def scalar(value: str | int | bool | None, kind: pa.DataType) -> pa.Scalar:
    """Return a scalar that is made once, at its first use.

    Not while a module is imported: the first one has Arrow import pandas, of which
    `emotiset.lean` spares workers.  Nor each time: without pandas, Arrow looks for it
    whenever it is given a plain value.

    Examples
    --------
    >>> scalar("", pa.string()) is scalar("", pa.string())
    True
    """
    return pa.scalar(value, kind)
