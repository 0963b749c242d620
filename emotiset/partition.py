"""One partition from bytes to labeled rows, and from pieces to a part of the sample.

These are the bodies of the tasks, composed of stages and free of Dask: a task that
failed on a worker is replayed by calling its function in a terminal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from emotiset.config import TrainConfig
from emotiset.deletions import (
    NO_IDS,
    Ids,
    drop_ids,
    find_deleted,
    hash_ids,
    split_ids,
    unite_ids,
)
from emotiset.drawing import Cutoff, find_cutoff
from emotiset.exchange import Draw, Piece, assemble, cut_run
from emotiset.first_symbol import find_first
from emotiset.labeling import label_observations, label_rows, observed_labels
from emotiset.langid import release_model
from emotiset.language import keep_languages
from emotiset.lexicon import Lexicon
from emotiset.map_keys import Numbers, Twins, put_numbers, split_twins
from emotiset.pools import unite_codes
from emotiset.sampling import (
    Group,
    Pairs,
    Rule,
    Survivors,
    add_keys,
    drop_copies,
    find_pools,
    make_pairs,
    sort_copies,
    split_pairs,
)
from emotiset.scan import build_scan
from emotiset.schema import KEYED, LABELED, empty_batch
from emotiset.sources import Block, Reading, find_label, read_block
from emotiset.tally import Tally as Tally
from emotiset.tally import count_days, count_languages, count_symbols
from emotiset.tally import merge_tallies as merge_tallies

BATCH_ROWS = 16_384

# A labeled row with the place in the lexicon of its first symbol, to be counted.
_MARKED = pa.schema([*LABELED, ("symbol", pa.int16())])


@dataclass(frozen=True)
class RangeCounts:
    """How many keys of each group survive in one range, and how many pairs fell."""

    n_keys: Mapping[Group, int]
    n_copies: int
    n_conflicting: int


@dataclass(frozen=True)
class Run:
    """Labeled rows of one or many blocks, sorted by key, and their tally.

    Attributes
    ----------
    rows
    tally
    named
        Hashed ids that delete notices name, ascending, where they are asked for.
    """

    rows: pa.RecordBatch
    tally: Tally
    named: Ids = field(default_factory=NO_IDS.copy)


def label_block(
    block: Block,
    config: TrainConfig,
    lexicon: Lexicon,
    rule: Rule,
    *,
    keep_rejects: bool = False,
) -> Run:
    """Read one block and keep what carries a label, with its key.

    Reads the block once, a batch at a time; holds only labeled rows.  Lines that can
    carry no symbol are passed over undecoded, unless all rejects are wanted.
    """
    rows, tally, named = read_labeled(block, config, lexicon, keep_rejects=keep_rejects)
    return replace(order_rows(rows, tally, config.seed, rule), named=named)


def read_labeled(
    block: Block, config: TrainConfig, lexicon: Lexicon, *, keep_rejects: bool = False
) -> tuple[pa.RecordBatch, Tally, Ids]:
    """Return the `LABELED` rows of one block, in input order, the tally, and names.

    The names are hashed ids of tweets that delete notices name, where they are asked
    for.  All depend on the block and the settings that read and label, not the draw.
    """
    decodes_all = keep_rejects or config.label_column is not None
    scan = None if decodes_all else build_scan(lexicon)
    tally = Tally()
    kept, waiting, named = [], [empty_batch(_MARKED)], [NO_IDS]
    n_waiting = 0
    for reading in read_block(block, config, scan, keep_notices=config.drop_deleted):
        tally.add_reading(reading, keep_rejects=keep_rejects)
        if config.drop_deleted:
            named.append(hash_ids(reading.deleted))
        waiting.append(_label_reading(reading, config, lexicon, tally))
        n_waiting += waiting[-1].num_rows
        if n_waiting >= BATCH_ROWS:
            kept.append(_keep_waiting(waiting, config, lexicon, tally))
            waiting, n_waiting = [], 0
    if waiting:
        kept.append(_keep_waiting(waiting, config, lexicon, tally))
    return pa.concat_batches(kept), tally, unite_ids(named)


def _label_reading(
    reading: Reading, config: TrainConfig, lexicon: Lexicon, tally: Tally
) -> pa.RecordBatch:
    if config.label_column is not None:
        where = partial(find_label, reading)
        batch = label_observations(reading.tweets, config, where)
        symbols = pa.nulls(batch.num_rows, pa.int16())
        tally.labels |= observed_labels(reading.tweets, config)
    else:
        batch, bins, whole = label_rows(reading.tweets, lexicon, config)
        tally.add_bins(bins)
        symbols = pa.array(find_first(whole, lexicon))
    return pa.record_batch([*batch.columns, symbols], schema=_MARKED)


def _keep_waiting(
    waiting: Sequence[pa.RecordBatch],
    config: TrainConfig,
    lexicon: Lexicon,
    tally: Tally,
) -> pa.RecordBatch:
    """Keep the rows in one of the languages, and count them.

    A few at a time: a file of gigabytes can be one block, most of it in others.
    """
    batch = pa.concat_batches(waiting)
    batch, n_other = keep_languages(batch, unite_codes(config.languages))
    tally.add_bins({"other_language": n_other})
    tally.add_days(count_days(batch["created_at"], batch["polarity"]))
    tally.add_symbols(count_symbols(batch["symbol"], lexicon))
    tally.add_languages(count_languages(batch["lang"]))
    return batch.select(LABELED.names)


def order_rows(rows: pa.RecordBatch, tally: Tally, seed: int, rule: Rule) -> Run:
    """Give `LABELED` rows their keys and their order; copies that meet here collapse.

    *tally* is changed in place.
    """
    keyed, n_copies = drop_copies(sort_copies(add_keys(rows, seed, rule), rule), rule)
    tally.add_bins({"copy": n_copies})
    return Run(keyed, tally)


def merge_runs(partitions: Sequence[Sequence[Run]], rule: Rule) -> Run:
    """Merge the runs of some partitions into one; copies that meet here collapse."""
    runs = [run for partition in partitions for run in partition]
    rows = sort_copies(pa.concat_batches([run.rows for run in runs]), rule)
    rows, n_copies = drop_copies(rows, rule)
    tally = merge_tallies(run.tally for run in runs)
    tally.add_bins({"copy": n_copies})
    return Run(rows, tally, unite_ids([run.named for run in runs]))


def split_run_ids(run: Run, n_ranges: int) -> list[tuple[Ids, Ids]]:
    """Return the ids of a run and those it names, cut into ranges of their hash."""
    ids = unite_ids([hash_ids(run.rows["id"])])
    split = (split_ids(ids, n_ranges), split_ids(run.named, n_ranges))
    return list(zip(*split, strict=True))


def match_ids(parts: Sequence[tuple[Ids, Ids]]) -> Ids:
    """Return the ids of one range that some run has and some run names."""
    ids, named = zip(*parts, strict=True)
    return find_deleted(ids, named)


def drop_run_deleted(run: Run, deleted: Sequence[Ids], rule: Rule) -> Run:
    """Drop the deleted tweets of a run, then its copies."""
    rows, n_deleted = drop_ids(run.rows, unite_ids(deleted))
    rows, n_copies = drop_copies(rows, rule)
    tally = merge_tallies([run.tally])
    tally.add_bins({"deleted": n_deleted, "copy": n_copies})
    return Run(rows, tally)


def split_run_twins(run: Run, n_ranges: int, seed: int) -> list[Twins]:
    """Return the keys of a run of feature maps, cut into ranges of key space."""
    return split_twins(run.rows, n_ranges, seed)


def number_run(run: Run, numbers: Sequence[Numbers], rule: Rule, seed: int) -> Run:
    """Put the numbers of identical rows into the keys of a run, range after range."""
    key = put_numbers(run.rows["key"].to_numpy(), np.concatenate(numbers), seed)
    rows = run.rows.set_column(0, KEYED.field("key"), pa.array(key))
    return Run(sort_copies(rows, rule), run.tally)


def take_pool(run: Run, pool: int, rule: Rule) -> Run:
    """Copy the rows of one pool; the tally counts nothing but them."""
    is_mine = pc.equal(find_pools(run.rows, rule), pool)
    rows = run.rows.filter(is_mine)
    return Run(rows, Tally(n_read=rows.num_rows))


def take_tally(run: Run) -> Tally:
    """Return the tally of a run, which is small, without its rows."""
    return run.tally


def split_run(run: Run, n_ranges: int, rule: Rule) -> list[Pairs]:
    """Return the pairs of a run, cut into ranges of key space."""
    release_model()  # all is read
    return split_pairs(make_pairs(run.rows, rule), n_ranges)


def take_counts(survivors: Survivors) -> RangeCounts:
    """Return the counts of a range, which are small, without its keys."""
    return RangeCounts(survivors.count(), survivors.n_copies, survivors.n_conflicting)


def look_up_cutoff(survivors: Survivors, group: Group, rank: int) -> Cutoff:
    """Return the cutoff that takes the *rank* lowest keys of one group."""
    return find_cutoff(survivors.keys[group], rank)


def cut_pieces(run: Run, draw: Draw) -> list[Piece]:
    """Cut a run into one piece for each part."""
    return cut_run(run.rows, draw)


def assemble_part(
    pieces: Sequence[Piece], part: int, draw: Draw
) -> list[pa.RecordBatch]:
    """Resolve the pieces of one part; return its batches in visiting order."""
    release_model()
    rows = assemble(pieces, part, draw)
    starts = range(0, rows.num_rows, BATCH_ROWS)
    return [rows.slice(start, BATCH_ROWS) for start in starts]


def take_rows(batches: Sequence[pa.RecordBatch], n_rows: int) -> list[pa.RecordBatch]:
    """Return the first rows of a part, so many or all."""
    table = pa.Table.from_batches(batches, KEYED).slice(0, n_rows)
    taken: list[pa.RecordBatch] = table.combine_chunks().to_batches(BATCH_ROWS)
    return taken
