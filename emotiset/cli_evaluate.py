"""The command ``evaluate``: models and inputs told apart, and what is printed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from emotiset.cli_model import load_model
from emotiset.cli_options import (
    BlockSize,
    FeaturesColumn,
    Format,
    IdColumn,
    LabelColumn,
    LangColumn,
    Limit,
    OwnClass,
    StorageOption,
    TextColumn,
    TimeColumn,
    option,
)
from emotiset.cli_settings import make_source_config
from emotiset.errors import InputError

if TYPE_CHECKING:
    from emotiset.polyglot import Model

# Modules that load Dask, Arrow or numba are imported by the command when it runs.

_INPUT = "Input"
_VALUE = "VALUE"

Files = Annotated[
    list[str],
    typer.Argument(
        help="Model files, then files, folders or globs with known classes.",
        metavar="MODEL... INPUT...",
    ),
]
Positive = Annotated[
    list[str] | None,
    option(
        _INPUT,
        "Value for positive, may be repeated; without a label column a file name.",
        default="1, positive, true",
        metavar=_VALUE,
    ),
]
Negative = Annotated[
    list[str] | None,
    option(
        _INPUT,
        "The same for negative.",
        default="-1, 0, negative, false",
        metavar=_VALUE,
    ),
]
Neutral = Annotated[
    list[str] | None,
    option(_INPUT, "The same for neither.", default="neutral", metavar=_VALUE),
]


def evaluate(
    files: Files,
    label_column: LabelColumn = None,
    positive: Positive = None,
    negative: Negative = None,
    neutral: Neutral = None,
    abstain: Annotated[
        float | None,
        typer.Option(
            help="Judge answers that are neutral where neither polarity has this "
            "probability, on neutral rows too.",
            min=0.5,
            max=1,
            show_default=False,
            metavar="P",
        ),
    ] = None,
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
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Judge models on texts whose class is known, side by side."""
    source = make_source_config(dict(locals()))
    from emotiset.compiling import compile_kernels
    from emotiset.display import print_json
    from emotiset.display_judged import print_judged
    from emotiset.gold import GoldConfig
    from emotiset.judging import evaluate_files
    from emotiset.kinds import list_needs

    gold = GoldConfig(
        positive=tuple(positive or ()),
        negative=tuple(negative or ()),
        neutral=tuple(neutral or ()),
        by_file=source.label_column is None,
    )
    models, inputs = _load_models(files, learner)
    for each in models.values():
        compile_kernels(list_needs(each))
    told = evaluate_files(models, inputs, source, gold, abstain=abstain)
    if json:
        print_json(_flatten(told))
    else:
        print_judged(told)


def _load_models(
    files: list[str], learner: str | None
) -> tuple[dict[str, "Model"], list[str]]:
    """Load what is a model at the head of *files*; return it and the rest."""
    from emotiset.store import is_model

    n_models = 1
    while n_models < len(files) and is_model(Path(files[n_models])):
        n_models += 1
    names, inputs = files[:n_models], files[n_models:]
    if len(set(names)) < len(names):
        raise InputError(
            "evaluate needs different models, found one twice: name each once"
        )
    models = {name: load_model(name, learner) for name in names}
    if not inputs:
        raise InputError(
            f"evaluate needs an input, found only models ({', '.join(names)}): name "
            "texts whose class is known"
        )
    return models, inputs


def _flatten(told: dict[str, Any]) -> dict[str, Any]:
    """Put the metrics of a model that is alone on top, where a reader looks first."""
    return {**told["models"][0], **told} if len(told["models"]) == 1 else told
