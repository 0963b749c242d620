"""Dask graphs: the only module that builds them.

Functions here take and return bags and delayed values and wire up the task bodies of
`emotiset.partition`.  They do no arithmetic on tweets and never compute.  Where a
value of an earlier graph is needed, its future stands in for it.

How many tasks there are is a formula in the README; see `emotiset.shape`.
"""

import uuid
from collections.abc import Callable, Sequence
from functools import partial
from operator import getitem
from typing import Any

from dask import bag, delayed
from dask.bag import Bag
from dask.delayed import Delayed
from dask.highlevelgraph import HighLevelGraph

from emotiset.assessing import (
    assess_scores,
    join_slices,
    judge_scores,
    score_after,
    score_before,
    take_slice,
)
from emotiset.config import TrainConfig
from emotiset.exchange import Draw
from emotiset.fitting import count_outside, fit_part, take_members
from emotiset.holdback import Slice
from emotiset.partition import (
    assemble_part,
    cut_pieces,
    drop_run_deleted,
    look_up_cutoff,
    match_ids,
    merge_runs,
    split_run,
    split_run_ids,
    take_counts,
    take_pool,
    take_rows,
    take_tally,
)
from emotiset.resuming import (
    Job,
    Labeling,
    Pack,
    fit_job,
    hash_places,
    label_pack,
    recall_job,
)
from emotiset.reuse import hash_examples
from emotiset.sampling import Group, Rule, find_survivors
from emotiset.scaling import make_scale, merge_counts
from emotiset.shape import MEMBERS_PER_TASK, choose_run_size
from emotiset.sources.storage import Place
from emotiset.work_folder import WorkFolder

_COUNTS_PER_MERGE = 4  # of 16 MB each at most, at 2^21 columns
_MAX_HASHES = 1024


def label_blocks(packs: Sequence[Pack], how: Labeling) -> Bag:
    """Read and label each block, or take what is kept of it.

    Returns
    -------
    Bag
        A `Run` for each block; a partition for each pack.  The raw input is read at
        most once; a task holds one batch and the rows that carry a label.
    """
    name = f"label_pack-{uuid.uuid4().hex}"
    # A node of its own, so that the lexicon travels once to each worker.
    shared = f"labeling-{name}"
    tasks: dict[Any, Any] = {
        (name, i): (label_pack, pack, shared) for i, pack in enumerate(packs)
    }
    tasks[shared] = how
    return Bag(HighLevelGraph.from_collections(name, tasks), name, len(packs))


def hash_inputs(places: Sequence[Place]) -> list[Delayed]:
    """Hash all that files hold, in at most 1,024 tasks; a list of digests for each."""
    size = max(-(-len(places) // _MAX_HASHES), 1)
    starts = range(0, len(places), size)
    return [make_task(hash_places, list(places[at : at + size])) for at in starts]


def hash_parts(parts: Sequence[Any]) -> list[Delayed]:
    """Hash the examples of each part."""
    return [make_task(hash_examples, part) for part in parts]


def merge_labeled(
    labeled: Sequence[Any], rule: Rule, *, is_dense: bool = False
) -> list[Delayed]:
    """Merge the partitions of `label_blocks` into at most 256 runs, in their order.

    Where the rows are *dense*, as with a label column, a block fills a run by itself.
    """
    size = choose_run_size(len(labeled), is_dense=is_dense)
    starts = range(0, len(labeled), size)
    return [make_task(merge_runs, labeled[at : at + size], rule) for at in starts]


def drop_deleted(runs: Sequence[Any], n_ranges: int, rule: Rule) -> list[Delayed]:
    """Drop what delete notices of any run name, then the copies of each run.

    Returns
    -------
    list of Delayed
        One `Run` for each.  8 bytes move for each notice and for each labeled tweet,
        range by range of hashed ids, and once more for each tweet that is deleted.
    """
    splits = [make_task(split_run_ids, run, n_ranges) for run in runs]
    deleted = [
        make_task(match_ids, [make_task(getitem, split, i) for split in splits])
        for i in range(n_ranges)
    ]
    return [make_task(drop_run_deleted, run, deleted, rule) for run in runs]


def take_tallies(runs: Sequence[Any]) -> list[Delayed]:
    """Take the tally of each run."""
    return [make_task(take_tally, run) for run in runs]


def take_pools(runs: Sequence[Any], pool: int, rule: Rule) -> list[Delayed]:
    """Take the rows of one pool of languages out of each run."""
    return [make_task(take_pool, run, pool, rule) for run in runs]


def count_ranges(runs: Sequence[Any], n_ranges: int, rule: Rule) -> list[Delayed]:
    """Count what survives in each of *n_ranges* ranges of key space.

    Returns
    -------
    list of Delayed
        One `Survivors` per range, in the order of key space.  9 bytes move for each
        labeled tweet.
    """
    splits = [make_task(split_run, run, n_ranges, rule) for run in runs]
    return [
        make_task(
            find_survivors, [make_task(getitem, split, i) for split in splits], rule
        )
        for i in range(n_ranges)
    ]


def take_range_counts(survivors: Sequence[Any]) -> list[Delayed]:
    """Take the counts of each range."""
    return [make_task(take_counts, each) for each in survivors]


def look_up(survivors: Any, group: Group, rank: int) -> Delayed:
    """Look up the key of a rank in the one range that holds it."""
    return make_task(look_up_cutoff, survivors, group, rank)


def exchange(runs: Sequence[Any], draw: Draw) -> list[Delayed]:
    """Move the texts that are drawn, each to its part.

    Returns
    -------
    list of Delayed
        Batches of `KEYED` in visiting order, a list for each member, then one for the
        held-out set.  A task holds the texts of its part.
    """
    cuts = [make_task(cut_pieces, run, draw) for run in runs]
    return [
        make_task(
            assemble_part, [make_task(getitem, cut, part) for cut in cuts], part, draw
        )
        for part in range(draw.n_parts)
    ]


def find_scale(parts: Sequence[Any], config: TrainConfig, last: Slice) -> Delayed:
    """Find how telling each column is in all parts together, without their slices.

    Returns
    -------
    Delayed
        `Gains`, or `MapScale`.  Each part is read once.  A tree adds the counts up, at
        most 8 bytes for each column and part; a task holds those of four.
    """
    counts = [make_task(count_outside, part, config, last) for part in parts]
    return merge_to_gains(counts, config)


def merge_to_gains(counts: Sequence[Any], config: TrainConfig) -> Delayed:
    """Add counts of columns up by a tree, and find the gains of all."""
    while len(counts) > 1:
        starts = range(0, len(counts), _COUNTS_PER_MERGE)
        counts = [
            make_task(merge_counts, counts[at : at + _COUNTS_PER_MERGE])
            for at in starts
        ]
    return make_task(make_scale, counts[0], config)


def fit_members(
    parts: Sequence[Any], config: TrainConfig, last: Slice, gains: Any = None
) -> Bag:
    """Train one member on each part.

    Parameters
    ----------
    parts
        Batches in visiting order, read once; each part is a partition of a bag.
    config
        Features and learner, the same for every member.
    last
        What each member learns from last.
    gains
        Of all parts, where the learner scales columns.

    Returns
    -------
    Bag
        One `Fitted` per partition.  Computing it raises `OnePolarityError` where a
        partition lacks a polarity.
    """
    examples = bag.from_delayed([delayed(part) for part in parts])
    fit = partial(fit_part, config=config, last=last)
    return examples.map_partitions(fit, gains=None if gains is None else delayed(gains))


def fit_and_keep(
    parts: Sequence[Any],
    jobs: Sequence[Job],
    config: TrainConfig,
    folder: WorkFolder,
    last: Slice,
    gains: Any = None,
) -> list[Delayed]:
    """Do as `fit_members` does, but take members that are kept and keep the others."""
    return [
        make_task(recall_job, part, job, config, folder, last)
        if job.kept is not None
        else make_task(fit_job, part, job, config, folder, last, gains)
        for part, job in zip(parts, jobs, strict=True)
    ]


def take_final_members(fitted: Sequence[Any]) -> list[Delayed]:
    """Take what a model is made of: a list of (member, digest) for each part."""
    return [make_task(take_members, part) for part in fitted]


def assess(fitted: Sequence[Any], config: TrainConfig, prior: float) -> Delayed:
    """Score the slices of all parts with all members; give the `Assessment`."""
    slices = make_task(join_slices, [make_task(take_slice, part) for part in fitted])
    scored = [make_task(score_before, slices, some, config) for some in _group(fitted)]
    return make_task(assess_scores, slices, scored, config, prior)


def judge(
    held_out: Any, fitted: Sequence[Any], config: TrainConfig, assessment: Any
) -> Delayed:
    """Score the held-out partition with all members; give the metrics."""
    scored = [make_task(score_after, held_out, some, config) for some in _group(fitted)]
    return make_task(judge_scores, held_out, scored, config, assessment)


def _group(fitted: Sequence[Any]) -> list[list[Any]]:
    """Return the members in groups, each of which scores together."""
    starts = range(0, len(fitted), MEMBERS_PER_TASK)
    return [list(fitted[at : at + MEMBERS_PER_TASK]) for at in starts]


def take_head(part: Any, n_rows: int) -> Delayed:
    """Take the first rows of a part."""
    return make_task(take_rows, part, n_rows)


def make_task(function: Callable[..., Any], *arguments: Any) -> Delayed:
    """Return a task; what is delayed or a future stands for its value."""
    # pure=False names the task by chance and spares hashing its arguments; the name
    # never reaches a result.
    return delayed(function, pure=False, traverse=True)(*arguments)
