"""Whatever a file holds, every reader gives tweets, bins and typed errors only."""

import bz2
import gzip
import io
import json
import tarfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import example, given, settings
from hypothesis import strategies as st

from emotiset.config import SourceConfig
from emotiset.errors import EmotisetError
from emotiset.sources import plan_blocks, read_block

# Readers of lines give each line one record, so nothing can be lost or come twice.
LINE_FORMATS = ["bluesky", "mastodon", "reddit", "json", "text"]
OTHERS = ["auto", "tweets", "csv", "parquet"]

_COMMIT = {"operation": "create", "collection": "app.bsky.feed.post", "rkey": "k"}
_RECORD = {"text": "so happy 🙂", "langs": ["en"], "createdAt": "2024-01-01T00:00:00Z"}
_OBJECTS: list[dict[str, Any]] = [
    {"text": "what a day :) &lt;3", "id_str": "1", "lang": "en"},
    {"text": "a", "extended_tweet": {"full_text": "longer"}, "retweeted_status": {}},
    {"data": [{"text": "a page", "id": "2"}, {"text": "of two"}], "meta": {}},
    {"did": "d", "kind": "commit", "commit": {**_COMMIT, "record": _RECORD}},
    {"id": "3", "content": "<p>so &lt;3<br>happy</p>", "account": {}, "language": "en"},
    {"id": "c1", "body": "nice :)", "created_utc": 1199145600, "subreddit": "aww"},
    {"delete": {"status": {"id": 7}}},
]
_LINES = [json.dumps(each).encode() for each in _OBJECTS]
_TABLE = [b"id,text", b'4,"a ""quoted"", text"', b"5,plain", b""]
_ODD = [b'"', b"\\", b"{", b"[", b",", b"\xff", b"\0", b"\\ud83d", b"\r", b"null", b"<"]


def _splice(line: bytes, at: int, n: int, new: bytes) -> bytes:
    at %= len(line) + 1
    return line[:at] + new + line[at + n :]


mutated = st.builds(
    _splice,
    st.sampled_from(_LINES + _TABLE),
    st.integers(0, 1000),
    st.integers(0, 6) | st.just(1000),
    st.sampled_from(_ODD) | st.binary(max_size=4),
).map(lambda line: line.replace(b"\n", b""))
lines = st.lists(st.sampled_from(_LINES) | mutated | st.binary(max_size=8), min_size=1)


def _read(path: Path, format: str, block_size: int) -> tuple[list[Any], Counter[str]]:
    config = SourceConfig(format=format, block_size=block_size)
    rows: list[Any] = []
    bins: Counter[str] = Counter()
    for block in plan_blocks([str(path)], config):
        for reading in read_block(block, config):
            rows += reading.tweets.to_pylist()
            bins.update(reading.bins)
    return rows, bins


def _file(factory: pytest.TempPathFactory, data: bytes) -> Path:
    path = factory.getbasetemp() / "fuzz.bin"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("format", LINE_FORMATS)
@example(lines=[b"\x1f\x8b\x08"], block_size=1024)
@given(lines=lines, block_size=st.integers(1024, 2000))
@settings(deadline=None, max_examples=60)
def test_mutated_lines__each_in_one_place(
    tmp_path_factory: pytest.TempPathFactory,
    format: str,
    lines: list[bytes],
    block_size: int,
) -> None:
    lines = [_LINES[0], *lines]  # what begins as a compressed file is taken for one
    data = b"\n".join(each.replace(b"\n", b"") for each in lines * 5) + b"\n"
    path = _file(tmp_path_factory, data)
    rows, bins = _read(path, format, 1 << 30)
    assert len(rows) + sum(bins.values()) == 5 * len(lines)
    assert _read(path, format, block_size) == (rows, bins)


@pytest.mark.parametrize("format", OTHERS)
@given(lines, st.integers(1024, 2000))
@settings(deadline=None, max_examples=60)
def test_mutated_lines__cuts_change_nothing(
    tmp_path_factory: pytest.TempPathFactory,
    format: str,
    lines: list[bytes],
    block_size: int,
) -> None:
    path = _file(tmp_path_factory, b"\n".join(lines * 5) + b"\n")
    try:
        whole = _read(path, format, 1 << 30)
    except EmotisetError as error:
        assert "\n" not in str(error)
        return
    assert _read(path, format, block_size) == whole


def _tar(data: bytes) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as tar:
        for name, part in (("a.json", data), ("b.json.bz2", bz2.compress(data))):
            entry = tarfile.TarInfo(name)
            entry.size = len(part)
            tar.addfile(entry, io.BytesIO(part))
    return sink.getvalue()


@pytest.mark.parametrize(
    "pack", [bz2.compress, gzip.compress, zstandard.compress, _tar]
)
@given(st.data())
@settings(deadline=None, max_examples=60)
def test_mutated_files__raise_nothing_else(
    tmp_path_factory: pytest.TempPathFactory,
    pack: Callable[[bytes], bytes],
    data: st.DataObject,
) -> None:
    raw = bytearray(pack(b"\n".join(_LINES[:2] * 5) + b"\n"))
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, max(len(raw) - 1, 0)))
        raw[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    del raw[data.draw(st.integers(0, 2 * len(raw))) :]
    path = _file(tmp_path_factory, bytes(raw))
    try:
        rows, bins = _read(path, "auto", 64 << 20)
        assert len(rows) + sum(bins.values()) >= 1
    except EmotisetError as error:
        assert "\n" not in str(error)
