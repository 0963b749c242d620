"""The graphs as they are built: how many tasks, and how little each one carries."""

import math
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import cloudpickle
import dask.base
import pytest
from dask import delayed
from dask.bag import Bag
from dask.delayed import Delayed

from emotiset import graph
from emotiset.config import TrainConfig
from emotiset.drawing import Cutoff
from emotiset.exchange import Draw
from emotiset.holdback import choose_slice
from emotiset.lexicon import load_lexicon
from emotiset.map_graph import number_rows
from emotiset.resuming import Job, Labeling, pack_jobs
from emotiset.sampling import make_rule
from emotiset.shape import count_tasks
from emotiset.sources import Block, Piece
from emotiset.work_folder import WorkFolder

CONFIG = TrainConfig()
LAST = choose_slice(100_000, 1, CONFIG)
RULE = make_rule(CONFIG)
HOW = Labeling(CONFIG, load_lexicon(), RULE)
README = Path(__file__).parents[1] / "README.md"


def make_blocks(n: int) -> list[Block]:
    return [
        Block("tweets", (Piece(f"/data/tweets/{i:05}.json", 0, 9999, n_bytes=9999),))
        for i in range(n)
    ]


def leaves(name: str, n: int) -> list[Delayed]:
    """Stand for what an earlier stage has left on the workers."""
    return [delayed(i, name=f"leaf-{name}-{i}") for i in range(n)]


def find_tasks(graphs: Bag | Sequence[Any]) -> dict[Any, Any]:
    """Return the tasks that a client submits, without the leaves."""
    each = graphs.to_delayed() if isinstance(graphs, Bag) else graphs
    built = dask.base.collections_to_expr(each).optimize().__dask_graph__()
    return {key: task for key, task in built.items() if "leaf-" not in str(key)}


def make_draw(n_members: int) -> Draw:
    cutoffs = {-1: Cutoff(1 << 40, 1), 1: Cutoff(1 << 41, 1)}
    return Draw(RULE, cutoffs, cutoffs, n_members, 0)


@cache
def stages(n_blocks: int, n_ranges: int, n_members: int) -> dict[str, dict[Any, Any]]:
    """Return the tasks of each stage of a run."""
    blocks = make_blocks(n_blocks)
    packs = pack_jobs(blocks, [Job()] * n_blocks)
    merged = graph.merge_labeled(leaves("block", n_blocks), RULE)
    runs = leaves("run", len(merged))
    parts = leaves("part", n_members)
    survivors = leaves("range", n_ranges)
    [gains, held_out, assessment] = leaves("other", 3)
    looks = [
        graph.look_up(survivors[0], (side, polarity), 1)
        for side in (False, True)
        for polarity in (-1, 1)
    ]
    built = {
        "label": graph.label_blocks(packs, HOW),
        "merge": merged,
        "tallies": graph.take_tallies(runs),
        "count": graph.count_ranges(runs, n_ranges, RULE),
        "counts": graph.take_range_counts(survivors),
        "look": looks,
        "exchange": graph.exchange(runs, make_draw(n_members)),
        "scale": [graph.find_scale(parts, CONFIG, LAST)],
        "fit": graph.fit_members(parts, CONFIG, LAST, gains),
        "calibrate": [graph.assess(parts, CONFIG, 0.5)],
        "judge": [graph.judge(held_out, parts, CONFIG, assessment)],
        "collect": graph.take_final_members(parts),
    }
    return {name: find_tasks(each) for name, each in built.items()}


def count_from_readme(b: int, r: int, p: int) -> int:
    """Return what the README's formula makes of B, R and P."""
    text = " ".join(README.read_text(encoding="utf-8").split())
    [formula] = re.findall(r"at most `(B \+ [^`]*)` tasks", text)
    g = len(graph.merge_labeled(leaves("block", b), RULE))
    names = {"B": b, "G": g, "R": r, "P": p, "S": math.ceil(p / 4)}
    return int(eval(formula, {"__builtins__": {}}, names))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n_blocks", "n_ranges", "n_members"),
    [(1, 1, 1), (100, 1, 3), (3000, 1, 1), (10_000, 5, 11), (500, 30, 101)],
)
def test_graph__has_as_many_tasks_as_the_readme_says(
    n_blocks: int, n_ranges: int, n_members: int
) -> None:
    found = stages(n_blocks, n_ranges, n_members)
    assert len(found["label"]) == n_blocks + 1  # fused, and the settings once
    n_tasks = sum(map(len, found.values()))
    most = count_tasks(n_blocks, n_ranges * 2_000_000, n_members)
    assert most == count_from_readme(n_blocks, n_ranges, n_members)
    assert n_tasks <= most <= n_tasks + n_members + 5


@pytest.mark.parametrize(("g", "r"), [(1, 1), (4, 1), (7, 3)])
def test_graph__has_what_deleted_tweets_and_feature_maps_add(g: int, r: int) -> None:
    text = " ".join(README.read_text(encoding="utf-8").split())
    runs = leaves("run", g)
    deleted = graph.drop_deleted(runs, r, RULE)
    tallies = graph.take_tallies(leaves("new", g))
    n_built = {
        "--drop-deleted": len(find_tasks(deleted)) + len(find_tasks(tallies)),
        "feature maps": len(find_tasks(number_rows(runs, r, RULE, 0))),
    }
    for name, n in n_built.items():
        [formula] = re.findall(rf"{name}`? `([^`]*R[^`]*)`", text)
        assert n == eval(formula, {"__builtins__": {}}, {"G": g, "R": r}), name


def test_graph__of_ten_thousand_blocks_is_small() -> None:
    for name, tasks in stages(10_000, 5, 11).items():
        sizes = [len(cloudpickle.dumps(task)) for task in list(tasks.values())[:300]]
        assert max(sizes) < 50_000, name
        assert len(cloudpickle.dumps(tasks)) < 5_000_000, name


def test_graph__own_lexicon_travels_once() -> None:
    symbols = [
        f'{{text = ":{a}{b}{c}", polarity = "positive"}}'
        for a in "abcdefghij"
        for b in "klmnopqrst"
        for c in "uvwxyz"
    ]
    listed = [*symbols, '{text = ":Q", polarity = "negative"}']
    text = f"symbols = [{', '.join(listed)}]"
    how = Labeling(TrainConfig(lexicon=text), load_lexicon(text), RULE)
    blocks = make_blocks(1000)
    tasks = find_tasks(graph.label_blocks(pack_jobs(blocks, [Job()] * 1000), how))
    assert len(cloudpickle.dumps(tasks)) < 300 * 1000 + 2 * len(text) + 100_000


def test_pack_jobs__kept_neighbors_share_a_task_and_keep_their_order() -> None:
    blocks = make_blocks(100)
    jobs = [Job("k", "kept" if i != 50 else None) for i in range(100)]
    packs = pack_jobs(blocks, jobs)
    assert [len(pack.pairs) for pack in packs] == [32, 18, 1, 32, 17]
    assert [block for pack in packs for block, _ in pack.pairs] == blocks
    assert [pack.n_bytes for pack in packs] == [32, 18, 9999, 32, 17]


def test_fit_and_keep__takes_or_trains_in_a_task_a_member() -> None:
    folder = WorkFolder("/tmp/nowhere")
    jobs = [Job("a", "kept"), Job("b")]
    tasks = find_tasks(
        graph.fit_and_keep(leaves("part", 2), jobs, CONFIG, folder, LAST)
    )
    assert sorted(str(key).split("-")[0] for key in tasks) == ["fit_job", "recall_job"]


def test_merge_labeled__dense_rows_make_a_run_each() -> None:
    for n, n_runs in ((10, 10), (256, 256), (257, 129), (1000, 250)):
        assert len(graph.merge_labeled(leaves("b", n), RULE, is_dense=True)) == n_runs
    assert len(graph.merge_labeled(leaves("b", 100), RULE)) == 4
