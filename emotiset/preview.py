"""What a run would do: the plan of blocks, and the funnel of the first records."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from emotiset.compiling import compile_kernels
from emotiset.config import TrainConfig
from emotiset.families import find_families
from emotiset.lexicon import load_lexicon
from emotiset.partition import Tally, label_block, merge_tallies
from emotiset.sampling import make_rule
from emotiset.sources import find_blocks, limit_blocks

_RECORDS, _FEW = 20_000, 100
_READING = ("label", "scan", "maps")  # families of kernels


@dataclass(frozen=True)
class Preview:
    """A plan and an estimate.

    Attributes
    ----------
    formats
        For each recognized format: blocks and bytes.
    n_streamed
        Files larger than a block that one task reads, since they cannot be cut.
    tally
        Of the first records.
    n_labeled
        Labeled tweets among them.
    share
        Part of all bytes that was looked at, 0 to 1.
    seconds
        What that took on one core, its kernels there.
    """

    formats: dict[str, tuple[int, int]]
    n_streamed: int
    tally: Tally
    n_labeled: int
    share: float
    seconds: float

    @property
    def n_labeled_expected(self) -> int:
        """Labeled tweets in all of the input, if it goes on as it begins."""
        return round(self.n_labeled / self.share) if self.share else 0

    @property
    def seconds_expected(self) -> float:
        """Seconds that one core takes to read all of the input."""
        return self.seconds / self.share if self.share else 0.0


def preview(inputs: Sequence[str | Path], config: TrainConfig) -> Preview:
    """Plan a run, and label its first 20,000 records in this process."""
    blocks = find_blocks(inputs, config)
    formats: dict[str, tuple[int, int]] = {}
    for block in blocks:
        n_blocks, n_bytes = formats.get(block.format, (0, 0))
        formats[block.format] = (n_blocks + 1, n_bytes + block.n_bytes)

    lexicon, rule = load_lexicon(config.lexicon), make_rule(config)
    needed = find_families(config, blocks)
    compile_kernels(each for each in needed if each in _READING)
    first = limit_blocks(blocks, min(_RECORDS, config.limit or _RECORDS), config)
    for block in first[:1]:  # which loads what it needs: no part of reading
        label_block(replace(block, n_records=_FEW), config, lexicon, rule)
    start = time.perf_counter()
    runs = [label_block(block, config, lexicon, rule) for block in first]
    seconds = time.perf_counter() - start
    n_bytes = sum(block.n_bytes for block in blocks)
    n_looked_at = sum(block.n_bytes for block in first)
    return Preview(
        formats=formats,
        n_streamed=sum(
            piece.is_streamed and piece.n_bytes > config.block_size
            for block in blocks
            for piece in block.pieces
        ),
        tally=merge_tallies(run.tally for run in runs),
        n_labeled=sum(run.rows.num_rows for run in runs),
        share=min(n_looked_at / n_bytes, 1.0) if n_bytes else 0.0,
        seconds=seconds,
    )
