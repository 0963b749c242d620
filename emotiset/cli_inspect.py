"""The commands that tell what a model is: ``inspect`` and ``card``."""

from pathlib import Path
from typing import Annotated

import typer

from emotiset.cli_model import Model
from emotiset.cli_options import (
    FeaturesColumn,
    Format,
    Limit,
    TextColumn,
)
from emotiset.cli_settings import make_source_config

# Modules that load Dask, Arrow or numba are imported by the commands when they run.


def inspect(
    model: Model,
    summary: Annotated[
        Path | None,
        typer.Option(
            help="What train --summary wrote: metrics, inputs and funnel.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    texts: Annotated[
        list[str] | None,
        typer.Option(
            help="Texts to find the strongest n-grams in.",
            metavar="INPUT",
            show_default=False,
        ),
    ] = None,
    top: Annotated[int, typer.Option(help="N-grams of each polarity.", min=1)] = 20,
    format: Format = None,
    text_column: TextColumn = None,
    features_column: FeaturesColumn = None,
    limit: Limit = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what a model file is, and with --texts what it has learned."""
    source = make_source_config(dict(locals()))
    from emotiset.compiling import COMMON, compile_kernels
    from emotiset.display import print_json
    from emotiset.display_model import print_features, print_model, print_run
    from emotiset.inspection import describe_features, describe_model
    from emotiset.loading import open_model
    from emotiset.summaries import read_summary

    ensemble = open_model(model)
    described = describe_model(ensemble, model)
    if summary is not None:
        described["summary"] = read_summary(summary, model)
    if texts:
        compile_kernels([*COMMON, "inspect"])
        described["strongest"] = describe_features(ensemble, texts, source, top)
    if json:
        print_json(described)
        return
    print_model(described)
    if summary is not None:
        print_run(described["summary"])
    if texts:
        print_features(described["strongest"])


def card(
    model: Model,
    summary: Annotated[
        Path,
        typer.Option(
            help="What train --summary wrote.", metavar="FILE", show_default=False
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            help="Markdown file.",
            metavar="CARD.md",
            show_default="standard output",
        ),
    ] = None,
) -> None:
    """Write a model card: what a model is good for and what not, as Markdown."""
    from emotiset.atomic import check_outputs, write_atomically
    from emotiset.card import make_card
    from emotiset.inspection import describe_model
    from emotiset.loading import open_model
    from emotiset.summaries import read_summary

    check_outputs([output], [model, summary])
    told = describe_model(open_model(model), model)
    text = make_card(told, read_summary(summary, model))
    if output is None:
        typer.echo(text, nl=False)
        return
    with write_atomically(output) as temporary:
        temporary.write_text(text, encoding="utf-8")
