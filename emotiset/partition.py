"""One partition from bytes to labeled rows, and from pieces to a part of the sample.

These are the bodies of the tasks, composed of stages and free of Dask: a task that
failed on a worker is replayed by calling its function in a terminal.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from emotiset.config import TrainConfig
from emotiset.drawing import Cutoff, find_cutoff
from emotiset.exchange import Draw, Piece, assemble, cut_run
from emotiset.labeling import label_batch, label_observations, observed_labels
from emotiset.language import keep_languages, parse_languages
from emotiset.lexicon import Lexicon
from emotiset.sampling import (
    Group,
    Pairs,
    Rule,
    Survivors,
    add_keys,
    drop_copies,
    make_pairs,
    sort_copies,
    split_pairs,
)
from emotiset.scan import build_scan
from emotiset.schema import LABELED, empty_batch
from emotiset.sources import Block, Reading, Reject, Seen, read_block

BATCH_ROWS = 16_384
_REJECTS_SHOWN = 3


@dataclass
class Tally:
    """What became of the records of some blocks; tallies merge by addition.

    Attributes
    ----------
    bins
        Records by the bin they fell into.
    n_read
        All records.
    rejects
        All rejects, or only the first few of each block.
    sources
        For each input the records that were looked at.  Where a scan passes lines over
        those are the ones decoded, and the first of each stretch of a file.
    labels
        The different values of the label column.
    """

    bins: dict[str, int] = field(default_factory=dict)
    n_read: int = 0
    rejects: list[Reject] = field(default_factory=list)
    sources: dict[str, Seen] = field(default_factory=dict)
    labels: frozenset[str] = frozenset()

    def add_bins(self, bins: dict[str, int]) -> None:
        """Add counts by bin."""
        for name, count in bins.items():
            self.bins[name] = self.bins.get(name, 0) + count

    def add_seen(self, source: str, seen: Seen) -> None:
        """Add records of an input that were looked at."""
        self.sources[source] = self.sources.get(source, Seen()) + seen

    def add_reading(self, reading: Reading, *, keep_rejects: bool) -> None:
        """Count what a reader yields; the rows of its batch are still to be binned."""
        self.add_bins(reading.bins)
        n_read = reading.n_records
        self.n_read += n_read
        self.add_seen(reading.source, reading.looked_at)
        room = None if keep_rejects else max(_REJECTS_SHOWN - len(self.rejects), 0)
        self.rejects.extend(reading.rejects[:room])


def merge_tallies(tallies: Iterable[Tally]) -> Tally:
    """Add tallies up; the rejects stay in the order of the tallies."""
    merged = Tally()
    for tally in tallies:
        merged.add_bins(tally.bins)
        merged.n_read += tally.n_read
        merged.rejects.extend(tally.rejects)
        merged.labels |= tally.labels
        for source, seen in tally.sources.items():
            merged.add_seen(source, seen)
    return merged


@dataclass(frozen=True)
class RangeCounts:
    """How many keys of each group survive in one range, and how many pairs fell."""

    n_keys: Mapping[Group, int]
    n_copies: int
    n_conflicting: int


@dataclass(frozen=True)
class Run:
    """Labeled rows of one or many blocks, sorted by key, and their tally."""

    rows: pa.RecordBatch
    tally: Tally


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
    decodes_all = keep_rejects or config.label_column is not None
    scan = None if decodes_all else build_scan(lexicon)
    tally = Tally()
    labeled = [empty_batch(LABELED)]
    for reading in read_block(block, config, scan):
        tally.add_reading(reading, keep_rejects=keep_rejects)
        if config.label_column is not None:
            labeled.append(label_observations(reading.tweets, config))
            tally.labels |= observed_labels(reading.tweets, config)
        else:
            batch, bins = label_batch(reading.tweets, lexicon, config)
            tally.add_bins(bins)
            labeled.append(batch)
    batch = pa.concat_batches(labeled)
    if config.label_column is None:
        languages = parse_languages(config.language)
        batch, n_other = keep_languages(batch, languages)
        tally.add_bins({"other_language": n_other})
    rows, n_copies = drop_copies(sort_copies(add_keys(batch, config.seed)), rule)
    tally.add_bins({"copy": n_copies})
    return Run(rows, tally)


def merge_runs(partitions: Sequence[Sequence[Run]], rule: Rule) -> Run:
    """Merge the runs of some partitions into one; copies that meet here collapse."""
    runs = [run for partition in partitions for run in partition]
    rows = sort_copies(pa.concat_batches([run.rows for run in runs]))
    rows, n_copies = drop_copies(rows, rule)
    tally = merge_tallies(run.tally for run in runs)
    tally.add_bins({"copy": n_copies})
    return Run(rows, tally)


def take_tally(run: Run) -> Tally:
    """Return the tally of a run, which is small, without its rows."""
    return run.tally


def split_run(run: Run, n_ranges: int, rule: Rule) -> list[Pairs]:
    """Return the pairs of a run, cut into ranges of key space."""
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
    rows = assemble(pieces, part, draw)
    starts = range(0, rows.num_rows, BATCH_ROWS)
    return [rows.slice(start, BATCH_ROWS) for start in starts]
