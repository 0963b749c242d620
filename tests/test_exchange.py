"""The draw against a judge that sees all tweets at once and uses no hash ranges."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotiset.config import TrainConfig
from emotiset.drawing import Cutoff, choose_sizes, find_cutoff, find_range
from emotiset.errors import OnePolarityError, TooFewError
from emotiset.exchange import Draw, assemble, cut_run
from emotiset.keys import choose_member
from emotiset.sampling import (
    GROUPS,
    POLARITIES,
    Rule,
    drop_copies,
    find_survivors,
    make_pairs,
    make_rule,
    sort_copies,
    split_pairs,
)
from emotiset.schema import KEYED

DAY = date(2020, 1, 10)
START = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    key: int
    polarity: int
    created_at: datetime | None
    id: str | None
    text: str

    @property
    def size(self) -> tuple[object, ...]:
        """What makes one copy smaller than another: missing values come first."""
        return (
            self.created_at is not None,
            self.created_at or START,
            self.id is not None,
            int(self.id or 0),
            self.text.encode(),
        )


def make_batch(rows: list[Row]) -> pa.RecordBatch:
    return pa.record_batch(
        {
            "key": [row.key for row in rows],
            "polarity": [row.polarity for row in rows],
            "created_at": [row.created_at for row in rows],
            "id": [row.id for row in rows],
            "lang": ["en"] * len(rows),
            "text": [row.text for row in rows],
        },
        schema=KEYED,
    )


def judge_draw(
    rows: list[Row], config: TrainConfig
) -> tuple[dict[tuple[bool, int], list[Row]], int, int]:
    """Return the drawn rows by group, the copies and the conflicts, one by one."""
    by_key: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        by_key[row.key].append(row)
    groups: dict[tuple[bool, int], list[Row]] = {group: [] for group in GROUPS}
    n_copies = n_conflicting = 0
    for key in sorted(by_key):
        same = sorted(by_key[key], key=lambda row: (row.polarity, row.size))
        if config.test_after is not None:
            held_out = all(
                row.created_at is not None and row.created_at.date() >= DAY
                for row in rows
                if row.key >> 32 == key >> 32  # near-copies
            )
        else:
            held_out = (key >> 32) / 2**32 < config.held_out_fraction
        if not config.keep_copies:
            kept = [
                min((r for r in same if r.polarity == p), key=lambda r: r.size)
                for p in sorted({row.polarity for row in same})
            ]
            n_copies += len(same) - len(kept)
            if len(kept) == 2:
                n_conflicting += 2
                continue
            same = kept
        for row in same:
            groups[held_out, row.polarity].append(row)
    n = config.per_class or min(len(groups[False, p]) for p in POLARITIES)
    m = min(len(groups[True, p]) for p in POLARITIES)
    if config.test_after is None:
        fraction = config.held_out_fraction
        m = min(m, round(n * fraction / (1 - fraction)))
    drawn = {group: found[: m if group[0] else n] for group, found in groups.items()}
    return drawn, n_copies, n_conflicting


def run_draw(
    rows: list[Row], config: TrainConfig, n_runs: int, n_ranges: int, n_members: int
) -> tuple[list[pa.RecordBatch], int, int]:
    """Draw as the stages do, but without Dask."""
    rule = make_rule(config)
    runs, n_copies = [], 0
    for i in range(n_runs):
        run, n = drop_copies(sort_copies(make_batch(rows[i::n_runs])), rule)
        runs.append(run)
        n_copies += n
    splits = [split_pairs(make_pairs(run, rule), n_ranges) for run in runs]
    ranges = [
        find_survivors([split[r] for split in splits], rule) for r in range(n_ranges)
    ]
    n_copies += sum(each.n_copies for each in ranges)
    found = {group: sum(len(r.keys[group]) for r in ranges) for group in GROUPS}
    cutoffs: dict[tuple[bool, int], Cutoff | None] = {}
    for group, n in choose_sizes(found, config).items():
        cutoffs[group] = None
        if n:
            where, rank = find_range([len(r.keys[group]) for r in ranges], n)
            cutoffs[group] = find_cutoff(ranges[where].keys[group], rank)
    draw = Draw(
        rule,
        {p: cutoffs[False, p] for p in POLARITIES},
        {p: cutoffs[True, p] for p in POLARITIES},
        n_members,
        config.seed,
    )
    pieces = [cut_run(run, draw) for run in runs]
    parts = [
        assemble([piece[part] for piece in pieces], part, draw)
        for part in range(draw.n_parts)
    ]
    return parts, n_copies, sum(each.n_conflicting for each in ranges)


@st.composite
def tweets(draw: st.DrawFn) -> list[Row]:
    """Rows of few keys in fewer groups, so that copies and conflicts abound."""
    near = draw(st.lists(st.integers(0, 2**32 - 1), min_size=2, max_size=8))
    keys = [group << 32 | low for group in near for low in (3, 2**31, 2**32 - 1)]
    row = st.builds(
        Row,
        key=st.sampled_from(keys),
        polarity=st.sampled_from(POLARITIES),
        created_at=st.none()
        | st.integers(0, 20).map(lambda days: START + timedelta(days=days)),
        id=st.none() | st.integers(0, 2000).map(str),
        text=st.sampled_from(["a", "ä", "longer text"]),
    )
    return draw(st.lists(row, min_size=2, max_size=40))


CONFIGS = [
    TrainConfig(),
    TrainConfig(test_fraction=0.0),
    TrainConfig(test_fraction=0.5, seed=3),
    TrainConfig(per_class=1, test_fraction=0.3),
    TrainConfig(test_after=DAY),
    TrainConfig(keep_copies=True, test_fraction=0.4),
    TrainConfig(keep_copies=True, test_after=DAY),
]


@pytest.mark.parametrize("config", CONFIGS)
@given(rows=tweets(), cut=st.tuples(*[st.integers(1, 4)] * 3))
@settings(max_examples=40, deadline=None)
def test_draw__agrees_with_a_judge_that_sees_all(
    config: TrainConfig, rows: list[Row], cut: tuple[int, int, int]
) -> None:
    n_runs, n_ranges, n_members = cut
    drawn, n_copies, n_conflicting = judge_draw(rows, config)
    if not all(drawn[False, polarity] for polarity in POLARITIES):
        with pytest.raises(OnePolarityError):
            run_draw(rows, config, n_runs, n_ranges, n_members)
        return
    if config.test_after is not None and not all(drawn[True, p] for p in POLARITIES):
        with pytest.raises(TooFewError):
            run_draw(rows, config, n_runs, n_ranges, n_members)
        return
    parts, copies, conflicting = run_draw(rows, config, n_runs, n_ranges, n_members)
    assert (copies, conflicting) == (n_copies, n_conflicting)

    def flatten(batches: list[pa.RecordBatch]) -> list[tuple[object, ...]]:
        columns = ["key", "polarity", "created_at", "id", "text"]
        found = pa.Table.from_batches(batches).select(columns).to_pylist()
        return sorted(tuple(map(repr, row.values())) for row in found)

    def expect(*, held_out: bool) -> list[tuple[object, ...]]:
        wanted = [r for p in POLARITIES for r in drawn[held_out, p]]
        return flatten([make_batch(wanted)])

    assert flatten(parts[:-1]) == expect(held_out=False)
    assert flatten(parts[-1:]) == expect(held_out=True)


@given(rows=tweets(), n_runs=st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_draw__visiting_order_does_not_depend_on_the_cut(
    rows: list[Row], n_runs: int
) -> None:
    config = TrainConfig(keep_copies=True, test_fraction=0)
    if len({row.polarity for row in rows}) < 2:
        return
    whole, _, _ = run_draw(rows, config, 1, 1, 3)
    cut, _, _ = run_draw(rows[::-1], config, n_runs, 3, 3)
    assert [each.to_pylist() for each in whole] == [each.to_pylist() for each in cut]


def _unbalanced(n: int) -> list[Row]:
    rng = np.random.default_rng(5)
    keys = rng.integers(0, 2**64, n, dtype=np.uint64).tolist()
    polarity = np.where(rng.random(n) < 0.75, 1, -1).tolist()
    return [
        Row(key, p, None, None, f"text {i}")
        for i, (key, p) in enumerate(zip(keys, polarity, strict=True))
    ]


def test_draw__three_to_one_interleaves_the_classes_in_each_member() -> None:
    parts, _, _ = run_draw(_unbalanced(20_000), TrainConfig(), 3, 4, 5)
    for part in parts[:-1]:
        positive = part["polarity"].to_numpy() > 0
        assert abs(positive.mean() - 0.5) < 0.04
        # Visited in blocks of 100, each is about even too: no class comes last.
        blocks = positive[: len(positive) // 100 * 100].reshape(-1, 100).mean(axis=1)
        assert np.all(np.abs(blocks - 0.5) < 0.25)
        changes = np.mean(positive[1:] != positive[:-1])
        assert abs(changes - 0.5) < 0.05
    train = np.concatenate([part["polarity"].to_numpy() for part in parts[:-1]])
    assert np.sum(train) == 0  # exactly as many of either


def test_draw__held_out_texts_never_train() -> None:
    rows = _unbalanced(5000)
    parts, _, _ = run_draw(rows + rows[:500], TrainConfig(test_fraction=0.3), 4, 3, 2)
    train = {key for part in parts[:-1] for key in part["key"].to_pylist()}
    test = parts[-1]["key"].to_pylist()
    assert test
    assert train.isdisjoint(test)


def test_draw__smaller_samples_are_nested_and_hold_out_the_same() -> None:
    rows = _unbalanced(5000)
    drawn = {}
    for n in (100, 400):
        parts, _, _ = run_draw(rows, TrainConfig(per_class=n), 2, 2, 1)
        drawn[n] = [set(part["key"].to_pylist()) for part in parts]
    assert drawn[100][0] < drawn[400][0]
    assert drawn[100][1] < drawn[400][1]


def test_choose_sizes__too_few_says_how_many_there_are() -> None:
    found = {group: 5 for group in GROUPS}
    with pytest.raises(TooFewError, match=r"needs 9 examples.*found 5 positive"):
        choose_sizes(found, TrainConfig(per_class=9))


def test_choose_sizes__observations_of_which_none_is_late_are_refused() -> None:
    late = TrainConfig(label_column="y", test_after=DAY)
    found = {**dict.fromkeys(GROUPS, 5), (True, 1): 0}
    assert choose_sizes(found, late) == found
    with pytest.raises(TooFewError, match="needs examples from that day on"):
        choose_sizes(found | {(True, -1): 0}, late)


def test_choose_member__is_even() -> None:
    keys = np.random.default_rng(0).integers(0, 2**64, 70_000, dtype=np.uint64)
    counts = np.bincount(choose_member(keys, 0, 7), minlength=7)
    assert len(counts) == 7
    assert np.all(np.abs(counts - 10_000) < 500)


def test_cut_run__empty_run_gives_empty_pieces() -> None:
    draw = Draw(Rule(), {-1: None, 1: None}, {-1: None, 1: None}, 2, 0)
    pieces = cut_run(make_batch([]), draw)
    assert [piece.examples.num_rows for piece in pieces] == [0, 0, 0]
    assert assemble(pieces[:1], 0, draw).num_rows == 0
