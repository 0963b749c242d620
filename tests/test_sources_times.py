"""Times and the door: text of two notations, and what every text goes through."""

import calendar
import html
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiset.schema import TIME, TWEETS
from emotiset.sources.door import decode_utf8, make_tweets, unescape_entities
from emotiset.sources.times import parse_times


def _parse(*texts: str | None) -> list[datetime | None]:
    times = parse_times(pa.array(texts, pa.string()))
    assert times.type == TIME
    result: list[datetime | None] = times.to_pylist()
    return result


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Wed Sep 28 02:35:11 +0000 2011", datetime(2011, 9, 28, 2, 35, 11)),
        ("Wed Sep 28 02:35:11 +0230 2011", datetime(2011, 9, 28, 0, 5, 11)),
        ("Sat Jan 01 00:00:00 -0100 2011", datetime(2011, 1, 1, 1, 0, 0)),
        ("2011-09-28T02:35:11.000Z", datetime(2011, 9, 28, 2, 35, 11)),
        ("2011-09-28T02:35:11Z", datetime(2011, 9, 28, 2, 35, 11)),
        ("2011-09-28T02:35:11", datetime(2011, 9, 28, 2, 35, 11)),
        (" 2011-09-28 02:35:11 ", datetime(2011, 9, 28, 2, 35, 11)),
        ("2011-09-28 02:35:11 UTC", datetime(2011, 9, 28, 2, 35, 11)),
        ("2011-09-28T02:35:11+02:00", datetime(2011, 9, 28, 0, 35, 11)),
        ("2011-09-28T02:35:11-0530", datetime(2011, 9, 28, 8, 5, 11)),
        ("2011-09-28T02:35:11+02", datetime(2011, 9, 28, 0, 35, 11)),
        ("2011-09-28T02:35:11.5", datetime(2011, 9, 28, 2, 35, 11, 500_000)),
        ("2011-09-28T02:35:11.123456789Z", datetime(2011, 9, 28, 2, 35, 11, 123_456)),
        ("2011-09-28T02:35", datetime(2011, 9, 28, 2, 35)),
        ("2011-09-28", datetime(2011, 9, 28)),
        ("2012-02-29", datetime(2012, 2, 29)),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1)),
        ("1900-01-01", datetime(1900, 1, 1)),
        ("2199-12-31", datetime(2199, 12, 31)),
    ],
)
def test_parse_times__notations(text: str, expected: datetime) -> None:
    assert _parse(text) == [expected.replace(tzinfo=UTC)]


@pytest.mark.parametrize(
    "text",
    [
        *(None, "", " ", "soon", "1317177311", "2011", "2011-9-28", "28.09.2011"),
        *("2011-13-01", "2011-00-10", "2011-02-29", "2011-04-31", "2011-01-00"),
        *("2011-09-28T24:00:00", "2011-09-28T02:60:00", "2011-09-28T02:35:61"),
        *("2011-09-28T02:35:11+25:00", "2011-09-28T02:35:11 CET", "1899-12-31"),
        *("2200-01-01", "0000-00-00", "9999-12-31", "2011-09-28T02:35:11Z!"),
        *("Wed Foo 28 02:35:11 +0000 2011", "Wed Sep 31 02:35:11 +0000 2011"),
        *("Wed Sep 28 02:35:11 2011", "Mon Apr 06 22:19:45 PDT 2009"),
        "Wed Sep 28 02:35:11 +0000 2011\n2011-09-28",
    ],
)
def test_parse_times__no_time_is_null(text: str | None) -> None:
    assert _parse(text, "2011-09-28") == [None, datetime(2011, 9, 28, tzinfo=UTC)]


def test_parse_times__no_rows() -> None:
    assert _parse() == []


@given(
    st.lists(
        st.datetimes(datetime(1900, 1, 2), datetime(2199, 12, 30)).map(
            lambda time: time.replace(microsecond=0)
        )
    ),
    st.integers(-1439, 1439),
)
def test_parse_times__agrees_with_datetime(times: list[datetime], minutes: int) -> None:
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    zone = f"{sign}{hours:02}{rest:02}"
    twitter = [
        f"Mon {calendar.month_abbr[time.month]} {time:%d %H:%M:%S} {zone} {time.year}"
        for time in times
    ]
    iso = [f"{time.isoformat()}{sign}{hours:02}:{rest:02}" for time in times]
    expected = [time.replace(tzinfo=UTC) - timedelta(minutes=minutes) for time in times]
    assert _parse(*twitter, *iso) == expected * 2


@given(st.text())
def test_parse_times__never_raises(text: str) -> None:
    assert len(_parse(text, text)) == 2


@given(
    st.lists(
        st.one_of(
            st.none(),
            st.text(),
            st.lists(
                st.sampled_from(
                    ["&", "amp", "lt", "#", "x", "60", ";", "&lt;", "&amp;lt;", "é "]
                )
            ).map("".join),
        )
    )
)
def test_unescape_entities__agrees_with_html(texts: list[str | None]) -> None:
    unescaped = unescape_entities(pa.array(texts, pa.string())).to_pylist()
    assert unescaped == [
        None if text is None else html.unescape(text) for text in texts
    ]


@pytest.mark.parametrize(
    ("escaped", "text"),
    [
        ("&lt;3", "<3"),
        ("&lt3", "<3"),
        ("&amp;lt;", "&lt;"),
        ("&#128512;", "😀"),
        ("&#x1F600;", "😀"),
        ("&#xD83D;", "\ufffd"),
        ("&#0;", "\ufffd"),
        ("AT&T &nosuch;", "AT&T &nosuch;"),
        (f"a &#{'9' * 5000}; b", "a \ufffd b"),
    ],
)
def test_unescape_entities__once(escaped: str, text: str) -> None:
    assert unescape_entities(pa.array([escaped], pa.string())).to_pylist() == [text]


def test_make_tweets__no_rows() -> None:
    tweets, rows = make_tweets(pa.array([], pa.string()))
    assert tweets.schema == TWEETS
    assert tweets.num_rows == 0
    assert rows.dtype == np.int64
    assert rows.tolist() == []


def test_make_tweets__drops_rows_of_all_columns() -> None:
    text = pa.array([None, "a", "", "\u3000\n", "RT @b: c"])
    names = pa.array([" v ", "", None, "x", "y"])
    tweets, rows = make_tweets(
        text,
        lang=names,
        id=names,
        label=names,
        is_retweet=pa.nulls(5, pa.bool_()),
    )
    assert rows.tolist() == [0, 2, 3]
    assert tweets["lang"].to_pylist() == [None, "y"]
    assert tweets["is_retweet"].to_pylist() == [False, True]
    assert tweets["label"].equals(tweets["id"])


@given(st.lists(st.one_of(st.none(), st.binary(), st.text().map(str.encode))))
def test_decode_utf8__agrees_with_python(data: list[bytes | None]) -> None:
    def decode(each: bytes | None) -> str | None:
        try:
            return None if each is None else each.decode()
        except UnicodeDecodeError:
            return None

    expected = [decode(each) for each in data]
    assert decode_utf8(pa.array(data, pa.binary())).to_pylist() == expected
