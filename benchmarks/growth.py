"""How the cost of a run grows: with input, members, columns and workers.

A section of `compare.py`.  One thing is changed at a time, in turn over the rounds;
medians are drawn in ``docs/growth.svg``, each with a fitted line.
"""

import os
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from inputs import Plan, make_input, warm
from tables import make_table
from watching import Watched, watch

PICTURE: Final = (
    "![Seconds and memory against input, members, columns and workers](docs/growth.svg)"
)
MOST: Final = 4.0  # gigabytes; an eighth of it to all; a quarter for the other axes
# What grows: its unit, its values, the option that sets it.
AXES: Final[dict[str, tuple[str, tuple[float, ...], str]]] = {
    "input": ("GB", (1 / 8, 1 / 4, 1 / 2, 1), ""),
    "members": ("members", (1, 4, 8, 16), "--members"),
    "columns": ("million columns", (0.25, 1, 2, 4), "--n-features"),
    "workers": ("workers", (1, 2, 3, 4), "--workers"),
}


def measure(plan: Plan, note: Callable[[str], None]) -> dict[str, Any]:
    """Run with each value of each axis."""
    most = min(MOST, max(plan.gigabytes))
    points: dict[tuple[str, float], dict[str, Any]] = {}
    for number in range(plan.rounds):
        for axis, (_, values, option) in AXES.items():
            for value in values:
                value = value * most if axis == "input" else value
                path = make_input(plan.scratch, value if axis == "input" else most / 4)
                warm(path)
                number_of = int(value * (1 << 20 if axis == "columns" else 1))
                given = [option, str(number_of)] if option else []
                point = points.setdefault((axis, value), {"axis": axis, "value": value})
                took = run(path, given, plan.scratch)
                for name in ("seconds", "cpu", "peak"):
                    point.setdefault(name, []).append(getattr(took, name))
            note(f"growth, round {number + 1}, {axis}")
    found = {"points": list(points.values()), "cores": os.cpu_count()}
    return {**found, "gigabytes": most / 4}


def run(path: Path, given: list[str], scratch: Path) -> Watched:
    """Train once, with plain defaults but for what is *given*."""
    command = [sys.executable, "-m", "emotiset", "train", path, *given, "--quiet"]
    return watch([*command, "-o", scratch / "grown.parquet"])


def take_medians(found: dict[str, Any], axis: str, name: str) -> tuple[Any, Any]:
    """Return the values of one axis, and the medians of what was measured there."""
    points = [point for point in found["points"] if point["axis"] == axis]
    values = np.array([point["value"] for point in points], float)
    return values, np.array([statistics.median(point[name]) for point in points])


def fit_line(values: Any, measured: Any) -> tuple[float, float]:
    """Return intercept and slope of the line of least squares.

    >>> [round(each, 6) for each in fit_line(np.array([1, 2, 3]), np.array([3, 5, 7]))]
    [1.0, 2.0]
    """
    slope, intercept = np.polyfit(values, measured, 1)
    return float(intercept), float(slope)


def bend(values: Any, measured: Any) -> float:
    """Return how the last step costs beside the average one: above 1, it bends up.

    >>> bend(np.array([1, 2, 4]), np.array([5.0, 6.0, 8.0]))
    1.0
    """
    steps = np.diff(measured) / np.diff(values)
    whole = (measured[-1] - measured[0]) / (values[-1] - values[0])
    return float(steps[-1] / whole) if whole > 0 else 0.0


def render(found: dict[str, Any]) -> str:
    """Return the Markdown table of what `measure` found."""
    rows = []
    for axis, (unit, _, _) in AXES.items():
        x, seconds = take_medians(found, axis, "seconds")
        _, peak = take_medians(found, axis, "peak")
        base, slope = fit_line(x, seconds)
        low, rise = fit_line(x, peak / 1e9)
        rows.append(
            [
                f"{axis}: {', '.join(f'{value:g}' for value in x)} {unit}",
                ", ".join(f"{each:.1f}" for each in seconds),
                f"{base:.1f} + {slope:.2f} n",
                ", ".join(f"{each / 1e9:.2f}" for each in peak),
                f"{low:.2f} + {rise:.3f} n",
                f"{bend(x, seconds):.1f}",
            ]
        )
    head = ["what grows", "s", "line", "GB of memory", "line", "bend"]
    table = make_table(head, rows)
    n_runs = len(found["points"][0]["seconds"])
    return (
        f"{PICTURE}\n\n{table}\n\nMedians of {n_runs} runs in turn, whole process, at "
        f"{found['gigabytes']:g} GB "
        "where not the input grows; memory is of all processes together.  Bend: what "
        "the last step costs for each unit, beside the average; about 1 is a line.  "
        f"There are {found['cores']} cores: more workers than that share them."
    )


def draw(found: dict[str, Any], folder: Path) -> None:
    """Draw seconds and memory along each axis, each with its line."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "emotiset"
    from matplotlib import pyplot

    figure, grid = pyplot.subplots(2, len(AXES), figsize=(11, 5), squeeze=False)
    for column, (axis, (unit, _, _)) in enumerate(AXES.items()):
        for row, (name, label, per) in enumerate(
            (("seconds", "seconds", 1.0), ("peak", "GB of memory", 1e9))
        ):
            x, y = take_medians(found, axis, name)
            panel = grid[row][column]
            base, slope = fit_line(x, y / per)
            panel.plot(x, y / per, "o", color="#1f6f8b")
            panel.plot(x, base + slope * x, color="#c0561f", linewidth=1)
            panel.set(ylim=(0, None), xlim=(0, None), ylabel="" if column else label)
            panel.set_xlabel(unit if row else "")
            panel.set_title("" if row else axis)
    figure.tight_layout()
    figure.savefig(folder / "growth.svg", metadata={"Date": None})
    pyplot.close(figure)
