"""Feature maps: one canonical form, whatever they were written as."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dask.distributed import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from emotiset import TrainConfig, load_ensemble
from emotiset.errors import ConfigError, InputError
from emotiset.maps import (
    canonical_array,
    canonical_objects,
    canonical_text,
    split_maps,
)
from emotiset.train import train

ROWS: list[dict[str, Any] | None] = [
    {"ad": "a1", "price": 2.5, "tags": ["y", "x", "y"], "n": 0},
    {"ad": None, "deep": {"er": 1, "name": "b c"}, "mobile": True},
    {},
    None,
]
CANONICAL = [
    "ad=a1 price:2.5 tags=x tags=y",
    "deep.er:1 deep.name=b%20c mobile:1",
    "",
    None,
]


def test_canonical__is_one_for_dicts_structs_and_text() -> None:
    assert canonical_objects(ROWS).to_pylist() == CANONICAL
    assert canonical_array(pa.array(ROWS)).to_pylist() == CANONICAL
    assert canonical_array(pa.array(CANONICAL)).to_pylist() == CANONICAL


def test_canonical__map_arrays_and_their_slices() -> None:
    kind = pa.map_(pa.string(), pa.list_(pa.float64()))
    maps = [[("b", [1.0, 0.1]), ("a", None)], None, [], [("c=", [float("nan"), 3])]]
    column = pa.array(maps, kind)
    expected = ["b:0.1 b:1", None, "", "c%3D:3"]
    assert canonical_array(column).to_pylist() == expected
    assert canonical_array(column[1:]).to_pylist() == expected[1:]
    assert canonical_array(column[:1]).to_pylist() == expected[:1]


def test_canonical__dictionaries_times_and_decimals() -> None:
    column = pa.StructArray.from_arrays(
        [
            pa.array(["x", None]).dictionary_encode(),
            pa.array([0, None], pa.date32()),
            pa.array(["1.50", None]).cast(pa.decimal128(5, 2)),
            pa.nulls(2),
        ],
        ["a", "b", "c", "d"],
    )
    assert canonical_array(column).to_pylist() == ["a=x b=1970-01-01 c:1.5", ""]


def test_canonical__bytes_are_refused() -> None:
    with pytest.raises(InputError, match="found binary"):
        canonical_array(pa.array([{"a": b"x"}]))
    with pytest.raises(InputError, match="found type int64"):
        canonical_array(pa.array([1]))


def test_canonical_text__numbers_categories_and_names_alone() -> None:
    text = ["p:1e3 q:+.50 c:red n:nan i:inf e: b a=1=2", "\t x:2\n"]
    assert canonical_text(pa.array(text)).to_pylist() == [
        "a=1=2 b:1 c=red p:1000 q:0.5",
        "x:2",
    ]


_NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5)
_VALUES = st.one_of(
    _NAMES, st.floats(width=32, allow_nan=False), st.booleans(), st.none()
)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.dictionaries(_NAMES, _VALUES, max_size=6), max_size=4))
def test_canonical__of_what_is_canonical_is_itself(rows: list[dict[str, Any]]) -> None:
    canonical = canonical_objects(rows)
    assert canonical_text(canonical).to_pylist() == canonical.to_pylist()
    for row, words in zip(rows, canonical.to_pylist(), strict=True):
        is_there = [
            v for v in row.values() if isinstance(v, str) or (v and np.isfinite(v))
        ]
        assert len(words.split(" ") if words else []) == len(is_there)


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({"a": "\ud83d"}, "surrogates"),
        ({"a": b"x"}, "found bytes"),
        (7, "found int"),
        ({"a": [[[[[[[[[1]]]]]]]]]}, "8 levels"),
    ],
)
def test_canonical_objects__says_what_is_no_map(row: Any, found: str) -> None:
    with pytest.raises(InputError, match=found):
        canonical_objects([row])


def test_split_maps__takes_mixed_rows_and_arrow() -> None:
    found = list(split_maps([{"a": "x"}, "b:2", None], 2))
    assert [each.to_pylist() for each in found] == [["a=x", "b:2"], [""]]
    column = pa.chunked_array([pa.array([{"a": 1}]), pa.array([{"a": 2}])])
    assert pa.concat_arrays(list(split_maps(column, 5))).to_pylist() == ["a:1", "a:2"]
    with pytest.raises(InputError, match="in brackets"):
        list(split_maps({"a": 1}, 2))


def make_clicks(n: int, seed: int = 0) -> tuple[list[dict[str, Any]], list[int]]:
    """Draw rows of which about a tenth is positive."""
    rng = np.random.default_rng(seed)
    user, ad, x = rng.integers(0, 30, n), rng.integers(0, 10, n), rng.normal(size=n)
    effects = np.random.default_rng(1).normal(size=40)
    score = effects[user] + effects[30 + ad] + x - 3
    is_clicked = rng.random(n) < 1 / (1 + np.exp(-score))
    rows = [
        {"user": f"u{u}", "ad": f"a{a}", "x": float(v)}
        for u, a, v in zip(user, ad, x, strict=True)
    ]
    return rows, is_clicked.astype(int).tolist()


CONFIG = TrainConfig(
    features_column="features",
    label_column="label",
    n_features=1 << 12,
    test_fraction=0.2,
)


def test_train__same_model_from_parquet_and_json(
    tmp_path: Path, client: Client
) -> None:
    rows, labels = make_clicks(4000)
    table = pa.table({"features": pa.array(rows), "label": labels})
    pq.write_table(table, tmp_path / "rows.parquet", row_group_size=1000)
    lines = [json.dumps(each) for each in table.to_pylist()]
    (tmp_path / "rows.jsonl").write_text("\n".join(reversed(lines)))

    result = train([tmp_path / "rows.parquet"], CONFIG, client)
    other = train([tmp_path / "rows.jsonl"], CONFIG, client)

    assert result.ensemble.sha256() == other.ensemble.sha256()
    assert result.summary["n_train"] + result.summary["n_test"] == 4000
    assert result.summary["metrics"]["auc"] > 0.8
    result.ensemble.save(tmp_path / "model.parquet")
    loaded = load_ensemble(tmp_path / "model.parquet")
    probability = loaded.predict_proba(rows)
    assert np.array_equal(probability, loaded.predict_proba(table["features"]))
    assert loaded.predict([rows[0], None]).shape == (2,)


def test_config__features_need_a_label_and_no_text() -> None:
    with pytest.raises(ConfigError, match="--label-column"):
        TrainConfig(features_column="f")
    with pytest.raises(ConfigError, match="--text-column"):
        TrainConfig(features_column="f", label_column="l", text_column="t")
    with pytest.raises(ConfigError, match="--cross"):
        TrainConfig(cross=(("a", "b"),))
