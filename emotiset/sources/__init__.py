"""Raw input to batches of `TWEETS`: find it, recognize it, plan blocks, read them.

There is one reader for each format; `planning` and `reading` have a table of them.
Every reader keeps the same promise: records are the rows it yields plus its bins, and
what is wrong with a record is counted, never raised.
"""

from emotiset.sources.blocks import Block, Piece, Reading, Reject, Seen
from emotiset.sources.door import find_kept
from emotiset.sources.placing import find_label
from emotiset.sources.planning import find_blocks, find_paths, limit_blocks, plan_blocks
from emotiset.sources.reading import SCANNED, read_block

__all__ = [
    "SCANNED",
    "Block",
    "Piece",
    "Reading",
    "Reject",
    "Seen",
    "find_blocks",
    "find_kept",
    "find_label",
    "find_paths",
    "limit_blocks",
    "plan_blocks",
    "read_block",
]
