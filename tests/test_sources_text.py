"""Plain text and the lines it is made of."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiset.config import SourceConfig
from emotiset.schema import TWEETS
from emotiset.sources import Piece, Reading, plan_blocks, read_block
from emotiset.sources.blocks import Flaw
from emotiset.sources.lines import (
    MAX_RECORD,
    MAX_ROWS,
    Lines,
    read_lines,
    split_lines,
    take_records,
)


def _read(path: Path, data: bytes) -> list[Reading]:
    path = path / "a.txt"
    path.write_bytes(data)
    config = SourceConfig(format="text")
    blocks = plan_blocks([str(path)], config)
    return [reading for block in blocks for reading in read_block(block, config)]


def test_text__one_a_line(tmp_path: Path) -> None:
    data = "\ufeffhello :)\r\n  é &amp; 日本 \nRT @a: b\n\n \t\r\n\xa0\nlast".encode()
    (reading,) = _read(tmp_path, data)
    assert reading.tweets.schema == TWEETS
    assert reading.tweets["text"].to_pylist() == [
        *("hello :)", "  é & 日本 ", "RT @a: b", "last"),
    ]
    assert reading.tweets["is_retweet"].to_pylist() == [False, False, True, False]
    assert reading.tweets["id"].null_count == 4
    assert reading.bins == {"blank": 2, "no_text": 1}
    assert reading.n_records == 7


def test_text__invalid_utf8_and_nul(tmp_path: Path) -> None:
    (reading,) = _read(tmp_path, b"good\ncaf\xe9\na\0b\n\xff\xfe\nend")
    assert reading.tweets["text"].to_pylist() == ["good", "a\0b", "end"]
    assert reading.bins == {"unreadable": 2}
    assert [(each.where, each.head) for each in reading.rejects] == [
        ("byte 5", "caf\ufffd"),
        ("byte 14", "\ufffd\ufffd"),
    ]


def test_text__batches_are_bounded(tmp_path: Path) -> None:
    readings = _read(tmp_path, b"short\n" * 100_000)
    assert sum(reading.n_records for reading in readings) == 100_000
    assert max(reading.n_records for reading in readings) <= MAX_ROWS


@given(st.lists(st.binary(max_size=6)), st.integers(1, 9))
def test_split_lines__as_bytes_split(parts: list[bytes], size: int) -> None:
    data = b"\n".join(parts)
    chunks = [(at, data[at : at + size]) for at in range(0, len(data), size)]
    found = list(split_lines(chunks))
    lines = [line for each in found if isinstance(each, Lines) for line in each.lines]
    expected = data.split(b"\n")
    assert lines == (expected if expected[-1] else expected[:-1])
    for each in found:
        assert isinstance(each, Lines)
        for offset, line in zip(each.offsets(), each.lines, strict=True):
            assert data[offset : offset + len(line)] == line


@given(
    st.lists(st.sampled_from([b"", b"a", b"bc", b"\r", b"x" * 9]), max_size=12),
    st.lists(st.integers(0, 60), max_size=4),
    st.integers(1, 20),
    st.booleans(),
)
def test_read_lines__each_line_in_one_piece(
    tmp_path_factory: pytest.TempPathFactory,
    parts: list[bytes],
    cuts: list[int],
    size: int,
    is_ended: bool,
) -> None:
    data = b"\n".join(parts) + b"\n" * is_ended
    path = tmp_path_factory.getbasetemp() / "pieces"
    path.write_bytes(data)
    bounds = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    found = [
        line
        for start, stop in pairwise(bounds)
        if start < stop
        for chunk in read_lines(Piece(str(path), start, stop), size=size)
        if isinstance(chunk, Lines)
        for line in chunk.lines
    ]
    expected = data.split(b"\n")
    assert found == (expected if expected[-1] else expected[:-1])


@pytest.mark.parametrize("n_more", [-1, 0, 1])
@pytest.mark.parametrize("end", [b"", b"\n", b"\nnext"])
def test_split_lines__length_limit(n_more: int, end: bytes) -> None:
    data = b"a\n" + b"x" * (MAX_RECORD + n_more) + end
    size = 700_001
    chunks = [(at, data[at : at + size]) for at in range(0, len(data), size)]
    found = list(split_lines(chunks))
    flaws = [each for each in found if isinstance(each, Flaw)]
    lines = [line for each in found if isinstance(each, Lines) for line in each.lines]
    assert [flaw.offset for flaw in flaws] == [2] * (n_more > 0)
    lengths = [1] + [MAX_RECORD + n_more] * (n_more <= 0) + [4] * (end == b"\nnext")
    assert [len(line) for line in lines] == lengths


def test_split_lines__endless_line_is_not_held() -> None:
    chunks = ((at << 20, b"x" * (1 << 20)) for at in range(200))
    (flaw,) = split_lines(chunks)
    assert isinstance(flaw, Flaw)
    assert len(flaw.head) == 200


def test_take_records__counts_flaws() -> None:
    chunks = [Lines([b"a", b"b"], 0), Flaw(4, "bad", b""), Lines([b"c"], 9)]
    for limit in range(6):
        taken = list(take_records(chunks, limit))
        assert sum(chunk.n_records for chunk in taken) == min(limit, 4)
    assert list(take_records(chunks, None)) == chunks
