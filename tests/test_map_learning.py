"""Learning from feature maps: learners, scales, class weights, probabilities."""

import datetime
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from dask.distributed import Client

from emotiset import TrainConfig
from emotiset.calibration import Calibration, count_confidence
from emotiset.lines import fit_line_calibration
from emotiset.map_keys import make_map_keys, number_twins, put_numbers
from emotiset.partition import order_rows
from emotiset.sampling import Pairs, is_held_out, make_rule
from emotiset.schema import LABELED
from emotiset.tally import Tally
from emotiset.train import train


def test_line__needs_ten_of_each_class() -> None:
    gold = np.repeat(np.int8([-1, 1]), [500, 9])
    counts = count_confidence(np.zeros(509, np.float32), gold)
    assert fit_line_calibration(counts, 0.02) == Calibration(prior=0.02)


def test_numbers__identical_rows_get_other_keys_whatever_the_cut() -> None:
    rows = pa.table(
        {
            "polarity": pa.array([1, 1, -1, 1, 1], pa.int8()),
            "created_at": pa.nulls(5, LABELED.field("created_at").type),
            "id": pa.array(["7", "7", "8", None, None]),
            "lang": pa.nulls(5, pa.string()),
            "text": ["a:1", "a:1", "a:1", "a:1", "b:1"],
        },
        LABELED,
    ).to_batches()[0]
    by_row, by_id = (make_map_keys(rows, 0, by_id=flag) for flag in (False, True))
    assert len(set(by_row.tolist())) == 3 and len(set(by_id.tolist())) == 4
    found = set()
    for cuts in ([], [1, 3], [2]):
        parts = np.split(by_row, cuts)
        numbers = number_twins([(part, part) for part in parts])
        keys = [put_numbers(*each, seed=0) for each in zip(parts, numbers, strict=True)]
        found.add(tuple(sorted(np.concatenate(keys).tolist())))
    assert len(found) == 1 and len(set(found.pop())) == 5


def test_rule__each_row_is_on_the_side_of_its_own_time() -> None:
    config = TrainConfig(
        features_column="f", label_column="y", test_after=datetime.date(2020, 1, 1)
    )
    rule = make_rule(config)
    key = np.array([1 << 32, (1 << 32) + 1, (1 << 32) + 2], np.uint64)
    pairs = Pairs(key, np.array([0, 2, 3], np.uint8))  # the last two are late
    assert is_held_out(key, pairs, rule).tolist() == [False, True, True]
    texts = replace(rule, has_maps=False)  # of which these would be near-copies
    assert is_held_out(key, pairs, texts).tolist() == [False, False, False]


def test_keys__of_ids_do_not_change_with_the_features() -> None:
    config = TrainConfig(features_column="f", label_column="y", id_column="n")
    rule = make_rule(config)
    keys = []
    for text in (["a:1", "a:1", "b:1"], ["a:2 c:1", "b=x", "a:1"]):
        columns = {
            "polarity": pa.array([1, -1, 1], pa.int8()),
            "created_at": pa.nulls(3, LABELED.field("created_at").type),
            "id": pa.array(["7", "8", "9"]),
            "lang": pa.nulls(3, pa.string()),
            "text": text,
        }
        [rows] = pa.table(columns, LABELED).to_batches()
        run = order_rows(rows, Tally(), 0, rule).rows
        keys.append(dict(zip(run["id"].to_pylist(), run["key"], strict=True)))
    assert keys[0] == keys[1] and len(set(keys[0].values())) == 3


def test_train__identical_rows_are_on_both_sides_whatever_the_cut(
    tmp_path: Path, client: Client
) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 3, (2, 2000))
    clicked = (rng.random(2000) < 0.02 + 0.1 * (a == b)).astype(int)
    rows = pa.array([{"a": f"{i}", "b": f"{j}"} for i, j in zip(a, b, strict=True)])
    table = pa.table({"features": rows, "y": clicked})
    pq.write_table(table, tmp_path / "whole.parquet")
    turned = table.take(np.arange(2000)[::-1])
    pq.write_table(turned, tmp_path / "cut.parquet", row_group_size=300)
    config = TrainConfig(
        features_column="features",
        label_column="y",
        cross=(("a", "b"),),
        test_fraction=0.25,
        members=2,
        n_features=256,
        block_size=1024,
    )
    result = train([tmp_path / "whole.parquet"], config, client)
    other = train([tmp_path / "cut.parquet"], config, client)

    assert result.summary["model_sha256"] == other.summary["model_sha256"]
    assert 400 < result.summary["n_test"] < 600
    assert result.summary["funnel"]["copy"] == 0
    assert result.summary["n_train"] + result.summary["n_test"] == 2000
    metadata = result.ensemble.to_model_file().metadata
    assert metadata["features"]["cross"] == (("a", "b"),)
    cells = [{"a": f"{i}", "b": f"{j}"} for i in range(3) for j in range(3)]
    told = result.ensemble.predict_proba(cells)[:, 1].reshape(3, 3)
    is_same = np.eye(3, dtype=bool)
    assert told[is_same].mean() > 1.4 * told[~is_same].mean()
