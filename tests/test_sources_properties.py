"""What holds for every input: records add up, cuts change nothing, nothing raises."""

import csv
import io
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotiset.config import SourceConfig
from emotiset.errors import EmotisetError
from emotiset.schema import TWEETS
from emotiset.sources import Reject, limit_blocks, plan_blocks, read_block

FORMATS = ["auto", "tweets", "csv", "parquet", "text"]

words = st.text(st.sampled_from('ab :)"&;<é😀,\n\r\t\\{}'), max_size=60)
tweets = st.one_of(
    words.map(lambda text: json.dumps({"text": text, "id": 1, "lang": "en"}).encode()),
    words.map(
        lambda text: json.dumps({"full_text": text}, ensure_ascii=False).encode()
    ),
    st.sampled_from(
        [
            b"",
            b" ",
            b'{"delete": {}}',
            b"broken",
            b'{"id": 3}',
            b"[]",
            b'{"text": "\xff"}',
        ]
    ),
)
fillers = st.integers(0, 40).map(lambda n: b'{"text": "' + b"filler " * n * 3 + b'"}')


def _as_csv(rows: Sequence[tuple[int, str]]) -> bytes:
    file = io.StringIO(newline="")
    csv.writer(file).writerow(["id", "text"])
    csv.writer(file).writerows(rows)
    return file.getvalue().encode()


csv_files = st.one_of(
    st.lists(st.tuples(st.integers(), words), min_size=10, max_size=60).map(_as_csv),
    st.lists(
        st.one_of(words.map(str.encode), st.sampled_from([b'1,"', b'"\n', b"2,b\n"])),
        max_size=80,
    ).map(lambda parts: b"id,text\n1,a\n" + b"".join(parts)),
)


def _write(factory: pytest.TempPathFactory, data: bytes) -> Path:
    path = factory.getbasetemp() / "input.bin"
    path.write_bytes(data)
    return path


def _read(
    path: Path, limit: int | None = None, **settings: Any
) -> tuple[list[dict[str, Any]], Counter[str], list[Reject]]:
    """Return rows, bins and rejects of an input, having checked that they add up."""
    config = SourceConfig(**settings)
    rows: list[dict[str, Any]] = []
    bins: Counter[str] = Counter()
    rejects: list[Reject] = []
    blocks = plan_blocks([str(path)], config)
    if limit is not None:
        blocks = limit_blocks(blocks, limit, config)
    for block in blocks:
        for reading in read_block(block, config):
            assert reading.tweets.schema == TWEETS
            reading.tweets.validate(full=True)
            assert reading.n_records > 0
            assert len(reading.rejects) == reading.bins.get(
                "unreadable", 0
            ) + reading.bins.get("no_text", 0)
            rows += reading.tweets.to_pylist()
            bins.update(reading.bins)
            rejects += reading.rejects
    return rows, bins, rejects


def _check_cuts(path: Path, format: str, block_size: int) -> None:
    whole = _read(path, format=format, block_size=1 << 30)
    assert _read(path, format=format, block_size=block_size) == whole


@given(st.lists(st.one_of(tweets, fillers), min_size=1), st.integers(1024, 3000))
@settings(deadline=None)
def test_tweets__cuts_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], block_size: int
) -> None:
    path = _write(tmp_path_factory, b"\n".join(lines * 4) + b"\n")
    rows, bins, _ = _read(path, format="tweets")
    assert len(rows) + sum(bins.values()) == 4 * len(lines)
    _check_cuts(path, "tweets", block_size)


@given(st.binary(min_size=1), st.integers(1024, 3000))
@settings(deadline=None)
def test_text__cuts_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, block_size: int
) -> None:
    path = _write(tmp_path_factory, b"A line, " + (data + b"\nand a line\r\n") * 100)
    rows, bins, _ = _read(path, format="text")
    assert len(rows) + sum(bins.values()) == path.read_bytes().count(b"\n")
    _check_cuts(path, "text", block_size)


@given(csv_files, st.integers(1, 30), st.integers(1024, 3000))
@settings(deadline=None)
def test_csv__cuts_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, n: int, block_size: int
) -> None:
    header, _, body = data.partition(b"\n")
    path = _write(tmp_path_factory, header + b"\n" + body * n)
    _check_cuts(path, "csv", block_size)


@given(st.lists(st.one_of(tweets, fillers), min_size=5), st.integers(1, 60))
@settings(deadline=None, max_examples=50)
def test_limit__is_exact_whatever_the_cuts(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], limit: int
) -> None:
    path = _write(tmp_path_factory, b"\n".join(lines) + b"\n")
    first = _write(tmp_path_factory, b"\n".join(lines[:limit]) + b"\n")
    expected = _read(first, format="tweets")
    path = _write(tmp_path_factory, b"\n".join(lines) + b"\n")
    for block_size in (1024, 1 << 26):
        limited = _read(path, limit, format="tweets", block_size=block_size)
        assert limited == expected


@pytest.mark.parametrize("format", FORMATS)
@given(
    st.one_of(
        st.binary(),
        st.tuples(
            st.sampled_from(
                [
                    *(b"PAR1", b"\x1f\x8b\x08", b"BZh91AY&SY", b"\xfd7zXZ\0"),
                    *(b"\x28\xb5\x2f\xfd", b"\xef\xbb\xbf", b"text,id\n", b'{"text":'),
                    *(b'"text\n', b"PK\x03\x04", b"id;text\r", b'{"data":{'),
                ]
            ),
            st.binary(),
        ).map(b"".join),
    )
)
@settings(deadline=None)
def test_random_bytes__raise_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, format: str, data: bytes
) -> None:
    path = _write(tmp_path_factory, data)
    try:
        _read(path, format=format)
    except EmotisetError as error:
        assert "\n" not in str(error)
        assert error.exit_code == 2


@given(st.data())
@settings(deadline=None)
def test_mutated_files__raise_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    sink = pa.BufferOutputStream()
    table = pa.table({"text": ["a", "bc", None] * 20, "id": range(60)})
    pa.parquet.write_table(table, sink, row_group_size=20)
    seed = data.draw(
        st.sampled_from(
            [
                sink.getvalue().to_pybytes(),
                _as_csv([(i, f'say "{i}"\n, now') for i in range(30)]),
                json.dumps({"text": "hi", "id": 7, "lang": "en"}).encode() * 2,
            ]
        )
    )
    raw = bytearray(seed)
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    path = _write(tmp_path_factory, bytes(raw))
    try:
        _read(path)
    except EmotisetError as error:
        assert "\n" not in str(error)
