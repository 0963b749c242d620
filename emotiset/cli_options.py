"""Options that several commands share, and values that they parse."""

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from emotiset.config import SourceConfig
from emotiset.errors import ConfigError

if TYPE_CHECKING:
    from emotiset.cluster import ClusterConfig

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
    str | None, option(_INPUT, "Its value for positive.", default="1, positive")
]
Negative = Annotated[
    str | None, option(_INPUT, "Its value for negative.", default="-1, 0, negative")
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


def make_cluster_config(given: Mapping[str, Any]) -> "ClusterConfig":
    """Return the cluster that options describe.

    Parameters
    ----------
    given
        By name, as a command gets them; None stands for the default, and names that
        are none of a cluster's settings are passed over.
    """
    from emotiset.cluster import ClusterConfig

    names = {field.name for field in fields(ClusterConfig)}
    found = {k: v for k, v in given.items() if k in names and v is not None}
    return ClusterConfig(**found)


def make_source_config(**given: Any) -> SourceConfig:
    """Return how the inputs are read; None stands for the default."""
    settings = {name: value for name, value in given.items() if value is not None}
    if "block_size" in settings:
        settings["block_size"] = parse_size("--block-size", settings["block_size"])
    settings["storage_options"] = parse_storage_options(
        settings.pop("storage_option", [])
    )
    return SourceConfig(**settings)


def parse_size(name: str, size: str) -> int:
    """Return the bytes that a size such as ``64MiB`` means."""
    from dask.utils import parse_bytes

    try:
        return int(parse_bytes(size))
    except ValueError:
        raise ConfigError(
            f"{name} needs a size, found {size!r}: write 64MiB or 500kB"
        ) from None


def parse_crosses(pairs: list[str]) -> tuple[tuple[str, str], ...]:
    """Return the pairs of names that ``a,b`` options mean.

    Examples
    --------
    >>> parse_crosses(["user,ad"])
    (('user', 'ad'),)
    """
    for pair in pairs:
        if pair.count(",") != 1 or "" in pair.split(","):
            raise ConfigError(
                f"--cross needs two names of features, found {pair!r}: write --cross "
                "user,ad"
            )
    return tuple((a, b) for a, b in (pair.split(",") for pair in pairs))


def parse_class_weight(weights: str) -> str | tuple[float, float]:
    """Return ``balanced``, or the two numbers that an option holds.

    Examples
    --------
    >>> parse_class_weight("balanced"), parse_class_weight("1,20")
    ('balanced', (1.0, 20.0))
    """
    if weights == "balanced":
        return weights
    try:
        negative, positive = map(float, weights.split(","))
    except ValueError:
        raise ConfigError(
            f"--class-weight needs balanced or two numbers, found {weights!r}: write "
            "--class-weight 1,20"
        ) from None
    return negative, positive


def parse_storage_options(pairs: list[str]) -> dict[str, Any]:
    """Return what ``key=value`` options mean; a value that is JSON is taken as such.

    Examples
    --------
    >>> parse_storage_options(["anon=true", "key=AKIA", 'client_kwargs={"a": 1}'])
    {'anon': True, 'key': 'AKIA', 'client_kwargs': {'a': 1}}
    """
    options: dict[str, Any] = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if not (key and sign):
            raise ConfigError(
                f"--storage-option needs KEY=VALUE, found {key!r} without a value: "
                "write --storage-option anon=true"
            )
        try:
            options[key] = json.loads(value)
        except ValueError:
            options[key] = value
    return options


def read_text(name: str, path: Path) -> str:
    """Return what a file named by an option holds."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{name} needs a readable UTF-8 file, found {path}: "
            f"{getattr(error, 'strerror', None) or error}"
        ) from None
