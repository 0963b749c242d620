"""Update a model by new input: the table of contents, as `emotiset.train` is.

New input is read, labeled, drawn and dealt to members as in training, by the settings
in the model file; each member goes on from its weights.  What else survives:

- the lexicon, the settings, the member that a text belongs to and the held-out range
  of keys: a text that was held out in training is held out in each update;
- the naive-Bayes scale is made anew, of the new examples: it needs counts of columns,
  which a model file does not hold, and it scales steps, so it does not touch weights;
- the calibration and the weights of a weighted vote are made anew, on a slice of the
  new examples; they stay where those are too few for a slice;
- what an example of the past weighs is told in `emotiset.warm`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dask.distributed import Client

from emotiset.atomic import check_outputs
from emotiset.cluster import ClusterConfig
from emotiset.continuing import (
    choose_decay,
    continue_config,
    continue_model,
    take_pasts,
)
from emotiset.families import find_families
from emotiset.labeling import check_labels
from emotiset.loading import open_model
from emotiset.outputs import write_rejects, write_sample
from emotiset.polyglot import Model
from emotiset.pools import parse_pools
from emotiset.progress import Progress, Stopwatch, ignore
from emotiset.result import TrainResult, find_versions, make_result
from emotiset.sources import find_blocks, find_paths
from emotiset.stages import Stages
from emotiset.train import check_cluster, check_tally, find_patience, open_client
from emotiset.training import train_pools
from emotiset.waiting import tell_losses


def update(
    model: Model | str | Path,
    inputs: Sequence[str | Path],
    client: Client | ClusterConfig | None = None,
    *,
    decay: float | None = None,
    settings: Mapping[str, Any] | None = None,
    progress: Progress = ignore,
    sample_out: str | Path | None = None,
    rejects_out: str | Path | None = None,
    other_outputs: Sequence[str | Path] = (),
) -> TrainResult:
    """Let each member of a model learn from new input too.

    Parameters
    ----------
    model
        An ensemble or several, or the file of one; it stays as it is.
    inputs
        Files, folders or globs that the model has not learned from.
    client
        As for `emotiset.train.train`.
    decay
        What the number of examples that a member has learned from is multiplied by,
        0 to 1, before it learns from new ones; see `emotiset.warm`.  None: 0.5 for
        ``averaged``, else 1.
    settings
        Settings of `TrainConfig` by name: how the input is read, ``per_class``,
        ``test_fraction``, ``test_after``, ``calibration``.  Others may be named where
        they are as in the model.
    progress, sample_out, rejects_out, other_outputs
        As for `emotiset.train.train`.

    Returns
    -------
    TrainResult
        The same bytes for the same sequence of updates.  Of several languages those
        that have too few new examples stay as they are and are told in ``omitted``.

    Raises
    ------
    ConfigError
        If a setting differs from the model's that may not.
    InputError
        If the inputs cannot be read, hold too little, or nothing new.

    Examples
    --------
    >>> from emotiset import TrainConfig
    >>> from emotiset.train import train
    >>> days = [f"simulated:3000?emoticon_share=0.5&seed={day}" for day in (1, 2)]
    >>> with Client(processes=False, dashboard_address=":0") as client:
    ...     first = train(days[:1], TrainConfig(n_features=1024), client)
    ...     result = update(first.ensemble, days[1:], client, decay=1)
    >>> n_new = result.summary["n_train"]
    >>> int(result.ensemble.n_examples.sum()) == first.summary["n_train"] + n_new
    True
    """
    clock = Stopwatch()
    with clock.time("plan"):
        own = [model] if isinstance(model, str | Path) else []
        old = open_model(model) if isinstance(model, str | Path) else model
        config = continue_config(old, settings or {})
        decay = choose_decay(decay, config)
        pasts = take_pasts(old, decay)
        blocks = find_blocks(inputs, config)
        needed = find_families(config, blocks)
        taken = [*own, *find_paths(blocks)]
        check_outputs([sample_out, rejects_out, *other_outputs], taken)
    with open_client(client, clock, needed) as opened, tell_losses("run"):
        check_cluster(opened, client, blocks, None, clock)
        stages = Stages(opened, config, progress, clock, find_patience(client))
        labeled = stages.label(
            blocks, old.lexicon, keep_rejects=rejects_out is not None
        )
        if rejects_out is not None:
            write_rejects(rejects_out, labeled.tally.rejects)
        check_tally(labeled.tally, config)
        check_labels(labeled.tally.labels, config)
        pools = parse_pools(config.languages)
        is_kept = sample_out is not None
        found = train_pools(stages, labeled, pools, keep_parts=is_kept, pasts=pasts)
        made = continue_model(old, found, decay, find_versions())
        if sample_out is not None:
            parts = [each.parts for each in found.outcomes]
            write_sample(sample_out, parts, config)
    told = make_result(found, labeled.tally, inputs, config, old.lexicon, clock, made)
    told.summary["update"] = {"model_sha256": old.sha256(), "decay": decay}
    return told
