"""Tweets that a delete notice names, wherever in the input it stands.

A notice and its tweet may lie in any two blocks, so their ids meet range by range of a
hash: 8 bytes move for each notice and for each labeled tweet, no text.  Copies are
dropped behind this, or a deleted tweet could take one that was not deleted with it.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from emotiset.keys import KEY_SPACE, hash_texts

Ids = npt.NDArray[np.uint64]

NO_IDS: Final[Ids] = np.empty(0, np.uint64)
_SALT: Final = np.uint64(0)


def hash_ids(ids: Sequence[str] | pa.Array) -> Ids:
    """Return the hash of each id, uint64[n]; a missing one counts as empty."""
    return hash_texts(pc.fill_null(pa.array(ids, pa.string()), ""), _SALT)


def unite_ids(parts: Sequence[Ids]) -> Ids:
    """Return the different hashes of all parts, ascending."""
    return np.unique(np.concatenate([NO_IDS, *parts]))


def split_ids(ids: Ids, n_ranges: int) -> list[Ids]:
    """Cut ascending hashes into ranges of equal width."""
    bounds = [KEY_SPACE * i // n_ranges for i in range(1, n_ranges)]
    return np.split(ids, np.searchsorted(ids, np.array(bounds, np.uint64)))


def find_deleted(ids: Sequence[Ids], named: Sequence[Ids]) -> Ids:
    """Return the hashes that are both of a tweet and named by a notice.

    Examples
    --------
    >>> tweets, notices = hash_ids(["1", "2"]), hash_ids(["2", "3"])
    >>> (find_deleted([tweets], [notices]) == hash_ids(["2"])).tolist()
    [True]
    """
    return np.intersect1d(unite_ids(ids), unite_ids(named), assume_unique=True)


def drop_ids(batch: pa.RecordBatch, deleted: Ids) -> tuple[pa.RecordBatch, int]:
    """Drop the rows of a `KEYED` batch with an id among *deleted*, ascending hashes.

    Returns
    -------
    pa.RecordBatch
    int
        How many rows were dropped.
    """
    is_deleted = np.isin(hash_ids(batch["id"]), deleted)
    kept = batch.filter(pa.array(~is_deleted))
    return kept, batch.num_rows - kept.num_rows
