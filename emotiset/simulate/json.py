"""The JSON of simulated tweets, in the shape of the API v1.1 of about 2015."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from emotiset.simulate.draws import Bools, Ints
from emotiset.simulate.render import EMPTY, Ids, Template, as_column
from emotiset.simulate.tweets import AT, CODE, HASH, LINK, NAME, TAG, make_pool

_HEAD: Final = (
    r'{"created_at":"$created_at","id":$id,"id_str":"$id","text":$text,'
    r'"source":"$source","truncated":false,"in_reply_to_status_id":null,'
    r'"in_reply_to_status_id_str":null,$reply,"user":$user,"geo":null,'
    r'"coordinates":null,"place":null,"contributors":null,'
)
_TAIL: Final = (
    r'"is_quote_status":false,"retweet_count":$retweets,"favorite_count":$favorites,'
    r'"entities":{"hashtags":[$hashtag],"urls":[$url],'
    r'"user_mentions":[$quoted$comma$mention],"symbols":[]},"favorited":false,'
    r'"retweeted":false,"filter_level":"low"$lang,"timestamp_ms":"$timestamp"}'
)
_DELETE: Final = (
    r'{"delete":{"status":{"id":$id,"id_str":"$id","user_id":$user,'
    r'"user_id_str":"$user"},"timestamp_ms":"$timestamp"}}'
)
_HASHTAG: Final = r'{"text":"$tag","indices":[$start,$stop]}'
_URL: Final = (
    r'{"url":"https:\/\/t.co\/$code","expanded_url":"http:\/\/example.com\/$code",'
    r'"display_url":"example.com\/$code","indices":[$start,$stop]}'
)
_MENTION: Final = r'{$user,"indices":[$start,$stop]}'
_NO_REPLY: Final = (
    rb'"in_reply_to_user_id":null,"in_reply_to_user_id_str":null,'
    rb'"in_reply_to_screen_name":null'
)
_SOURCES: Final = (
    rb"\u003ca href=\"http:\/\/example.com\/phone\" rel=\"nofollow\"\u003e"
    rb"Example for Phone\u003c\/a\u003e",
    rb"\u003ca href=\"http:\/\/example.com\" rel=\"nofollow\"\u003e"
    rb"Example Web Client\u003c\/a\u003e",
    b"web",
)
N_SOURCES: Final = len(_SOURCES)
_QUOTING_WIDTH: Final = 3  # columns before the body: "RT @", who, ": "


@dataclass(frozen=True)
class Tweets:
    """What the JSON of *n* tweets is filled with.

    Attributes
    ----------
    number, milliseconds, user : int64[n]
        Identifier, time of creation since 1970, and who wrote it.
    body : int32[n, BODY_WIDTH]
        What it says, as `draw_bodies` gives it.
    quoted : int64[n]
        User who is named after ``RT @`` in the text, or -1.
    lang : int64[n]
        Segment of the field, or `EMPTY` for none.
    source, retweets, favorites : int64[n]
        Client program; counts below 10,000.
    has_text, is_valid : bool[n]
        Where not, the text is null, or holds bytes that are no UTF-8.
    """

    number: Ints
    milliseconds: Ints
    user: Ints
    body: Ids
    quoted: Ints
    lang: Ints
    source: Ints
    retweets: Ints
    favorites: Ints
    has_text: Bools
    is_valid: Bools


class Press:
    """The pool and templates that tweets are rendered from; see `make_press`.

    Attributes
    ----------
    pool : Pool
        All segments.
    segments : pa.BinaryArray
        The same as Arrow has them.
    bare, led : int64[len(LANGUAGES)]
        Each language's first word in the pool, alone and with a gap before it.
    """

    def __init__(self) -> None:
        self.pool, self.bare, self.led = make_pool()
        self._head = Template(self.pool, _HEAD)
        self._tail = Template(self.pool, _TAIL)
        self._delete = Template(self.pool, _DELETE)
        self._hashtag = Template(self.pool, _HASHTAG)
        self._url = Template(self.pool, _URL)
        self._mention = Template(self.pool, _MENTION)
        self.pool.add("quoting", ["RT @", ": "])
        self.pool.add_raw("source", _SOURCES)
        self.pool.add_raw("no reply", [_NO_REPLY])
        self.pool.add_raw("comma", [b","])
        self.pool.add_raw("null", [b"null"])
        self.pool.add_raw("no utf-8", [b" caf\xe9 \xff"])
        self.pool.add_raw("retweeted", [b'"retweeted_status":'])
        self.pool.add_raw("no object", [b"[]", b"17", b'"text"', b"null"])
        self.pool.add_raw("line end", [b"\r\n"])
        self.segments = self.pool.segments()
        self._n_chars = self.pool.n_chars()

    def fill_heads(self, tweets: Tweets) -> Ids:
        """Return the first halves of tweets, up to where a retweet holds another."""
        pool = self.pool
        mentioned = tweets.body[:, NAME] - pool["screen_name"]
        is_reply = (tweets.body[:, AT] != EMPTY) & (tweets.quoted < 0)
        reply = np.where(is_reply, pool["reply"] + mentioned, pool["no reply"])
        return self._head.fill(
            created_at=pool.spell_dates(tweets.milliseconds),
            id=pool.spell_numbers(tweets.number, 5),
            text=self._fill_text(tweets),
            source=as_column(pool["source"] + tweets.source),
            reply=as_column(reply),
            user=as_column(pool["user"] + tweets.user),
        )

    def _fill_text(self, tweets: Tweets) -> Ids:
        pool = self.pool
        junk = np.where(tweets.is_valid, EMPTY, pool["no utf-8"])
        closing = np.full_like(junk, pool["quote"])
        columns = [self._fill_quoting(tweets), tweets.body]
        inside = np.concatenate([*columns, junk[:, None], closing[:, None]], axis=1)
        inside[~tweets.has_text] = EMPTY
        opening = np.where(tweets.has_text, pool["quote"], pool["null"])
        return np.concatenate([as_column(opening), inside.astype(np.int32)], axis=1)

    def _fill_quoting(self, tweets: Tweets) -> Ids:
        quoting = np.empty((len(tweets.quoted), _QUOTING_WIDTH), np.int32)
        quoting[:, 0] = self.pool["quoting"]
        quoting[:, 1] = self.pool["screen_name"] + tweets.quoted
        quoting[:, 2] = self.pool["quoting"] + 1
        quoting[tweets.quoted < 0] = EMPTY
        return quoting

    def fill_tails(self, tweets: Tweets) -> Ids:
        """Return the second halves of tweets: counts, entities, language."""
        pool = self.pool
        return self._tail.fill(
            retweets=as_column(pool["plain"] + tweets.retweets),
            favorites=as_column(pool["plain"] + tweets.favorites),
            lang=as_column(tweets.lang),
            timestamp=pool.spell_numbers(tweets.milliseconds, 4),
            **self._fill_entities(tweets),
        )

    def _fill_entities(self, tweets: Tweets) -> dict[str, Ids]:
        """Return hashtags, links and mentions, with where they stand in the text."""
        body = tweets.body
        quoting = self._fill_quoting(tweets)
        n_chars = self._n_chars.take(np.concatenate([quoting, body], axis=1))
        stops = np.cumsum(n_chars, axis=1)
        starts = (stops - n_chars)[:, _QUOTING_WIDTH:]
        stops_quoting, stops = stops[:, 1], stops[:, _QUOTING_WIDTH:]

        mentioned = body[:, NAME].astype(np.int64) - self.pool["screen_name"]
        quoted = self._fill_mention(tweets.quoted, 3, stops_quoting)
        mention = self._fill_mention(mentioned, starts[:, AT], stops[:, NAME])
        hashtag = self._hashtag.fill(
            tag=body[:, [TAG]], **self._span(starts[:, HASH] + 1, stops[:, TAG])
        )
        url = self._url.fill(
            code=body[:, CODE],
            **self._span(starts[:, LINK] + 1, stops[:, CODE.stop - 1]),
        )
        hashtag[body[:, HASH] == EMPTY] = EMPTY
        url[body[:, LINK] == EMPTY] = EMPTY
        needs_comma = (tweets.quoted >= 0) & (mentioned >= 0)
        comma = as_column(np.where(needs_comma, self.pool["comma"], EMPTY))
        return {
            "hashtag": hashtag,
            "url": url,
            "quoted": quoted,
            "comma": comma,
            "mention": mention,
        }

    def _fill_mention(self, user: Ints, start: int | Ints, stop: Ints) -> Ids:
        mention = as_column(self.pool["mention"] + user)
        filled = self._mention.fill(user=mention, **self._span(start, stop))
        filled[user < 0] = EMPTY
        return filled

    def _span(self, start: int | Ints, stop: Ints) -> dict[str, Ids]:
        plain = self.pool["plain"]
        start = np.broadcast_to(start, stop.shape)
        return {"start": as_column(plain + start), "stop": as_column(plain + stop)}

    def fill_deletes(self, number: Ints, user: Ints, milliseconds: Ints) -> Ids:
        """Return notices that a tweet was deleted."""
        return self._delete.fill(
            id=self.pool.spell_numbers(number, 5),
            user=as_column(self.pool["user_id"] + user),
            timestamp=self.pool.spell_numbers(milliseconds, 4),
        )


@lru_cache(maxsize=1)
def make_press() -> Press:
    """Return the press of this process; the first call takes 0.1 s."""
    return Press()
