"""What a learner takes: texts with a polarity, checked at the door."""

from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from emotiset.errors import InputError
from emotiset.schema import LABELED, NEGATIVE, POSITIVE, check_schema

EXAMPLES: Final = pa.schema([LABELED.field("polarity"), LABELED.field("text")])


def read_examples(batch: pa.RecordBatch) -> tuple[pa.Array, NDArray[np.int8]]:
    """Return the texts and the polarities of a batch.

    Parameters
    ----------
    batch
        Columns of `EXAMPLES`.  A null text is an example without features.

    Raises
    ------
    InputError
        If a polarity is null or neither -1 nor 1.
    SchemaError
        If a column is missing or has another type.
    """
    check_schema(batch, EXAMPLES, stage="fit_member")
    column = batch.column("polarity")
    if column.null_count:
        raise InputError(
            "fit_member needs a polarity in every row, found "
            f"{column.null_count} nulls: drop those rows first"
        )
    polarity: NDArray[np.int8] = column.to_numpy()
    is_strange = (polarity != POSITIVE) & (polarity != NEGATIVE)
    if is_strange.any():
        raise InputError(
            f"fit_member needs polarities {NEGATIVE} and {POSITIVE}, found "
            f"{polarity[is_strange][0]}: map the labels first"
        )
    return batch.column("text"), polarity
