"""Plans: which files, which format, which blocks, and where a limit ends."""

import gzip
import json
import os
import pickle
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emotiset.config import SourceConfig
from emotiset.errors import ConfigError, EmotisetError, InputError
from emotiset.simulate import simulate_records
from emotiset.sources import Block, find_blocks, limit_blocks, plan_blocks, read_block


def _plan(*inputs: Path | str, **settings: Any) -> list[Block]:
    return plan_blocks([str(each) for each in inputs], SourceConfig(**settings))


def _texts(blocks: list[Block], **settings: Any) -> list[str]:
    return [
        text
        for block in blocks
        for reading in read_block(block, SourceConfig(**settings))
        for text in reading.tweets["text"].to_pylist()
    ]


def _write(path: Path, data: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def _fails(*inputs: Path | str, **settings: Any) -> str:
    """Return the message of the error that a plan ends with, which is one line."""
    with pytest.raises(EmotisetError) as caught:
        _plan(*inputs, **settings)
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_inputs__folder_glob_and_file_each_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("b.txt", "a.txt", "sub/c.txt", "sub/deep/d.txt"):
        _write(tmp_path / name, f"text of {name}")
    for name in (".hidden", "_SUCCESS", "sub/.git/x", "_temporary/y"):
        _write(tmp_path / name, "never")
    (tmp_path / "link.txt").symlink_to(tmp_path / "b.txt")
    in_order = [f"text of {name}" for name in ("a.txt", "b.txt")]
    below = [f"text of {name}" for name in ("sub/c.txt", "sub/deep/d.txt")]

    assert _texts(_plan(tmp_path)) == in_order + below
    assert _texts(_plan(tmp_path / "b.txt", tmp_path)) == in_order[::-1] + below
    assert _texts(_plan(tmp_path / "*.txt")) == in_order
    assert _texts(_plan(tmp_path / "**/*.txt")) == in_order + below
    assert _texts(_plan(tmp_path / "su?")) == below
    monkeypatch.chdir(tmp_path)
    assert _texts(_plan("sub", "./sub/c.txt", "a.txt")) == below + in_order[:1]
    (block,) = _plan("a.txt")
    assert os.path.isabs(block.pieces[0].path)


def test_inputs__name_that_looks_like_a_glob(tmp_path: Path) -> None:
    path = _write(tmp_path / "a[1].txt", "text")
    assert _texts(_plan(path)) == ["text"]


def test_inputs__not_there(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    _write(tmp_path / "hidden/.a", "x")
    assert "no file" in _fails(tmp_path / "nosuch.json")
    assert "no file that matches" in _fails(tmp_path / "*.json")
    with pytest.raises(InputError, match=r"'a\.json' alone: put it in brackets"):
        find_blocks("a.json", SourceConfig())
    assert "none in the folder" in _fails(tmp_path / "empty")
    assert "none in the folder" in _fails(tmp_path / "hidden")
    assert "none" in _fails()
    assert "no file ''" in _fails("")
    os.mkfifo(tmp_path / "pipe")
    assert "neither" in _fails(tmp_path / "pipe")


def test_inputs__empty_file(tmp_path: Path) -> None:
    empty = _write(tmp_path / "empty.json", "")
    other = _write(tmp_path / "other.txt", "x")
    assert "empty.json empty" in _fails(empty)
    assert _texts(_plan(empty, other)) == ["x"]


TWEET = '{"id": 1, "text": "a tweet"}\n'
DELETE = '{"delete": {"status": {"id": 1}}}\n'


@pytest.mark.parametrize(
    ("name", "data", "format"),
    [
        ("a.json", TWEET, "tweets"),
        ("a.txt", TWEET, "tweets"),
        ("a.csv", TWEET, "tweets"),
        ("a", "\ufeff" + TWEET, "tweets"),
        ("a", "\r\n\n  " + TWEET, "tweets"),
        ("a", DELETE * 100, "tweets"),
        ("a", 'cut": "off"}\n' + TWEET * 3, "tweets"),
        ("a", TWEET * 3 + "\0\0\0\n\xff\n", "tweets"),
        ("a", '{"text": "' + "long " * 100_000 + '"}\n', "tweets"),
        ("a", '{"text": "cut', "tweets"),
        ("a", '{"data": {"id": "1", "text": "v2"}}', "tweets"),
        ("a", "text,lang\na,en\n", "csv"),
        ("a.txt", "id\ttext\n1\ta\n", "csv"),
        ("a.csv", "text\na\n", "csv"),
        ("a.CSV", '"User Name";"Tweet"\na;b\n', "csv"),
        ("a.tsv", "\ufeffmessage\tx\na\tb\n", "csv"),
        ("a.txt", "text\na\n", "text"),
        ("a", "hello, world :)\nso, what\n", "text"),
        ("a", "{hello} world\n", "text"),
        ("a", "[1, 2]\n", "text"),
        ("a", "Content, said the cat, is all I am.\nx, y, z\n", "text"),
        ("a", "caf\xe9 na\xefve lines are mostly readable\n", "text"),
        ("a", "\n \n", "text"),
        ("a", "日本語\n", "text"),
    ],
)
def test_recognize__by_content(
    tmp_path: Path, name: str, data: str, format: str
) -> None:
    is_latin = any("\x80" <= character <= "\xff" for character in data)
    raw = data.encode("latin-1" if is_latin else "utf-8")
    plain = _write(tmp_path / "plain" / name, raw)
    packed = _write(tmp_path / "packed" / name, gzip.compress(raw, mtime=0))
    assert [block.format for block in _plan(plain)] == [format]
    assert [block.format for block in _plan(packed)] == [format]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (bytes(range(256)) * 10, "00 01 02 03 04 05 06 07"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "--format"),
        (b"PK\x03\x04" + bytes(100), "ZIP"),
        ("text".encode("utf-16"), "UTF-16"),
        (bytes(257) + b"ustar\0" + bytes(300), "tar"),
        (b"SQLite format 3\0" + bytes(100), "database"),
        (gzip.compress(gzip.compress(b"x" * 50, mtime=0), mtime=0), "twice"),
        (b'[\n{"text": "a"},\n{"text": "b"}]', "one object a line"),
        (b'[{"text": "a"}, {"text": "b"}]', "one object a line"),
        (b'{\n  "text": "a"\n}\n', "one object a line"),
        (b'{"body": "a", "author": "b"}\n', "columns body, author"),
        (b"PAR1" + bytes(100), "damaged Parquet"),
        (gzip.compress(b"PAR1" + bytes(100), mtime=0), "compressed as a whole"),
    ],
)
def test_recognize__unknown(tmp_path: Path, data: bytes, told: str) -> None:
    path = _write(tmp_path / "a.json", data)
    other = _write(tmp_path / "b.json", TWEET)
    message = _fails(path)
    assert told in message
    assert "a.json" in message
    blocks = _plan(path, other)
    readings = [each for block in blocks for each in read_block(block, SourceConfig())]
    assert [reading.bins for reading in readings] == [{"unreadable": 1}, {}]
    assert told in readings[0].rejects[0].reason


def test_recognize__format_given(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.csv", "text,lang\na,en\n")
    assert _texts(_plan(path, format="text")) == ["text,lang", "a,en"]
    assert _texts(_plan(path, format="tweets")) == []
    assert "no Parquet" in _fails(path, format="parquet")
    assert "simulated:" in _fails(path, format="simulated")
    lines = _write(tmp_path / "a.txt", "just\nlines\n")
    assert "--text-column" in _fails(lines, format="csv")
    blank = _write(tmp_path / "blank", "\n\n")
    assert "header" in _fails(blank, format="csv")


def test_recognize__named_column_makes_a_table(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.txt", "who;what\nme;hello\n")
    assert _texts(_plan(path, text_column="what"), text_column="what") == ["hello"]
    assert "who, what" in _fails(path, text_column="nosuch")
    assert "'nosuch'" in _fails(path, label_column="nosuch")


def test_plan__mixed_folder(tmp_path: Path) -> None:
    _write(tmp_path / "1.json", TWEET)
    _write(tmp_path / "2.json.gz", gzip.compress(TWEET.encode(), mtime=0))
    _write(tmp_path / "3.csv", "text\nrow\n")
    pq.write_table(pa.table({"text": ["cell"]}), tmp_path / "4.parquet")
    _write(tmp_path / "5.txt", "line")
    blocks = _plan(tmp_path)
    assert [block.format for block in blocks] == ["tweets", "csv", "parquet", "text"]
    assert _texts(blocks) == ["a tweet", "a tweet", "row", "cell", "line"]


def test_plan__small_files_share_blocks(tmp_path: Path) -> None:
    for i in range(100):
        _write(tmp_path / f"{i:02}.json", TWEET * 10)
    blocks = _plan(tmp_path, block_size=1024)
    assert max(len(block.pieces) for block in blocks) == 1024 // (len(TWEET) * 10)
    assert len(blocks) == 34
    assert all(block.n_bytes <= 1024 for block in blocks)
    paths = [piece.path for block in blocks for piece in block.pieces]
    assert paths == sorted(paths)
    assert len(set(paths)) == 100


def test_plan__large_files_are_cut(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.json", TWEET * 1000)
    blocks = _plan(path, block_size=5000)
    size = path.stat().st_size
    bounds = [(piece.start, piece.stop) for block in blocks for piece in block.pieces]
    assert [bounds[0][0], bounds[-1][1]] == [0, size]
    assert [stop for _, stop in bounds[:-1]] == [start for start, _ in bounds[1:]]
    assert max(stop - start for start, stop in bounds) <= 5000
    assert sum(block.n_bytes for block in blocks) == size


def test_plan__is_data_that_travels(tmp_path: Path) -> None:
    _write(tmp_path / "a.csv", "text\nrow\n")
    blocks = _plan(tmp_path, "simulated:10")
    assert pickle.loads(pickle.dumps(blocks)) == blocks
    assert len({hash(block) for block in blocks}) == 2
    assert "a.csv from 5 to 9" in blocks[0].name


def test_plan__unreadable_file(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.json", TWEET)
    (block,) = _plan(path)
    path.unlink()
    with pytest.raises(InputError, match="readable"):
        list(read_block(block, SourceConfig()))


@pytest.mark.parametrize("n", [1, 2, 9, 10, 11, 25, 26, 1000])
@pytest.mark.parametrize("block_size", [1024, 1 << 26])
def test_limit__first_records_of_all_kinds(
    tmp_path: Path, n: int, block_size: int
) -> None:
    lines = [TWEET, "\n", DELETE, "broken\n", '{"text": "x %d"}\n']
    _write(tmp_path / "1.json", "".join(lines * 2))
    rows = ['"two\nlines %d",1\n', "\n", "bad\n", '"",2\n']
    _write(tmp_path / "2.csv", "text,n\n" + "".join(rows))
    _write(tmp_path / "3.json.gz", gzip.compress("".join(lines).encode()))
    pq.write_table(pa.table({"text": ["p", None, "q"]}), tmp_path / "4.parquet")
    _write(tmp_path / "5.bin", bytes(100))
    _write(tmp_path / "6.txt", "a\n\nb")
    config = SourceConfig(block_size=block_size)
    blocks = plan_blocks([str(tmp_path)], config)

    def records(blocks: list[Block]) -> list[tuple[str, str]]:
        found = []
        for block in blocks:
            for reading in read_block(block, config):
                found += [("row", text) for text in reading.tweets["text"].to_pylist()]
                found += [(name, "") for name in sorted(reading.bins) * 1]
        return found

    everything = records(blocks)
    limited = limit_blocks(blocks, n, config)
    n_read = sum(
        reading.n_records for block in limited for reading in read_block(block, config)
    )
    assert n_read == min(n, 26)
    if n >= 26:
        assert records(limited) == everything
    texts = [text for kind, text in records(limited) if kind == "row"]
    assert texts == [text for kind, text in everything if kind == "row"][: len(texts)]
    assert records(limit_blocks(limited, n + 5, config)) == records(limited)
    assert limit_blocks(limited, 1, config) == limit_blocks(blocks, 1, config)


def test_limit__tells_how_much_is_read(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.json", TWEET * 1000)
    (block,) = limit_blocks(_plan(path), 10, SourceConfig())
    assert block.n_bytes == len(TWEET) * 10
    assert block.n_records == 10


def test_plan__growing_folders_keep_many_of_their_blocks(tmp_path: Path) -> None:
    # Three, since names draw where blocks begin, and those of a folder can be unlucky.
    n_before = n_kept = 0
    for folder in (tmp_path / name for name in "abc"):
        for i in range(200):
            _write(folder / f"{i:03}.txt", "text\n" * (20 + i * 7 % 100))
        before = _plan(folder, block_size=2000)
        sizes = [block.n_bytes for block in before]
        assert max(sizes) < 3000 and min(sizes[:-1]) > 1450
        n_texts = len(_texts(before))
        for name in ("100a", "900"):
            _write(folder / f"{name}.txt", "more text\n" * 30)
        (folder / "130.txt").unlink()
        after = _plan(folder, block_size=2000)
        n_before += len(before)
        n_kept += len(set(before) & set(after))
        assert len(_texts(after)) == n_texts + 2 * 30 - (20 + 130 * 7 % 100)
    assert n_kept > n_before / 3


def test_plan__a_small_input_is_cut_as_before_when_it_grows_a_little(
    tmp_path: Path,
) -> None:
    for i in range(24):
        _write(tmp_path / f"{i:03}.txt", "text\n" * 200_000)
    before = _plan(tmp_path)
    assert 3 <= len(before) <= 4  # several workers have something to do
    _write(tmp_path / "900.txt", "text\n" * 200_000)
    after = _plan(tmp_path)
    assert after[: len(before) - 1] == before[:-1]


def test_simulated__is_read_like_a_file(tmp_path: Path) -> None:
    lines = b"".join(simulate_records(0, 9000, seed=3, emoticon_share=0.4))
    path = _write(tmp_path / "a.json", lines)
    name = "simulated:9000?seed=3&emoticon_share=0.4"
    blocks = _plan(name, block_size=10 << 20)
    assert {block.format for block in blocks} == {"simulated"}
    assert sum(len(block.pieces) for block in blocks) == 3
    assert _texts(blocks) == _texts(_plan(path))
    bins = [
        {
            name: sum(r.bins.get(name, 0) for r in readings)
            for name in ("blank", "delete")
        }
        for readings in (
            [r for block in plan for r in read_block(block, SourceConfig())]
            for plan in (blocks, _plan(path))
        )
    ]
    assert bins[0] == bins[1]
    assert _texts(_plan("simulated:50")) != _texts(_plan("simulated:50?seed=1"))
    assert sum(block.n_bytes for block in blocks) == pytest.approx(len(lines), rel=0.3)


def test_simulated__limit_and_mix(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.txt", "line")
    blocks = _plan("simulated:100", path)
    assert [block.format for block in blocks] == ["simulated", "text"]
    (limited,) = limit_blocks(blocks, 30, SourceConfig())
    readings = list(read_block(limited, SourceConfig()))
    assert sum(reading.n_records for reading in readings) == 30


@pytest.mark.parametrize(
    "name",
    [
        *("simulated:", "simulated:many", "simulated:0", "simulated:-5"),
        *("simulated:10?seed=x", "simulated:10?nosuch=1", "simulated:10?seed"),
        *("simulated:10?seed=-1", "simulated:10?emoticon_share=2"),
        *("simulated:10?emoticon_share=nan", "simulated:99999999999"),
    ],
)
def test_simulated__nonsense(name: str) -> None:
    with pytest.raises((InputError, ConfigError)):
        _plan(name)


def test_label_column__needs_columns(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.txt", "line")
    assert "no column" in _fails(path, label_column="class")
    tweets = _write(tmp_path / "a.json", json.dumps({"text": "a", "class": 1}))
    assert len(_plan(tweets, label_column="class")) == 1


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_format__a_first_line_longer_than_the_head(tmp_path: Path, mark: str) -> None:
    commit = {
        "operation": "create",
        "collection": "app.bsky.feed.post",
        "record": {"text": "a post"},
    }
    event = {"did": "d", "kind": "commit", "pad": "x" * 400_000, "commit": commit}
    [block] = _plan(_write(tmp_path / "a", mark + json.dumps(event) + "\n"))
    assert block.format == "bluesky"
    assert _texts([block]) == ["a post"]
    page = {"data": [{"id": str(i), "text": "t" * 90} for i in range(4000)]}
    [block] = _plan(_write(tmp_path / "b.gz", gzip.compress(json.dumps(page).encode())))
    assert block.format == "pages"
    whole = json.dumps({"created_utc": 1, "link_id": "t", "body": "b" * 300_000})
    assert _plan(_write(tmp_path / "c", whole))[0].format == "reddit"


def test_format__a_first_line_without_an_end(tmp_path: Path) -> None:
    array = json.dumps([{"text": "x" * 90}] * 4000)
    assert "an array" in _fails(_write(tmp_path / "a", array))
    assert "an array" in _fails(_write(tmp_path / "b", "[1" + ", 1" * 200_000))
    long = '{"text": "' + "x" * (17 << 20)
    told = _fails(_write(tmp_path / "c", long))
    assert "the first line is longer than 16 MB" in told
    assert "--format tweets" in told
    path = _write(tmp_path / "c", f'{long}"}}\n{TWEET}')
    [block] = _plan(path, format="tweets")
    assert _texts([block], format="tweets") == ["a tweet"]


def test_find_blocks__link_to_nothing_in_a_folder_is_one_reject(tmp_path: Path) -> None:
    _write(tmp_path / "a.txt", "one\ntwo\n")
    (tmp_path / "b.txt").symlink_to(tmp_path / "none")
    config = SourceConfig(format="text")
    rejects = [
        reject
        for block in find_blocks([tmp_path], config)
        for reading in read_block(block, config)
        for reject in reading.rejects
    ]
    [(source, reason)] = [(reject.source, reject.reason) for reject in rejects]
    assert source.endswith("b.txt")
    assert reason.startswith("cannot be read")
