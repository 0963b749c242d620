"""One hash orders the world: copies, conflicts, the sample and the held-out set.

Equal keys are copies; a key with both polarities is in conflict.  The lowest keys of
each polarity are the sample, and a fixed range of key space, or all from a day on, is
held out, so neither depends on the order, the number or the cut of the inputs.

What the draw needs of a tweet is its *pair*: the key and a code of two bits, 9
bytes.  Pairs are counted range by range of key space; no text moves for that.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from emotiset.config import TrainConfig
from emotiset.keys import KEY_SPACE, NEAR_BITS, Keys, make_keys, near_group
from emotiset.labeling import normalize_text
from emotiset.map_keys import make_map_keys
from emotiset.pools import parse_pools
from emotiset.schema import KEYED, NEGATIVE, POSITIVE, TIME

Codes = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]

POLARITIES: Final = (NEGATIVE, POSITIVE)
_IS_POSITIVE: Final = np.uint8(1)
_IS_LATE: Final = np.uint8(2)
_BEFORE_ALL: Final = -(1 << 63)
_ROWS_AT_ONCE: Final = 16_384  # to normalize: a block of gigabytes has many


@dataclass(frozen=True)
class Rule:
    """What decides on which side of the split a key falls, and whether copies stay.

    Attributes
    ----------
    boundary
        Keys below it are held out; near-copies are on one side of it.
    test_after
        Microseconds since 1970; keys seen only from then on are held out.
    keep_copies
        Each copy counts, and copies of both polarities are no conflict.
    pools
        Codes of the languages of each pool, where there are several: what is said in
        two of them is no copy.  Empty: all rows are of one.
    has_maps, by_id
        Rows are feature maps, of which none is a copy; they are known by their ids.
    """

    boundary: int = 0
    test_after: int | None = None
    keep_copies: bool = False
    pools: tuple[frozenset[str], ...] = ()
    has_maps: bool = False
    by_id: bool = False


_NO_RULE: Final = Rule()


@dataclass(frozen=True)
class Pairs:
    """Keys in ascending order, and beside each its code.

    Attributes
    ----------
    key : uint64[n]
    code : uint8[n]
        Bit 0: positive.  Bit 1: posted from ``test_after`` on.
    """

    key: Keys
    code: Codes

    @property
    def positive(self) -> Flags:
        """Which pairs are positive, bool[n]."""
        return (self.code & _IS_POSITIVE).astype(bool)

    @property
    def late(self) -> Flags:
        """Which pairs were posted from ``test_after`` on, bool[n]."""
        return (self.code & _IS_LATE).astype(bool)


# A side of the split (is it held out?) and a polarity.
Group = tuple[bool, int]
GROUPS: Final[tuple[Group, ...]] = tuple(
    (held_out, polarity) for held_out in (False, True) for polarity in POLARITIES
)


@dataclass(frozen=True)
class Survivors:
    """What is left of one range of key space, and what is not.

    Attributes
    ----------
    keys
        For each group its keys, ascending, uint64[n].
    n_copies, n_conflicting
        Pairs that fell to a copy of their own, or to one of the other polarity.
    """

    keys: Mapping[Group, Keys]
    n_copies: int
    n_conflicting: int

    def count(self) -> dict[Group, int]:
        """Return the number of keys of each group."""
        return {group: len(keys) for group, keys in self.keys.items()}


def make_rule(config: TrainConfig) -> Rule:
    """Return the rule that *config* asks for; observations keep their copies."""
    after = config.test_after
    pools = parse_pools(config.languages)
    return Rule(
        boundary=int(config.held_out_fraction * (1 << NEAR_BITS)) << NEAR_BITS,
        test_after=None if after is None else pa.scalar(after).cast(TIME).value,
        keep_copies=config.keep_copies or config.label_column is not None,
        pools=tuple(pool.codes or frozenset() for pool in pools if len(pools) > 1),
        has_maps=config.features_column is not None,
        by_id=config.features_column is not None and config.id_column is not None,
    )


def add_keys(batch: pa.RecordBatch, seed: int, rule: Rule = _NO_RULE) -> pa.RecordBatch:
    """Put the key of each row's normalized text in front: `LABELED` to `KEYED`."""
    if rule.has_maps:
        key = make_map_keys(batch, seed, by_id=rule.by_id)
        return pa.record_batch([pa.array(key), *batch.columns], schema=KEYED)
    slices = [
        make_keys(normalize_text(batch["text"].slice(start, _ROWS_AT_ONCE)), seed)
        for start in range(0, batch.num_rows, _ROWS_AT_ONCE)
    ]
    key = np.concatenate([np.empty(0, np.uint64), *slices])
    return pa.record_batch([pa.array(key), *batch.columns], schema=KEYED)


def find_pools(batch: pa.RecordBatch, rule: Rule) -> pa.Array:
    """Return the number of each row's pool, int8; the codes of ``lang`` canonical."""
    codes = [code for pool in rule.pools for code in sorted(pool)]
    pools = [i for i, pool in enumerate(rule.pools) for _ in pool]
    if not pools:
        return pa.repeat(pa.scalar(0, pa.int8()), batch.num_rows)
    return pa.array(pools, pa.int8()).take(pc.index_in(batch["lang"], pa.array(codes)))


def sort_copies(batch: pa.RecordBatch, rule: Rule = _NO_RULE) -> pa.RecordBatch:
    """Sort `KEYED` rows by key, polarity, pool, then the smallest copy first.

    Among copies the smallest is the one with the lowest (created_at, id, text); ids
    compare as numbers do.  A missing value comes first: a text without a time may be
    older than any day, so it must not be held out by ``test_after``.
    """
    created_at = pc.fill_null(batch["created_at"].cast(pa.int64()), _BEFORE_ALL)
    table = pa.table(
        {
            "key": batch["key"],
            "polarity": batch["polarity"],
            "pool": find_pools(batch, rule),
            "created_at": created_at,
            "id_length": pc.fill_null(pc.binary_length(batch["id"]), -1),
            "id": pc.fill_null(batch["id"], ""),
            "text": batch["text"],
        }
    )
    order = pc.sort_indices(
        table, sort_keys=[(name, "ascending") for name in table.column_names]
    )
    return batch.take(order)


def is_first_copy(key: Keys, positive: Flags) -> Flags:
    """Tell the first of each run of equal (key, polarity) in sorted arrays.

    Examples
    --------
    >>> key = np.array([5, 5, 5, 9], np.uint64)
    >>> is_first_copy(key, np.array([False, True, True, True])).tolist()
    [True, True, False, True]
    """
    first = np.ones(len(key), bool)
    first[1:] = (key[1:] != key[:-1]) | (positive[1:] != positive[:-1])
    return first


def drop_copies(batch: pa.RecordBatch, rule: Rule) -> tuple[pa.RecordBatch, int]:
    """Keep the first copy of each (key, polarity, pool) in a sorted `KEYED` batch.

    Returns
    -------
    pa.RecordBatch
    int
        How many rows were dropped; none where the rule keeps copies.
    """
    if rule.keep_copies:
        return batch, 0
    first = is_first_copy(_keys(batch), _positive(batch))
    pool = find_pools(batch, rule).to_numpy()
    first[1:] |= pool[1:] != pool[:-1]
    return batch.filter(pa.array(first)), int(len(first) - first.sum())


def make_pairs(batch: pa.RecordBatch, rule: Rule) -> Pairs:
    """Return the pairs of a sorted `KEYED` batch."""
    code = _positive(batch).astype(np.uint8)
    if rule.test_after is not None:
        posted = pc.fill_null(batch["created_at"].cast(pa.int64()), _BEFORE_ALL)
        code |= _IS_LATE * (posted.to_numpy() >= rule.test_after)
    return Pairs(_keys(batch), code)


def split_pairs(pairs: Pairs, n_ranges: int) -> list[Pairs]:
    """Cut sorted pairs into ranges of key space, never between near-copies."""
    bounds = np.array(
        [
            (KEY_SPACE * i // n_ranges) >> NEAR_BITS << NEAR_BITS
            for i in range(1, n_ranges)
        ],
        np.uint64,
    )
    cuts = np.searchsorted(pairs.key, bounds)
    return [
        Pairs(key, code)
        for key, code in zip(
            np.split(pairs.key, cuts), np.split(pairs.code, cuts), strict=True
        )
    ]


def merge_pairs(parts: Iterable[Pairs]) -> Pairs:
    """Merge pairs into one, in the order of key, then polarity."""
    parts = list(parts)
    key = np.concatenate([part.key for part in parts])
    code = np.concatenate([part.code for part in parts])
    order = np.lexsort((code & _IS_POSITIVE, key))
    return Pairs(key[order], code[order])


def conflicting_keys(pairs: Pairs) -> Keys:
    """Return the keys that merged pairs hold with both polarities, ascending.

    Examples
    --------
    >>> key = np.array([3, 3, 7, 7], np.uint64)
    >>> conflicting_keys(Pairs(key, np.array([0, 1, 1, 1], np.uint8))).tolist()
    [3]
    """
    differs = pairs.positive[1:] != pairs.positive[:-1]
    return np.unique(pairs.key[1:][(pairs.key[1:] == pairs.key[:-1]) & differs])


def is_held_out(key: Keys, pairs: Pairs, rule: Rule) -> Flags:
    """Tell which keys are held out, given all merged pairs of their near-copies.

    With ``test_after`` a key trains if a near-copy was posted before that time.
    """
    if rule.test_after is None:
        return key < np.uint64(rule.boundary)
    early = pairs.key[~pairs.late]
    if rule.has_maps:  # each row goes by its own time, and none is near another
        return ~np.isin(key, early)
    return ~np.isin(near_group(key), near_group(early))


def find_survivors(parts: Sequence[Pairs], rule: Rule) -> Survivors:
    """Collapse the copies of one range of key space, and drop its conflicts."""
    pairs = merge_pairs(parts)
    n_copies = n_conflicting = 0
    key, positive = pairs.key, pairs.positive
    if not rule.keep_copies:
        first = is_first_copy(key, positive)
        in_conflict = np.isin(key, conflicting_keys(pairs))
        n_copies = int((~first).sum())
        n_conflicting = int((first & in_conflict).sum())
        key, positive = key[first & ~in_conflict], positive[first & ~in_conflict]
    held_out = is_held_out(key, pairs, rule)
    keys = {
        (side, polarity): key[(held_out == side) & (positive == (polarity > 0))]
        for side, polarity in GROUPS
    }
    return Survivors(keys, n_copies, n_conflicting)


def _keys(batch: pa.RecordBatch) -> Keys:
    keys: Keys = batch["key"].to_numpy()
    return keys


def _positive(batch: pa.RecordBatch) -> Flags:
    positive: Flags = batch["polarity"].to_numpy() == POSITIVE
    return positive
