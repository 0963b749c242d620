"""The exchange: only texts that may be drawn move, each to its member.

A *run* is a sorted `KEYED` batch of many blocks.  It is cut into one piece for each
member and one for the held-out set; a member's pieces meet and are resolved as the
count was: copies collapse, conflicts go.  To see a conflict whose other half lies
beyond that half's own cutoff, a piece also carries *rivals*: pairs without text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from emotiset.drawing import Cutoff
from emotiset.keys import (
    NEAR_BITS,
    Keys,
    choose_member,
    near_group,
    visiting_order,
)
from emotiset.sampling import (
    Flags,
    Pairs,
    Rule,
    conflicting_keys,
    is_first_copy,
    is_held_out,
    make_pairs,
    merge_pairs,
    sort_copies,
)
from emotiset.schema import NEGATIVE, POSITIVE


@dataclass(frozen=True)
class Draw:
    """All that says which example goes where.

    Attributes
    ----------
    rule
        The side of each key.
    train, held_out
        For each polarity the last key drawn, or None where none is.
    n_members
        Partitions of the training side.
    seed
        Decides the member and the visiting order.
    """

    rule: Rule
    train: Mapping[int, Cutoff | None]
    held_out: Mapping[int, Cutoff | None]
    n_members: int
    seed: int

    @property
    def n_parts(self) -> int:
        """Members, and the held-out set after them."""
        return self.n_members + 1

    def cutoffs(self, part: int) -> Mapping[int, Cutoff | None]:
        """Return the cutoffs that hold for one part."""
        return self.held_out if part == self.n_members else self.train


@dataclass(frozen=True)
class Piece:
    """What one run sends to one part: examples, and rivals without text."""

    examples: pa.RecordBatch
    rivals: Pairs


def cut_run(run: pa.RecordBatch, draw: Draw) -> list[Piece]:
    """Cut a sorted `KEYED` batch into one piece for each part of *draw*.

    O(rows) and one copy of the texts that are drawn.
    """
    pairs = make_pairs(run, draw.rule)
    training = _cut_side(run, pairs, draw, held_out=False)
    return [*training, *_cut_side(run, pairs, draw, held_out=True)]


def _cut_side(
    run: pa.RecordBatch, pairs: Pairs, draw: Draw, *, held_out: bool
) -> list[Piece]:
    """Cut what may belong to one side of the split into its parts."""
    n_parts = 1 if held_out else draw.n_members
    cutoffs = draw.held_out if held_out else draw.train
    may_be_here = _may_be_on_side(pairs, draw.rule, held_out=held_out)
    is_drawn = may_be_here & _is_within(pairs, cutoffs)
    if draw.rule.test_after is not None and held_out:
        is_drawn &= pairs.late
    # The group of the last key may go on beyond it.
    last_group = np.uint64(_last_key(cutoffs) >> NEAR_BITS)
    is_rival = may_be_here & ~is_drawn & (near_group(pairs.key) <= last_group)

    part = np.zeros(len(pairs.key), np.int64)
    if not held_out:
        part = choose_member(pairs.key, draw.seed, n_parts)
    rows = _rows_by_part(part, is_drawn, n_parts)
    rivals = _rows_by_part(part, is_rival, n_parts)
    return [
        Piece(run.take(pa.array(mine)), Pairs(pairs.key[other], pairs.code[other]))
        for mine, other in zip(rows, rivals, strict=True)
    ]


def assemble(pieces: Sequence[Piece], part: int, draw: Draw) -> pa.RecordBatch:
    """Resolve the pieces of one part and put its examples in visiting order.

    Parameters
    ----------
    pieces
        One of each run, in any order.
    part
        Number of the member, or ``draw.n_members`` for the held-out set.
    draw
        The same that cut the pieces.

    Returns
    -------
    pa.RecordBatch
        Of `KEYED`; exactly the examples drawn for this part.
    """
    rows = sort_copies(pa.concat_batches([piece.examples for piece in pieces]))
    mine = make_pairs(rows, draw.rule)
    everyone = merge_pairs([mine, *(piece.rivals for piece in pieces)])
    rows = rows.filter(pa.array(_is_resolved(mine, everyone, part, draw)))
    order = np.argsort(visiting_order(rows["key"].to_numpy(), draw.seed), kind="stable")
    return rows.take(pa.array(order))


def _is_resolved(mine: Pairs, everyone: Pairs, part: int, draw: Draw) -> Flags:
    """Tell which sorted rows of a part are drawn, now that all rivals are known."""
    held_out = part == draw.n_members
    keep: Flags = is_held_out(mine.key, everyone, draw.rule) == held_out
    if not draw.rule.keep_copies:
        keep &= is_first_copy(mine.key, mine.positive)
        keep &= ~np.isin(mine.key, conflicting_keys(everyone))
    # A cutoff key with several copies is drawn only in part.
    for polarity, cutoff in draw.cutoffs(part).items():
        if cutoff is not None:
            at_key = keep & (mine.key == cutoff.key)
            at_key &= mine.positive == (polarity == POSITIVE)
            keep[np.flatnonzero(at_key)[cutoff.n_at_key :]] = False
    return keep


def _may_be_on_side(pairs: Pairs, rule: Rule, *, held_out: bool) -> Flags:
    """Tell which pairs one run cannot rule out for a side."""
    if rule.test_after is not None:  # an earlier copy may lie in another run
        return np.ones(len(pairs.key), bool)
    may_be: Flags = (pairs.key < np.uint64(rule.boundary)) == held_out
    return may_be


def _is_within(pairs: Pairs, cutoffs: Mapping[int, Cutoff | None]) -> Flags:
    """Tell which pairs lie up to the cutoff of their own polarity."""
    within: Flags = np.zeros(len(pairs.key), bool)
    for polarity in (NEGATIVE, POSITIVE):
        cutoff = cutoffs[polarity]
        if cutoff is not None:
            has_polarity = pairs.positive == (polarity == POSITIVE)
            within |= has_polarity & (pairs.key <= np.uint64(cutoff.key))
    return within


def _last_key(cutoffs: Mapping[int, Cutoff | None]) -> int:
    return max((cut.key for cut in cutoffs.values() if cut is not None), default=0)


def _rows_by_part(
    part: Keys | np.ndarray, mask: Flags, n_parts: int
) -> list[np.ndarray]:
    """Return the row numbers of each part where *mask* holds, ascending."""
    rows = np.flatnonzero(mask)
    order = np.argsort(part[rows], kind="stable")
    cuts = np.searchsorted(part[rows][order], np.arange(1, n_parts))
    return np.split(rows[order], cuts)
