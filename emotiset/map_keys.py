"""Keys of examples that are feature maps: each row is an example of its own.

A row is known by its id, where a column of ids is named, else by its features, its
class and its time.  Identical rows are as many examples, so their keys also hold a
number: how many like it come before.  Which of them gets which makes no difference, but
all blocks of the input have to agree on how many there are: so the first form of the
keys is counted range by range of key space, and the numbers are put in afterwards.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from emotiset.kernels.hashing import mix64
from emotiset.keys import KEY_SPACE, Keys, copy_numbers, hash_texts, stream

# Beside those of `emotiset.keys`, `emotiset.holdback` and `emotiset.folding`.
_MAP_STREAM, _ID_STREAM, _NUMBER_STREAM = 16, 17, 18

# Keys of one run in one range, and beside each a hash of its whole row.
Twins = tuple[Keys, Keys]
Numbers = npt.NDArray[np.uint64]


def make_map_keys(batch: pa.RecordBatch, seed: int, *, by_id: bool = False) -> Keys:
    """Return the first form of the key of each row, uint64[n].

    Parameters
    ----------
    batch
        With the columns of `LABELED`.
    seed
        Another seed gives other keys.
    by_id
        Whether a row that has an id is known by it.
    """
    key = _hash_whole(batch, seed)
    if not by_id:
        return key
    id = pc.fill_null(batch["id"], "")
    of_id = hash_texts(id, stream(seed, _ID_STREAM))
    has_id = batch["id"].is_valid().to_numpy(zero_copy_only=False)
    return np.where(has_id, of_id, key)


def split_twins(rows: pa.RecordBatch, n_ranges: int, seed: int) -> list[Twins]:
    """Cut the keys of sorted `KEYED` rows into ranges of key space."""
    key: Keys = rows["key"].to_numpy()
    bounds = [KEY_SPACE * i // n_ranges for i in range(1, n_ranges)]
    cuts = np.searchsorted(key, np.array(bounds, np.uint64))
    whole = _hash_whole(rows, seed)
    return list(zip(np.split(key, cuts), np.split(whole, cuts), strict=True))


def number_twins(parts: Sequence[Twins]) -> list[Numbers]:
    """Count up the rows of equal keys, in the order of their hashes.

    Parameters
    ----------
    parts
        Of each run, in the same range of key space.

    Returns
    -------
    list of uint64[n]
        For each run a number for each of its rows, from 0.

    Examples
    --------
    >>> one, two = np.array([5, 7], np.uint64), np.array([5, 5], np.uint64)
    >>> [each.tolist() for each in number_twins([(one, one), (two, two)])]
    [[0, 0], [1, 2]]
    """
    key, whole = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
    order = np.lexsort((whole, key))
    numbers = np.empty(len(key), np.uint64)
    numbers[order] = copy_numbers(key[order])
    ends = np.cumsum([len(part[0]) for part in parts])[:-1]
    return np.split(numbers, ends)


def put_numbers(key: Keys, numbers: Numbers, seed: int) -> Keys:
    """Return keys that hold these numbers too; where that is 0 they stay."""
    numbered: Keys = np.where(
        numbers == 0, key, mix64(key + numbers * stream(seed, _NUMBER_STREAM))
    )
    return numbered


def _hash_whole(batch: pa.RecordBatch, seed: int) -> Keys:
    key = hash_texts(batch["text"], stream(seed, _MAP_STREAM))
    posted = pc.fill_null(batch["created_at"].cast(pa.int64()), -1).to_numpy()
    key = mix64(key ^ posted.view(np.uint64))
    return mix64(key + batch["polarity"].to_numpy().astype(np.int64).view(np.uint64))
