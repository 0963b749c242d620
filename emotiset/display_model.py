"""What a model file is and holds, as a person reads it, on standard output.

A model may come from a stranger, so nothing in it reaches the terminal but as text.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.markup import escape
from rich.table import Table

from emotiset.console import format_bytes
from emotiset.display import (
    describe_folds,
    describe_metrics,
    make_funnel_table,
    make_output,
)
from emotiset.inspection import list_settings
from emotiset.plain import make_plain


def _plain(text: str) -> str:
    """Take the meaning from what a terminal obeys, and from markup."""
    return escape(make_plain(text))


def print_run(summary: Mapping[str, Any]) -> None:
    """Print the metrics, inputs and funnel of the run that made a model."""
    console = make_output()
    console.print(make_funnel_table(summary["funnel"], summary["read"]))
    for line in describe_metrics(summary["metrics"]):
        console.print(line)
    for name, each in summary.get("languages", {}).items():
        console.print(f"[bold]language[/] {_plain(name)}")
        for line in describe_metrics(each["metrics"]):
            console.print(line)
    for line in describe_folds(summary):
        console.print(line)
    for name, reason in summary.get("omitted", {}).items():
        console.print(f"[bold]language[/] {_plain(name)} has none: {_plain(reason)}")
    for each in summary["inputs"]:
        console.print(f"[bold]input[/]    {_plain(each)}", soft_wrap=True)


def print_model(model: Mapping[str, Any]) -> None:
    """Print what a model file is, on standard output."""
    console = make_output()
    members, features = model["members"], model["features"]
    n_examples = sum(member["n_examples"] for member in members)
    symbols = model["symbols"]
    rows = {
        "file": f"{model['file']}, {format_bytes(model['bytes'])}",
        "language": model["language"],
        "members": f"{_count_members(members)}, by {model['vote']} vote",
        "features": f"{features['name']}, {features['n_features']:,} columns",
        "examples": f"{n_examples:,}",
        "positive": " ".join(symbols["positive"]),
        "negative": " ".join(symbols["negative"]),
        "settings": _describe_settings(model["settings"]),
        "versions": ", ".join(f"{k} {v}" for k, v in model["versions"].items()),
        "sample": _join(model["sample_digest"]),
        "calibration": _describe_calibrations(model),
    }
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows.items():
        table.add_row(name, _plain(value))
    console.print(table)


def _count_members(members: Sequence[Mapping[str, Any]]) -> str:
    counts = Counter(each["language"] for each in members)
    if len(counts) == 1:
        return str(len(members))
    return ", ".join(f"{name} {n}" for name, n in counts.items())


def _describe_settings(settings: Mapping[str, Any]) -> str:
    """Name what is set; what is null was not asked for."""
    told = list_settings(settings).items()
    return ", ".join(f"{name} {_join(value)}" for name, value in told)


def _join(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {each}" for name, each in value.items())
    return str(value)


def _describe_calibrations(model: Mapping[str, Any]) -> str:
    found = model["calibration"]
    if "prior" in found:
        return _describe_calibration(found)
    told = (f"{name} {_describe_calibration(each)}" for name, each in found.items())
    return "; ".join(told)


def _describe_calibration(calibration: Mapping[str, Any]) -> str:
    trained = f"{calibration['prior']:.1%} positive in training"
    if not calibration["n_examples"]:
        return f"none, the vote's own probability; {trained}"
    return f"on {calibration['n_examples']:,} examples; {trained}"


def print_features(strongest: Mapping[str, Any]) -> None:
    """Print the strongest n-grams of either polarity, by language if of several."""
    if "columns" in strongest:
        _print_features(strongest)
        return
    for name, each in strongest.items():
        make_output().print(f"[bold]language[/] {_plain(name)}")
        _print_features(each)


def _print_features(strongest: Mapping[str, Any]) -> None:
    console = make_output()
    shared = strongest["collisions"] / max(strongest["columns"], 1)
    console.print(
        f"[bold]n-grams[/]  {strongest['ngrams']:,} in {strongest['columns']:,} "
        f"columns of {strongest['texts']:,} texts; {strongest['collisions']:,} columns "
        f"({shared:.1%}) hold more than one"
    )
    for polarity in ("positive", "negative"):
        table = Table(box=None, pad_edge=False)
        for name in (polarity, "kind", "weight", "texts", "same column"):
            is_number = name in ("weight", "texts")
            table.add_column(name, justify="right" if is_number else "left")
        for each in strongest[polarity]:
            others = " ".join(f"'{other}'" for other in each["others"])
            ngram, weight = f"'{each['ngram']}'", f"{each['weight']:+.3f}"
            texts = f"{each['texts']:,}"
            table.add_row(_plain(ngram), each["kind"], weight, texts, _plain(others))
        console.print(table)
