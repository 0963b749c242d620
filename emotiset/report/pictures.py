"""The pictures of a report, each made of counts and metrics alone."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from emotiset.evaluate import wilson
from emotiset.report.svg import (
    ACCENT,
    CARD,
    INK,
    LINE,
    MUTED,
    NEGATIVE,
    POSITIVE,
    SOFT,
    Picture,
    draw,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LOST: Final = ("trained", "held_out")
_MAX_DAYS: Final = 120


def draw_funnel(funnel: Mapping[str, int], n_read: int) -> Picture:
    """Draw what is left of the records after each bin, from all of them down."""
    steps = [(name, n) for name, n in funnel.items() if n and name not in _LOST]
    left, rows = n_read, [("read", n_read, 0)]
    for name, n in steps:
        left -= n
        rows.append((name.replace("_", " "), left, n))
    with draw("funnel", "The funnel", 0.6 + 0.36 * len(rows)) as picture:
        axes = picture.axes
        for y, (name, kept, lost) in enumerate(rows):
            axes.barh(y, kept, color=ACCENT, height=0.68)
            axes.barh(y, lost, left=kept, color=SOFT, height=0.68)
            told = f"{kept:,}" if not lost else f"−{lost:,}"
            _write(axes, 1.02, y, told, color=INK if not lost else MUTED)
            del name
        axes.set_yticks(range(len(rows)), [row[0] for row in rows])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlim(0, max(n_read, 1))
        _clear(axes)
        picture.description = (
            f"Of {n_read:,} records read "
            + ", ".join(f"{n:,} are dropped as {name}" for name, _, n in rows[1:])
            + f"; {left:,} are left."
        )
    return picture


def draw_days(days: Mapping[str, Sequence[int]]) -> Picture:
    """Draw positive labels up and negative labels down, a bar for each day."""
    known = {day: counts for day, counts in days.items() if day}
    unit, groups = _group_days(known)
    with draw("days", f"Labels by {unit}", 2.6) as picture:
        axes = picture.axes
        x = range(len(groups))
        axes.bar(x, [n for _, n in groups.values()], color=POSITIVE, width=0.9)
        axes.bar(x, [-n for n, _ in groups.values()], color=NEGATIVE, width=0.9)
        axes.axhline(0, color=LINE, linewidth=1)
        step = max(1, -(-len(groups) // 4))
        names = list(groups)
        axes.set_xticks(list(x)[::step], names[::step])
        axes.yaxis.set_major_formatter(lambda n, _: f"{abs(n):,.0f}")
        axes.locator_params(axis="y", nbins=5, integer=True)
        _legend(axes, (("positive", POSITIVE), ("negative", NEGATIVE)))
        _finish(axes, None, "labels")
        total = [sum(counts[i] for counts in groups.values()) for i in (0, 1)]
        picture.description = (
            f"{total[1]:,} positive and {total[0]:,} negative labels over "
            f"{len(groups)} {unit}s from {names[0]} to {names[-1]}."
        )
    return picture


def draw_members(accuracies: Sequence[float], n: int) -> Picture:
    """Draw the accuracy of the first members' vote, with its 95% interval."""
    sizes = list(range(1, len(accuracies) + 1))
    ends = [wilson(round(each * n), n) or (0.0, 1.0) for each in accuracies]
    with draw("members", "Accuracy by number of members", 2.9) as picture:
        axes = picture.axes
        low, high = ([end[i] for end in ends] for i in (0, 1))
        if len(sizes) > 1:
            axes.fill_between(sizes, low, high, color=ACCENT, alpha=0.18, linewidth=0)
        errors = [[accuracies[0] - low[0]], [high[0] - accuracies[0]]]
        if len(sizes) == 1:
            axes.errorbar(sizes, accuracies, errors, color=ACCENT, capsize=5)
            axes.set_xlim(0, 2)
        axes.plot(sizes, accuracies, color=ACCENT, marker="o", markersize=5)
        axes.set_xticks(sizes[:: max(1, -(-len(sizes) // 8))])
        axes.yaxis.set_major_formatter(lambda y, _: f"{y:.3f}")
        axes.locator_params(axis="y", nbins=5)
        _finish(axes, "members that vote", "accuracy")
        picture.description = "; ".join(
            f"{size} {'member' if size == 1 else 'members'} {each:.4f}"
            for size, each in zip(sizes, accuracies, strict=True)
        )
    return picture


def draw_roc(points: Sequence[Sequence[int]], auc: float | None) -> Picture:
    """Draw the share of positives found against that of false alarms."""
    n_negative, n_positive = points[-1]
    x = [false / max(n_negative, 1) for false, _ in points]
    y = [true / max(n_positive, 1) for _, true in points]
    with draw("roc", "ROC curve", 4.0) as picture:
        axes = picture.axes
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 4)))
        axes.fill_between(x, y, color=ACCENT, alpha=0.12, linewidth=0)
        axes.plot(x, y, color=ACCENT, linewidth=2)
        if auc is not None:
            axes.text(0.96, 0.06, f"area {auc:.4f}", ha="right", fontsize=12)
        _finish_square(axes, "negatives taken for positive", "positives found")
        told = "unknown" if auc is None else f"{auc:.4f}"
        picture.description = f"Area under the curve {told}."
    return picture


def draw_reliability(bins: Sequence[Mapping[str, Any]]) -> Picture:
    """Draw the share of positives against the probability that the model gives."""
    filled = [each for each in bins if each["n"]]
    most = max((each["n"] for each in filled), default=1)
    with draw("reliability", "Calibration", 4.0) as picture:
        axes = picture.axes
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 4)))
        for each in filled:
            left, width = each["from"], each["to"] - each["from"]
            height = 0.16 * each["n"] / most
            axes.bar(left, height, width * 0.9, align="edge", color=SOFT)
        x = [each["mean_probability"] for each in filled]
        y = [each["n_positive"] / each["n"] for each in filled]
        axes.plot(x, y, color=ACCENT, marker="o", markersize=6, markeredgecolor=CARD)
        _finish_square(axes, "probability of positive", "share of positives")
        picture.description = "Probability and share of positives: " + ", ".join(
            f"{a:.2f} and {b:.2f}" for a, b in zip(x, y, strict=True)
        )
    return picture


def draw_seconds(seconds: Mapping[str, float]) -> Picture:
    """Draw how long each stage took."""
    stages = {name: s for name, s in seconds.items() if name != "total"}
    longest = max([*stages.values(), 0.001])
    with draw("seconds", "Seconds by stage", 0.5 + 0.34 * len(stages)) as picture:
        axes = picture.axes
        axes.barh(range(len(stages)), list(stages.values()), color=ACCENT, height=0.62)
        for y, spent in enumerate(stages.values()):
            _write(axes, 1.02, y, f"{spent:,.1f} s", color=INK)
        axes.set_yticks(range(len(stages)), list(stages))
        axes.set_ylim(len(stages) - 0.5, -0.5)
        axes.set_xlim(0, longest)
        _clear(axes)
        told = ", ".join(f"{name} {spent:.1f}" for name, spent in stages.items())
        picture.description = f"Seconds of wall time: {told}."
    return picture


def _group_days(
    days: Mapping[str, Sequence[int]],
) -> tuple[str, dict[str, tuple[int, int]]]:
    """Fill the days in between with 0; take months or years where days are many."""
    first, last = (date.fromisoformat(end(days)) for end in (min, max))
    n_days = (last - first).days + 1
    if n_days <= _MAX_DAYS:
        ordinals = range(first.toordinal(), last.toordinal() + 1)
        names = [date.fromordinal(each).isoformat() for each in ordinals]
        return "day", {each: tuple(days.get(each, (0, 0))) for each in names}  # type: ignore[misc]
    unit, size = ("month", 7) if n_days <= 30 * _MAX_DAYS else ("year", 4)
    groups: dict[str, tuple[int, int]] = {}
    for day in sorted(days):
        negative, positive = groups.get(day[:size], (0, 0))
        groups[day[:size]] = (negative + days[day][0], positive + days[day][1])
    return unit, groups


def _write(axes: "Axes", x: float, y: float, text: str, *, color: str) -> None:
    """Write right of the bars, where no bar reaches."""
    axes.text(
        x, y, text, color=color, va="center", transform=axes.get_yaxis_transform()
    )


def _clear(axes: "Axes") -> None:
    axes.set_xticks([])
    axes.tick_params(length=0, labelcolor=INK)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _finish(axes: "Axes", x_label: str | None, y_label: str) -> None:
    axes.set_xlabel(x_label or "")
    axes.set_ylabel(y_label)
    axes.grid(axis="y")
    axes.set_axisbelow(True)


def _finish_square(axes: "Axes", x_label: str, y_label: str) -> None:
    _finish(axes, x_label, y_label)
    axes.grid(axis="both")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.01)
    axes.set_aspect("equal")


def _legend(axes: "Axes", entries: Sequence[tuple[str, str]]) -> None:
    from matplotlib.patches import Patch

    handles = [Patch(color=color, label=label) for label, color in entries]
    axes.legend(handles=handles, loc="upper right", ncols=2, handlelength=1)
