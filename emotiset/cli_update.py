"""The command ``update``: a model and new input to the next model."""

import datetime
import time
from pathlib import Path
from typing import Annotated

import typer

from emotiset.cli_model import Model
from emotiset.cli_options import (
    BlockSize,
    FeaturesColumn,
    Format,
    IdColumn,
    LabelColumn,
    LangColumn,
    Limit,
    MemoryLimit,
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
from emotiset.cli_run import add_total, tell_saved
from emotiset.cli_settings import find_settings, make_cluster_config

# Modules that load Dask, Arrow or numba are imported by the command when it runs.

_SAMPLE, _OUTPUT = "Sample", "Output"


def update(
    model: Model,
    inputs: Annotated[
        list[str],
        typer.Argument(help="New files, folders, globs or URLs.", metavar="INPUT"),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", help="Model file to write.", rich_help_panel=_OUTPUT
        ),
    ],
    decay: Annotated[
        float | None,
        option(
            "Model",
            "Weight of an example of the past beside a new one; 1 keeps all.",
            default="0.5 for averaged, else 1",
            min=0,
            max=1,
        ),
    ] = None,
    format: Format = None,
    text_column: TextColumn = None,
    lang_column: LangColumn = None,
    time_column: TimeColumn = None,
    id_column: IdColumn = None,
    label_column: LabelColumn = None,
    features_column: FeaturesColumn = None,
    limit: Limit = None,
    block_size: BlockSize = None,
    storage_option: StorageOption = None,
    max_bad_fraction: Annotated[
        float | None,
        option("Input", "Unreadable share that stops a run.", default=0.5),
    ] = None,
    per_class: Annotated[
        int | None,
        option(_SAMPLE, "New examples of each polarity.", default="all of the rarer"),
    ] = None,
    test_fraction: Annotated[
        float | None, option(_SAMPLE, "Held out.", default="as in the model")
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
    summary: Annotated[Path | None, option(_OUTPUT, "Summary as JSON.")] = None,
    sample_out: Annotated[
        Path | None, option(_OUTPUT, "Labeled sample as Parquet.")
    ] = None,
    rejects: Annotated[
        Path | None,
        option(_OUTPUT, "Unreadable records as JSON lines; reads half as fast."),
    ] = None,
    config: Annotated[
        Path | None,
        option(_OUTPUT, "TOML file of settings; those of the model must agree."),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Let a model learn from new input too, by the settings it was trained with."""
    options = dict(locals())
    settings = find_settings(options)
    cluster = make_cluster_config(options)
    from emotiset.atomic import check_outputs
    from emotiset.console import show_progress
    from emotiset.display import print_summary
    from emotiset.outputs import write_summary
    from emotiset.update import update as update_model

    check_outputs([output, summary, sample_out, rejects], [model])
    start = time.perf_counter()
    with show_progress(quiet=quiet) as progress:
        result = update_model(
            model,
            inputs,
            cluster,
            decay=decay,
            settings=settings,
            progress=progress,
            sample_out=sample_out,
            rejects_out=rejects,
            other_outputs=[each for each in (output, summary) if each is not None],
        )
    result.ensemble.save(output)
    with tell_saved(output):
        told = add_total(result.summary, time.perf_counter() - start)
        if summary is not None:
            write_summary(summary, told)
        if not quiet:
            print_summary(told, str(output))
