"""The command that lets a model predict, and the one that simulates tweets."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emotiset.checks import option_name
from emotiset.cli_options import (
    BlockSize,
    FeaturesColumn,
    Format,
    IdColumn,
    LangColumn,
    Language,
    Limit,
    MemoryLimit,
    OwnClass,
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
)
from emotiset.cli_settings import make_cluster_config, make_source_config
from emotiset.config import SourceConfig
from emotiset.errors import InputError, OutputError

if TYPE_CHECKING:
    from dask.distributed import Client

    from emotiset.answering import Answering
    from emotiset.cluster import ClusterConfig
    from emotiset.partition import Tally
    from emotiset.polyglot import Model as AnyModel

# Modules that load Dask, Arrow or numba are imported by the commands when they run.

Model = Annotated[Path, typer.Argument(help="Model file.", metavar="MODEL")]

_STANDARD_INPUT = "-"


def predict(
    model: Model,
    inputs: Annotated[
        list[str],
        typer.Argument(
            help="Files, folders or globs; - reads texts from standard input, one a "
            "line, and writes JSON lines.",
            metavar="INPUT",
        ),
    ],
    output: Annotated[
        str | None,  # a Path would lose the slash at its end
        typer.Option(
            "-o",
            "--output",
            help="Parquet file; with a slash at the end a folder of them, in order.",
            metavar="PATH",
        ),
    ] = None,
    keep_columns: Annotated[
        list[str] | None,
        typer.Option(
            help="Column of the input to carry along, a.b.c in JSON; may be repeated.",
            metavar="NAME",
            show_default=False,
        ),
    ] = None,
    prior: Annotated[
        float | None,
        typer.Option(
            help="Share of positive texts in the inputs.", show_default="as trained"
        ),
    ] = None,
    abstain: Annotated[
        float | None,
        typer.Option(
            help="No polarity where neither has this probability.",
            show_default="never",
            metavar="P",
        ),
    ] = None,
    language: Language = None,
    learner: OwnClass = None,
    format: Format = None,
    text_column: TextColumn = None,
    features_column: FeaturesColumn = None,
    lang_column: LangColumn = None,
    time_column: TimeColumn = None,
    id_column: IdColumn = None,
    block_size: BlockSize = None,
    storage_option: StorageOption = None,
    limit: Limit = None,
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
    quiet: Quiet = False,
) -> None:
    """Classify texts: files to Parquet, or standard input to JSON lines."""
    options = dict(locals())
    cluster = make_cluster_config(options, will_work=inputs != [_STANDARD_INPUT])
    source = make_source_config(options)
    from emotiset.answering import Answering
    from emotiset.console import print_note, show_progress
    from emotiset.lean import pass_pandas_by
    from emotiset.predict import predict as predict_files

    pass_pandas_by()
    answering = Answering(prior, abstain, language)
    ensemble = load_model(model, learner)
    if inputs == [_STANDARD_INPUT]:
        _predict_standard_input(ensemble, output, source, answering)
        return
    output = _need_output(output, model)
    opened = _connect(cluster, ensemble, learner)
    with opened as client, show_progress(quiet=quiet) as progress:
        tally = predict_files(
            ensemble,
            inputs,
            output,
            source,
            client,
            answering=answering,
            progress=progress,
            worker_seconds=cluster.worker_timeout,
        )
    if not quiet:
        print_note(f"{_describe_tally(tally)}, written to {output}")


def load_model(model: str | Path, learner: str | None) -> "AnyModel":
    """Load a model file, given the name of its class if its members need one."""
    from emotiset.loading import load_ensemble
    from emotiset.own_class import find_own

    return load_ensemble(model, None if learner is None else find_own(learner))


@contextmanager
def _connect(
    cluster: "ClusterConfig", model: "AnyModel", learner: str | None
) -> Iterator["Client"]:
    """Connect to workers that can import the class of a model, if it has one."""
    from emotiset.cluster import connect
    from emotiset.kinds import list_needs
    from emotiset.nodes import check_learner

    with connect(cluster, families=list_needs(model)) as client:
        check_learner(client, learner)
        yield client


def _need_output(output: str | None, model: Path) -> str:
    from emotiset.predictions import check_target

    if output is None:
        raise InputError(
            "predict needs a file for its result, found none: add -o OUT.parquet"
        )
    check_target(output, [model])
    return output


def _describe_tally(tally: "Tally") -> str:
    lost = ", ".join(f"{n} {name}" for name, n in tally.bins.items() if n)
    n_predicted = tally.n_read - sum(tally.bins.values())
    without = f" (without: {lost})" if lost else ""
    return f"{n_predicted:,} of {tally.n_read:,} records predicted{without}"


def _predict_standard_input(
    ensemble: "AnyModel",
    output: str | None,
    source: SourceConfig,
    answering: "Answering",
) -> None:
    from emotiset.compiling import compile_kernels
    from emotiset.kinds import list_needs
    from emotiset.predict import predict_lines

    _check_lines(source)
    if output is not None:
        raise InputError(
            f"standard input is answered on standard output, found -o {output}: leave "
            "it out, or name a file as input"
        )
    if sys.stdin is None:
        raise InputError("- needs standard input, found it closed: name a file")
    compile_kernels(list_needs(ensemble))
    try:
        predict_lines(ensemble, sys.stdin.buffer, sys.stdout.buffer, answering)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(
            f"answers need a writable standard output, found it not: {error.strerror}"
        ) from None


def _check_lines(source: SourceConfig) -> None:
    """Refuse what is said of files: a line of standard input is a text, all of it."""
    plain = SourceConfig(
        format="text" if source.format == "text" else "auto",
        features_column=source.features_column,
        storage_options=source.storage_options,
    )
    odd = [name for name, value in vars(source).items() if value != vars(plain)[name]]
    if odd:
        raise InputError(
            f"{option_name(odd[0])} needs a file, found standard input, of which each "
            "line is a text: leave it out"
        )


def simulate(
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder, new or empty.")
    ],
    tweets: Annotated[int, typer.Option(help="Records to write.")] = 1_000_000,
    seed: Annotated[int, typer.Option(help="Of all that is drawn.")] = 0,
    emoticon_share: Annotated[
        float | None,
        typer.Option(
            help="Share of tweets with a symbol.", show_default="as in real streams"
        ),
    ] = None,
    workers: Workers = None,
    quiet: Quiet = False,
) -> None:
    """Write simulated tweets: JSON lines in the shape of the API v1.1."""
    from emotiset.cluster import connect
    from emotiset.console import print_note, show_progress
    from emotiset.simulation import simulate_files

    cluster = make_cluster_config({"workers": workers})
    opened = connect(cluster, families=())
    with opened as client, show_progress(quiet=quiet) as progress:
        n_bytes = simulate_files(
            tweets, output, client, seed=seed, share=emoticon_share, progress=progress
        )
    if not quiet:
        print_note(f"{tweets:,} simulated tweets, {n_bytes:,} bytes, in {output}")
