"""The sections of `compare.py`: how each is measured, and how it is shown."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import accuracy
import floors
import growth
import texts
import whole
from inputs import Plan as Plan
from watching import watch

Measure = Callable[[Plan, Callable[[str], None]], dict[str, Any]]


def measure_accuracy(plan: Plan, note: Callable[[str], None]) -> dict[str, Any]:
    """Run `accuracy.py` in a process of its own, which keeps to one core."""
    path = plan.scratch / "accuracy.json"
    given = ["--runs", str(plan.rounds), "--json", path]
    note(f"{plan.rounds} runs of each program")
    watch([sys.executable, Path(accuracy.__file__), *given])
    return dict(json.loads(path.read_text()))


MEASURE: Final[dict[str, Measure]] = {
    "whole": whole.measure,
    "accuracy": measure_accuracy,
    "texts": texts.measure,
    "floors": floors.measure,
    "growth": growth.measure,
}
RENDER: Final[dict[str, Callable[[dict[str, Any]], str]]] = {
    "whole": whole.render,
    "accuracy": accuracy.render,
    "texts": texts.render,
    "floors": floors.render,
    "growth": growth.render,
}
ALL: Final = tuple(MEASURE)


def draw(found: dict[str, Any], folder: Path) -> None:
    """Draw the figures of what was measured."""
    if "growth" in found:
        growth.draw(found["growth"], folder)
