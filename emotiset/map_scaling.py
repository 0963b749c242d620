"""What a learner of feature maps is told of the whole sample: scales, prior, weights.

A reduction in three, as in `emotiset.scaling`: whole numbers are added up, and largest
values compared, so the cut of the sample changes nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from emotiset.config import FeatureConfig, LearnerConfig
from emotiset.examples import read_examples
from emotiset.kernels._math import log
from emotiset.kernels.counts import write_gains
from emotiset.kernels.map_sgd import count_map_columns
from emotiset.map_features import hash_maps
from emotiset.schema import POSITIVE

_LEAST, _MOST = np.float32(1e-15), np.float32(1e15)  # of a largest value


@dataclass(frozen=True, eq=False)
class MapCounts:
    """Counts of some examples; they merge.

    Attributes
    ----------
    examples
        Negative, positive.
    columns : int32[n_features, 2]
        Examples of each polarity in which a column stands.
    largest : float32[n_features]
        Largest value of each column, without its sign.
    """

    examples: tuple[int, int]
    columns: NDArray[np.int32]
    largest: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class MapScale:
    """How a learner begins, and how far it goes.

    Attributes
    ----------
    gains : float32[n_features]
        What the step of each column is multiplied by.
    intercept
        Where it begins: the log-odds of the weighted classes.
    class_weights
        What an example weighs, negative and positive.
    """

    gains: NDArray[np.float32]
    intercept: float
    class_weights: tuple[float, float]


def count_maps(batches: Iterable[pa.RecordBatch], features: FeatureConfig) -> MapCounts:
    """Count the columns of one part.

    Parameters
    ----------
    batches
        Columns of `emotiset.examples.EXAMPLES`.  Read once.
    features
        Number of columns, and crosses.
    """
    columns = np.zeros((features.n_features, 2), np.int32)
    largest = np.zeros(features.n_features, np.float32)
    n_rows = n_positive = 0
    for batch in batches:
        text, polarity = read_examples(batch)
        count_map_columns(*hash_maps(text, features), polarity, columns, largest)
        n_rows += len(polarity)
        n_positive += int(np.count_nonzero(polarity == POSITIVE))
    return MapCounts((n_rows - n_positive, n_positive), columns, largest)


def merge_map_counts(parts: Sequence[MapCounts]) -> MapCounts:
    """Add counts up, and take the larger of the largest values."""
    columns, largest = parts[0].columns.copy(), parts[0].largest.copy()
    for part in parts[1:]:
        columns += part.columns
        np.maximum(largest, part.largest, out=largest)
    negative, positive = (sum(part.examples[i] for part in parts) for i in (0, 1))
    return MapCounts((negative, positive), columns, largest)


def find_map_scale(counts: MapCounts, learner: LearnerConfig) -> MapScale:
    """Return what a learner is told.

    Parameters
    ----------
    counts
        Of the whole sample.
    learner
        Resolved: ``scale`` and ``class_weight``.

    Examples
    --------
    One example in five is positive; the largest value of a column is 10:

    >>> columns = np.array([[4, 1]], np.int32)
    >>> counts = MapCounts((4, 1), columns, np.array([10], np.float32))
    >>> learner = LearnerConfig(class_weight="balanced").resolve("maps")
    >>> found = find_map_scale(counts, learner)
    >>> found.gains.tolist(), found.intercept, found.class_weights
    ([0.009999999776482582], 0.0, (0.625, 2.5))
    """
    examples = max(counts.examples[0], 1), max(counts.examples[1], 1)
    weights = weigh_classes(examples, learner)
    gains = np.ones(len(counts.largest), np.float32)
    if learner.scale == "nb":
        columns = counts.columns.view()
        columns.flags.writeable = False  # always: for another kind numba compiles anew
        write_gains(columns, gains)
    if learner.scale != "none":
        largest = np.clip(counts.largest, _LEAST, _MOST)
        largest[counts.largest == 0] = 1
        gains /= largest * largest
    intercept = 0.0
    if learner.learner != "pegasos":  # whose scores are no log-odds
        negative, positive = (
            n * weight for n, weight in zip(examples, weights, strict=True)
        )
        intercept = float(log(positive) - log(negative))
    return MapScale(gains, intercept, weights)


def weigh_classes(
    shares: tuple[float, float], learner: LearnerConfig
) -> tuple[float, float]:
    """Return what an example weighs, negative and positive.

    Parameters
    ----------
    shares
        How many there are of each, or which share; above 0.
    learner
        Its ``class_weight``: None, ``balanced`` or the weights themselves.
    """
    if learner.class_weight is None:
        return 1.0, 1.0
    if isinstance(learner.class_weight, str):
        negative, positive = shares
        total = negative + positive
        return total / (2 * negative), total / (2 * positive)
    return learner.class_weight
