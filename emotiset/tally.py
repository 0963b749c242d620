"""What became of the records of some blocks, counted."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from emotiset.sources import Reading, Reject, Seen

_REJECTS_SHOWN: Final = 3


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
    n_reused
        Blocks whose labeled tweets an earlier run has kept.
    n_remade
        Blocks of which something was kept that is damaged.
    """

    bins: dict[str, int] = field(default_factory=dict)
    n_read: int = 0
    rejects: list[Reject] = field(default_factory=list)
    sources: dict[str, Seen] = field(default_factory=dict)
    labels: frozenset[str] = frozenset()
    n_reused: int = 0
    n_remade: int = 0

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
        merged.n_reused += tally.n_reused
        merged.n_remade += tally.n_remade
        for source, seen in tally.sources.items():
            merged.add_seen(source, seen)
    return merged
