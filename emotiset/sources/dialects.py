"""Which network's objects JSON lines hold, by the fields of the first of them."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from emotiset.checks import option_name
from emotiset.config import SourceConfig
from emotiset.sources.columns import list_names
from emotiset.sources.decoding import decode_lines, is_notice, list_fields
from emotiset.sources.networks import split_path
from emotiset.sources.paths import (
    UnreadableError,
    as_features,
    as_text,
    decode_object,
    walk,
)

_MAX_DEPTH: Final = 6
_MAX_SHOWN: Final = 3
_NO_WORDS: Final = re.compile(r"<[^<>]*>|https?://\S+")
_STATUS: Final = {"account", "uri", "visibility", "spoiler_text", "reblog"}
_COMMENT: Final = {"created_utc", "subreddit", "link_id", "parent_id"}

_Object = dict[str, Any]


class UnknownError(Exception):
    """Says why a file cannot be read.  Never leaves the sources."""


def find_dialect(lines: Sequence[bytes], config: SourceConfig) -> str:
    """Return the format of JSON lines.

    Parameters
    ----------
    lines
        Some of them are JSON objects.
    config
        Names the text column; where one line has it, the user's word counts.

    Raises
    ------
    UnknownError
        If nothing in the lines can be taken for a text.

    Examples
    --------
    >>> find_dialect([b'{"body": "hi", "created_utc": 1}'], SourceConfig())
    'reddit'
    """
    objects = list(_decode(lines))
    if config.content_column is not None:
        paths = split_path(config.content_column)
        as_one = as_text if config.features_column is None else _as_features
        if any(as_one(walk(each, path)) for each in objects for path in paths):
            return "json"
    found = (n for n, is_one in _DIALECTS.items() if _is_most(is_one, objects))
    name = next(found, "tweets")
    if name == "tweets":
        _check_tweets(lines, objects, config)
    if any(has_field(lines, place) for place in _TEXT_PLACES[name]):
        _check_named(lines, objects, name, config)
    return name


def _is_most(is_one: Callable[[_Object], bool], objects: Sequence[_Object]) -> bool:
    return 2 * sum(map(is_one, objects)) > len(objects)


def has_pages(lines: Sequence[bytes]) -> bool:
    """Return whether one of the lines is a page of many tweets."""
    return any(map(_is_page, _decode(lines)))


def list_all_fields(lines: Sequence[bytes]) -> list[str]:
    """Return the names of the fields of all objects, each once."""
    return list(dict.fromkeys(name for line in lines for name in list_fields(line)))


def has_field(lines: Sequence[bytes], name: str) -> bool:
    """Return whether an object holds something at a name or path."""
    paths = split_path(name)
    return any(
        walk(each, path) is not None for each in _decode(lines) for path in paths
    )


def has_place(lines: Sequence[bytes], name: str) -> bool:
    """Return whether an object has a name or path, be it null."""
    return any(
        path[-1] in above
        for each in _decode(lines)
        for path in split_path(name)
        if isinstance(above := walk(each, path[:-1]), dict)
    )


def _decode(lines: Sequence[bytes]) -> Iterator[_Object]:
    for line in lines:
        try:
            yield decode_object(line)
        except UnreadableError:
            continue


def _check_tweets(
    lines: Sequence[bytes], objects: Sequence[_Object], config: SourceConfig
) -> None:
    """Raise if lines hold JSON objects, but no tweet and no notice."""
    is_any = any(
        tweet.text or tweet.full_text or tweet.delete or is_notice(line)
        for tweet, line in zip(decode_lines(list(lines)), lines, strict=True)
    )
    if is_any and config.features_column is None:
        return
    if list_all_fields(lines):
        raise _unknown(lines, objects, config)


def _check_named(
    lines: Sequence[bytes], objects: Sequence[_Object], name: str, config: SourceConfig
) -> None:
    """Raise if the user named places, and lines hold texts, but none there.

    To read what is known of the format instead would be to take other texts, times or
    languages than those that were asked for.
    """
    if config.content_column is not None:
        raise _unknown(lines, objects, config)
    for setting in ("lang_column", "time_column", "id_column"):
        if getattr(config, setting) is not None:
            raise UnknownError(
                f"is {name}, of which the places are known: leave out "
                f"{option_name(setting)}, or name the place of the text too, with "
                "--text-column"
            )


def _unknown(
    lines: Sequence[bytes], objects: Sequence[_Object], config: SourceConfig
) -> UnknownError:
    """Return the error for lines without what is wanted."""
    names = list_all_fields(lines)
    wanted = "a text that is known"
    if config.text_column is not None:
        wanted = f"a text at {config.text_column!r}"
    if config.features_column is not None:
        return UnknownError(
            f"is JSON lines without a feature map at {config.features_column!r}, with "
            f"{list_names(names)}: name its place with --features-column"
        )
    return UnknownError(
        f"is JSON lines without {wanted}, with {list_names(names)}: name the place of "
        f"the text with --text-column{_suggest(objects)}"
    )


def _as_features(value: Any) -> bool:
    return as_features(value) is not None


def _suggest(objects: Sequence[_Object]) -> str:
    """Return the places with the longest strings, which are the likely texts.

    Addresses and tags do not count: a tweet has more of them than of words.
    """
    lengths: dict[str, int] = {}
    for each in objects:
        for place, length in _strings(each, ""):
            lengths[place] = lengths.get(place, 0) + length
    likely = [place for place, length in lengths.items() if length]
    found = sorted(likely, key=lambda place: (-lengths[place], place))[:_MAX_SHOWN]
    return f" (the longest texts are in {', '.join(found)})" if found else ""


def _strings(value: Any, place: str) -> Iterator[tuple[str, int]]:
    if isinstance(value, str) and place.isprintable():
        yield place[:100], len(_NO_WORDS.sub("", value).strip())
    if isinstance(value, dict) and place.count(".") < _MAX_DEPTH:
        for name, inner in value.items():
            yield from _strings(inner, f"{place}.{name}" if place else name)


def _is_page(each: _Object) -> bool:
    data = each.get("data")
    return isinstance(data, list) and all(isinstance(entry, dict) for entry in data)


def _is_event(each: _Object) -> bool:
    return "did" in each and ("commit" in each or "kind" in each)


def _is_status(each: _Object) -> bool:
    return isinstance(each.get("content"), str) and not _STATUS.isdisjoint(each)


def _is_comment(each: _Object) -> bool:
    return isinstance(each.get("body"), str) and not _COMMENT.isdisjoint(each)


_DIALECTS: Final[dict[str, Callable[[_Object], bool]]] = {
    "pages": _is_page,
    "bluesky": _is_event,
    "mastodon": _is_status,
    "reddit": _is_comment,
}
# Where a line has its text; a line without one, such as a notice, may be any kind's.
_TEXT_PLACES: Final[dict[str, tuple[str, ...]]] = {
    "tweets": ("text", "full_text", "data.text"),
    "pages": ("data",),
    "bluesky": ("commit.record.text",),
    "mastodon": ("content",),
    "reddit": ("body",),
}
