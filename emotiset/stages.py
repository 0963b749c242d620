"""The stages of a run on a client: each submits a graph and waits for it.

What is large stays on the workers, as futures; what comes back is counts, cutoffs,
members and metrics.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa
from dask.distributed import Client, Future

from emotiset import fold_graph, graph, warm_graph
from emotiset.assessing import Assessment
from emotiset.config import TrainConfig
from emotiset.drawing import (
    Cutoff,
    check_members,
    choose_members,
    choose_sizes,
    find_range,
)
from emotiset.exchange import Draw
from emotiset.holdback import Slice, choose_slice
from emotiset.learner import Member
from emotiset.lexicon import Lexicon
from emotiset.partition import RangeCounts, merge_tallies
from emotiset.progress import Progress, Stopwatch
from emotiset.recalling import Recall
from emotiset.resampling import summarize_folds
from emotiset.resuming import Job, Keeping, Labeling, pack_jobs
from emotiset.sampling import GROUPS, POLARITIES, Group, make_rule
from emotiset.scaling import needs_scale
from emotiset.schema import POSITIVE
from emotiset.settling import settle
from emotiset.shape import choose_ranges
from emotiset.sources import Block
from emotiset.steps import Drawn, Judgment, Labeled, Trained
from emotiset.waiting import WORKER_SECONDS, wait_for
from emotiset.warm import Past, Pasts, pack_past


@dataclass(frozen=True)
class Stages:
    """The work of one run, stage by stage.

    Attributes
    ----------
    client
        Where the graphs run.
    config
        The settings of the run.
    progress
        Is told how far each stage is.
    clock
        Gets the seconds of each stage.
    worker_seconds
        How long the cluster may be without a worker.
    keeping
        Where finished work is kept and found again; None: nowhere.
    past
        What the members have learned before; None: nothing.
    """

    client: Client
    config: TrainConfig
    progress: Progress
    clock: Stopwatch = field(default_factory=Stopwatch)
    worker_seconds: float = WORKER_SECONDS
    keeping: Keeping | None = None
    past: Pasts | None = None

    def label(
        self, blocks: Sequence[Block], lexicon: Lexicon, *, keep_rejects: bool
    ) -> Labeled:
        """Label all blocks, or take what is kept of them, and merge them into runs."""
        rule = make_rule(self.config)
        if self.config.drop_deleted:  # a copy that is deleted must not stand for others
            rule = replace(rule, keep_copies=True)
        with self.clock.time("recall"):
            jobs = self._recall.find_blocks(blocks, keep_rejects=keep_rejects)
        with self.clock.time("read"):
            folder = None if self.keeping is None else self.keeping.folder
            how = Labeling(self.config, lexicon, rule, keep_rejects, folder)
            packs = pack_jobs(blocks, jobs)
            bag = graph.label_blocks(packs, how)
            labeled = self.client.compute(bag.to_delayed())
            is_dense = self.config.label_column is not None
            merged = graph.merge_labeled(labeled, rule, is_dense=is_dense)
            runs = self.client.compute(merged)
            tallies = self.client.compute(graph.take_tallies(runs))
            self._wait(
                labeled,
                "read",
                sizes=[pack.n_bytes for pack in packs],
                unit="B",
                name_of=lambda index: packs[index].name,
            )
            del labeled  # merged rows need not stay twice
            self._wait(tallies, "merge")
            labeled = Labeled(runs, merge_tallies(self.client.gather(tallies)))
            return settle(self.client, labeled, self.config, self._wait)

    def take_pool(self, labeled: Labeled, pool: int) -> Labeled:
        """Take the tweets of one pool of languages, by its number."""
        with self.clock.time("draw"):
            rule = make_rule(self.config)
            runs = self.client.compute(graph.take_pools(labeled.runs, pool, rule))
            tallies = self.client.compute(graph.take_tallies(runs))
            self._wait(tallies, "take")
            return Labeled(runs, merge_tallies(self.client.gather(tallies)))

    def draw(self, labeled: Labeled) -> Drawn:
        """Find the exact cutoffs of the sample and of the held-out set."""
        with self.clock.time("draw"):
            n_ranges = choose_ranges(labeled.n_rows)
            rule = make_rule(self.config)
            survivors = self.client.compute(
                graph.count_ranges(labeled.runs, n_ranges, rule)
            )
            counting = self.client.compute(graph.take_range_counts(survivors))
            self._wait(counting, "count")
            ranges: list[RangeCounts] = self.client.gather(counting)

            found = {group: sum(r.n_keys[group] for r in ranges) for group in GROUPS}
            sizes = choose_sizes(found, self.config)
            cutoffs = self._find_cutoffs(survivors, ranges, sizes)
        n_train = sum(sizes[False, polarity] for polarity in POLARITIES)
        n_test = sum(sizes[True, polarity] for polarity in POLARITIES)
        n_members = choose_members(n_train, self.config)
        check_members(n_members, sizes)
        bins = {
            "copy": sum(r.n_copies for r in ranges),
            "conflicting_copies": sum(r.n_conflicting for r in ranges),
            "surplus": sum(found.values()) - n_train - n_test,
            "held_out": n_test,
            "trained": n_train,
        }
        draw = Draw(
            rule=rule,
            train={polarity: cutoffs[False, polarity] for polarity in POLARITIES},
            held_out={polarity: cutoffs[True, polarity] for polarity in POLARITIES},
            n_members=n_members,
            seed=self.config.seed,
        )
        last = choose_slice(n_train, n_members, self.config)
        return Drawn(draw, bins, sizes[False, POSITIVE] / n_train, last)

    def exchange(self, labeled: Labeled, draw: Draw) -> list[Future]:
        """Send each drawn text to its part; the held-out set is the last part."""
        with self.clock.time("exchange"):
            parts: list[Future] = self.client.compute(
                graph.exchange(labeled.runs, draw)
            )
            self._wait(parts, "exchange", unit="parts")
            return parts

    def train(self, parts: Sequence[Future], last: Slice) -> Trained:
        """Train one member on each part, or take what is kept of it."""
        with self.clock.time("recall"):
            jobs = self._recall.find_members(parts, last)
        n_reused = sum(job.kept is not None for job in jobs)
        gains = None if n_reused == len(jobs) else self._scale(parts, last)
        with self.clock.time("train"):
            fitted = self._fit(parts, jobs, last, gains)
            self._wait(fitted, "train", unit="members")
            return Trained(fitted, n_reused)

    def _scale(self, parts: Sequence[Future], last: Slice) -> Future | None:
        """Find how telling each column is, where the learner wants to know.

        A member that is alone finds it itself, so that its part is hashed once.
        """
        if len(parts) == 1 or not needs_scale(self.config, self.config):
            return None
        with self.clock.time("scale"):
            task = graph.find_scale(parts, self.config, last)
            gains: Future = self.client.compute(task)
            self._wait([gains], "scale")
            return gains

    def _fit(
        self,
        parts: Sequence[Future],
        jobs: Sequence[Job],
        last: Slice,
        gains: Future | None,
    ) -> list[Future]:
        if self.past is not None:
            pasts = [self._send(past) for past in self.past.members]
            members = warm_graph.continue_members(
                parts, pasts, self.config, last, gains
            )
        elif self.keeping is None:
            members = graph.fit_members(parts, self.config, last, gains).to_delayed()
        else:
            folder = self.keeping.folder
            members = graph.fit_and_keep(parts, jobs, self.config, folder, last, gains)
        fitted: list[Future] = self.client.compute(members)
        return fitted

    def _send(self, past: Past) -> tuple[Past, list[Future]]:
        """Send the weights of a member, so that they outlive the loss of a worker."""
        pieces = [
            self.client.submit(bytes, piece, pure=False) for piece in pack_past(past)
        ]
        return replace(past, weights=past.weights[:0]), pieces

    def judge(
        self, held_out: Future, fitted: Sequence[Future], drawn: Drawn
    ) -> Judgment:
        """Fit the probabilities on the slices, then score the held-out part."""
        with self.clock.time("calibrate"):
            task = graph.assess(fitted, self.config, drawn.prior)
            future = self.client.compute(task)
            self._wait([future], "calibrate")
            assessment: Assessment = future.result()
            if self.past is not None and not assessment.calibration.n_examples:
                kept = self.past.calibration
                assessment = replace(assessment, calibration=kept)
        with self.clock.time("evaluate"):
            task = graph.judge(held_out, fitted, self.config, assessment)
            future = self.client.compute(task)
            self._wait([future], "evaluate")
            return Judgment(assessment, future.result())

    def cross_validate(self, parts: Sequence[Future], last: Slice) -> dict[str, Any]:
        """Judge the settings by folds of the sample, all of them at once."""
        with self.clock.time("folds"):
            tasks = fold_graph.cross_validate(parts, self.config, last)
            futures = self.client.compute(tasks)
            self._wait(futures, "folds", unit="folds")
            return summarize_folds(self.client.gather(futures), self.config)

    def collect(self, fitted: Sequence[Future]) -> list[tuple[Member, tuple[int, int]]]:
        """Bring the members here, each with the digest of its keys."""
        with self.clock.time("collect"):
            taken = self.client.compute(graph.take_final_members(fitted))
            return [each for part in self.client.gather(taken) for each in part]

    def take_texts(self, part: Future, n_rows: int) -> list[pa.RecordBatch]:
        """Bring the first rows of a part here."""
        with self.clock.time("texts"):
            future = self.client.compute(graph.take_head(part, n_rows))
            self._wait([future], "texts")
            texts: list[pa.RecordBatch] = future.result()
            return texts

    @property
    def _recall(self) -> Recall:
        return Recall(
            self.client,
            self.config,
            self.progress,
            self.worker_seconds,
            self.keeping,
        )

    def _find_cutoffs(
        self,
        survivors: Sequence[Future],
        ranges: Sequence[RangeCounts],
        sizes: Mapping[Group, int],
    ) -> dict[Group, Cutoff | None]:
        looks = {}
        for group, n in sizes.items():
            if n:
                where, rank = find_range([r.n_keys[group] for r in ranges], n)
                looks[group] = graph.look_up(survivors[where], group, rank)
        cutoffs = self.client.gather(self.client.compute(list(looks.values())))
        found = dict(zip(looks, cutoffs, strict=True))
        return {group: found.get(group) for group in sizes}

    def _wait(
        self,
        futures: Sequence[Future],
        stage: str,
        *,
        sizes: Sequence[int] | None = None,
        unit: str = "tasks",
        name_of: Callable[[int], str] | None = None,
    ) -> None:
        wait_for(
            futures,
            stage=stage,
            progress=self.progress,
            sizes=sizes,
            unit=unit,
            name_of=name_of,
            worker_seconds=self.worker_seconds,
        )
