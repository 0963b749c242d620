"""Results as a person reads them: a run's summary, metrics, a plan.

What a command was asked for goes to standard output; the summary of a training run,
which is a remark, to standard error.
"""

import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from emotiset.console import format_bytes, make_console
from emotiset.doctor import Diagnosis
from emotiset.plain import encode_json, make_plain
from emotiset.preflight import Node, list_facts
from emotiset.preview import Preview
from emotiset.schema import BINS

_UNBALANCED: Final = 0.3  # share of the rarer polarity
_NOT_JUDGED = (
    "none, for nothing was held out: --test-fraction is 0 (so by default with a label "
    "column), or its share of so few examples lacks a polarity"
)


def print_json(value: object) -> None:
    """Print indented JSON on standard output."""
    text = msgspec.json.format(encode_json(value), indent=2)
    sys.stdout.write(text.decode() + "\n")


def print_summary(summary: Mapping[str, Any], model: str) -> None:
    """Print what a training run did: funnel, sample, metrics, seconds, model."""
    console = make_console()
    console.print(make_funnel_table(summary["funnel"], summary["read"]))
    if summary["funnel"].get("unreadable") and summary.get("first_reject"):
        console.print(
            f"[bold]rejects[/]  the first: {escape(summary['first_reject'])}; "
            "--rejects FILE lists them"
        )
    console.print(_describe_sample(summary))
    for line in describe_metrics(summary["metrics"]):
        console.print(line)
    for line in describe_folds(summary):
        console.print(line)
    if "languages" in summary:
        console.print(_languages_table(summary["languages"]))
    for name, why in summary.get("omitted", {}).items():
        console.print(f"[bold]left out[/] {escape(f'{name}: {why}')}")
    if "work" in summary:
        console.print(_describe_work(summary["work"]))
    spent = ", ".join(f"{name} {s:.1f}" for name, s in summary["seconds"].items())
    console.print(f"[bold]seconds[/]  {spent}")
    console.print(f"[bold]model[/]    {escape(model)}")


def make_funnel_table(funnel: Mapping[str, int], n_read: int) -> Table:
    """Return a table of the records read, dropped and kept."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    table.add_column(justify="right", style="dim")
    table.add_row("read", f"{n_read:,}", "")
    for name, count in funnel.items():
        if count:
            sign = "" if name in ("trained", "held_out", "labeled") else "-"
            share = f"{count / n_read:.1%}" if n_read else ""
            table.add_row(f"  {name.replace('_', ' ')}", f"{sign}{count:,}", share)
    return table


def _describe_sample(summary: Mapping[str, Any]) -> str:
    members = summary["members"]
    return (
        f"[bold]sample[/]   {summary['n_train']:,} examples for {members} "
        f"{'member' if members == 1 else 'members'}, {summary['n_test']:,} held out"
    )


def _languages_table(languages: Mapping[str, Mapping[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("language", "trained", "held out", "members", "accuracy", "auc"):
        table.add_column(name, justify="left" if name == "language" else "right")
    for name, each in languages.items():
        scores = [each["metrics"].get(score) for score in ("accuracy", "auc")]
        table.add_row(
            escape(name),
            *(f"{each[size]:,}" for size in ("n_train", "n_test", "members")),
            *("none" if score is None else f"{score:.4f}" for score in scores),
        )
    return table


def _describe_work(work: Mapping[str, Any]) -> str:
    n_blocks = work["blocks_reused"] + work["blocks_read"]
    n_members = work["members_reused"] + work["members_trained"]
    damaged = work["blocks_remade"]
    return (
        f"[bold]reused[/]   {work['blocks_reused']:,} of {n_blocks:,} blocks"
        f"{f' ({damaged:,} damaged and read again)' if damaged else ''}, "
        f"{work['members_reused']} of {n_members} members, from "
        f"{escape(work['folder'])}"
    )


def describe_metrics(metrics: Mapping[str, Any]) -> list[str]:
    """Return lines, in markup, that tell how good a model is."""
    accuracy = metrics.get("accuracy")
    if accuracy is None:
        return [f"[bold]metrics[/]  {_NOT_JUDGED}"]
    low, high = metrics["accuracy_interval"]
    rest = ", ".join(
        f"{name.replace('_', ' ')} {metrics[name]:.4f}"
        for name in ("macro_recall", "f1", "auc", "log_loss", "ece")
        if metrics.get(name) is not None
    )
    lines = [f"[bold]accuracy[/] {accuracy:.4f} (95%: {low:.4f} to {high:.4f}), {rest}"]
    lines += _describe_balance(metrics)
    single = metrics.get("single_member_accuracy")
    if single is not None:
        lines.append(f"[bold]one member[/] {single:.4f} on average")
    return lines


def _describe_balance(metrics: Mapping[str, Any]) -> list[str]:
    """Return what to compare the metrics with, where few are of one polarity."""
    counts = metrics["confusion"]
    n_positive = counts["tp"] + counts["fn"]
    share = n_positive / metrics["n"]
    base, precision = metrics.get("base_log_loss"), metrics.get("average_precision")
    if min(share, 1 - share) > _UNBALANCED or base is None or precision is None:
        return []
    return [
        f"[bold]unbalanced[/] {share:.2%} positive, {metrics['mean_probability']:.2%} "
        f"expected; average precision {precision:.4f}; who knows the share alone has "
        f"accuracy {max(share, 1 - share):.4f} and log loss {base:.4f}"
    ]


def describe_folds(summary: Mapping[str, Any]) -> list[str]:
    """Return lines, in markup, that tell what cross-validation says, by language."""
    lines = []
    for name, each in summary.get("languages", {"": summary}).items():
        if "folds" not in each:
            continue
        found = each["folds"]
        told = [
            f"{metric.replace('_', ' ')} {mean['mean']:.4f} (95%: "
            f"{mean['interval'][0]:.4f} to {mean['interval'][1]:.4f})"
            for metric in ("accuracy", "log_loss")
            if (mean := found["means"].get(metric)) is not None
        ]
        of = f" {escape(make_plain(name))}" if name else ""
        lines.append(
            f"[bold]{found['k']} folds[/]{of}  by {found['by']}: {', '.join(told)}"
        )
    return lines


def print_plan(plan: Preview) -> None:
    """Print what a run would do, on standard output."""
    console = make_output()
    for name, (n_blocks, n_bytes) in plan.formats.items():
        console.print(f"[bold]{name}[/]: {n_blocks:,} blocks, {format_bytes(n_bytes)}")
    if plan.n_streamed:
        console.print(
            f"{plan.n_streamed:,} large files are one task each, read as a stream: "
            "such a compressed file cannot be cut"
        )
    funnel = {name: plan.tally.bins.get(name, 0) for name in BINS}
    funnel["labeled"] = plan.n_labeled
    console.print(make_funnel_table(funnel, plan.tally.n_read))
    console.print(
        f"looked at the first {plan.tally.n_read:,} records, {plan.share:.1%} of the "
        f"input, in {plan.seconds:.1f} s; nothing was trained or written"
    )
    console.print(
        f"[bold]expected[/] about {plan.n_labeled_expected:,} labeled tweets, before "
        f"copies across blocks are dropped; reading takes about "
        f"{plan.seconds_expected:,.0f} s on one core"
    )


def print_diagnosis(diagnosis: Diagnosis) -> None:
    """Print what is where and what is amiss, on standard output."""
    console = make_output()
    if diagnosis.nodes:
        console.print(_versions_table(diagnosis.nodes))
    for finding in diagnosis.findings:
        kind = "[bold red]problem[/]" if finding.is_problem else "[bold]warning[/]"
        console.print(f"{kind}  {escape(finding.text)}", soft_wrap=True)
    if not diagnosis.findings:
        console.print("[bold]well[/]  nothing found that would stop a run")


def _versions_table(nodes: Sequence[Node]) -> Table:
    """Return a table with a column for the nodes that have the same."""
    columns: dict[tuple[str, ...], list[Node]] = {}
    for node in nodes:
        columns.setdefault((node.role, *list_facts(node).values()), []).append(node)
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for (role, *_), alike in columns.items():
        table.add_column(role if len(alike) == 1 else f"{len(alike)} {role}s")
    for i, name in enumerate(list_facts(nodes[0])):
        table.add_row(name, *(escape(column[i + 1]) for column in columns))
    return table


def make_output() -> Console:
    """Return a console on standard output."""
    return Console(highlight=False)
