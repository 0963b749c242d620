"""Examples hashed once and visited several times, as far as memory goes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from emotiset.config import FeatureConfig
from emotiset.examples import read_examples
from emotiset.features import hash_rows
from emotiset.map_features import hash_maps

# 64 MB for each member: 100,000 tweets of 160 features.  Those of larger parts beyond
# that are hashed again at each visit, which takes as long as learning from them.
MOST_KEPT: Final = 1 << 24


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
    return Hashed(*hash_rows(text, features), polarity)


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
