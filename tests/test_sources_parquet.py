"""Parquet: types of all kinds, row groups as blocks, damage."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emotiset.config import SourceConfig
from emotiset.errors import InputError
from emotiset.schema import TWEETS
from emotiset.sources import Reading, limit_blocks, plan_blocks, read_block


def _read(path: Path, table: pa.Table, **settings: Any) -> Reading:
    """Return the one reading of a small table."""
    path = path / "table.bin"
    pq.write_table(table, path)
    config = SourceConfig(**settings)
    (block,) = plan_blocks([str(path)], config)
    assert block.format == "parquet"
    (reading,) = read_block(block, config)
    assert reading.tweets.schema == TWEETS
    return reading


TEXT_TYPES = [
    *(pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())),
    *(pa.binary(), pa.large_binary(), pa.string_view()),
]


@pytest.mark.parametrize("kind", TEXT_TYPES, ids=str)
def test_parquet__text_types(tmp_path: Path, kind: pa.DataType) -> None:
    table = pa.table({"text": pa.array(["é &lt;", None, "b"]).cast(kind)})
    reading = _read(tmp_path, table)
    assert reading.tweets["text"].to_pylist() == ["é <", "b"]
    assert reading.bins == {"no_text": 1}
    assert reading.rejects[0].where == "row 1"


NOON = datetime(2011, 9, 28, 12, 0, 0)
TIMES = [
    *(pa.array([NOON], pa.timestamp(unit)) for unit in ("s", "ms", "us", "ns")),
    pa.array([NOON.replace(tzinfo=UTC)], pa.timestamp("us", "America/New_York")),
    *(pa.array(["2011-09-28T12:00:00Z"]), pa.array(["Wed Sep 28 12:00:00 +0000 2011"])),
]


@pytest.mark.parametrize("times", TIMES, ids=lambda times: str(times.type))
def test_parquet__time_types(tmp_path: Path, times: pa.Array) -> None:
    reading = _read(tmp_path, pa.table({"text": ["a"], "created_at": times}))
    assert reading.tweets["created_at"].to_pylist() == [NOON.replace(tzinfo=UTC)]


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (pa.array([date(2011, 9, 28)]), datetime(2011, 9, 28, tzinfo=UTC)),
        (pa.array([date(2011, 9, 28)], pa.date64()), datetime(2011, 9, 28, tzinfo=UTC)),
        (pa.array([2**62], pa.timestamp("us")), None),
        (pa.array([2**62], pa.timestamp("s")), None),
        (pa.array([5]), None),
        (pa.array([None], pa.null()), None),
    ],
)
def test_parquet__odd_times(
    tmp_path: Path, times: pa.Array, expected: datetime | None
) -> None:
    if pa.types.is_timestamp(times.type) and times.type.unit == "s":
        times = times.cast(pa.int64())  # Parquet has no such times
    reading = _read(tmp_path, pa.table({"text": ["a"], "created_at": times}))
    assert reading.tweets["created_at"].to_pylist() == [expected]


@pytest.mark.parametrize(
    ("values", "label"),
    [
        (pa.array([1, -1, None], pa.int8()), ["1", "-1", None]),
        (pa.array([1.0, -1.0, 0.5]), ["1", "-1", "0.5"]),
        (pa.array([True, False, None]), ["true", "false", None]),
        (pa.array(["pos", "", " neg "]), ["pos", None, "neg"]),
        (pa.array(["a", "b", None]).dictionary_encode(), ["a", "b", None]),
        (pa.array([Decimal("1.5")] * 3), ["1.5"] * 3),
        (pa.array([2**64 - 1] * 3, pa.uint64()), [str(2**64 - 1)] * 3),
    ],
)
def test_parquet__labels_and_ids(
    tmp_path: Path, values: pa.Array, label: list[str | None]
) -> None:
    table = pa.table({"text": ["a", "b", "c"], "class": values, "Id": values})
    reading = _read(tmp_path, table, label_column="class")
    assert reading.tweets["label"].to_pylist() == label
    assert reading.tweets["id"].to_pylist() == label


@pytest.mark.parametrize(
    "flags",
    [
        pa.array([True, False, None]),
        pa.array([1, 0, None]),
        pa.array(["true", "x", None]),
    ],
)
def test_parquet__retweets(tmp_path: Path, flags: pa.Array) -> None:
    table = pa.table({"text": ["a", "b", "RT @a: b"], "is_retweet": flags})
    assert _read(tmp_path, table).tweets["is_retweet"].to_pylist() == [
        *(True, False, True),
    ]


def test_parquet__invalid_utf8_is_unreadable(tmp_path: Path) -> None:
    raw = pa.array([b"a", b"caf\xe9", None])
    table = pa.table({"text": raw, "lang": pa.array([b"\xff", b"en", b"en"])})
    reading = _read(tmp_path, table)
    assert reading.tweets["text"].to_pylist() == ["a"]
    assert reading.tweets["lang"].to_pylist() == [None]
    assert reading.bins == {"unreadable": 1, "no_text": 1}
    assert [each.where for each in reading.rejects] == ["row 1", "row 2"]


@pytest.mark.parametrize(
    "table",
    [
        pa.table({"a": ["x"]}),
        pa.table({"text": [1]}),
        pa.table({"text": [["x"]]}),
        pa.table({"text": ["x"], "lang": [{"a": 1}]}),
    ],
    ids=lambda table: str(table.schema.types),
)
def test_parquet__no_usable_column(tmp_path: Path, table: pa.Table) -> None:
    with pytest.raises(InputError, match="column") as caught:
        _read(tmp_path, table)
    assert "\n" not in str(caught.value)


def test_parquet__missing_column(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"columns text, b .*not 'c'"):
        _read(tmp_path, pa.table({"text": ["x"], "b": [1]}), label_column="c")


def _numbered(path: Path, n_rows: int, row_group_size: int) -> Path:
    rows = [None if i % 7 == 3 else f"row {i}" for i in range(n_rows)]
    table = pa.table({"text": pa.array(rows, pa.string()), "id": range(n_rows)})
    pq.write_table(table, path / "n.parquet", row_group_size=row_group_size)
    return path / "n.parquet"


@pytest.mark.parametrize("block_size", [1024, 8000, 1 << 26])
@pytest.mark.parametrize("limit", [None, 1, 100, 101, 555, 10_000])
def test_parquet__row_groups_and_limit(
    tmp_path: Path, block_size: int, limit: int | None
) -> None:
    path = _numbered(tmp_path, 1000, 100)
    config = SourceConfig(block_size=block_size)
    blocks = plan_blocks([str(path)], config)
    if limit is not None:
        blocks = limit_blocks(blocks, limit, config)
    readings = [each for block in blocks for each in read_block(block, config)]
    n_rows = min(limit or 1000, 1000)
    assert sum(reading.n_records for reading in readings) == n_rows
    ids = [id for reading in readings for id in reading.tweets["id"].to_pylist()]
    assert ids == [str(i) for i in range(n_rows) if i % 7 != 3]
    wheres = [each.where for reading in readings for each in reading.rejects]
    assert wheres == [f"row {i}" for i in range(n_rows) if i % 7 == 3]


def test_parquet__empty_table_is_read(tmp_path: Path) -> None:
    path, other = tmp_path / "a.parquet", tmp_path / "b.txt"
    pq.write_table(pa.table({"text": pa.array([], pa.string())}), path)
    with pytest.raises(InputError, match="empty"):
        plan_blocks([str(path)], SourceConfig())
    other.write_text("x")
    assert len(plan_blocks([str(path), str(other)], SourceConfig())) == 1


def test_parquet__cut_short(tmp_path: Path) -> None:
    path, other = _numbered(tmp_path, 100, 10), tmp_path / "b.txt"
    path.write_bytes(path.read_bytes()[:-20])
    other.write_text("x")
    with pytest.raises(InputError, match="damaged Parquet"):
        plan_blocks([str(path)], SourceConfig())
    blocks = plan_blocks([str(path), str(other)], SourceConfig())
    readings = [each for block in blocks for each in read_block(block, SourceConfig())]
    assert [reading.n_records for reading in readings] == [1, 1]
    assert "damaged" in readings[0].rejects[0].reason


def test_parquet__damaged_inside(tmp_path: Path) -> None:
    path = _numbered(tmp_path, 1000, 100)
    data = bytearray(path.read_bytes())
    data[len(data) // 4 : len(data) // 2] = b"\xff" * (len(data) // 2 - len(data) // 4)
    path.write_bytes(data)
    config = SourceConfig(block_size=1024)
    readings = [
        reading
        for block in plan_blocks([str(path)], config)
        for reading in read_block(block, config)
    ]
    assert any("damaged" in r.reason for each in readings for r in each.rejects)
    assert sum(each.tweets.num_rows for each in readings) > 0
