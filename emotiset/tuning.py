"""The rounds of a search on a client: each submits its trainings and waits for them.

The labeled sample lies on the workers.  The held-out set is never put together, so no
trial can see it.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import msgspec
from dask.distributed import Future

from emotiset import graph
from emotiset.config import TrainConfig
from emotiset.fold_fitting import make_folding
from emotiset.folding import Folding, count_minutes
from emotiset.graph import make_task
from emotiset.halving import Round, Trial, choose_next, plan_rounds, rank_trials
from emotiset.kept import Scores, unpack_scores
from emotiset.progress import Step
from emotiset.search_space import TUNABLE, SearchConfig
from emotiset.stages import Stages
from emotiset.steps import Labeled
from emotiset.trials import Fold, hash_sample, run_trial, take_lowest, trial_key
from emotiset.waiting import wait_for
from emotiset.work_folder import DamagedError

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sample:
    """The examples that settings are tried on.

    Attributes
    ----------
    rows
        Future of the batches, in visiting order; no held-out example is among them.
    n_examples
    folding
        What cuts it into folds.
    digest
        Of all that trials see of it.
    """

    rows: Future
    n_examples: int
    folding: Folding
    digest: str


@dataclass(frozen=True)
class Tuning:
    """A search.

    Attributes
    ----------
    stages
        Where it runs; its settings are those as given.
    search
        How to search.
    """

    stages: Stages
    search: SearchConfig

    def draw(self, labeled: Labeled) -> Sample:
        """Draw the sample, without what is held out of it."""
        config, client = self.stages.config, self.stages.client
        drawn = self.stages.draw(labeled)
        with self.stages.clock.time("exchange"):
            tasks = graph.exchange(labeled.runs, drawn.draw)[: drawn.draw.n_members]
            [rows] = client.compute(tasks)
            self._wait([rows], "exchange", "parts")
            minutes = [make_task(count_minutes, rows)]
            by_time = config.fold_by == "time"
            folding = make_task(make_folding, config, minutes if by_time else [])
            known = client.compute([folding, make_task(hash_sample, rows)])
            self._wait(known, "recall", "tasks")
            return Sample(rows, drawn.bins["trained"], *client.gather(known))

    def run(self, sample: Sample, configs: Sequence[TrainConfig]) -> list[Trial]:
        """Try all settings, round by round; return the trials, the best first."""
        trials = [
            Trial(number, describe(config))
            for number, config in enumerate(configs, start=1)
        ]
        rounds = plan_rounds(len(trials), sample.n_examples, self.search.halving)
        going = trials
        for number, each in enumerate(rounds, start=1):
            if number > 1:
                ranked = rank_trials(going, self.search)
                going = choose_next(ranked, each.n_trials)
            with self.stages.clock.time("tune"):
                chosen = [configs[trial.number - 1] for trial in going]
                told = f"tune {number} of {len(rounds)}"
                found = self._try_all(sample, chosen, each, told)
            for trial, scores in zip(going, found, strict=True):
                trial.round, trial.scores = number, scores
        return rank_trials(trials, self.search)

    def _try_all(
        self, sample: Sample, configs: Sequence[TrainConfig], each: Round, stage: str
    ) -> list[list[Scores]]:
        """Return the scores of all folds, for each of the settings."""
        folds = [
            Fold(sample.folding, number, each.taken, each.of)
            for number in range(sample.folding.n_folds)
        ]
        pairs = [(config, fold) for config in configs for fold in folds]
        keys = [self._find_key(sample, *pair) for pair in pairs]
        found = self._recall(keys)
        missing = [at for at in range(len(pairs)) if at not in found]
        if found:
            step = Step("reuse trainings", len(found), len(found), "trainings")
            self.stages.progress(step)
        part = make_task(take_lowest, sample.rows, each.taken, each.of)
        rows: Future = self.stages.client.compute(part)
        keeping = self.stages.keeping
        folder = None if keeping is None else keeping.folder
        futures: list[Future] = self.stages.client.compute(
            [
                make_task(run_trial, rows, config, fold, folder, key)
                for at in missing
                for (config, fold), key in [(pairs[at], keys[at])]
            ]
        )
        del rows  # the tasks hold them as long as they are needed
        self._wait(futures, stage, "trainings")
        found |= dict(zip(missing, self.stages.client.gather(futures), strict=True))
        n = len(folds)
        return [[found[at * n + i] for i in range(n)] for at in range(len(configs))]

    def _find_key(self, sample: Sample, config: TrainConfig, fold: Fold) -> str:
        keeping = self.stages.keeping
        if keeping is None:
            return ""
        return trial_key(config, fold, sample.digest, keeping.versions)

    def _recall(self, keys: Sequence[str]) -> dict[int, Scores]:
        """Return the scores that an earlier search has kept, by their place."""
        found: dict[int, Scores] = {}
        keeping = self.stages.keeping
        if keeping is None:
            return found
        kept = keeping.folder.find("trials")
        for at, key in enumerate(keys):
            if key in kept:
                try:
                    data = keeping.folder.read("trials", kept[key])
                    found[at] = unpack_scores(data, key)
                except DamagedError as error:
                    _LOGGER.warning("a training is done again: %s", error)
        return found

    def _wait(self, futures: Sequence[Future], stage: str, unit: str) -> None:
        wait_for(
            futures,
            stage=stage,
            progress=self.stages.progress,
            unit=unit,
            worker_seconds=self.stages.worker_seconds,
        )


def describe(config: TrainConfig) -> dict[str, Any]:
    """Return the settings that can be tuned, as rules choose them, as JSON values."""
    learner = config.resolve(config.features)
    own = {each.name for each in fields(learner)}
    chosen = {
        name: getattr(learner if name in own else config, name) for name in TUNABLE
    }
    told: dict[str, Any] = msgspec.to_builtins(chosen)
    return told
