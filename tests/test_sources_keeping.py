"""Columns of the input that are carried along, beside the text they stood with."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emotiset.config import SourceConfig, TrainConfig
from emotiset.errors import ConfigError, InputError
from emotiset.sources import find_kept, plan_blocks, read_block


def read(path, *keep, **settings):
    config = SourceConfig(keep_columns=keep, **settings)
    rows = []
    for block in plan_blocks([str(path)], config):
        for reading in read_block(block, config):
            kept = find_kept(reading.tweets)
            columns = [column.to_pylist() for column in kept.values()]
            assert not columns or list(kept) == list(keep)
            rows += zip(reading.tweets["text"].to_pylist(), *columns, strict=True)
    return rows


def test_csv__cells_stay_with_their_text(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('id,text,a b,text2\n1,one,"x, ""y""",p\n2,,z,q\n3,three,,r\n4\n')
    expected = [("one", 'x, "y"', "1"), ("three", "", "3")]
    assert read(path, "A B", "id") == expected


def test_parquet__types_stay(tmp_path):
    path = tmp_path / "a.parquet"
    columns = {
        "text": ["one", None, "three"],
        "n": pa.array([1, 2, None], pa.int16()),
        "tags": [["a"], [], None],
    }
    pq.write_table(pa.table(columns), path)
    assert read(path, "n", "tags", "text") == [
        ("one", 1, ["a"], "one"),
        ("three", None, None, "three"),
    ]


def tweet(text, **others):
    return {"id_str": "7", "text": text, "created_at": "2020-01-01", **others}


def test_tweets__places_of_the_object_with_what_is_no_tweet_between(tmp_path):
    path = tmp_path / "a.json"
    objects = [
        tweet("one", user={"name": "ann", "n": 1}),
        {"delete": {"status": {"id": 1}}},
        tweet("two", user=None),
        tweet("three", user={"name": ["b"], "n": True}),
    ]
    lines = [json.dumps(each) for each in objects]
    path.write_text("\n".join([*lines[:2], '{"text": "cut', "", *lines[2:]]))
    assert read(path, "user.name", "user.n") == [
        ("one", "ann", "1"),
        ("two", None, None),
        ("three", '["b"]', "true"),
    ]


def test_pages__each_entry_keeps_its_own(tmp_path):
    path = tmp_path / "a.json"
    data = [{"id": str(i), "text": f"t{i}", "source": f"s{i}"} for i in range(3)]
    path.write_text(json.dumps({"data": data, "meta": {}}) + "\n")
    assert read(path, "source") == [("t0", "s0"), ("t1", "s1"), ("t2", "s2")]


@pytest.mark.parametrize("format", ["mastodon", "reddit", "json"])
def test_posts__places_of_the_object(tmp_path, format):
    path = tmp_path / "a.json"
    name = {"mastodon": "content", "reddit": "body", "json": "body"}[format]
    posts = [{name: f"t{i}", "x": {"y": i}} for i in range(3)]
    posts[1][name] = ""
    path.write_text("".join(json.dumps(post) + "\n" for post in posts))
    column = name if format == "json" else None
    found = read(path, "x.y", format=format, text_column=column)
    assert found == [("t0", "0"), ("t2", "2")]


def test_simulated__columns_too():
    rows = read("simulated:50", "user.screen_name", "id_str")
    assert rows and all(name and id for _, name, id in rows)


def test_a_damaged_stretch_among_rows_joins_them(tmp_path):
    path = tmp_path / "a.json"
    good = json.dumps(tweet("one", x=1)).encode()
    path.write_bytes(good + b"\n" + b'{"text": "' + b"x" * (17 << 20) + b'"}\n' + good)
    assert read(path, "x") == [("one", "1"), ("one", "1")]


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("a.csv", "id,text\n1,one\n", "--keep-columns .* columns id, text .* not 'x'"),
        ("a.txt", "one line of text\nand another\n", "--keep-columns .* plain text"),
    ],
)
def test_keep_columns__that_are_not_there(tmp_path, name, content, match):
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=match):
        read(tmp_path / name, "x")


def test_keep_columns__training_has_no_use_for_them():
    with pytest.raises(ConfigError, match="--keep-columns"):
        TrainConfig(keep_columns=("a",))
