"""What other networks write as JSON lines: the fields read, and what they mean."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from emotiset.config import SourceConfig
from emotiset.sources.columns import ID_NAMES, LANG_NAMES, TIME_NAMES
from emotiset.sources.markup import html_to_text
from emotiset.sources.paths import Path, as_features, as_text

_REMOVED: Final = ("[deleted]", "[removed]")
_LAST_SECOND: Final = 7_258_118_399  # of the year 2199


@dataclass(slots=True)
class Post:
    """What a line says; without a text, the bin it falls into and why."""

    text: Any
    lang: str | None = None
    created_at: str | None = None
    id: str | None = None
    is_retweet: bool = False
    bin: str = "no_text"
    reason: str = "has no text"


@dataclass(frozen=True)
class Network:
    """How posts of a network are read.

    Attributes
    ----------
    paths
        Places in the line's object.
    to_post
        Takes the values there, in the same order.
    is_escaped
        Whether the text has HTML entities.
    has_maps
        Whether the text of a post is a feature map: a dict, or a str.
    """

    paths: tuple[Path, ...]
    to_post: Callable[..., Post]
    is_escaped: bool
    has_maps: bool = False


def find_network(format: str, config: SourceConfig) -> Network:
    """Return how posts of a format are read."""
    return _NETWORKS[format] if format in _NETWORKS else _from_names(config)


def split_path(name: str) -> list[Path]:
    """Return the places that a column name may stand for.

    Examples
    --------
    >>> split_path("a.b"), split_path("a")
    ([('a.b',), ('a', 'b')], [('a',)])
    """
    return [(name,), tuple(name.split("."))] if "." in name else [(name,)]


def _from_names(config: SourceConfig) -> Network:
    """Return how any JSON lines are read whose columns the user, or custom, names."""
    named = (
        (config.content_column, ()),
        (config.lang_column, LANG_NAMES),
        (config.time_column, TIME_NAMES),
        (config.id_column, ID_NAMES),
    )
    groups = [
        split_path(name) if name is not None else [(each,) for each in common]
        for name, common in named
    ]
    sizes = [len(group) for group in groups]

    has_maps = config.features_column is not None

    def to_post(*values: Any) -> Post:
        found: list[Any] = []
        start = 0
        for number, size in enumerate(sizes):
            as_plain = as_features if has_maps and number == 0 else as_text
            plain = (as_plain(value) for value in values[start : start + size])
            found.append(next((each for each in plain if each is not None), None))
            start += size
        text, lang, created_at, id = found
        if has_maps:
            return Post(text, lang, created_at, id, reason="has no feature map")
        return Post(text, lang, created_at, id)

    paths = tuple(path for group in groups for path in group)
    return Network(paths, to_post, is_escaped=True, has_maps=has_maps)


def _from_bluesky(
    did: Any,
    operation: Any,
    collection: Any,
    rkey: Any,
    text: Any,
    langs: Any,
    created_at: Any,
) -> Post:
    """Return the post that a Jetstream commit creates; other events are notices."""
    id = f"{did}/{rkey}"
    is_post = collection == "app.bsky.feed.post"
    if operation != "create" or not is_post:
        is_deleted = operation == "delete" and is_post
        return Post(None, id=id if is_deleted else None, bin="delete", reason="")
    return Post(
        _string(text),
        lang=_string(langs[0]) if isinstance(langs, list) and langs else None,
        created_at=_string(created_at),
        id=id,
    )


def _from_mastodon(
    content: Any, language: Any, created_at: Any, id: Any, reblog: Any
) -> Post:
    return Post(
        None if not isinstance(content, str) else html_to_text(content),
        lang=_string(language),
        created_at=_string(created_at),
        id=as_text(id),
        is_retweet=isinstance(reblog, dict),
    )


def _from_reddit(body: Any, created_utc: Any, id: Any) -> Post:
    if body in _REMOVED:
        return Post(None, reason="was deleted or removed")
    return Post(_string(body), created_at=_to_iso(created_utc), id=as_text(id))


def _to_iso(seconds: Any) -> str | None:
    """Return seconds since 1970 as ISO 8601."""
    try:
        whole = int(seconds)
    except (TypeError, ValueError, OverflowError):
        return None
    if not 0 <= whole <= _LAST_SECOND:
        return None
    return datetime.fromtimestamp(whole, UTC).isoformat()


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _paths(*names: str) -> tuple[Path, ...]:
    return tuple(tuple(name.split(".")) for name in names)


_NETWORKS: Final = {
    "bluesky": Network(
        _paths(
            *("did", "commit.operation", "commit.collection", "commit.rkey"),
            *("commit.record.text", "commit.record.langs", "commit.record.createdAt"),
        ),
        _from_bluesky,
        is_escaped=False,
    ),
    "mastodon": Network(
        _paths("content", "language", "created_at", "id", "reblog"),
        _from_mastodon,
        is_escaped=False,
    ),
    "reddit": Network(
        _paths("body", "created_utc", "id"), _from_reddit, is_escaped=True
    ),
}
