"""JSON lines: which field is read, what is no tweet, and what a line may do wrong."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from emotiset.config import SourceConfig
from emotiset.errors import InputError
from emotiset.schema import TWEETS
from emotiset.sources import Reading, Reject, plan_blocks, read_block


def _read(path: Path, data: bytes, **settings: Any) -> Reading:
    """Return all readings of a file of these bytes as one."""
    path = path / "tweets.json"
    path.write_bytes(data)
    config = SourceConfig(**{"format": "tweets", **settings})
    bins: dict[str, int] = {}
    batches = [pa.RecordBatch.from_pylist([], schema=TWEETS)]
    rejects: list[Reject] = []
    for block in plan_blocks([str(path)], config):
        for reading in read_block(block, config):
            assert reading.source == str(path)
            batches.append(reading.tweets)
            rejects += reading.rejects
            for name, count in reading.bins.items():
                bins[name] = bins.get(name, 0) + count
    assert len(rejects) == bins.get("unreadable", 0) + bins.get("no_text", 0)
    return Reading(str(path), pa.concat_batches(batches), bins, tuple(rejects))


def _read_one(path: Path, tweet: dict[str, Any]) -> dict[str, Any]:
    reading = _read(path, json.dumps(tweet).encode())
    assert reading.bins == {}
    rows: list[dict[str, Any]] = reading.tweets.to_pylist()
    assert len(rows) == 1
    return rows[0]


def test_tweets__api_v1(tmp_path: Path) -> None:
    line = (
        b'{"text": "a &lt;3 \\u00e9 \xc3\xa9 \\/", "lang": "en", "id": 118876687827079,'
        b' "id_str": "118876687827079168", "created_at": "Wed Sep 28 02:35:11 +0000'
        b' 2011", "user": {"id": 7, "id_str": "7", "lang": "de", "text": "no"}}\n'
    )
    reading = _read(tmp_path, line)
    assert reading.tweets.schema == TWEETS
    assert reading.tweets.to_pylist() == [
        {
            "text": "a <3 é é /",
            "lang": "en",
            "created_at": datetime(2011, 9, 28, 2, 35, 11, tzinfo=UTC),
            "id": "118876687827079168",
            "is_retweet": False,
            "label": None,
        }
    ]


def test_tweets__api_v2(tmp_path: Path) -> None:
    tweet = {
        "id": "1212092628029698048",
        "text": "two",
        "lang": "es",
        "created_at": "2019-12-31T19:26:16.000Z",
        "referenced_tweets": [{"type": "replied_to", "id": "1"}],
    }
    expected = {
        "text": "two",
        "lang": "es",
        "created_at": datetime(2019, 12, 31, 19, 26, 16, tzinfo=UTC),
        "id": "1212092628029698048",
        "is_retweet": False,
        "label": None,
    }
    assert _read_one(tmp_path, tweet) == expected
    assert _read_one(tmp_path, {"data": tweet, "matching_rules": []}) == expected


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"text": "t"}, "t"),
        ({"full_text": "f"}, "f"),
        ({"text": "t", "full_text": "f"}, "f"),
        ({"text": "t", "full_text": ""}, "t"),
        ({"text": "t", "full_text": None}, "t"),
        ({"text": "t", "full_text": "f", "extended_tweet": {"full_text": "e"}}, "e"),
        ({"text": "t", "extended_tweet": {"entities": {}}}, "t"),
        ({"text": "t", "extended_tweet": {"full_text": "e"}, "note_tweet": {}}, "e"),
        ({"extended_tweet": {"full_text": "e"}, "note_tweet": {"text": "n"}}, "n"),
    ],
)
def test_tweets__longest_text(
    tmp_path: Path, fields: dict[str, Any], text: str
) -> None:
    assert _read_one(tmp_path, fields)["text"] == text


@pytest.mark.parametrize(
    ("fields", "is_retweet"),
    [
        ({"text": "RT @a: b"}, True),
        ({"text": "so RT @a: b"}, False),
        ({"text": "RT this"}, False),
        ({"text": "b", "retweeted_status": {"text": "b"}}, True),
        ({"text": "b", "retweeted_status": None}, False),
        ({"text": "b", "quoted_status": {"text": "c"}}, False),
        ({"text": "b", "referenced_tweets": [{"type": "retweeted", "id": "1"}]}, True),
        ({"text": "b", "referenced_tweets": [{"type": "quoted", "id": "1"}]}, False),
        ({"text": "b", "referenced_tweets": []}, False),
        ({"text": "b", "referenced_tweets": 7, "retweeted_status": {}}, True),
    ],
)
def test_tweets__retweets(
    tmp_path: Path, fields: dict[str, Any], is_retweet: bool
) -> None:
    assert _read_one(tmp_path, fields)["is_retweet"] is is_retweet


@pytest.mark.parametrize(
    ("fields", "id"),
    [
        ("", None),
        (', "id": null', None),
        (', "id": 7', "7"),
        (', "id": "007"', "007"),
        (', "id": 7, "id_str": "8"', "8"),
        (', "id": 7, "id_str": null', "7"),
        (', "id": 7, "id_str": ""', None),
        (f', "id": {2**128 + 1}', str(2**128 + 1)),
        (f', "id": {"9" * 5000}', "9" * 5000),
        (', "id": 1.5e3', "1.5e3"),
        (', "id": "7", "id_str": 8', "8"),
    ],
)
def test_tweets__ids_of_any_size(tmp_path: Path, fields: str, id: str | None) -> None:
    reading = _read(tmp_path, f'{{"text": "a"{fields}}}'.encode())
    assert reading.tweets["id"].to_pylist() == [id]


@pytest.mark.parametrize(
    "odd",
    [
        '"lang": 7',
        '"lang": ["en"]',
        '"lang": "\\ud83d"',
        '"created_at": 1317177311',
        '"created_at": {}',
        '"id": [1]',
        '"id_str": {}',
        '"retweeted_status": "no"',
        '"retweeted_status": [{}]',
        '"referenced_tweets": {"type": "retweeted"}',
        '"extended_tweet": "x"',
        '"extended_tweet": {"full_text": 3}',
        '"note_tweet": 1',
        '"delete": true',
        '"data": [1]',
        '"data": "x"',
        '"user": "\\udead"',
        '"big": 1e999',
    ],
)
def test_tweets__odd_field_costs_no_tweet(tmp_path: Path, odd: str) -> None:
    reading = _read(tmp_path, f'{{{odd}, "text": "kept é", "id_str": "9"}}'.encode())
    assert reading.bins == {}
    assert reading.tweets["text"].to_pylist() == ["kept é"]
    assert reading.tweets["is_retweet"].to_pylist() == [False]


def test_tweets__invalid_utf8_in_a_field_that_is_not_read(tmp_path: Path) -> None:
    data = b'{"user": "\xff", "text": "a"}\n{"lang": "\xff", "text": "b"}\n'
    reading = _read(tmp_path, data)
    assert reading.tweets["text"].to_pylist() == ["a", "b"]
    assert reading.tweets["lang"].to_pylist() == [None, None]


@pytest.mark.parametrize(
    ("escaped", "text"),
    [
        ("\\ud83d\\ude00", "😀"),
        ("\\uD83D\\uDE00", "😀"),
        ("\\ud83d", "\ufffd"),
        ("\\ud83d x", "\ufffd x"),
        ("\\ude00", "\ufffd"),
        ("\\ud83d\\ud83d\\ude00", "\ufffd😀"),
        ("\\ud83d\\u0041", "\ufffdA"),
        ("\\\\ud83d \\ud83d", "\\ud83d \ufffd"),
        ("a\\u0000b", "a\0b"),
    ],
)
def test_tweets__half_a_surrogate_pair(tmp_path: Path, escaped: str, text: str) -> None:
    reading = _read(tmp_path, f'{{"text": "{escaped}"}}'.encode())
    assert reading.tweets["text"].to_pylist() == [text]


@pytest.mark.parametrize(
    ("line", "bin"),
    [
        (b"", "blank"),
        (b" \t", "blank"),
        (b"\r", "blank"),
        (b'{"delete": {"status": {"id": 1}}}', "delete"),
        (b'{"limit": {"track": 9}}', "delete"),
        (b'{"scrub_geo": {"user_id": 1}}', "delete"),
        (b'{"status_withheld": {"id": 1}}', "delete"),
        (b'{"user_withheld": {"id": 1}}', "delete"),
        (b'{"disconnect": {"code": 4}}', "delete"),
        (b'{"warning": {"code": "FALLING_BEHIND"}}', "delete"),
        (b'{"delete": {"status": {"id": 1}}, "timestamp_ms": 1e999}', "delete"),
        (b"{}", "no_text"),
        (b'{"id": 1}', "no_text"),
        (b'{"text": null}', "no_text"),
        (b'{"text": ""}', "no_text"),
        (b'{"text": "  \\n&nbsp;"}', "no_text"),
        (b'{"data": ["a"]}', "no_text"),
        (b'{"data": {"id": "1"}}', "no_text"),
        (b"nonsense", "unreadable"),
        (b'{"text": "cut off', "unreadable"),
        (b'{"text": "a"} trailing', "unreadable"),
        (b'{"text": "caf\xe9"}', "unreadable"),
        (b'{"text": "\xed\xa0\xbd"}', "unreadable"),
        (b'{"text": 3}', "unreadable"),
        (b'{"text": ["a"]}', "unreadable"),
        (b'{"text": true, "lang": 7}', "unreadable"),
        (b"[1, 2]", "unreadable"),
        (b'"text"', "unreadable"),
        (b"3", "unreadable"),
        (b"null", "unreadable"),
        (b"\0\0\0", "unreadable"),
        (b'{"text": "a\0b"}', "unreadable"),
        (b'{"text": "a\tb"}', "unreadable"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "unreadable"),
    ],
)
def test_tweets__bins(tmp_path: Path, line: bytes, bin: str) -> None:
    good = b'{"text": "good"}\n'
    reading = _read(tmp_path, good + line + b"\n" + good)
    assert reading.tweets["text"].to_pylist() == ["good", "good"]
    assert reading.bins == {bin: 1}
    if bin in ("blank", "delete"):
        return
    (reject,) = reading.rejects
    assert reject.where == "byte 17"
    assert reject.reason and "\n" not in reject.reason
    assert reject.head == line[:200].decode(errors="replace")


def test_tweets__reason_cannot_be_forged(tmp_path: Path) -> None:
    reading = _read(tmp_path, b'{"text": "a", "reason": "b", "bin": "c", "data": null}')
    assert reading.tweets["text"].to_pylist() == ["a"]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("last", [True, False])
def test_tweets__line_ends_and_mark(
    tmp_path: Path, end: bytes, mark: bytes, last: bool
) -> None:
    lines = [b'{"text": "a"}', b"broken", b'{"text": "b"}']
    reading = _read(tmp_path, mark + end.join(lines) + end * last)
    assert reading.tweets["text"].to_pylist() == ["a", "b"]
    assert reading.rejects[0].where == f"byte {len(mark) + 13 + len(end)}"


def test_tweets__long_lines(tmp_path: Path) -> None:
    long = json.dumps({"text": "a " * 5_000_000}).encode()
    too_long = json.dumps({"text": "b " * 10_000_000}).encode()
    data = b"\n".join([b'{"text": "x"}', long, too_long, b'{"text": "y"}', too_long])
    reading = _read(tmp_path, data)
    assert [len(text) for text in reading.tweets["text"].to_pylist()] == [
        *(1, 10_000_000, 1),
    ]
    assert reading.bins == {"unreadable": 2}
    assert {reject.reason for reject in reading.rejects} == {"is longer than 16 MB"}
    assert reading.rejects[0].where == f"byte {14 + len(long) + 1}"
    assert reading.rejects[0].head == too_long[:200].decode()
    assert reading.rejects[1].where == f"byte {len(data) - len(too_long)}"


@pytest.mark.parametrize(
    ("value", "label"),
    [
        ('"pos"', "pos"),
        ('" 1 "', "1"),
        ("1", "1"),
        ("-1", "-1"),
        ("1.0", "1.0"),
        ("true", "true"),
        ("null", None),
        ('""', None),
    ],
)
def test_tweets__label_column(tmp_path: Path, value: str, label: str | None) -> None:
    line = f'{{"text": "a", "is it": {value}}}\n{{"text": "b"}}\n[]\n'
    reading = _read(tmp_path, line.encode(), label_column="is it")
    assert reading.tweets["label"].to_pylist() == [label, None]


@pytest.mark.parametrize("name", ["lang", "text", "id", "data"])
def test_tweets__label_column_that_is_read_anyway(tmp_path: Path, name: str) -> None:
    line = json.dumps({"text": "a", "lang": "en", "id": 3, "data": None, name: "v"})
    reading = _read(tmp_path, line.encode(), label_column=name)
    assert reading.tweets["label"].to_pylist() == ["v"]


def test_tweets__label_column_missing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"columns text, lang in .* not 'nosuch'"):
        _read(tmp_path, b'{"text": "a", "lang": "en"}', label_column="nosuch")


def test_tweets__label_column_behind_notices(tmp_path: Path) -> None:
    data = b'{"delete": {"status": {}}}\n' * 200 + b'{"text": "a", "class": 1}\n'
    assert _read(tmp_path, data, label_column="class").tweets["label"][0].as_py() == "1"
    notices = _read(tmp_path, data[:2700], label_column="class")
    assert notices.bins == {"delete": 100}


def test_tweets__many_short_lines(tmp_path: Path) -> None:
    reading = _read(tmp_path, b"{\n" * 40_000 + b'{"text": "a"}\n' + b"\n" * 40_000)
    assert reading.bins == {"unreadable": 40_000, "blank": 40_000}
    assert reading.rejects[-1].where == "byte 79998"
