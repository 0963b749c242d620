"""Delimited text: the same rows as Python's csv, headers, bad rows, cuts."""

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotiset.config import SourceConfig
from emotiset.errors import InputError
from emotiset.sources import Reading, plan_blocks, read_block
from emotiset.sources.blocks import Flaw
from emotiset.sources.cells import Cells
from emotiset.sources.records import MAX_RECORD, Records, split_records

# What a parser can stumble over, more often than chance would have it.
tricky = st.lists(
    st.sampled_from(['"', '""', ",", "\n", "\r\n", "\r", "a", " ", "é", "b,c", '","'])
).map("".join)


def _read(path: Path, data: bytes | str, **settings: Any) -> Reading:
    """Return all readings of a CSV file as one; the batches only hold the text."""
    path = path / "table.csv"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    config = SourceConfig(**settings)
    readings = [
        reading
        for block in plan_blocks([str(path)], config)
        for reading in read_block(block, config)
    ]
    assert len(readings) == 1
    return readings[0]


def _rows(reading: Reading, *names: str) -> list[list[Any]]:
    rows = zip(*(reading.tweets[name].to_pylist() for name in names), strict=True)
    return [list(row) for row in rows]


def _split(data: bytes, *, size: int = 1 << 20) -> list[list[str]]:
    """Return the cells of all records, a chunk of *size* bytes at a time."""
    chunks = [data[at : at + size] for at in range(0, len(data), size)]
    found: list[list[str]] = []
    for chunk in split_records(chunks, ",", 0):
        assert isinstance(chunk, Records)
        cells = Cells(chunk, ",")
        for row, n_cells in enumerate(cells.n_cells):
            columns = [cells.take(np.array([row]), i) for i in range(n_cells)]
            found.append([column[0].as_py() for column in columns])
    return found


def _is_closed(data: str) -> bool:
    """Return whether no quote is open at the end, one character after the other."""
    is_open, at_start, at = False, True, 0
    while at < len(data):
        if is_open and data[at : at + 2] == '""':
            at += 1
        elif data[at] == '"' and (is_open or at_start):
            is_open = not is_open
        at_start = not is_open and data[at] in ",\r\n"
        at += 1
    return not is_open


@given(tricky, st.integers(1, 7))
@settings(max_examples=400, deadline=None)
def test_records__as_python_reads_them(data: str, size: int) -> None:
    data = data.replace("\r\r", "\r") if _is_closed(data) else ""
    expected = [row for row in csv.reader(io.StringIO(data, newline="")) if row]
    found = [row for row in _split(data.encode(), size=size) if row != [""]]
    assert found == [row for row in expected if row != [""]]


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2), min_size=1))
def test_records__what_python_writes(rows: list[list[str]]) -> None:
    rows = [[cell.replace("\0", "") for cell in row] for row in rows]
    file = io.StringIO(newline="")
    csv.writer(file).writerows(rows)
    data = file.getvalue().encode(errors="replace")
    expected = [
        [cell.encode(errors="replace").decode() for cell in row] for row in rows
    ]
    assert _split(data) == expected


def test_records__offsets() -> None:
    chunks = list(split_records([b'a,"', b'\n"\nb', b",c\n\nd"], ",", 100))
    found = [
        (chunk.offset + start, chunk.data[start:end])
        for chunk in chunks
        if isinstance(chunk, Records)
        for start, end in zip(chunk.starts, chunk.ends, strict=True)
    ]
    assert found == [(100, b'a,"\n"\n'), (106, b"b,c\n"), (110, b"\n"), (111, b"d")]


def test_records__too_long_is_passed_over() -> None:
    line = b"x" * 999 + b"\n"
    long = b'1,"' + line * (MAX_RECORD // len(line) + 1) + b'"\n'
    stream = [long[at : at + 300_000] for at in range(0, len(long), 300_000)]
    chunks = list(split_records([b"0,a\n", *stream, b"2,b\n"], ",", 0))
    flaws = [chunk for chunk in chunks if isinstance(chunk, Flaw)]
    records = [chunk for chunk in chunks if isinstance(chunk, Records)]
    # The quoted lines are records then, and the quote behind them opens another.
    assert [flaw.offset for flaw in flaws] == [4, 4 + len(long) - 2]
    assert records[-1].data == b"2,b\n"
    n_lines = long.count(b"\n") - 2
    assert sum(chunk.n_records for chunk in records) == 1 + n_lines + 1


def test_records__one_endless_line() -> None:
    stream = (b"x" * (1 << 20) for _ in range(100))
    chunks = list(split_records(stream, ",", 0))
    assert [type(chunk) for chunk in chunks] == [Flaw]


def test_csv__stray_quote_costs_its_own_line(tmp_path: Path) -> None:
    reading = _read(tmp_path, 'id,text\n1,a\n2,"never closed\n3,b\n4,c')
    assert _rows(reading, "id", "text") == [["1", "a"], ["3", "b"], ["4", "c"]]
    (reject,) = reading.rejects
    assert reject.where == "byte 12"
    assert "quote" in reject.reason
    assert reject.head.startswith('2,"never closed')


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_csv__delimiters_and_line_ends(
    tmp_path: Path, delimiter: str, end: str
) -> None:
    rows = [["id", "text"], ["1", f"a{delimiter}b"], ["2", f'say "{end}" now']]
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter, lineterminator=end).writerows(rows)
    reading = _read(tmp_path, file.getvalue())
    assert _rows(reading, "id", "text") == rows[1:]


def test_csv__names_in_any_dress(tmp_path: Path) -> None:
    data = '\ufeff\n" Tweet_ID" ,  LANG,"Tweet_Time",other, Tweet_Text ,Is_Retweet\n'
    data += "00123456789012345678901234567890, en,2011-09-28,,a &amp; b,TRUE\n"
    data += "2,,never,,RT @a: b,no\n3,,,,c,\n"
    reading = _read(tmp_path, data)
    assert _rows(reading, "id", "lang", "text", "is_retweet") == [
        ["00123456789012345678901234567890", "en", "a & b", True],
        ["2", None, "RT @a: b", True],
        ["3", None, "c", False],
    ]
    assert reading.tweets["created_at"].null_count == 2


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("text,full_text", 1),
        ("text,tweet_text", 1),
        ("content,text", 1),
        ("message,tweet", 1),
        ("body,message", 0),
        ("x,sentence", 1),
        ("text,text", 0),
    ],
)
def test_csv__preferred_text_column(tmp_path: Path, header: str, column: int) -> None:
    reading = _read(tmp_path, f"{header}\nzero,one\n")
    assert _rows(reading, "text") == [[["zero", "one"][column]]]


def test_csv__named_columns(tmp_path: Path) -> None:
    reading = _read(
        tmp_path,
        "text,Was,when,who,what,class\nno,da,2011-09-28,7,yes,-1\n",
        text_column="what",
        lang_column="was",
        time_column=" when",
        id_column="WHO",
        label_column="class",
    )
    assert _rows(reading, "text", "lang", "id", "label") == [["yes", "da", "7", "-1"]]
    assert reading.tweets["created_at"].null_count == 0


@pytest.mark.parametrize(
    "setting",
    ["text_column", "lang_column", "time_column", "id_column", "label_column"],
)
def test_csv__named_column_missing(tmp_path: Path, setting: str) -> None:
    option = f"--{setting.replace('_', '-')}"
    with pytest.raises(InputError, match="id, text") as caught:
        _read(tmp_path, "id,text\n1,a\n", **{setting: "nosuch"})
    assert option in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("data", ["a,b\n1,2\n", '0,"1","Mon","x","hello"\n'])
def test_csv__no_header_that_is_known(tmp_path: Path, data: str) -> None:
    with pytest.raises(InputError, match=r"columns .* --text-column"):
        _read(tmp_path, data)


def test_csv__one_column_may_hold_delimiters(tmp_path: Path) -> None:
    reading = _read(tmp_path, 'text\nhello, you; there\n"quoted, too"\n\n')
    assert _rows(reading, "text") == [["hello, you; there"], ["quoted, too"]]
    assert reading.bins == {"blank": 1}


def test_csv__bad_rows(tmp_path: Path) -> None:
    rows = [
        b"1,good",
        b"2",
        b"3,caf\xe9",
        b"4,a,b",
        b"",
        b" ",
        b'5,""',
        b"6, ",
        b"7,fine",
    ]
    reading = _read(tmp_path, b"id,text\n" + b"\n".join(rows))
    assert _rows(reading, "id") == [["1"], ["7"]]
    assert reading.bins == {"unreadable": 3, "blank": 2, "no_text": 2}
    assert [(each.where, each.reason) for each in reading.rejects] == [
        ("byte 15", "has 1 cells instead of 2"),
        ("byte 17", "is no UTF-8"),
        ("byte 24", "has 3 cells instead of 2"),
        ("byte 33", "has no text in its text column"),
        ("byte 38", "has no text in its text column"),
    ]
    assert reading.rejects[1].head == "3,caf\ufffd"


def test_csv__header_that_is_no_utf8(tmp_path: Path) -> None:
    reading = _read(tmp_path, b'"caf\xe9 ""x""",text,"\xff"more\n1,a,b\n')
    assert _rows(reading, "text") == [["a"]]


def test_csv__header_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"id,text\n")
    config = SourceConfig()
    blocks = plan_blocks([str(path)], config)
    assert [list(read_block(block, config)) for block in blocks] == [[]]


def test_csv__cut_with_quotes_over_every_cut(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    texts = [f"row {i}\n" + 'says "x,\n" and\r\n' * (i % 90) for i in range(300)]
    file = io.StringIO(newline="")
    csv.writer(file).writerows([["id", "text"], *enumerate(texts)])
    path.write_text(file.getvalue(), newline="")
    for block_size in (1024, 1500, 10_000, 1 << 20):
        config = SourceConfig(block_size=block_size)
        blocks = plan_blocks([str(path)], config)
        found = [
            text
            for block in blocks
            for reading in read_block(block, config)
            for text in reading.tweets["text"].to_pylist()
        ]
        assert found == texts
        assert len(blocks) > 300_000 // max(block_size, 4096) // 4
        assert blocks[0].pieces[0].start == len("id,text\r\n")
        assert blocks[-1].pieces[-1].stop == path.stat().st_size
