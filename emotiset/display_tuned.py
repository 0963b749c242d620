"""The trials of a search as a person reads them, on standard output."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

_MOST_SHOWN: Final = 30
_FILE_WIDTH: Final = 240  # where nobody looks, a line for each trial
_SCORES: Final = ("log_loss", "accuracy")


def print_trials(
    summary: Mapping[str, Any], output: str, console: Console | None = None
) -> None:
    """Print a table of the trials, the best first, and where the best is written.

    Parameters
    ----------
    summary
        Of `emotiset.tune.TuneResult`.
    output
        File of the settings that won.
    console
        Where to; None: standard output.
    """
    console = console or Console(highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = _FILE_WIDTH
    trials = summary["trials"]
    names = _find_differing([trial["settings"] for trial in trials])
    table = Table(box=None, pad_edge=False)
    for title in ("", "trial", "examples", *map(_title, _SCORES)):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("settings", overflow="fold")
    for place, trial in enumerate(trials[:_MOST_SHOWN], start=1):
        settings = [f"{name}={_shorten(trial['settings'][name])}" for name in names]
        given = "given: " if trial["trial"] == 1 else ""
        table.add_row(
            str(place),
            str(trial["trial"]),
            f"{trial['n_examples']:,}",
            *(_describe(trial[score]) for score in _SCORES),
            escape(f"{given}{' '.join(settings)}"),
        )
    console.print(table)
    if len(trials) > _MOST_SHOWN:
        console.print(f"and {len(trials) - _MOST_SHOWN} more; --summary lists them all")
    console.print(
        f"{_title(summary['score'])} decides, among those tried on most examples; "
        f"{summary['folds']} folds by {summary['by']}; ±: {summary['interval']}"
    )
    console.print(
        f"[bold]best[/]  {escape(output)}: train with --config {escape(output)}"
    )


def _find_differing(settings: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the names of the settings that are not the same in all trials."""
    return [
        name
        for name in settings[0]
        if any(each[name] != settings[0][name] for each in settings)
    ]


def _title(score: str) -> str:
    return score.replace("_", " ")


def _describe(score: Mapping[str, Any]) -> str:
    low, high = score["interval"]
    return f"{score['mean']:.4f} ±{(high - low) / 2:.4f}"


def _shorten(value: Any) -> str:
    if value is None:
        return "by rule"
    return f"{value:g}" if isinstance(value, float) else str(value)
