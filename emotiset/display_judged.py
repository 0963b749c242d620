"""How good models are, as a person reads it: tables on standard output."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from emotiset.plain import make_plain

_SHOWN: Final = ("macro_recall", "f1", "auc", "log_loss", "ece")
_MAX_ROWS: Final = 24


def print_judged(told: Mapping[str, Any]) -> None:
    """Print what `emotiset.judging.evaluate_files` returned."""
    console = Console(highlight=False)
    told = _shorten_names(told)
    models = told["models"]
    console.print(_describe_rows(told), soft_wrap=True)
    console.print(_table_of_models(models))
    for model in models:
        name = f" {escape(make_plain(model['model']))}" if len(models) > 1 else ""
        console.print(f"\n[bold]confusion[/]{name}")
        console.print(_table_of_confusion(model))
        for title in ("language", "month"):
            groups = model[f"by_{title}"]
            if len(groups) > 1:
                console.print(f"\n[bold]by {title}[/]{name}")
                console.print(_table_of_groups(groups, title))
        if "symbols" in model:
            console.print(_describe_symbols(model["symbols"], name), soft_wrap=True)
        if "doubts" in model:
            console.print(_describe_doubts(model["doubts"], name), soft_wrap=True)
    for pair in told["pairs"]:
        console.print(_describe_pair(pair), soft_wrap=True)


def _shorten_names(told: Mapping[str, Any]) -> dict[str, Any]:
    """Name models by their files alone, where that tells them apart."""
    names = [model["model"] for model in told["models"]]
    short = {name: PurePath(name).name for name in names}
    if len(set(short.values())) < len(names):
        short = {name: name for name in names}
    models = [{**model, "model": short[model["model"]]} for model in told["models"]]
    pairs = [
        {**pair, "first": short[pair["first"]], "second": short[pair["second"]]}
        for pair in told["pairs"]
    ]
    return {**told, "models": models, "pairs": pairs}


def _describe_rows(told: Mapping[str, Any]) -> str:
    gold = ", ".join(f"{n:,} {name}" for name, n in told["gold"].items() if n)
    line = f"[bold]judged[/] {gold} of {told['read']:,} records"
    lost = [f"{n:,} {name.replace('_', ' ')}" for name, n in told["bins"].items() if n]
    return f"{line}; [bold]not judged[/] {', '.join(lost)}" if lost else line


def _table_of_models(models: Sequence[Mapping[str, Any]]) -> Table:
    shown = [name for name in _SHOWN if models[0].get(name) is not None]
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("model", overflow="fold")
    for name in ("accuracy", "95% from", "to", *shown):
        # In two lines where it can be: the names of models are to keep room.
        table.add_column(name.replace("_", "\n"), justify="right")
    for model in models:
        low, high = model["accuracy_interval"]
        cells = [model["accuracy"], low, high, *(model[name] for name in shown)]
        name = escape(make_plain(model["model"]))
        table.add_row(name, *(_number(cell) for cell in cells))
    return table


def _table_of_confusion(model: Mapping[str, Any]) -> Table:
    cells = model["confusion"]
    table = Table(box=None, pad_edge=False)
    for name in ("", "predicted negative", "predicted positive"):
        table.add_column(name, justify="right" if name else "left")
    table.add_row("is negative", f"{cells['tn']:,}", f"{cells['fp']:,}")
    table.add_row("is positive", f"{cells['fn']:,}", f"{cells['tp']:,}")
    return table


def _table_of_groups(groups: Mapping[str, Mapping[str, Any]], title: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in (title, "texts", "accuracy", "95% from", "to", "macro recall"):
        table.add_column(name, justify="left" if name == title else "right")
    for name, metrics in list(groups.items())[:_MAX_ROWS]:
        low, high = metrics["accuracy_interval"]
        numbers = (metrics["accuracy"], low, high, metrics["macro_recall"])
        label = escape(make_plain(name))
        table.add_row(label, f"{metrics['n']:,}", *(_number(each) for each in numbers))
    if len(groups) > _MAX_ROWS:
        table.add_row(f"{len(groups) - _MAX_ROWS} more: --json")
    return table


def _describe_symbols(symbols: Mapping[str, Any], name: str) -> str:
    if not symbols["n_with"]:
        return f"[bold]symbols[/]{name} none of the lexicon's in any text"
    without, within = symbols["taken_out"], symbols["left_in"]
    return (
        f"[bold]symbols[/]{name} in {symbols['n_with']:,} texts; accuracy there "
        f"{_number(without['with_symbols']['accuracy'])} with them taken out, "
        f"{_number(within['with_symbols']['accuracy'])} left in; of all texts "
        f"{_number(without['accuracy'])} and {_number(within['accuracy'])}"
    )


def _describe_doubts(doubts: Mapping[str, Any], name: str) -> str:
    return (
        f"[bold]abstaining[/]{name} below {doubts['abstain']:g}: answers "
        f"{_number(doubts['coverage'])} of {doubts['n']:,} texts, accuracy of these "
        f"{_number(doubts['accuracy'])}; with neutral as a class macro recall "
        f"{_number(doubts['macro_recall'])}, macro F1 {_number(doubts['macro_f1'])}"
    )


def _describe_pair(pair: Mapping[str, Any]) -> str:
    first, second = (escape(make_plain(pair[key])) for key in ("first", "second"))
    return (
        f"[bold]{first} against {second}[/]: {pair['difference']:+.4f} accuracy; right "
        f"alone {pair['only_first_right']:,} and {pair['only_second_right']:,} times, "
        f"p = {pair['p_value']:.2g} (McNemar, exact)"
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
