"""The words of reading: what a plan is made of, and what reading it gives."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, Self

import pyarrow as pa

from emotiset.schema import TWEETS, empty_batch
from emotiset.sources.storage import Place

# No compression of text is expected to do better; a plan needs a size beforehand.
EXPANSION: Final = 8
HEAD_BYTES: Final = 200


@dataclass(frozen=True)
class Layout:
    """What the head of a delimited file says about its rows.

    Attributes
    ----------
    delimiter
        One character.
    names
        Column names as written in the header, blanks trimmed.
    data_start
        Bytes before the first row.
    """

    delimiter: str
    names: tuple[str, ...]
    data_start: int


@dataclass(frozen=True)
class Piece:
    """A stretch of one file, or of the simulation.

    Attributes
    ----------
    path
        What to call the file; absolute, since a worker may run in another folder.
    start, stop
        Bytes of a file of lines, row groups of Parquet, records of the simulation.
        A line belongs to the piece in which it begins.  A compressed file is one
        piece, and these are bytes of the compressed file.
    compression
        As `opening.find_compression` names it.
    n_bytes
        About how much there is to read once it is decompressed.
    layout
        Of a delimited file.
    problem
        Why the file cannot be read at all; reading it gives this one reject.
    place
        Where its bytes lie; None: at *path*.
    is_cut
        Whether it is one of several stretches of frames of a .zst file.

    Examples
    --------
    >>> Piece("/a/b.json", 0, 99).source
    '/a/b.json'
    """

    path: str
    start: int
    stop: int
    compression: str = "none"
    n_bytes: int = 0
    layout: Layout | None = None
    problem: str | None = None
    place: Place | None = None
    is_cut: bool = False

    @property
    def source(self) -> str:
        """What rejects name: where they are is counted from a stretch's beginning."""
        is_stretch = self.compression != "none" and self.start > 0
        return f"{self.path} from its byte {self.start}" if is_stretch else self.path

    @property
    def is_streamed(self) -> bool:
        """Whether one task reads all of the file, since it cannot be cut."""
        if self.compression == "bz2":
            return self.layout is not None
        return self.compression != "none" and not self.is_cut

    @property
    def where(self) -> Place:
        """Where the bytes of the file lie."""
        return Place(self.path) if self.place is None else self.place


@dataclass(frozen=True)
class Block:
    """What one task reads: pieces of one format, in input order.

    Attributes
    ----------
    format
        As the tables in `planning` and `reading` name it.
    pieces
        At least one.
    n_records
        Read only the first so many records; None: all.

    Examples
    --------
    >>> Block("text", (Piece("/a/b.txt", 0, 10), Piece("/a/c.txt", 0, 5))).name
    '/a/b.txt from 0 to 10 and 1 more'
    """

    format: str
    pieces: tuple[Piece, ...]
    n_records: int | None = None

    @property
    def n_bytes(self) -> int:
        """About how much there is to read once it is decompressed."""
        return sum(piece.n_bytes for piece in self.pieces)

    @property
    def name(self) -> str:
        """What to call the block in a message."""
        first = self.pieces[0]
        others = f" and {len(self.pieces) - 1} more" if len(self.pieces) > 1 else ""
        return f"{first.path} from {first.start} to {first.stop}{others}"


@dataclass(frozen=True)
class Reject:
    """A record that holds no text to use, for the list that a user reads.

    Attributes
    ----------
    source
        File, or name of the simulation.
    where
        ``byte N`` of the decompressed file, or ``row N`` of a table, counted from 0.
    reason
        In plain words.
    head
        The record's first 200 bytes, what is no UTF-8 replaced.

    Examples
    --------
    >>> Reject("/a/b.csv", "byte 7", "is no UTF-8", "caf").where
    'byte 7'
    """

    source: str
    where: str
    reason: str
    head: str


class Seen(NamedTuple):
    """Records that were looked at, and what they say about the input.

    Attributes
    ----------
    n_records
        All of them.
    n_lost
        Those without a text to use, the bad ones too.
    n_bad
        Those that cannot be read.

    Examples
    --------
    >>> Seen(3, 1, 0) + Seen(2, 1, 1)
    Seen(n_records=5, n_lost=2, n_bad=1)
    """

    n_records: int = 0
    n_lost: int = 0
    n_bad: int = 0

    def __add__(self, other: "Seen") -> "Seen":  # type: ignore[override]
        """Add count by count."""
        return Seen(*map(sum, zip(self, other, strict=True)))


@dataclass(frozen=True)
class Reading:
    """What a reader yields: some records of one source.

    Attributes
    ----------
    source
        File, or name of the simulation.
    tweets
        Batch of `TWEETS`, in input order.
    bins
        Records that became no tweet: blank, unreadable, delete, no_text; and those
        that were passed over undecoded, no_symbol.
    rejects
        One for each record in the bins unreadable and no_text, and such as are found
        among the first of those passed over.
    seen
        What the bad fraction is taken over, where it is not all records.
    deleted
        Ids of the tweets that delete notices among the records name.

    Examples
    --------
    >>> Reading("/a/b.csv", empty_batch(TWEETS), {"blank": 2}, ()).n_records
    2
    """

    source: str
    tweets: pa.RecordBatch
    bins: dict[str, int]
    rejects: tuple[Reject, ...]
    seen: Seen | None = None
    deleted: tuple[str, ...] = ()

    @property
    def n_records(self) -> int:
        """Records read: each is a row of *tweets* or in one bin."""
        return int(self.tweets.num_rows) + sum(self.bins.values())

    @property
    def looked_at(self) -> Seen:
        """The records that were looked at: all, unless `seen` says otherwise."""
        if self.seen is not None:
            return self.seen
        n_lost = sum(self.bins.values())
        return Seen(self.n_records, n_lost, self.bins.get("unreadable", 0))


@dataclass(frozen=True)
class Flaw:
    """A stretch of a file that no reader can take for a record.

    It counts as one record, whatever it might have held.

    Attributes
    ----------
    offset
        Its first byte in the file; in the decompressed file, if it is compressed.
    reason
        In plain words.
    head
        Its first bytes.
    """

    offset: int
    reason: str
    head: bytes

    @property
    def n_records(self) -> int:
        """Always 1."""
        return 1

    def first(self, n: int) -> Self:
        """Return the flaw itself, as there is no less than one record."""
        return self

    def to_reading(self, source: str) -> Reading:
        """Return the reading of *source* that holds nothing but this flaw."""
        reject = make_reject(source, f"byte {self.offset}", self.reason, self.head)
        return Reading(source, empty_batch(TWEETS), {"unreadable": 1}, (reject,))


def name_ids(found: Iterable[str | None]) -> tuple[str, ...]:
    """Return the ids that delete notices name, trimmed as those of tweets are."""
    trimmed = ((each or "").strip() for each in found)
    return tuple(each for each in trimmed if each)


def make_reject(source: str, where: str, reason: str, record: bytes) -> Reject:
    r"""Return a reject that shows the head of *record*.

    Examples
    --------
    >>> make_reject("/a.csv", "byte 7", "is no UTF-8", b"caf\xe9").head
    'caf\ufffd'
    """
    head = record[:HEAD_BYTES].decode(errors="replace")
    return Reject(source, where, reason, head)


def shorten(path: str) -> str:
    """Return the name of a file for a message: one line, its last folder with it.

    Examples
    --------
    >>> shorten("/data/stream/a.json")
    'stream/a.json'
    """
    return str(Path(*Path(path).parts[-2:]))
