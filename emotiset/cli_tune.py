"""The command ``tune``: its options, what it writes and what it tells."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from emotiset.cli_options import (
    BlockSize,
    FeaturesColumn,
    FoldBy,
    Format,
    IdColumn,
    LabelColumn,
    LangColumn,
    Limit,
    MemoryLimit,
    Negative,
    Positive,
    Quiet,
    Scheduler,
    SchedulerFile,
    ShipCode,
    StorageOption,
    TextColumn,
    Threads,
    TimeColumn,
    TlsCaFile,
    TlsCert,
    TlsKey,
    Workers,
    WorkerTimeout,
    option,
)
from emotiset.cli_settings import find_settings, make_cluster_config, pick_given
from emotiset.cli_train import Inputs
from emotiset.config import TrainConfig
from emotiset.search_space import SearchConfig, parse_space

if TYPE_CHECKING:
    from emotiset.tune import TuneResult

# Modules that load Dask, Arrow or numba are imported by the command when it runs.

_LABELS, _SAMPLE, _SEARCH, _OUTPUT = "Labels", "Sample", "Search", "Output"
_DEFAULT_OUTPUT = Path("tuned.toml")
_DEFAULTS = SearchConfig()

# Of the search alone, or not to be written down.
_NOT_WRITTEN = ("limit", "per_class", "folds", "fold_by", "storage_options")


def tune(
    inputs: Inputs = None,
    try_: Annotated[
        list[str] | None,
        option(
            _SEARCH,
            "NAME=VALUE,VALUE or NAME=LOW..HIGH; may be repeated.",
            "--try",
            default="features, learner, epochs, alpha",
            metavar="SETTING",
        ),
    ] = None,
    search: Annotated[
        str | None,
        option(_SEARCH, "random, or grid: all that is listed.", default="random"),
    ] = None,
    trials: Annotated[
        int | None, option(_SEARCH, "Settings to try.", default=18, metavar="N")
    ] = None,
    halving: Annotated[
        int | None,
        option(
            _SEARCH,
            "One in so many goes on, to as many times the examples; 1: all on all.",
            default=_DEFAULTS.halving,
        ),
    ] = None,
    score: Annotated[
        str | None,
        option(_SEARCH, "What decides: log_loss or accuracy.", default=_DEFAULTS.score),
    ] = None,
    folds: Annotated[
        int | None, option(_SEARCH, "Of cross-validation.", default=3, metavar="K")
    ] = None,
    fold_by: FoldBy = None,
    format: Format = None,
    text_column: TextColumn = None,
    features_column: FeaturesColumn = None,
    lang_column: LangColumn = None,
    time_column: TimeColumn = None,
    id_column: IdColumn = None,
    label_column: LabelColumn = None,
    positive: Positive = None,
    negative: Negative = None,
    limit: Limit = None,
    block_size: BlockSize = None,
    storage_option: StorageOption = None,
    language: Annotated[
        str | None,
        option(_LABELS, "A code, en+es or any.", default="en; any with a label column"),
    ] = None,
    per_class: Annotated[
        int | None,
        option(
            _SAMPLE, "Examples of each polarity to try on.", default="all of the rarer"
        ),
    ] = None,
    seed: Annotated[
        int | None, option(_SAMPLE, "Of every draw, and the search.", default=0)
    ] = None,
    scheduler: Scheduler = None,
    scheduler_file: SchedulerFile = None,
    workers: Workers = None,
    threads: Threads = None,
    memory_limit: MemoryLimit = None,
    tls_ca_file: TlsCaFile = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    worker_timeout: WorkerTimeout = None,
    ship_code: ShipCode = False,
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            help="TOML file of the settings that won, for train --config.",
            rich_help_panel=_OUTPUT,
        ),
    ] = _DEFAULT_OUTPUT,
    summary: Annotated[Path | None, option(_OUTPUT, "All trials as JSON.")] = None,
    work_dir: Annotated[
        str | None,
        option(_OUTPUT, "Keep finished trials there; go on from it.", metavar="DIR"),
    ] = None,
    config: Annotated[
        Path | None,
        option(_OUTPUT, "TOML file of settings of train; options win."),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Find the settings that suit an input: many are tried on one labeled sample.

    Each is judged by cross-validation.  The held-out set is left alone, to judge the
    model that is trained with the settings that win.
    """
    options = dict(locals())
    settings = TrainConfig(**find_settings(options))
    how = SearchConfig(**pick_given(options, SearchConfig))
    space = None if try_ is None else parse_space(try_)
    from emotiset.atomic import check_outputs
    from emotiset.config_file import save_config
    from emotiset.console import show_progress
    from emotiset.display_tuned import print_trials
    from emotiset.outputs import write_summary
    from emotiset.train import SIMULATED
    from emotiset.tune import tune as tune_settings

    outputs = [path for path in (output, summary) if path is not None]
    check_outputs(outputs)
    with show_progress(quiet=quiet) as progress:
        result = tune_settings(
            inputs or [SIMULATED],
            space,
            settings,
            make_cluster_config(options),
            search=how,
            progress=progress,
            other_outputs=outputs,
            work_dir=work_dir,
        )
    save_config(output, _list_settings(result), _comment(result))
    if summary is not None:
        write_summary(summary, result.summary)
    if not quiet:
        print_trials(result.summary, str(output))


def _list_settings(result: "TuneResult") -> dict[str, Any]:
    """Return what differs from the defaults, and all that was tried."""
    defaults = asdict(TrainConfig())
    given = {
        name: value
        for name, value in asdict(result.best).items()
        if value != defaults[name] and name not in _NOT_WRITTEN
    }
    chosen = {k: v for k, v in result.summary["best"].items() if v not in ((), None)}
    return {**given, **chosen}


def _comment(result: "TuneResult") -> list[str]:
    best = result.summary["trials"][0]
    found = [
        f"{name.replace('_', ' ')} {best[name]['mean']:.4f}"
        for name in ("log_loss", "accuracy")
    ]
    return [
        f"The best of {len(result.trials)} settings by {result.summary['score']}: "
        f"{', '.join(found)}, over {result.summary['folds']} folds of "
        f"{best['n_examples']} examples, by {result.summary['by']}.",
        "emotiset train INPUT --config THIS_FILE",
    ]
