"""How telling each column is, from counts over the whole sample.

A reduction in three: `count_part` counts the columns of one part, `merge_counts` adds
counts up, `make_scale` makes of them what a learner takes.  Counts are integers and
their sum the same for any cut, so the gains are too.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from emotiset.config import FeatureConfig, LearnerConfig
from emotiset.hashed import MOST_KEPT, Hashed, HashedBatches, hash_batch
from emotiset.kernels.counts import count_columns, write_gains
from emotiset.map_scaling import (
    MapCounts,
    MapScale,
    count_maps,
    find_map_scale,
    merge_map_counts,
)
from emotiset.pressing import Pressed, add_to, press, release

Counts = NDArray[np.int32] | Pressed | MapCounts
Gains = NDArray[np.float32]


def count_part(batches: Iterable[pa.RecordBatch], features: FeatureConfig) -> Counts:
    """Count in how many examples of either polarity each column stands.

    Parameters
    ----------
    batches
        Columns of `emotiset.examples.EXAMPLES`.  Read once.
    features
        Feature set and number of columns.

    Returns
    -------
    int32[n_features, 2]
        Negative, positive.
    """
    if features.features == "maps":
        return count_maps(batches, features)
    return count_hashed((hash_batch(batch, features) for batch in batches), features)


def count_hashed(rows: Iterable[Hashed], features: FeatureConfig) -> NDArray[np.int32]:
    """Do as `count_part` does for texts, with batches that are hashed already."""
    counts = np.zeros((features.n_features, 2), np.int32)
    for batch in rows:
        count_columns(batch.indptr, batch.indices, batch.polarity, counts)
    return counts


def press_counts(counts: Counts) -> Counts:
    """Press the counts of texts, to be kept and sent; see `emotiset.pressing`."""
    return press(counts) if isinstance(counts, np.ndarray) else counts


def merge_counts(parts: Sequence[Any]) -> Counts:
    """Add `Counts` up; those of a single part are handed on as they are."""
    if len(parts) == 1:
        only: Counts = parts[0]
        return only
    if isinstance(parts[0], MapCounts):
        return merge_map_counts(parts)
    total = np.zeros(parts[0].shape, np.int32)
    for part in parts:  # np.add.reduce would hold all of them twice
        add_to(total, part)
    return press(total)


def make_scale(counts: Counts, learner: LearnerConfig) -> Gains | MapScale:
    """Return what a learner takes: gains of texts, or the scale of feature maps."""
    if isinstance(counts, MapCounts):
        return find_map_scale(counts, learner.resolve("maps"))
    return find_gains(release(counts))


def needs_scale(features: FeatureConfig, learner: LearnerConfig) -> bool:
    """Tell whether a learner wants to know anything of the whole sample."""
    is_scaled = learner.resolve(features.features).scale == "nb"
    return is_scaled or features.features == "maps"


def find_own_scale(
    batches: Sequence[pa.RecordBatch], features: FeatureConfig, learner: LearnerConfig
) -> Gains | MapScale | None:
    """Return the scale that some examples alone tell; None where none is needed."""
    if not needs_scale(features, learner):
        return None
    return make_scale(count_part(batches, features), learner)


def prepare(
    batches: Sequence[pa.RecordBatch],
    features: FeatureConfig,
    learner: LearnerConfig,
    scale: Gains | MapScale | None = None,
) -> tuple[Gains | MapScale | None, HashedBatches]:
    """Return what a learner is told, and the batches as it will visit them.

    Without *scale* it is what these examples alone tell; what was hashed to find that
    is learned from as it is.
    """
    learner = learner.resolve(features.features)
    counts_texts = scale is None and learner.scale == "nb"
    counts_texts &= features.features != "maps"
    is_visited_again = counts_texts or (learner.epochs or 1) > 1
    hashed = HashedBatches(batches, features, MOST_KEPT if is_visited_again else 0)
    if counts_texts:
        scale = find_gains(count_hashed(hashed, features))
    elif scale is None:
        scale = find_own_scale(batches, features, learner)
    return scale, hashed


def find_gains(counts: NDArray[np.int32]) -> Gains:
    """Return how far each column moves in a step: most where polarities differ most.

    It is the square of the column's naive-Bayes log-count ratio, and 1/4 more; see
    `emotiset.kernels.counts.write_gains`.

    Parameters
    ----------
    counts : int32[n_features, 2]
        Of the whole sample.

    Returns
    -------
    float32[n_features]
        1/4 for a column that stands as often in either polarity, by share.

    Examples
    --------
    >>> counts = np.array([[0, 2], [1, 1], [2, 0]], np.int32)
    >>> find_gains(counts).tolist()[1]
    0.25
    """
    gains = np.empty(len(counts), np.float32)
    counts = counts.view()
    counts.flags.writeable = False  # always: for another kind numba compiles once more
    write_gains(counts, gains)
    return gains
