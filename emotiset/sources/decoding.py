"""One line of JSON to the few fields of a tweet that are read, whatever it holds.

A line is decoded once, into a struct; what the struct does not name is skipped unread.
Only a line that does not fit is looked at again, field by field, so that an odd
language or id never costs a tweet.
"""

import re
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Raw, Struct

_NULL: Final = Raw(b"null")
BROKEN: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

# Pairs of surrogates, and any other escape, are passed over; group 1 is half a pair.
_HALF_PAIR: Final = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.",
    re.DOTALL,
)


class Present(Struct, gc=False):
    """Some JSON object, whatever it holds."""


class Named(Struct, gc=False):
    """The tweet that a delete notice names."""

    id_str: str | None = None
    id: int | str | None = None


class Deletion(Struct, gc=False):
    """A delete notice: ``status`` in v1.1, ``tweet`` in v2."""

    status: Named | None = None
    tweet: Named | None = None

    def find_id(self) -> str | None:
        """Return the id of the tweet to be deleted."""
        for named in (self.status, self.tweet):
            if named is not None and named.id_str is not None:
                return named.id_str
            if named is not None and named.id is not None:
                return str(named.id)
        return None


class Extended(Struct, gc=False):
    """The long form of a v1.1 tweet."""

    full_text: str | None = None


class Note(Struct, gc=False):
    """The long form of a v2 tweet."""

    text: str | None = None


class Reference(Struct, gc=False):
    """How a v2 tweet refers to another: retweeted, quoted, replied_to."""

    type: str | None = None


class Tweet(Struct, gc=False):
    """The fields that are read; gc=False, since no tweet can form a cycle."""

    text: str | None = None
    created_at: str | None = None
    id_str: str | None = None
    id: int | str | None = None
    lang: str | None = None
    delete: Deletion | None = None
    full_text: str | None = None
    extended_tweet: Extended | None = None
    note_tweet: Note | None = None
    retweeted_status: Present | None = None
    referenced_tweets: list[Reference] | None = None
    data: "Tweet | None" = None  # the v2 stream's envelope


class LostTweet(Tweet, gc=False):
    """Stands for a line that cannot be read, and says why.

    A class of its own, so that no field of a line can pass for a reason.
    """

    reason: str = ""


class _RawTweet(Struct, gc=False):
    """The same fields undecoded, for a line in which one has an odd type."""

    text: Raw = _NULL
    created_at: Raw = _NULL
    id_str: Raw = _NULL
    id: Raw = _NULL
    lang: Raw = _NULL
    delete: Raw = _NULL
    full_text: Raw = _NULL
    extended_tweet: Raw = _NULL
    note_tweet: Raw = _NULL
    retweeted_status: Raw = _NULL
    referenced_tweets: Raw = _NULL
    data: Raw = _NULL


class _Notice(Struct, gc=False):
    """What a stream says beside tweets."""

    delete: Raw = _NULL
    limit: Raw = _NULL
    scrub_geo: Raw = _NULL
    status_withheld: Raw = _NULL
    user_withheld: Raw = _NULL
    disconnect: Raw = _NULL
    warning: Raw = _NULL


_T = TypeVar("_T")

_TWEET: Final = msgspec.json.Decoder(Tweet)
_RAW_TWEET: Final = msgspec.json.Decoder(_RawTweet)
_NOTICE: Final = msgspec.json.Decoder(_Notice)
_FIELDS: Final = msgspec.json.Decoder(dict[str, Raw])
_STRING: Final = msgspec.json.Decoder(str)
_EXTENDED: Final = msgspec.json.Decoder(Extended)
_NOTE: Final = msgspec.json.Decoder(Note)
_DELETION: Final = msgspec.json.Decoder(Deletion)
_REFERENCES: Final = msgspec.json.Decoder(list[Reference])


def decode_lines(lines: list[bytes]) -> list[Tweet]:
    r"""Decode lines, one after the other.

    Half a surrogate pair in an escape becomes U+FFFD; Twitter cut some texts there.

    Returns
    -------
    list of Tweet
        One for each line.  What cannot be read is a `LostTweet`, never an exception.

    Examples
    --------
    >>> [tweet.text for tweet in decode_lines([b'{"text": "\\ud83d", "lang": 7}'])]
    ['\ufffd']
    >>> decode_lines([b"[1]"])[0].reason
    'is JSON, but no object'
    """
    decode = _TWEET.decode
    tweets = []
    for line in lines:
        try:
            tweet = decode(line)
        except BROKEN:
            tweet = _decode_again(line)
        tweets.append(tweet)
    return [tweet if tweet.data is None else tweet.data for tweet in tweets]


def decode_field(lines: list[bytes], name: str) -> list[str | None]:
    """Return a field of each line's object: a string's value, else as written.

    Examples
    --------
    >>> decode_field([b'{"a": "x"}', b'{"a": 1.0}', b'{"a": null}', b"{"], "a")
    ['x', '1.0', None, None]
    """
    fields = [("value", Raw, _NULL)]
    struct = msgspec.defstruct("_Field", fields, rename={"value": name})
    decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(struct)
    found = (_try(decoder, line) for line in lines)
    return [None if each is None else _as_written(each.value) for each in found]


def list_fields(line: bytes) -> list[str]:
    """Return the names of the fields of a line's object; none if it is no object."""
    return list(_try(_FIELDS, line) or ())


def is_notice(line: bytes) -> bool:
    """Return whether a line tells of something beside tweets, such as a deletion."""
    notice = _try(_NOTICE, line)
    if notice is None:
        return False
    return any(bytes(each)[:1] == b"{" for each in msgspec.structs.astuple(notice))


def mend_pairs(line: bytes) -> bytes:
    r"""Return a line with U+FFFD for each half of a surrogate pair in an escape.

    Examples
    --------
    >>> mend_pairs(rb'"\ud83d, \ud83d\ude00"')
    b'"\\ufffd, \\ud83d\\ude00"'
    """
    return _HALF_PAIR.sub(_mend, line)


def _decode_again(line: bytes) -> Tweet:
    try:
        return _from_raw(_RAW_TWEET.decode(line))
    except RecursionError:
        return LostTweet(reason="is nested too deep")
    except msgspec.ValidationError:
        return LostTweet(reason="is JSON, but no object")
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        mended = mend_pairs(line)
        if mended != line:
            return decode_lines([mended])[0]
        return LostTweet(reason=f"is no JSON ({error})")


def _mend(escape: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if escape[1] else escape[0]


def _from_raw(raw: _RawTweet) -> Tweet:
    """Take each field that has the right type, and leave the others out."""
    if bytes(raw.data)[:1] == b"{":
        return decode_lines([bytes(raw.data)])[0]
    tweet = Tweet(
        text=_try(_STRING, raw.text),
        created_at=_try(_STRING, raw.created_at),
        id_str=_as_written(raw.id_str),
        id=_as_written(raw.id),
        lang=_try(_STRING, raw.lang),
        delete=_as_deletion(raw.delete),
        full_text=_try(_STRING, raw.full_text),
        extended_tweet=_try(_EXTENDED, raw.extended_tweet),
        note_tweet=_try(_NOTE, raw.note_tweet),
        retweeted_status=_as_present(raw.retweeted_status),
        referenced_tweets=_try(_REFERENCES, raw.referenced_tweets),
    )
    if tweet.text is None and bytes(raw.text) != b"null":
        is_string = bytes(raw.text)[:1] == b'"'
        return LostTweet(
            reason="has a text that is no UTF-8"
            if is_string
            else "has a text that is no string"
        )
    return tweet


def _try(decoder: msgspec.json.Decoder[_T], data: bytes | Raw) -> _T | None:
    try:
        return decoder.decode(data)
    except BROKEN:
        return None


def _as_present(raw: Raw) -> Present | None:
    return Present() if bytes(raw)[:1] == b"{" else None


def _as_deletion(raw: Raw) -> Deletion | None:
    is_object = bytes(raw)[:1] == b"{"
    return (_try(_DELETION, raw) or Deletion()) if is_object else None


def _as_written(raw: Raw) -> str | None:
    if bytes(raw) == b"null":
        return None
    if bytes(raw)[:1] == b'"':
        return _try(_STRING, raw)
    return bytes(raw).decode(errors="replace")
