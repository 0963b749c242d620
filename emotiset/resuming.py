"""Tasks that take finished work from a folder, or do it and keep it there.

The client lists the folder once and hands each task the name of what is kept; no task
looks for itself.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from emotiset.config import TrainConfig
from emotiset.deletions import Ids
from emotiset.fitting import Fitted, fit_part
from emotiset.holdback import Slice
from emotiset.kept import (
    KeptMember,
    pack_block,
    pack_member,
    unpack_block,
    unpack_member,
)
from emotiset.lexicon import Lexicon
from emotiset.map_scaling import MapScale
from emotiset.own_class import find_scoring, hash_own, is_own
from emotiset.partition import Run, order_rows, read_labeled
from emotiset.reuse import hash_place, member_key
from emotiset.sampling import Rule
from emotiset.scaling import Gains
from emotiset.sources import Block
from emotiset.sources.storage import Place
from emotiset.tally import Tally
from emotiset.work_folder import DamagedError, WorkFolder

_MAX_KEPT_PER_TASK = 32

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class Keeping:
    """That finished work is kept, and how its keys are made.

    Attributes
    ----------
    folder
        Where it lies.
    versions
        Of what shapes it.
    verifies
        Whether inputs are known by what they hold, not by size and time.
    """

    folder: WorkFolder
    versions: Mapping[str, str]
    verifies: bool = False


@dataclass(frozen=True)
class Job:
    """A piece of work and what is known of it.

    Attributes
    ----------
    key
        To keep it under; None: it is not kept.
    kept
        Name of the file in which an earlier run has kept it.
    """

    key: str | None = None
    kept: str | None = None


@dataclass(frozen=True)
class Labeling:
    """How blocks become runs: the same for every block of a training run."""

    config: TrainConfig
    lexicon: Lexicon
    rule: Rule
    keep_rejects: bool = False
    folder: WorkFolder | None = None


def find_jobs(keys: Sequence[str | None], kept: Mapping[str, str]) -> list[Job]:
    """Return a job for each key, given what `WorkFolder.find` has found."""
    return [Job(key, None if key is None else kept.get(key)) for key in keys]


@dataclass(frozen=True)
class Pack:
    """Blocks that one task labels, or takes from what is kept."""

    pairs: tuple[tuple[Block, Job], ...]

    @property
    def n_bytes(self) -> int:
        """About how much input there is to read; a kept block counts as a byte."""
        return sum(1 if job.kept else block.n_bytes for block, job in self.pairs)

    @property
    def name(self) -> str:
        """What to call it in a message."""
        return self.pairs[0][0].name


def pack_jobs(blocks: Sequence[Block], jobs: Sequence[Job]) -> list[Pack]:
    """Put neighbors of which something is kept together, as taking it is quick."""
    packs: list[list[tuple[Block, Job]]] = []
    for pair in zip(blocks, jobs, strict=True):
        joins = packs and pair[1].kept is not None and packs[-1][-1][1].kept is not None
        if joins and len(packs[-1]) < _MAX_KEPT_PER_TASK:
            packs[-1].append(pair)
        else:
            packs.append([pair])
    return [Pack(tuple(pairs)) for pairs in packs]


def label_pack(pack: Pack, how: Labeling) -> list[Run]:
    """Label the blocks of a pack, or take what is kept of them."""
    return [_label_job(block, job, how) for block, job in pack.pairs]


def _label_job(block: Block, job: Job, how: Labeling) -> Run:
    if how.folder is None or job.key is None:
        kept = read_labeled(
            block, how.config, how.lexicon, keep_rejects=how.keep_rejects
        )
    else:
        kept = _find_labeled(block, job.key, job.kept, how, how.folder)
    rows, tally, named = kept
    run = order_rows(rows, tally, how.config.seed, how.rule)
    return replace(run, named=named)


def _find_labeled(
    block: Block, key: str, kept: str | None, how: Labeling, folder: WorkFolder
) -> tuple[pa.RecordBatch, Tally, Ids]:
    """Take what is kept of a block, or read the block and keep that."""
    if kept is not None:
        try:
            rows, tally, named = unpack_block(folder.read("blocks", kept), key)
            tally.n_reused = 1
            return rows, tally, named
        except DamagedError as error:
            _LOGGER.warning("block %s is read again: %s", block.name, error)
    rows, tally, named = read_labeled(
        block, how.config, how.lexicon, keep_rejects=how.keep_rejects
    )
    folder.write("blocks", key, pack_block(rows, tally, named, key))
    tally.n_remade = int(kept is not None)
    return rows, tally, named


def hash_places(places: Iterable[Place]) -> list[str]:
    """Return the digest of all bytes of each file."""
    return [hash_place(place) for place in places]


def find_member_jobs(
    digests: Sequence[str], config: TrainConfig, last: Slice, keeping: Keeping
) -> list[Job]:
    """Return a job for each member, given a digest of each one's examples.

    What is kept is read here, so that a damaged member is trained again.
    """
    common = [f"slice {last.bound} {last.seed}", *sorted(digests)]
    if config.learner is not None and is_own(config.learner):
        common.append(f"learner {hash_own(config.learner)}")
    keys = [
        member_key([digest, str(number), *common], config, keeping.versions)
        for number, digest in enumerate(digests)
    ]
    jobs = find_jobs(keys, keeping.folder.find("members"))
    return [_check_member(job, config, keeping.folder) for job in jobs]


def _check_member(job: Job, config: TrainConfig, folder: WorkFolder) -> Job:
    try:
        load_member(job, config, folder)
    except DamagedError as error:
        if job.kept is not None:
            _LOGGER.warning("a member is trained again: %s", error)
        return Job(job.key)
    return job


def load_member(job: Job, config: TrainConfig, folder: WorkFolder) -> KeptMember:
    """Return a kept member.

    Raises
    ------
    DamagedError
        If it is not kept, or damaged.
    """
    if job.kept is None or job.key is None:
        raise DamagedError("--work-dir needs a kept member, found none")
    data = folder.read("members", job.kept)
    return unpack_member(data, job.key, config, find_scoring(config.learner))


def recall_job(
    batches: Iterable[pa.RecordBatch],
    job: Job,
    config: TrainConfig,
    folder: WorkFolder,
    last: Slice,
) -> list[Fitted]:
    """Take the kept member of a part, beside the slice of that part."""
    kept = load_member(job, config, folder)
    _, inside = last.split(list(batches))
    return [Fitted(kept.member, kept.before, inside, kept.digest)]


def fit_job(
    batches: Iterable[pa.RecordBatch],
    job: Job,
    config: TrainConfig,
    folder: WorkFolder,
    last: Slice,
    gains: Gains | MapScale | None = None,
) -> list[Fitted]:
    """Train one member on the batches of its part, and keep it."""
    fitted = fit_part(batches, config, last, gains)
    for each in fitted:
        if job.key is not None:
            kept = KeptMember(each.member, each.before, each.digest)
            folder.write("members", job.key, pack_member(kept, job.key))
    return fitted
