"""The door: whatever a reader found becomes a batch of `TWEETS`, cleaned once.

HTML entities are unescaped here and nowhere else, a leading ``RT @`` marks a
retweet whatever the format, and rows without text are told apart.
"""

import html
import re
from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from emotiset.schema import TIME, TWEETS, scalar
from emotiset.sources.times import parse_times

_KEPT: Final = "kept:"  # before a name, which may be that of a column of `TWEETS`

# Python refuses to read numbers of so many digits; the standard's answer is known.
_HUGE_ENTITY: Final = re.compile("&#[0-9]{4000,};?")


def make_tweets(
    text: pa.Array,
    *,
    lang: pa.Array | None = None,
    created_at: pa.Array | None = None,
    id: pa.Array | None = None,
    is_retweet: pa.Array | None = None,
    label: pa.Array | None = None,
    is_escaped: bool = True,
    is_features: bool = False,
    kept: Mapping[str, pa.Array] | None = None,
) -> tuple[pa.RecordBatch, npt.NDArray[np.int64]]:
    """Make a batch of the columns that a reader found.

    Parameters
    ----------
    text : string[n]
        As it stands in the source.
    lang, id, label : string[n]
        Trimmed here; null where nothing is left.
    created_at : string[n] or timestamp[us, UTC][n]
        Text is read by `parse_times`.
    is_retweet : bool[n]
        Null means no.
    is_escaped
        Whether the text may hold HTML entities.
    is_features
        The text is a canonical feature map: nothing is unescaped, and an empty one
        is an example without features.
    kept
        Further columns, of any type.

    Returns
    -------
    tweets : pa.RecordBatch
        `TWEETS`, in order, without the rows whose text is null or white space; behind
        them the further columns, as `find_kept` finds them.
    rows : int64[n_dropped]
        The rows left out, ascending.

    Examples
    --------
    >>> tweets, rows = make_tweets(pa.array(["RT @a: &lt;3", " ", "&amp;amp;"]))
    >>> tweets["text"].to_pylist(), tweets["is_retweet"].to_pylist(), rows.tolist()
    (['RT @a: <3', '&amp;'], [True, False], [1])
    """
    n = len(text)
    empty, no = scalar("", pa.string()), scalar(False, pa.bool_())
    if is_features:
        has_text, is_marked = text.is_valid(), pa.repeat(no, n)
    else:
        text = unescape_entities(text) if is_escaped else text
        trimmed = pc.utf8_trim_whitespace(text)
        has_text = pc.not_equal(trimmed, empty).fill_null(no)
        is_marked = pc.starts_with(text, "RT @")
    if is_retweet is not None:
        is_marked = pc.or_(is_marked, is_retweet.fill_null(no))
    columns = [
        text,
        _trim(lang, n),
        _to_times(created_at, n),
        _trim(id, n),
        is_marked,
        _trim(label, n),
    ]
    tweets = pa.record_batch(columns, schema=TWEETS)
    for name, column in (kept or {}).items():
        tweets = tweets.append_column(f"{_KEPT}{name}", column)
    tweets = tweets.filter(has_text)
    return tweets, np.flatnonzero(~has_text.to_numpy(zero_copy_only=False))


def find_kept(tweets: pa.RecordBatch) -> dict[str, pa.Array]:
    """Return the further columns that a reader has carried along, by name.

    Examples
    --------
    >>> tweets, _ = make_tweets(pa.array(["a", ""]), kept={"text": pa.array([1, 2])})
    >>> {name: column.to_pylist() for name, column in find_kept(tweets).items()}
    {'text': [1]}
    """
    return {
        name.removeprefix(_KEPT): tweets[name]
        for name in tweets.schema.names
        if name.startswith(_KEPT)
    }


def unescape_entities(text: pa.Array) -> pa.Array:
    """Turn HTML entities into the characters they stand for, once.

    Only a few texts have one, so only those leave Arrow.

    Parameters
    ----------
    text : string
        May hold nulls.

    Examples
    --------
    >>> unescape_entities(pa.array(["&lt3 &#9786; &nosuch;", None])).to_pylist()
    ['<3 ☺ &nosuch;', None]
    """
    has_entity = pc.match_substring_regex(text, "&")
    has_entity = has_entity.fill_null(scalar(False, pa.bool_()))
    escaped = text.filter(has_entity).to_pylist()
    if not escaped:
        return text
    unescaped = [_unescape(each) for each in escaped]
    return pc.replace_with_mask(text, has_entity, pa.array(unescaped, pa.string()))


def _unescape(text: str) -> str:
    if len(text) > 4000:
        text = _HUGE_ENTITY.sub("\ufffd", text)
    return html.unescape(text)


def decode_utf8(data: pa.Array) -> pa.Array:
    r"""Return bytes as text, null where they are no UTF-8.

    Parameters
    ----------
    data : binary
        May hold nulls.

    Examples
    --------
    >>> decode_utf8(pa.array([b"caf\xc3\xa9", b"caf\xe9"])).to_pylist()
    ['café', None]
    """
    try:
        return data.cast(pa.string())
    except pa.ArrowInvalid:
        sound = [each if is_utf8(each) else None for each in data.to_pylist()]
        return pa.array(sound, pa.binary()).cast(pa.string())


def is_utf8(data: bytes | None) -> bool:
    """Return whether bytes are UTF-8; nothing is none."""
    if data is None:
        return False
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _trim(column: pa.Array | None, n: int) -> pa.Array:
    if column is None:
        return pa.nulls(n, pa.string())
    trimmed = pc.utf8_trim_whitespace(column)
    empty, none = scalar("", pa.string()), scalar(None, pa.string())
    return pc.if_else(pc.equal(trimmed, empty), none, trimmed)


def _to_times(column: pa.Array | None, n: int) -> pa.Array:
    if column is None:
        return pa.nulls(n, TIME)
    return parse_times(column) if pa.types.is_string(column.type) else column
