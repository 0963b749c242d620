"""Options that several commands share; `emotiset.cli_settings` says what they mean."""

from typing import Annotated, Any

import typer

_INPUT, _SAMPLE = "Input", "Sample"
_CLUSTER, _OUTPUT = "Cluster", "Output"


def option(
    panel: str, help: str, *names: str, default: object = None, **others: Any
) -> Any:
    """Return an option; *default* is what the help shows, where a rule decides."""
    shown = False if default is None else str(default)
    return typer.Option(
        *names, help=help, rich_help_panel=panel, show_default=shown, **others
    )


Format = Annotated[
    str | None,
    option(
        _INPUT,
        "auto, tweets, bluesky, mastodon, reddit, json, csv, parquet, svmlight, text.",
        default="auto",
    ),
]
TextColumn = Annotated[
    str | None,
    option(
        _INPUT,
        "Column with the text; a place such as a.b.c in JSON.",
        default="the common names",
    ),
]
FeaturesColumn = Annotated[
    str | None,
    option(_INPUT, "Column with feature maps instead of texts; a.b.c in JSON."),
]
LangColumn = Annotated[str | None, option(_INPUT, "Column with the language code.")]
Language = Annotated[
    str | None,
    typer.Option(
        help="Language of all texts; without it each text's own picks its ensemble.",
        show_default=False,
        metavar="CODE",
    ),
]
OwnClass = Annotated[
    str | None,
    typer.Option(
        help="package.module:Class of a model whose members have no weights.",
        show_default=False,
        metavar="NAME",
    ),
]
TimeColumn = Annotated[str | None, option(_INPUT, "Column with the time.")]
IdColumn = Annotated[str | None, option(_INPUT, "Column with the id.")]
LabelColumn = Annotated[
    str | None,
    option(_INPUT, "Column with a known class; rows are then observations."),
]
Positive = Annotated[
    str | None, option(_INPUT, "Its value for positive.", default="1, positive, true")
]
Negative = Annotated[
    str | None,
    option(_INPUT, "Its value for negative.", default="-1, 0, negative, false"),
]
Folds = Annotated[
    int | None,
    option(_SAMPLE, "Cross-validate on the sample, in K parts.", metavar="K"),
]
FoldBy = Annotated[
    str | None,
    option(_SAMPLE, "key: random parts; time: blocks of time.", default="key"),
]
Limit = Annotated[
    int | None, option(_INPUT, "Read only the first N records.", metavar="N")
]
BlockSize = Annotated[
    str | None,
    option(_INPUT, "Input for one task.", default="64MiB", metavar="SIZE"),
]
StorageOption = Annotated[
    list[str] | None,
    option(
        _INPUT, "For URLs, such as anon=true; may be repeated.", metavar="KEY=VALUE"
    ),
]
Scheduler = Annotated[
    str | None,
    option(_CLUSTER, "Running scheduler.", default="local", metavar="ADDRESS"),
]
SchedulerFile = Annotated[
    str | None, option(_CLUSTER, "File that it wrote.", metavar="FILE")
]
Workers = Annotated[
    int | None, option(_CLUSTER, "Local processes.", default="one a core")
]
Threads = Annotated[int | None, option(_CLUSTER, "Threads in each.", default=1)]
MemoryLimit = Annotated[
    str | None,
    option(
        _CLUSTER,
        "Of each local worker, 448MiB or more.",
        default="its share",
        metavar="SIZE",
    ),
]
TlsCaFile = Annotated[
    str | None,
    option(
        _CLUSTER,
        "Authority that signed the scheduler's certificate.",
        "--tls-ca-file",
        default="as Dask is configured",
        metavar="PEM",
    ),
]
TlsCert = Annotated[
    str | None, option(_CLUSTER, "Own certificate.", "--tls-cert", metavar="PEM")
]
TlsKey = Annotated[
    str | None, option(_CLUSTER, "Own private key.", "--tls-key", metavar="PEM")
]
WorkerTimeout = Annotated[
    float | None,
    option(
        _CLUSTER,
        "Seconds to wait for a worker where there is none.",
        "--worker-timeout",
        default=60,
        metavar="S",
    ),
]
ShipCode = Annotated[
    bool,
    typer.Option(
        "--ship-code",
        help="Send this package to scheduler and workers that lack it.",
        rich_help_panel=_CLUSTER,
    ),
]
Quiet = Annotated[
    bool, typer.Option("--quiet", help="Print errors only.", rich_help_panel=_OUTPUT)
]
