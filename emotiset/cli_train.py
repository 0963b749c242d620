"""The command ``train``: its options, and how they become settings."""

import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from emotiset.cli_options import (
    BlockSize,
    FeaturesColumn,
    FoldBy,
    Folds,
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
from emotiset.cli_run import Outputs, run_training, show_plan
from emotiset.cli_settings import find_settings, make_cluster_config
from emotiset.config import TrainConfig
from emotiset.errors import ConfigError

# Modules that load Dask, Arrow or numba are imported by the commands when they run,
# so that --help answers at once.

_DEFAULT_MODEL = Path("model.parquet")
_DEFAULTS = TrainConfig()


_INPUT, _LABELS, _SAMPLE = "Input", "Labels", "Sample"
_MODEL, _CLUSTER, _OUTPUT = "Model", "Cluster", "Output"


def _setting(panel: str, name: str, help: str) -> Any:
    """Return an option for a field of `TrainConfig`, with its default in the help."""
    return option(panel, help, default=getattr(_DEFAULTS, name))


Inputs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="INPUT",
        help="Files, folders, globs, URLs or -; none: 200,000 simulated tweets.",
        show_default=False,
    ),
]


def train(
    inputs: Inputs = None,
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
    max_bad_fraction: Annotated[
        float | None,
        _setting(_INPUT, "max_bad_fraction", "Unreadable share that stops a run."),
    ] = None,
    language: Annotated[
        str | None,
        option(
            _LABELS,
            "A code; en,es trains one ensemble each; en+es pools; any keeps all.",
            default="en; any with a label column",
        ),
    ] = None,
    lexicon: Annotated[
        Path | None,
        option(_LABELS, "TOML file of symbols.", default="the built-in one"),
    ] = None,
    keep_retweets: Annotated[
        bool | None, option(_LABELS, "Keep retweets.", "--keep-retweets")
    ] = None,
    drop_deleted: Annotated[
        bool | None,
        option(_LABELS, "Drop what delete notices name.", "--drop-deleted"),
    ] = None,
    min_length: Annotated[
        int | None,
        _setting(_LABELS, "min_length", "Characters that a tweet needs."),
    ] = None,
    per_class: Annotated[
        int | None,
        option(_SAMPLE, "Examples of each polarity.", default="all of the rarer"),
    ] = None,
    keep_copies: Annotated[
        bool | None, option(_SAMPLE, "Keep equal texts.", "--keep-copies")
    ] = None,
    test_fraction: Annotated[
        float | None,
        option(_SAMPLE, "Held out; 0 with a label column.", default=0.1),
    ] = None,
    test_after: Annotated[
        datetime.datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="Hold out what was posted on this day or later.",
            rich_help_panel=_SAMPLE,
            show_default=False,
        ),
    ] = None,
    folds: Folds = None,
    fold_by: FoldBy = None,
    calibration: Annotated[
        int | None,
        _setting(_SAMPLE, "calibration", "Examples that fit probabilities; 0: none."),
    ] = None,
    seed: Annotated[int | None, _setting(_SAMPLE, "seed", "Of every draw.")] = None,
    members: Annotated[
        int | None, option(_MODEL, "Classifiers that vote.", default="by sample size")
    ] = None,
    features: Annotated[
        str | None, _setting(_MODEL, "features", "Feature set: mixed or byte4.")
    ] = None,
    n_features: Annotated[
        int | None, _setting(_MODEL, "n_features", "Columns, a power of two.")
    ] = None,
    cross: Annotated[
        list[str] | None,
        option(
            _MODEL,
            "Names in feature maps that count together; may be repeated.",
            metavar="A,B",
        ),
    ] = None,
    learner: Annotated[
        str | None,
        option(
            _MODEL,
            "averaged, logistic, pegasos or your own package.module:Class.",
            default="averaged; byte4: logistic",
        ),
    ] = None,
    scale: Annotated[
        str | None,
        option(_MODEL, "Of columns: nb or none.", default="nb for averaged"),
    ] = None,
    epochs: Annotated[
        int | None, option(_MODEL, "Passes over the sample.", default="by learner")
    ] = None,
    alpha: Annotated[
        float | None,
        option(_MODEL, "L2 regularization strength.", default="by learner"),
    ] = None,
    eta0: Annotated[
        float | None, option(_MODEL, "First step size.", default="by learner")
    ] = None,
    class_weight: Annotated[
        str | None,
        option(
            _MODEL,
            "Of feature maps: balanced, or what a negative and a positive count.",
            default="all the same",
            metavar="N,P",
        ),
    ] = None,
    vote: Annotated[
        str | None, _setting(_MODEL, "vote", "majority, weighted or mean.")
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
        typer.Option("-o", "--output", help="Model file.", rich_help_panel=_OUTPUT),
    ] = _DEFAULT_MODEL,
    summary: Annotated[Path | None, option(_OUTPUT, "Summary as JSON.")] = None,
    report: Annotated[
        Path | None, option(_OUTPUT, "One page about the run, as HTML.")
    ] = None,
    sample_out: Annotated[
        Path | None, option(_OUTPUT, "Labeled sample as Parquet, or .svm.")
    ] = None,
    rejects: Annotated[
        Path | None,
        option(_OUTPUT, "Unreadable records as JSON lines; reads half as fast."),
    ] = None,
    work_dir: Annotated[
        str | None,
        option(_OUTPUT, "Keep finished work there; go on from it.", metavar="DIR"),
    ] = None,
    verify_inputs: Annotated[
        bool,
        typer.Option(
            "--verify-inputs",
            help="Know kept inputs by a hash of what they hold.",
            rich_help_panel=_OUTPUT,
        ),
    ] = False,
    config: Annotated[
        Path | None, option(_OUTPUT, "TOML file of these settings; options win.")
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Show the plan, and the funnel of the first records.",
            rich_help_panel=_OUTPUT,
        ),
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Train a sentiment model on raw tweets, without a human label.

    Emoticons and emoji are the labels.  Without options: tweets in English, one
    ensemble from all of them, and model.parquet.
    """
    options = dict(locals())
    settings = TrainConfig(**find_settings(options))
    cluster = make_cluster_config(options, will_work=not dry_run)
    if fold_by is not None and settings.folds is None:
        raise ConfigError(
            f"--fold-by {fold_by} needs --folds, found none: add --folds 5 or leave it "
            "out"
        )
    if dry_run:
        show_plan(inputs, settings)
    else:
        outputs = Outputs(output, summary, report, sample_out, rejects)
        keeping = {"work_dir": work_dir, "verify_inputs": verify_inputs}
        run_training(inputs, settings, cluster, outputs, quiet, keeping)
