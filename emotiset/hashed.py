"""Examples hashed once and visited several times, as far as memory goes.

Within a training by `HashedBatches`; from one training to the next, where many are
tried on the same examples, by a column that `attach_rows` puts beside the texts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from emotiset.config import FeatureConfig
from emotiset.examples import read_examples
from emotiset.features import Rows, hash_rows
from emotiset.map_features import hash_maps

# 64 MB for each member: 100,000 tweets of 160 features.  Those of larger parts beyond
# that are hashed again at each visit, which takes as long as learning from them.
MOST_KEPT: Final = 1 << 24

_COLUMN: Final = "hashed"


@dataclass(frozen=True, eq=False)
class Hashed:
    """A batch as learners take it; see `emotiset.features.hash_rows`.

    Attributes
    ----------
    indptr, indices : uint64[n + 1], uint32[nnz]
    polarity : int8[n]
    values : float32[nnz]
        Of feature maps; None: every value is 1.
    """

    indptr: NDArray[np.uint64]
    indices: NDArray[np.uint32]
    polarity: NDArray[np.int8]
    values: NDArray[np.float32] | None = None


def hash_batch(batch: pa.RecordBatch, features: FeatureConfig) -> Hashed:
    """Hash a batch with the columns of `emotiset.examples.EXAMPLES`."""
    text, polarity = read_examples(batch)
    if features.features == "maps":
        indptr, indices, values = hash_maps(text, features)
        return Hashed(indptr, indices, polarity, values)
    return Hashed(*(read_rows(batch) or hash_rows(text, features)), polarity)


def attach_rows(
    batches: Sequence[pa.RecordBatch], features: FeatureConfig, most_kept: int
) -> list[pa.RecordBatch]:
    """Put the hashed rows of texts beside them, for all that visit them later.

    Parameters
    ----------
    batches
        With a column ``text``.
    features
        Feature set and number of columns: those of every later visit.
    most_kept
        Features kept in all; batches beyond stay as they are, and so do feature maps.
    """
    attached = []
    for batch in batches:
        if features.features == "maps" or most_kept <= 0:
            attached.append(batch)
            continue
        indptr, indices = hash_rows(batch["text"], features)
        most_kept -= len(indices)
        offsets = pa.array(indptr.astype(np.int32))
        rows = pa.ListArray.from_arrays(offsets, pa.array(indices))
        attached.append(append_rows(batch, rows))
    return attached


def append_rows(batch: pa.RecordBatch, rows: pa.Array) -> pa.RecordBatch:
    """Put hashed rows, a list of columns for each text, beside the texts of a batch."""
    return batch.append_column(_COLUMN, rows)


def read_rows(batch: pa.RecordBatch) -> Rows | None:
    """Return what `attach_rows` has put into a batch, or None."""
    where = batch.schema.get_field_index(_COLUMN)
    if where < 0:
        return None
    rows = batch.column(where)
    offsets = rows.offsets.to_numpy().astype(np.uint64)
    # Copied, as Arrow's memory is read-only: numba would compile for that once more.
    indices = rows.values.to_numpy()[offsets[0] : offsets[-1]].copy()
    return offsets - offsets[0], indices


class HashedBatches:
    """Batches that are hashed when they are first visited, and mostly only then.

    Parameters
    ----------
    batches
        Columns of `emotiset.examples.EXAMPLES`; iterated at each visit.
    features
        Feature set and number of columns.
    most_kept
        Features kept in all; a batch that would go beyond is not kept.
    """

    def __init__(
        self,
        batches: Sequence[pa.RecordBatch],
        features: FeatureConfig,
        most_kept: int = MOST_KEPT,
    ) -> None:
        self._batches = batches
        self._features = features
        self._room = most_kept
        self._kept: dict[int, Hashed] = {}

    def __iter__(self) -> Iterator[Hashed]:
        """Yield each batch, hashed."""
        for number, batch in enumerate(self._batches):
            kept = self._kept.get(number)
            yield self._hash(number, batch) if kept is None else kept

    def _hash(self, number: int, batch: pa.RecordBatch) -> Hashed:
        found = hash_batch(batch, self._features)
        if len(found.indices) > self._room:
            return found
        self._room -= len(found.indices)
        # Copied, as it is the front of an array with room for more.
        values = None if found.values is None else found.values.copy()
        kept = Hashed(found.indptr, found.indices.copy(), found.polarity, values)
        self._kept[number] = kept
        return kept
