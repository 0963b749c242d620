"""Posts of other networks, pages of tweets, and any JSON lines."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiset.config import SourceConfig
from emotiset.errors import EmotisetError, InputError
from emotiset.sources import Reading, limit_blocks, plan_blocks, read_block
from emotiset.sources.markup import html_to_text
from emotiset.sources.paths import Picker, UnreadableError, decode_object, walk


def _write(path: Path, objects: list[Any]) -> str:
    file = path / "input.bin"
    lines = [each if isinstance(each, bytes) else _dump(each) for each in objects]
    file.write_bytes(b"\n".join(lines) + b"\n")
    return str(file)


def _dump(value: Any) -> bytes:
    return json.dumps(value).encode()


def _read(path: Path, objects: list[Any], **settings: Any) -> tuple[str, Reading]:
    config = SourceConfig(**settings)
    (block,) = plan_blocks([_write(path, objects)], config)
    (reading,) = read_block(block, config)
    return block.format, reading


def _event(
    text: Any, operation: str = "create", collection: str = "post"
) -> dict[str, Any]:
    return {
        "did": "did:plc:abc",
        "time_us": 1725911162329308,
        "kind": "commit",
        "commit": {
            "rev": "3l3qo2vutsw2b",
            "operation": operation,
            "collection": f"app.bsky.feed.{collection}",
            "rkey": "3l3qo2vuowo2b",
            "record": {
                "$type": "app.bsky.feed.post",
                "createdAt": "2024-09-09T19:46:02.102Z",
                "langs": ["en", "de"],
                "text": text,
            },
            "cid": "bafy",
        },
    }


def test_bluesky__posts_are_tweets_and_other_events_notices(tmp_path: Path) -> None:
    account = {"did": "did:plc:x", "kind": "account", "account": {"active": True}}
    events = [
        _event("what a day &lt;3 🙂"),
        _event(None, collection="like"),
        {**_event(None, "delete"), "commit": {"operation": "delete"}},
        account,
        {**account, "commit": None},
        _event(7),
    ]
    format, reading = _read(tmp_path, events)
    assert format == "bluesky"
    (row,) = reading.tweets.to_pylist()
    assert row["text"] == "what a day &lt;3 🙂", "nothing is escaped there"
    assert row["lang"] == "en"
    assert row["id"] == "did:plc:abc/3l3qo2vuowo2b"
    assert str(row["created_at"]) == "2024-09-09 19:46:02.102000+00:00"
    assert reading.bins == {"delete": 4, "no_text": 1}
    assert len(reading.rejects) == 1


@pytest.mark.parametrize("langs", [None, [], [7], "en", {"a": 1}])
def test_bluesky__odd_language_costs_no_post(tmp_path: Path, langs: Any) -> None:
    event = _event("fine")
    event["commit"]["record"]["langs"] = langs
    _, reading = _read(tmp_path, [event])
    assert reading.tweets["text"].to_pylist() == ["fine"]
    assert reading.tweets["lang"].to_pylist() == [None]


def test_mastodon__html_and_boosts(tmp_path: Path) -> None:
    status = {
        "id": "103270115826048975",
        "created_at": "2019-12-08T03:48:33.901Z",
        "language": "en",
        "uri": "https://example.social/users/a/statuses/1",
        "content": "<p>so &lt;3 <span>@<b>you</b></span> &amp;lt;</p><p>:)</p>",
        "reblog": None,
        "account": {"id": "1"},
    }
    boost = {**status, "reblog": {"id": "7", "content": "<p>so</p>"}}
    empty = {**status, "content": "<p></p>"}
    format, reading = _read(tmp_path, [status, boost, empty, {**status, "content": 5}])
    assert format == "mastodon"
    first, second = reading.tweets.to_pylist()
    assert first["text"] == "so <3 @you &lt;\n:)", "entities are unescaped once"
    assert (first["id"], first["lang"]) == ("103270115826048975", "en")
    assert str(first["created_at"]) == "2019-12-08 03:48:33.901000+00:00"
    assert [first["is_retweet"], second["is_retweet"]] == [False, True]
    assert reading.bins == {"no_text": 2}


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("plain", "plain"),
        ("<a title='>'>x</a>", "x"),
        ("a<br/>b<br>c", "a\nb\nc"),
        ("a<script>var x</script>b", "ab"),
        ("1 < 2 & 3", "1 < 2 & 3"),
        ("&#9786;&#xD800;", "☺\ufffd"),
        ("<" * 200_000, None),
    ],
)
def test_markup__to_text(markup: str, text: str | None) -> None:
    assert html_to_text(markup) == text


@given(st.text(st.sampled_from("<>!&;#-/[]\"'= abp\n")))
def test_markup__never_raises(markup: str) -> None:
    html_to_text(markup)
    html_to_text("<p>" + markup)


def test_reddit__comments(tmp_path: Path) -> None:
    comment = {"subreddit": "aww", "id": "c0299an", "created_utc": 1199145600}
    comments = [
        {**comment, "body": "cute &lt;3"},
        {**comment, "body": "[deleted]"},
        {**comment, "body": "[removed]"},
        {**comment, "body": "late", "created_utc": "1199145601"},
        {**comment, "body": "when?", "created_utc": 10**300, "id": 7},
        b"broken",
        b"",
    ]
    format, reading = _read(tmp_path, comments)
    assert format == "reddit"
    rows = reading.tweets.to_pylist()
    assert [row["text"] for row in rows] == ["cute <3", "late", "when?"]
    assert [row["id"] for row in rows] == ["c0299an", "c0299an", "7"]
    assert [str(row["created_at"]) for row in rows] == [
        *("2008-01-01 00:00:00+00:00", "2008-01-01 00:00:01+00:00", "None"),
    ]
    assert reading.bins == {"no_text": 2, "unreadable": 1, "blank": 1}


def test_json__any_place(tmp_path: Path) -> None:
    objects = [
        {"a": {"b": {"c": "deep", "l": "en"}}, "n": 12, "when": "2020-01-02"},
        {"a": {"b": None}},
        {"a": [], "a.b.c": "flat"},
        b"[1]",
    ]
    settings = {"text_column": "a.b.c", "lang_column": "a.b.l", "id_column": "n"}
    format, reading = _read(tmp_path, objects, time_column="when", **settings)
    assert format == "json"
    first, second = reading.tweets.to_pylist()
    assert (first["text"], first["lang"], first["id"]) == ("deep", "en", "12")
    assert str(first["created_at"]) == "2020-01-02 00:00:00+00:00"
    assert second["text"] == "flat"
    assert reading.bins == {"no_text": 1, "unreadable": 1}


def test_json__label_at_a_place(tmp_path: Path) -> None:
    objects = [{"t": "a", "x": {"y": 1}}, {"t": "b", "x": {"y": "-1"}}, {"t": "c"}]
    _, reading = _read(tmp_path, objects, text_column="t", label_column="x.y")
    assert reading.tweets["label"].to_pylist() == ["1", "-1", None]
    with pytest.raises(InputError, match=r"--label-column needs .* not 'x\.z'"):
        _read(tmp_path, objects, text_column="t", label_column="x.z")


def test_json__unknown_says_what_it_saw_and_what_helps(tmp_path: Path) -> None:
    objects = [{"post": {"words": "some long words", "n": 1}, "k": "v"}]
    with pytest.raises(InputError) as error:
        _read(tmp_path, objects)
    message = str(error.value)
    assert "columns post, k" in message
    assert "--text-column (the longest texts are in post.words, k)" in message
    with pytest.raises(InputError, match="without a text at 'nope'"):
        _read(tmp_path, objects, text_column="nope")
    link = f"https://pics.example/{'x' * 90}.jpg"
    by = f'<a href="{link}">web</a>'
    with pytest.raises(InputError, match=r"\(the longest texts are in saying, by\)"):
        _read(tmp_path, [{"picture": link, "by": by, "saying": "so it goes"}])


def test_json__place_beside_the_text_that_no_line_has(tmp_path: Path) -> None:
    objects = [{"say": "a", "at": {"when": None}}, {"say": "b"}]
    _read(tmp_path, objects, text_column="say", time_column="at.when")
    wrong = {"text_column": "say", "id_column": "at.number"}
    with pytest.raises(InputError, match=r"--id-column .*, not 'at\.number': name one"):
        _read(tmp_path, objects, **wrong)
    assert _read(tmp_path, objects, format="json", **wrong)[0] == "json"


def test_json__named_text_wins_over_the_network(tmp_path: Path) -> None:
    tweet = {"text": "short", "user": {"description": "a person"}}
    _, reading = _read(tmp_path, [tweet], text_column="user.description")
    assert reading.tweets["text"].to_pylist() == ["a person"]


def test_json__named_place_that_no_tweet_has_is_no_other_one(tmp_path: Path) -> None:
    tweet = {"text": "words", "lang": "en", "user": {"name": "n"}}
    notice = {"delete": {"status": {"id_str": "1"}}}
    toot = {"content": "<p>hello</p>", "account": {"acct": "me"}}
    for objects in ([notice, tweet], [toot], [{"data": [tweet]}]):
        with pytest.raises(InputError, match=r"without a text at 'user\.nam'"):
            _read(tmp_path, objects, text_column="user.nam")
    with pytest.raises(InputError, match="leave out --lang-column, or name"):
        _read(tmp_path, [tweet], lang_column="user.name")
    _, reading = _read(tmp_path, [notice], text_column="user.name")
    assert reading.bins["delete"] == 1  # a head without texts says nothing


def _page(first: int, n: int) -> dict[str, Any]:
    data = [{"id": str(first + i), "text": f"tweet {first + i}"} for i in range(n)]
    return {"data": data, "includes": {"users": []}, "meta": {"result_count": n}}


def test_pages__each_entry_is_a_record(tmp_path: Path) -> None:
    lines = [
        *(_page(0, 3), {"meta": {"result_count": 0}}, _page(3, 0), b'{"data": [{"te'),
        *({"text": "single", "id": 1}, {"data": {"text": "one", "id": 2}}),
        {"data": [{"id": "5"}, 7]},
    ]
    format, reading = _read(tmp_path, lines)
    assert format == "pages"
    texts = reading.tweets["text"].to_pylist()
    assert texts == ["tweet 0", "tweet 1", "tweet 2", "single", "one"]
    assert reading.bins == {"blank": 2, "unreadable": 2, "no_text": 1}
    assert reading.n_records == 10
    where = len(b"\n".join(map(_dump, lines[:3]))) + 1
    assert reading.rejects[0].where == f"byte {where}"


def test_pages__limit_is_exact(tmp_path: Path) -> None:
    path = _write(tmp_path, [_page(10 * i, 10) for i in range(30)])
    for limit in (1, 9, 10, 11, 25, 299):
        for block_size in (1024, 1 << 20):
            config = SourceConfig(block_size=block_size)
            blocks = limit_blocks(plan_blocks([path], config), limit, config)
            found = [
                text
                for block in blocks
                for reading in read_block(block, config)
                for text in reading.tweets["text"].to_pylist()
            ]
            assert found == [f"tweet {i}" for i in range(limit)]


names = st.text("ab.", min_size=1, max_size=3)
values = st.recursive(
    st.one_of(st.none(), st.integers(), st.text(max_size=3)),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(names, inner)),
)


@given(st.lists(st.lists(names, min_size=1, max_size=3).map(tuple), min_size=1), values)
def test_picker__as_walking_does(paths: list[tuple[str, ...]], value: Any) -> None:
    line = _dump(value)
    picker = Picker(paths)
    try:
        fields = decode_object(line)
    except UnreadableError:
        with pytest.raises(UnreadableError):
            picker.pick(line)
        return
    for path, found in zip(paths, picker.pick(line), strict=True):
        expected = walk(fields, path)
        is_open = any(other != path and other[: len(path)] == path for other in paths)
        assert found == expected or (is_open and isinstance(expected, dict | None))


def test_errors__are_typed(tmp_path: Path) -> None:
    with pytest.raises(EmotisetError):
        _read(tmp_path, [{"x": 1}])
