"""What a person sees while a command works: progress, notes, one line for an error.

All of it goes to standard error, so that standard output stays data.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from emotiset.interrupts import raise_noted
from emotiset.plain import make_plain
from emotiset.progress import Progress, Step, ignore

_PLAIN_SECONDS = 5.0
_STAGE_NAMES = {
    "read": "reading and labeling",
    "recall": "comparing",
    "verify": "hashing inputs",
    "merge": "merging",
    "delete": "deleting",
    "count": "counting",
    "exchange": "exchanging",
    "train": "training",
    "calibrate": "calibrating",
    "evaluate": "evaluating",
    "folds": "cross-validating",
    "tune": "trying",
    "predict": "predicting",
    "simulate": "simulating",
    "texts": "taking texts",
}


def make_console() -> Console:
    """Return a console on standard error."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def print_error(message: str) -> None:
    """Print one line on standard error; names in it may come from strangers."""
    print(f"emotiset: {make_plain(message)}", file=sys.stderr)


def print_note(message: str) -> None:
    """Print a remark on standard error."""
    print(make_plain(message), file=sys.stderr)


@contextmanager
def show_progress(*, quiet: bool) -> Iterator[Progress]:
    """Give a function that shows steps: bars on a terminal, else plain lines.

    At each step it raises an interrupt that was swallowed before.
    """
    console = make_console()
    if quiet:
        yield _listen(ignore)
    elif console.is_terminal:
        with _make_bars(console) as bars:
            yield _listen(_BarPrinter(bars))
    else:
        yield _listen(_LinePrinter())


def _listen(show: Progress) -> Progress:
    def show_next(step: Step) -> None:
        raise_noted()
        show(step)

    return show_next


def _make_bars(console: Console) -> Bars:
    return Bars(
        TextColumn("{task.description:<21}"),
        BarColumn(),
        TextColumn("{task.fields[amount]}"),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        console=console,
    )


class _BarPrinter:
    """A bar for each stage, on a terminal."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks: dict[str, Any] = {}
        self._starts: dict[str, float] = {}

    def __call__(self, step: Step) -> None:
        now = time.monotonic()
        start = self._starts.setdefault(step.stage, now)
        amount = describe_amount(step, now - start)
        if step.stage not in self._tasks:
            name = _name_stage(step.stage)
            self._tasks[step.stage] = self._bars.add_task(
                name, total=step.total, amount=amount
            )
        self._bars.update(
            self._tasks[step.stage],
            completed=step.done,
            total=step.total,
            amount=amount,
        )


class _LinePrinter:
    """A line when a stage ends, and every few seconds while it goes on."""

    def __init__(self) -> None:
        self._starts: dict[str, float] = {}
        self._last = time.monotonic()

    def __call__(self, step: Step) -> None:
        now = time.monotonic()
        start = self._starts.setdefault(step.stage, now)
        is_due = now - self._last >= _PLAIN_SECONDS
        if step.total and (step.done == step.total or is_due):
            self._last = now
            name = _name_stage(step.stage)
            left = _time_left(step, now - start)
            print(
                f"{name}: {describe_amount(step, now - start)}{left}", file=sys.stderr
            )


def _name_stage(stage: str) -> str:
    """Return what people call a stage, or a stage of one language: ``train es``."""
    first, _, language = stage.partition(" ")
    if stage in _STAGE_NAMES or first not in _STAGE_NAMES:
        return _STAGE_NAMES.get(stage, stage)
    return f"{_STAGE_NAMES[first]} {language}"


def describe_amount(step: Step, seconds: float) -> str:
    """Return how much is done of how much, and the rate.

    Examples
    --------
    >>> describe_amount(Step("read", 50_000_000, 200_000_000, "B"), 2.0)
    '50.0 MB of 200.0 MB, 25.0 MB/s'
    >>> describe_amount(Step("train", 3, 5, "members"), 2.0)
    '3 of 5 members'
    """
    if step.unit != "B":
        return f"{step.done} of {step.total} {step.unit}"
    rate = f", {format_bytes(step.done / seconds)}/s" if seconds > 0 else ""
    return f"{format_bytes(step.done)} of {format_bytes(step.total)}{rate}"


def format_bytes(n: float) -> str:
    """Return a number of bytes as people say it.

    Examples
    --------
    >>> format_bytes(1_500_000), format_bytes(12)
    ('1.5 MB', '12 B')
    """
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n >= size:
            return f"{n / size:.1f} {unit}"
    return f"{n:.0f} B"


def _time_left(step: Step, seconds: float) -> str:
    if not 0 < step.done < step.total:
        return f" in {seconds:.1f} s" if step.done == step.total else ""
    return f", {seconds * (step.total - step.done) / step.done:.0f} s left"
