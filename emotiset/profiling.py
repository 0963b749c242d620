"""A look at new input before anything is learned from it, and after: its held-out part.

Both read and label the input as a training would.  With a folder of finished work it
is read once for all of them.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pyarrow as pa
from dask.distributed import Client

from emotiset.cluster import ClusterConfig
from emotiset.config import TrainConfig
from emotiset.errors import TooFewError
from emotiset.families import find_families
from emotiset.gates import Profile
from emotiset.lexicon import load_lexicon
from emotiset.pools import parse_pools
from emotiset.progress import Stopwatch, ignore
from emotiset.schema import KEYED
from emotiset.sources import find_blocks
from emotiset.stages import Stages
from emotiset.steps import Labeled
from emotiset.tally import Tally
from emotiset.train import check_cluster, find_patience, open_client, open_work_folder
from emotiset.waiting import tell_losses

OTHER: Final = "other"

_MAX_TEXTS: Final = 1 << 40


def profile_input(
    inputs: Sequence[str | Path],
    config: TrainConfig,
    client: Client | ClusterConfig | None = None,
    *,
    work_dir: str | Path | None = None,
) -> Profile:
    """Count what the records of new input are, however it is cut.

    Parameters
    ----------
    inputs, config, client, work_dir
        As for `emotiset.train.train`.

    Raises
    ------
    InputError
        If the inputs cannot be read.

    Examples
    --------
    >>> with Client(processes=False, dashboard_address=":0") as client:
    ...     found = profile_input(["simulated:1000"], TrainConfig(), client)
    >>> found.read, found.labeled + sum(found.bins.values())
    (1000, 1000)
    """
    with _label(inputs, config, client, work_dir) as (_, labeled):
        return make_profile(labeled.tally)


def make_profile(tally: Tally) -> Profile:
    """Return the profile of what was read and labeled.

    A copy counts as what it is a copy of: where copies meet depends on the cut.
    """
    bins = {name: n for name, n in sorted(tally.bins.items()) if n and name != "copy"}
    days = tally.by_day.values()
    other = bins.get("other_language", 0)
    languages = {**tally.by_language, **({OTHER: other} if other else {})}
    return Profile(
        read=tally.n_read,
        bins=bins,
        labeled=tally.n_read - sum(bins.values()),
        positive=sum(positive for _, positive in days),
        languages=languages,
    )


def take_held_out(
    inputs: Sequence[str | Path],
    config: TrainConfig,
    client: Client | ClusterConfig | None = None,
    *,
    work_dir: str | Path | None = None,
) -> pa.Table:
    """Return the texts of new input that no training with its seed learns from.

    Which they are is decided by their keys, so a model that was trained on other days
    with the same seed and ``test_fraction`` has not learned from copies of them either.

    Parameters
    ----------
    inputs, config, client, work_dir
        As for `emotiset.train.train`.

    Returns
    -------
    pa.Table
        Columns of `emotiset.schema.KEYED`, balanced as training is.

    Raises
    ------
    OnePolarityError, TooFewError
        If the input has too few labeled texts, or holds out none.
    """
    with _label(inputs, config, client, work_dir) as (stages, labeled):
        pools = parse_pools(config.languages)
        found: list[pa.RecordBatch] = []
        for number in range(len(pools)):
            mine = labeled if len(pools) == 1 else stages.take_pool(labeled, number)
            drawn = stages.draw(mine)
            parts = stages.exchange(mine, drawn.draw)
            found += stages.take_texts(parts[-1], _MAX_TEXTS)
    texts = pa.Table.from_batches(found, KEYED)
    if not texts.num_rows:
        raise TooFewError(
            "models are judged on texts that none has learned from, found no such ones "
            "in the input: give more of it, or a larger --test-fraction"
        )
    return texts


@contextmanager
def _label(
    inputs: Sequence[str | Path],
    config: TrainConfig,
    client: Client | ClusterConfig | None,
    work_dir: str | Path | None,
) -> Iterator[tuple[Stages, Labeled]]:
    clock = Stopwatch()
    blocks = find_blocks(inputs, config)
    needed = find_families(config, blocks)
    keeping = open_work_folder(work_dir, config, verify_inputs=False)
    with open_client(client, clock, needed) as opened, tell_losses("run"):
        check_cluster(opened, client, blocks, keeping, clock)
        patience = find_patience(client)
        stages = Stages(opened, config, ignore, clock, patience, keeping)
        lexicon = load_lexicon(config.lexicon)
        yield stages, stages.label(blocks, lexicon, keep_rejects=False)
