"""Search the settings of features and learner that suit an input best.

The input is read, labeled and drawn once; what is tried, is tried by cross-validation
on that sample, and the held-out set is left alone for the last word.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from dask.distributed import Client

from emotiset.atomic import check_outputs
from emotiset.cluster import ClusterConfig
from emotiset.config import TrainConfig
from emotiset.errors import ConfigError
from emotiset.families import find_families
from emotiset.halving import Trial
from emotiset.labeling import check_labels
from emotiset.lexicon import load_lexicon
from emotiset.nodes import check_learner
from emotiset.pools import parse_pools
from emotiset.progress import Progress, Stopwatch, ignore
from emotiset.resampling import INTERVAL
from emotiset.result import find_versions
from emotiset.search_space import DEFAULT_SPACE, SearchConfig, Space, list_trials
from emotiset.search_space import Range as Range
from emotiset.sources import find_blocks, find_paths
from emotiset.stages import Stages
from emotiset.train import (
    SIMULATED,
    check_cluster,
    check_tally,
    find_patience,
    open_client,
    open_work_folder,
)
from emotiset.tuning import Sample, Tuning
from emotiset.waiting import tell_losses

DEFAULT_FOLDS: Final = 3


@dataclass(frozen=True)
class TuneResult:
    """What `tune` returns.

    Attributes
    ----------
    best
        The settings that won, to train with.
    trials
        All that was tried, the best first.
    summary
        Plain JSON values: ``score``, ``folds``, ``by``, ``interval``, ``n_examples``,
        ``best`` (those of the settings that were tried, as rules chose them),
        ``trials``, ``seconds``, ``inputs``, ``config`` and ``versions``.
    """

    best: TrainConfig
    trials: list[Trial]
    summary: dict[str, Any]


def tune(
    inputs: Sequence[str | Path] = (SIMULATED,),
    space: Space | None = None,
    config: TrainConfig | None = None,
    client: Client | ClusterConfig | None = None,
    *,
    search: SearchConfig | None = None,
    progress: Progress = ignore,
    other_outputs: Sequence[str | Path] = (),
    work_dir: str | Path | None = None,
    verify_inputs: bool = False,
) -> TuneResult:
    """Find the settings that suit the inputs best.

    Parameters
    ----------
    inputs
        As for `emotiset.train.train`.
    space
        For each setting the values to choose from: a list, or a `Range`; None: feature
        set, learner, passes and ``alpha``.
    config
        The settings as given: the first trial, and what the others share.  ``folds``
        (3 where None), ``fold_by`` and ``per_class`` say how to judge, on how much;
        ``seed`` draws.
    client, progress, other_outputs, work_dir, verify_inputs
        As for `emotiset.train.train`.  With a *work_dir* a search that was stopped goes
        on where it was.
    search
        How to search.

    Returns
    -------
    TuneResult
        The same for the same tweets, settings and seed, on any cluster.

    Raises
    ------
    ConfigError
        If a setting makes no sense, or several languages are asked for.
    InputError
        If the inputs cannot be read, or hold too little to learn from.
    BadDataError, ClusterError, OutputError
        As `emotiset.train.train` does.

    Examples
    --------
    >>> tweets = ["simulated:3000?emoticon_share=0.5"]
    >>> with Client(processes=False, dashboard_address=":0") as client:
    ...     config = TrainConfig(n_features=1024)
    ...     result = tune(tweets, {"epochs": [1, 4]}, config, client)
    >>> len(result.trials), result.best.n_features
    (3, 1024)
    """
    search = search or SearchConfig()
    given = config or TrainConfig()
    base = replace(given, folds=given.folds or DEFAULT_FOLDS)
    configs = list_trials(_default(base) if space is None else space, base, search)
    if len(parse_pools(base.languages)) > 1:
        raise ConfigError(
            "tuning needs one language or pool, found --language "
            f"{base.languages}: tune each for itself"
        )
    clock = Stopwatch()
    with clock.time("plan"):
        lexicon = load_lexicon(base.lexicon)
        blocks = find_blocks(inputs, base)
        check_outputs(other_outputs, find_paths(blocks))
        keeping = open_work_folder(work_dir, base, verify_inputs=verify_inputs)
        needed = [name for each in configs for name in find_families(each, blocks)]
    with open_client(client, clock, needed) as opened, tell_losses("run"):
        check_cluster(opened, client, blocks, keeping, clock)
        for name in dict.fromkeys(each.learner for each in configs):
            check_learner(opened, name)
        # One part, of which each trial makes members of its own.
        drawing = replace(base, members=1)
        patience = find_patience(client)
        stages = Stages(opened, drawing, progress, clock, patience, keeping)
        labeled = stages.label(blocks, lexicon, keep_rejects=False)
        check_tally(labeled.tally, base)
        check_labels(labeled.tally.labels, base)
        tuning = Tuning(stages, search)
        sample = tuning.draw(labeled)
        trials = tuning.run(sample, configs)
    told = {"inputs": [str(path) for path in inputs], "config": base.to_dict()}
    summary = _summarize(trials, sample, search, base, clock) | told
    best = replace(configs[trials[0].number - 1], folds=given.folds)
    return TuneResult(best, trials, summary)


def _default(base: TrainConfig) -> Space:
    """Return the space where none is given; feature maps are one set of features."""
    is_text = base.features_column is None
    return {k: v for k, v in DEFAULT_SPACE.items() if is_text or k != "features"}


def _summarize(
    trials: Sequence[Trial],
    sample: Sample,
    search: SearchConfig,
    base: TrainConfig,
    clock: Stopwatch,
) -> dict[str, Any]:
    first: Mapping[str, Any] = trials[0].settings
    return {
        "score": search.score,
        "folds": sample.folding.n_folds,
        "by": base.fold_by,
        "interval": INTERVAL,
        "n_examples": sample.n_examples,
        "best": dict(first),
        "trials": [trial.to_dict() for trial in trials],
        "seconds": dict(clock.seconds),
        "versions": find_versions(),
    }
