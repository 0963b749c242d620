"""Which fold of cross-validation an example is in.

Near-copies are in one fold, or a model would be judged on what it has learned by heart.
By key a fold is drawn by a mix of the key's high half, which near-copies share.  By
time a fold is a block of it, and a text is where the earliest of its near-copies is, as
``--test-after`` sees it; all of them are in the part of one member, so a part can be
cut for itself.

Random folds flatter a model of what people post: two tweets of the same hour speak of
the same match.  Of the ways to judge on a stream that Mozetic et al. [1]_ compare,
random folds are off by most, and blocks of time by little.

References
----------
.. [1] I. Mozetič, L. Torgo, V. Cerqueira, J. Smailović, "How to evaluate sentiment
   classifiers for Twitter time-ordered data?", PLoS ONE 13(3): e0194317, 2018.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from emotiset.errors import TooFewError
from emotiset.kernels.hashing import mix64
from emotiset.keys import near_group, stream

_STREAM: Final = 5  # beside those of `keys`, `holdback` and `map_keys`
_MINUTE: Final = 60_000_000
_BEFORE_ALL: Final = -(1 << 63)  # as `emotiset.sampling` has it

# Minutes since 1970, ascending, and how many examples count for each.
Minutes = tuple[NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True)
class Folding:
    """What puts each example into one of some folds.

    Attributes
    ----------
    n_folds
    seed
        Of folds by key.
    starts
        Of folds by time: the first minute of each but the first; None: by key.
    """

    n_folds: int
    seed: int = 0
    starts: tuple[int, ...] | None = None

    def find(self, batches: Sequence[pa.RecordBatch]) -> list[NDArray[np.int64]]:
        """Return the fold of each row of `KEYED` batches, int64[n] for each.

        Parameters
        ----------
        batches
            By time, all near-copies of each text.
        """
        if self.starts is not None:
            starts = np.array(self.starts, np.int64)
            return [
                np.searchsorted(starts, each, side="right")
                for each in find_minutes(batches)
            ]
        salt = stream(self.seed, _STREAM)
        high = [mix64(near_group(_keys(batch)) ^ salt) >> 32 for batch in batches]
        return [((each * self.n_folds) >> 32).astype(np.int64) for each in high]

    def split(
        self, batches: Sequence[pa.RecordBatch], fold: int
    ) -> tuple[list[pa.RecordBatch], list[pa.RecordBatch]]:
        """Return the rows outside a fold, to train on, and those in it."""
        is_inside = [each == fold for each in self.find(batches)]
        pairs = list(zip(batches, is_inside, strict=True))
        return (
            [batch.filter(pa.array(~mask)) for batch, mask in pairs],
            [batch.filter(pa.array(mask)) for batch, mask in pairs],
        )


def find_minutes(batches: Sequence[pa.RecordBatch]) -> list[NDArray[np.int64]]:
    """Return the minute of the earliest near-copy of each row, int64[n] for each batch.

    A missing time counts as the earliest.
    """
    if not batches:
        return []
    group = np.concatenate([near_group(_keys(batch)) for batch in batches])
    posted = np.concatenate(
        [
            pc.fill_null(batch["created_at"].cast(pa.int64()), _BEFORE_ALL).to_numpy()
            for batch in batches
        ]
    )
    _, place = np.unique(group, return_inverse=True)
    earliest = np.full(len(group), np.iinfo(np.int64).max)
    np.minimum.at(earliest, place, posted // _MINUTE)
    ends = np.cumsum([batch.num_rows for batch in batches])
    return np.split(earliest[place], ends[:-1])


def count_minutes(batches: Sequence[pa.RecordBatch]) -> Minutes:
    """Count the examples of each minute in one part."""
    minutes = [np.empty(0, np.int64), *find_minutes(batches)]
    return np.unique(np.concatenate(minutes), return_counts=True)


def find_starts(parts: Sequence[Minutes], n_folds: int) -> tuple[int, ...]:
    """Cut time where each block has about as many examples of all parts.

    Returns
    -------
    tuple of int
        The first minute of each block but the first.

    Raises
    ------
    TooFewError
        If there are no so many blocks: times are missing or too much alike.

    Examples
    --------
    >>> some = (np.array([10, 11, 12, 99]), np.array([2, 2, 2, 2]))
    >>> find_starts([some, some], 2)
    (12,)
    """
    every = np.concatenate([minutes for minutes, _ in parts])
    minutes, place = np.unique(every, return_inverse=True)
    counts = np.zeros(len(minutes), np.int64)
    np.add.at(counts, place, np.concatenate([n for _, n in parts]))
    before = np.cumsum(counts) - counts
    wanted = -(-int(counts.sum()) * np.arange(1, n_folds) // n_folds)
    starts = np.unique(np.searchsorted(before, wanted))
    if len(starts) < n_folds - 1 or starts[-1] >= len(minutes):
        missing = int(counts[minutes == _BEFORE_ALL // _MINUTE].sum())
        raise TooFewError(
            f"--fold-by time needs times that make {n_folds} blocks, found "
            f"{len(minutes)} different minutes and {missing} of {counts.sum()} "
            "examples without a time: name the column with --time-column, or take "
            "fewer folds"
        )
    return tuple(minutes[starts].tolist())


def _keys(batch: pa.RecordBatch) -> NDArray[np.uint64]:
    keys: NDArray[np.uint64] = batch["key"].to_numpy()
    return keys
