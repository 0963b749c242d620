"""Find out, before a stage begins, which of its work an earlier run has kept."""

from collections.abc import Sequence
from dataclasses import dataclass

from dask.distributed import Client, Future

from emotiset import graph
from emotiset.config import TrainConfig
from emotiset.holdback import Slice
from emotiset.progress import Progress, Step
from emotiset.resuming import Job, Keeping, find_jobs, find_member_jobs
from emotiset.reuse import block_keys, find_places, find_stamps
from emotiset.sources import Block
from emotiset.waiting import wait_for


@dataclass(frozen=True)
class Recall:
    """Looks into the folder of finished work, once for each kind.

    Attributes
    ----------
    client
        Where inputs and examples are hashed.
    config
        The settings of the run.
    progress
        Is told how much is reused.
    worker_seconds
        How long the cluster may be without a worker.
    keeping
        None: nothing is kept.
    """

    client: Client
    config: TrainConfig
    progress: Progress
    worker_seconds: float
    keeping: Keeping | None

    def find_blocks(self, blocks: Sequence[Block], *, keep_rejects: bool) -> list[Job]:
        """Return a job for each block, given whether rejects are kept.

        Raises
        ------
        InputError
            If an input cannot be told from a changed one.
        """
        if self.keeping is None:
            return [Job()] * len(blocks)
        stamps = (
            self._hash_inputs(blocks) if self.keeping.verifies else find_stamps(blocks)
        )
        keys = block_keys(
            blocks,
            stamps,
            self.config,
            self.keeping.versions,
            keep_rejects=keep_rejects,
        )
        return self._tell(find_jobs(keys, self.keeping.folder.find("blocks")), "blocks")

    def find_members(self, parts: Sequence[Future], last: Slice) -> list[Job]:
        """Return a job for the member of each part."""
        if self.keeping is None:
            return [Job()] * len(parts)
        futures = self.client.compute(graph.hash_parts(parts))
        self._wait(futures, "recall")
        digests = self.client.gather(futures)
        return self._tell(
            find_member_jobs(digests, self.config, last, self.keeping), "members"
        )

    def _hash_inputs(self, blocks: Sequence[Block]) -> dict[str, str]:
        places = find_places(blocks)
        futures = self.client.compute(graph.hash_inputs(list(places.values())))
        self._wait(futures, "verify")
        digests = [each for found in self.client.gather(futures) for each in found]
        return dict(zip(places, digests, strict=True))

    def _wait(self, futures: Sequence[Future], stage: str) -> None:
        wait_for(
            futures,
            stage=stage,
            progress=self.progress,
            worker_seconds=self.worker_seconds,
        )

    def _tell(self, jobs: list[Job], unit: str) -> list[Job]:
        n_kept = sum(job.kept is not None for job in jobs)
        if n_kept:
            self.progress(Step(f"reuse {unit}", n_kept, n_kept, unit))
        return jobs
