"""The paper's figure: accuracy by number of members, a line for each sample size.

    python pipelines/learning_curve.py [INPUT ...] [--label-column NAME] [--sizes N ...]

Each sample holds the smaller ones, and all are judged on the same held-out tweets.  The
input is read once: the largest sample is drawn to a Parquet file, and the lowest keys
of it are the smaller samples.  Without input: simulated tweets.  Writes
``learning_curve.svg`` and ``learning_curve.md`` to the folder of ``--output``.

matplotlib comes with ``pip install emotiset[plot]``.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from dask.distributed import Client, LocalCluster

from emotiset import TrainConfig
from emotiset.evaluate import wilson
from emotiset.train import train

SIMULATED = "simulated:5000000?emoticon_share=0.9"
SIZES = (10_000, 100_000, 1_000_000)
MEMBERS = (1, 3, 5, 7, 11, 15, 21)
PAPERS = TrainConfig(
    features="byte4", learner="logistic", vote="majority", calibration=0
)
# One model that averages all iterates, on the paper's features and on our own.
SINGLES = {
    "averaged": replace(PAPERS, learner="averaged", scale="none", members=1),
    "defaults": TrainConfig(members=1),
}
# Simulated tweets differ in what symbols they have, not in what their language tells.
DRAW = replace(PAPERS, language="any", members=1, epochs=1, test_fraction=0.1)


@dataclass(frozen=True)
class Point:
    """How often one ensemble is right on the held-out tweets."""

    per_class: int
    members: int
    learner: str
    n_right: int
    n: int

    @property
    def accuracy(self) -> float:
        """Share of right answers."""
        return self.n_right / self.n

    @property
    def interval(self) -> tuple[float, float]:
        """95% interval of the accuracy."""
        return wilson(self.n_right, self.n) or (0.0, 1.0)


def main(
    inputs: Sequence[str],
    client: Client,
    sizes: Sequence[int] = SIZES,
    members: Sequence[int] = MEMBERS,
    label_column: str | None = None,
) -> list[Point]:
    """Train each ensemble on each sample, and one averaged model beside them."""
    config = replace(DRAW, per_class=max(sizes), label_column=label_column)
    points = []
    with tempfile.TemporaryDirectory() as folder:
        drawn = Path(folder) / "drawn.parquet"
        train(inputs, config, client, sample_out=drawn)
        sample = pq.read_table(drawn, columns=["part", "key", "polarity", "text"])
        test = sample.filter(pc.equal(sample["part"], "test"))
        for per_class in sizes:
            path = Path(folder) / f"{per_class}.parquet"
            pq.write_table(take_lowest(sample, per_class), path)
            for name, config in settings(members):
                n_right = judge(path, config, test, client)
                n_members = config.members or 1
                point = Point(per_class, n_members, name, n_right, test.num_rows)
                print(f"{per_class:,} x {n_members} {name}: {point.accuracy:.4f}")
                points.append(point)
    return points


def take_lowest(sample: pa.Table, per_class: int) -> pa.Table:
    """Return the *per_class* lowest keys of each polarity to train on."""
    train = sample.filter(pc.equal(sample["part"], "train")).sort_by("key")
    sides = [train.filter(pc.equal(train["polarity"], sign)) for sign in (-1, 1)]
    lowest = pa.concat_tables([side.slice(0, per_class) for side in sides])
    return lowest.select(["polarity", "text"])


def settings(members: Sequence[int]) -> list[tuple[str, TrainConfig]]:
    """Return by name the paper's ensembles, and single models that average."""
    ensembles = [("logistic", replace(PAPERS, members=n)) for n in members]
    return [
        (name, replace(config, label_column="polarity"))
        for name, config in [*ensembles, *SINGLES.items()]
    ]


def judge(path: Path, config: TrainConfig, test: pa.Table, client: Client) -> int:
    """Train on one sample and count the right answers on the held-out tweets."""
    ensemble = train([path], config, client).ensemble
    predicted = ensemble.predict(test["text"])
    return int(np.count_nonzero(predicted == test["polarity"].to_numpy()))


def make_table(points: Sequence[Point]) -> str:
    """Return a Markdown table: a row for each sample, a column for each ensemble."""
    members = sorted({p.members for p in points if p.learner == PAPERS.learner})
    learners = sorted({p.learner for p in points} - {PAPERS.learner})
    columns = [(n, PAPERS.learner) for n in members] + [(1, name) for name in learners]
    titles = [f"{n}" for n in members] + [f"1, {name}" for name in learners]
    found = {(p.per_class, p.members, p.learner): p for p in points}
    lines = [f"| per class | {' | '.join(titles)} |", "|---:" * (len(titles) + 1) + "|"]
    for size in sorted({p.per_class for p in points}):
        row = [found[size, *column] for column in columns]
        lines.append(f"| {size:,} | {' | '.join(f'{p.accuracy:.4f}' for p in row)} |")
    widest = max((p.interval[1] - p.interval[0]) / 2 for p in points)
    n = points[0].n
    note = f"Judged on {n:,} held-out tweets; 95% intervals within ±{widest:.4f}."
    return "\n".join([*lines, "", note, ""])


def draw_figure(points: Sequence[Point], path: Path) -> None:
    """Draw accuracy against members as SVG; the same points give the same file."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    with mpl.rc_context({"svg.hashsalt": "emotiset", "svg.fonttype": "none"}):
        figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
        for size in sorted({p.per_class for p in points}):
            mine = [p for p in points if p.per_class == size]
            line = [p for p in mine if p.learner == PAPERS.learner]
            plot_line(axes, line, label=f"{size:,} per class", marker="o")
            color = axes.lines[-1].get_color()
            for other in (p for p in mine if p.learner != PAPERS.learner):
                plot_line(axes, [other], marker="*", color=color, markersize=11)
        axes.set(xlabel="members", ylabel="accuracy on held-out tweets")
        axes.set_xticks(sorted({p.members for p in points}))
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
        figure.savefig(path, format="svg", metadata={"Date": None})
        plt.close(figure)


def plot_line(axes: object, points: Sequence[Point], **style: object) -> None:
    """Plot points with their intervals."""
    accuracy = np.array([p.accuracy for p in points])
    ends = np.array([p.interval for p in points]).T
    axes.errorbar(  # type: ignore[attr-defined]
        [p.members for p in points],
        accuracy,
        yerr=np.abs(ends - accuracy),
        capsize=2,
        **style,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("inputs", nargs="*", default=[SIMULATED])
    parser.add_argument("--label-column")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--members", type=int, nargs="+", default=MEMBERS)
    parser.add_argument("--output", type=Path, default=Path())
    asked = parser.parse_args()
    with LocalCluster(threads_per_worker=1) as cluster, Client(cluster) as client:
        points = main(
            asked.inputs, client, asked.sizes, asked.members, asked.label_column
        )
    table = make_table(points)
    (asked.output / "learning_curve.md").write_text(table)
    draw_figure(points, asked.output / "learning_curve.svg")
    print(table)
