"""What became of the records of some blocks, counted."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from emotiset.lexicon import Lexicon
from emotiset.schema import NEGATIVE
from emotiset.sources import Reading, Reject, Seen

_MICROSECONDS_A_DAY: Final = 86_400_000_000
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
    by_symbol
        Labeled tweets by the symbol that they have first, copies included.
    by_day
        Labeled tweets of either polarity, negative first, by day in UTC; those without
        a time are under the empty string.
    by_language
        Labeled tweets by language, those without one under the empty string.
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
    by_symbol: dict[str, int] = field(default_factory=dict)
    by_day: dict[str, tuple[int, int]] = field(default_factory=dict)
    by_language: dict[str, int] = field(default_factory=dict)
    n_reused: int = 0
    n_remade: int = 0

    def add_bins(self, bins: dict[str, int]) -> None:
        """Add counts by bin."""
        for name, count in bins.items():
            self.bins[name] = self.bins.get(name, 0) + count

    def add_symbols(self, counts: Mapping[str, int]) -> None:
        """Add labeled tweets by symbol."""
        for symbol, count in counts.items():
            self.by_symbol[symbol] = self.by_symbol.get(symbol, 0) + count

    def add_days(self, counts: Mapping[str, tuple[int, int]]) -> None:
        """Add labeled tweets by day and polarity."""
        for day, (negative, positive) in counts.items():
            n_negative, n_positive = self.by_day.get(day, (0, 0))
            self.by_day[day] = (n_negative + negative, n_positive + positive)

    def add_languages(self, counts: Mapping[str, int]) -> None:
        """Add labeled tweets by language."""
        for language, count in counts.items():
            self.by_language[language] = self.by_language.get(language, 0) + count

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
        merged.add_symbols(tally.by_symbol)
        merged.add_days(tally.by_day)
        merged.add_languages(tally.by_language)
        merged.n_reused += tally.n_reused
        merged.n_remade += tally.n_remade
        for source, seen in tally.sources.items():
            merged.add_seen(source, seen)
    return merged


def count_symbols(places: pa.Array, lexicon: Lexicon) -> dict[str, int]:
    """Count labeled rows by symbol.

    Parameters
    ----------
    places
        Place in the lexicon of each row's symbol, as `emotiset.first_symbol.find_first`
        finds it; a null is a row without a symbol.
    lexicon
        Whose symbols they are.
    """
    counts = pc.value_counts(places.drop_null()).to_pylist()
    return {lexicon.symbols[each["values"]].text: each["counts"] for each in counts}


def count_languages(lang: pa.Array) -> dict[str, int]:
    """Count labeled rows by language.

    Examples
    --------
    >>> count_languages(pa.array(["es", None, "es", "en"]))
    {'': 1, 'en': 1, 'es': 2}
    """
    counts = pc.value_counts(lang.fill_null("")).to_pylist()
    return dict(sorted((each["values"], each["counts"]) for each in counts))


def count_days(created_at: pa.Array, polarity: pa.Array) -> dict[str, tuple[int, int]]:
    """Count labeled rows by day in UTC and by polarity, negative first.

    Examples
    --------
    >>> from emotiset.schema import TIME
    >>> count_days(pa.array([0, None, 1], TIME), pa.array([1, -1, 1], pa.int8()))
    {'': (1, 0), '1970-01-01': (0, 2)}
    """
    # Whole days since 1970 first: to write out each time would take far longer.
    days = pc.cast(pc.floor_temporal(created_at, unit="day"), pa.int64())
    rows = pa.table({"day": days, "polarity": polarity})
    groups = rows.group_by(["day", "polarity"], use_threads=False)
    found: dict[str, tuple[int, int]] = {}
    for row in groups.aggregate([([], "count_all")]).to_pylist():
        day = "" if row["day"] is None else _write_day(row["day"])
        negative, positive = found.get(day, (0, 0))
        if row["polarity"] == NEGATIVE:
            negative += row["count_all"]
        else:
            positive += row["count_all"]
        found[day] = (negative, positive)
    return dict(sorted(found.items()))


def _write_day(microseconds: int) -> str:
    return str(np.datetime64(microseconds // _MICROSECONDS_A_DAY, "D"))
