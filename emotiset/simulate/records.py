"""Simulated tweets: an endless stream of lines as the tweet API v1.1 sends them.

The mix is that of real streams: most lines are tweets, some retweet an earlier one,
some repeat an earlier text, some delete, a few are blank or broken.  What a tweet
says is drawn from a language model of made-up words (`emotiset.simulate.language`),
so the best possible accuracy is known, `best_accuracy`.

The stream depends only on seed and emoticon share.  It is drawn in parts of fixed
size, each from a random stream of its own, so any range of it can be had alone, on
any machine, and is the same to the byte.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from emotiset.errors import ConfigError
from emotiset.simulate.draws import Bools, Draws, Ints
from emotiset.simulate.json import N_SOURCES, Press, Tweets, make_press
from emotiset.simulate.render import EMPTY, Ids, join_segments
from emotiset.simulate.tweets import draw_bodies, flip_symbols
from emotiset.simulate.users import N_USERS, languages_of
from emotiset.simulate.words import LANGUAGES

# Original tweets with an emoticon or a telling emoji: 11 to 14% in samples of the
# real stream from 2011, 2013, 2016 and 2019.
EMOTICON_SHARE: Final = 0.13

# Kinds of records, and how many of 1,000 there are.
ORIGINAL, RETWEET, QUOTE, DELETE, BLANK, CUT, NO_UTF8, NO_TEXT, NO_OBJECT = range(9)
MIX: Final = (728, 170, 12, 80, 4, 2, 2, 1, 1)
_COPY: Final = 0.02  # of the originals repeat an earlier text
_CONTRADICTION: Final = 0.1  # of the copies carry the opposite symbol
_UNDETERMINED, _NO_LANG = 0.03, 0.05  # of the tweets

_N_PER_PART: Final = 4096
_N_AT_ONCE: Final = 512  # records: 1 MB
_RECORD_STREAM: Final = 0
_START: Final = 1_451_865_600_000  # 4 January 2016, a Monday
_INTERVAL: Final = 3000  # milliseconds; a million records take five weeks
_MOST_RECORDS: Final = 1 << 29  # later ones would have too large an id
_SNOWFLAKE_EPOCH: Final = 1_288_834_974_657


def simulate_records(
    start: int, stop: int, *, seed: int = 0, emoticon_share: float = EMOTICON_SHARE
) -> Iterator[bytes]:
    r"""Yield the records from *start* up to *stop* of the simulated stream.

    Parameters
    ----------
    start, stop
        Positions in the stream, up to 536,870,912.
    seed
        Another seed is another stream of the same language and users.
    emoticon_share
        Share of original tweets that carry a symbol of a lexicon, 0 to 1.

    Yields
    ------
    bytes
        Whole lines, one for each record, about 2 kB long, each ended by CR LF: some
        hundreds at a time.  All chunks of a range, joined, do not depend on how the
        stream was cut into ranges.

    Raises
    ------
    ConfigError
        If a value is out of range.

    Examples
    --------
    >>> whole = b"".join(simulate_records(0, 5000))
    >>> whole.count(b"\n")
    5000
    >>> whole == b"".join([*simulate_records(0, 7), *simulate_records(7, 5000)])
    True
    """
    if not 0 <= start <= stop <= _MOST_RECORDS:
        raise ConfigError(
            f"simulated records need 0 <= start <= stop <= {_MOST_RECORDS}, "
            f"found {start} and {stop}"
        )
    if seed < 0 or not 0 <= emoticon_share <= 1:
        raise ConfigError(
            "simulated records need a seed of at least 0 and an emoticon share of 0 "
            f"to 1, found {seed} and {emoticon_share}"
        )
    return _render_range(start, stop, seed, emoticon_share)


def _render_range(start: int, stop: int, seed: int, share: float) -> Iterator[bytes]:
    press = make_press()
    while start < stop:
        part, first = divmod(start, _N_PER_PART)
        last = min(first + stop - start, _N_PER_PART)
        rows = _draw_part(press, part, seed, share)[first:last]
        for at in range(0, len(rows), _N_AT_ONCE):
            records = join_segments(press.segments, rows[at : at + _N_AT_ONCE])
            yield records.buffers()[2].to_pybytes()
        start += last - first


def _draw_part(press: Press, part: int, seed: int, share: float) -> Ids:
    """Return the segments of each record of a part, int32[_N_PER_PART, any]."""
    # The order of the draws is part of the stream: another order, other tweets.
    draws = Draws(_N_PER_PART, seed=seed, stream=(_RECORD_STREAM, part))
    kind, is_copy, origin = _draw_kinds(draws)
    user = draws.below(N_USERS)
    milliseconds = _draw_times(draws, part)
    quotes = (kind == RETWEET) | (kind == QUOTE)
    tweets = Tweets(
        number=_number_tweets(draws, milliseconds, seed),
        milliseconds=milliseconds,
        user=user,
        body=_draw_bodies(draws, press, user, is_copy, origin, share),
        quoted=np.where(quotes, user[origin], -1),
        lang=_draw_lang(draws, press, user)[origin],
        source=draws.below(N_SOURCES),
        retweets=draws.below(draws.below(100)),
        favorites=draws.below(draws.below(100)),
        has_text=kind != NO_TEXT,
        is_valid=kind != NO_UTF8,
    )
    rows = _lay_out(press, tweets, kind, origin)
    _put_others(draws, press, tweets, kind, rows)
    return rows


def _draw_kinds(draws: Draws) -> tuple[Ints, Bools, Ints]:
    """Return each record's kind, whether it copies, and the record it repeats.

    That record is an earlier original of the same part, so the first record is one;
    a record that repeats no other names itself.
    """
    kind = draws.choose(MIX)
    kind[0] = ORIGINAL
    is_copy = (kind == ORIGINAL) & draws.happens(_COPY)
    is_copy[0] = False
    is_fresh = (kind == ORIGINAL) & ~is_copy
    n_earlier = np.cumsum(is_fresh) - is_fresh
    earlier = np.flatnonzero(is_fresh)[draws.below(n_earlier)]
    repeats = is_copy | (kind == RETWEET) | (kind == QUOTE)
    return kind, is_copy, np.where(repeats, earlier, np.arange(draws.n))


def _draw_times(draws: Draws, part: int) -> Ints:
    position = part * _N_PER_PART + np.arange(draws.n, dtype=np.int64)
    return _START + _INTERVAL * position + draws.below(_INTERVAL)


def _number_tweets(draws: Draws, milliseconds: Ints, seed: int) -> Ints:
    """Return ids as the API makes them: time, machine (here the seed), counter."""
    time = milliseconds - _SNOWFLAKE_EPOCH
    return (time << 22) | (seed % 1024 << 12) | draws.below(4096)


def _draw_bodies(
    draws: Draws,
    press: Press,
    user: Ints,
    is_copy: Bools,
    origin: Ints,
    share: float,
) -> Ids:
    fresh = draw_bodies(
        draws,
        press.pool,
        bare=press.bare,
        led=press.led,
        user=user,
        emoticon_share=share,
    )
    bodies = fresh[origin]
    contradicts = is_copy & draws.happens(_CONTRADICTION)
    bodies[contradicts] = flip_symbols(bodies[contradicts], press.pool)
    return bodies


def _draw_lang(draws: Draws, press: Press, user: Ints) -> Ints:
    """Return the segment of the tweet's own field ``lang``."""
    is_open, has_none = draws.happens(_UNDETERMINED), draws.happens(_NO_LANG)
    language = np.where(is_open, len(LANGUAGES), languages_of(user))
    return np.where(has_none, EMPTY, press.pool["lang"] + language)


def _lay_out(press: Press, tweets: Tweets, kind: Ints, origin: Ints) -> Ids:
    """Return each tweet as a line; a retweet holds the tweet that it repeats.

    Columns: head; of retweets the other's head and tail; tail; line end.
    """
    head, tail = press.fill_heads(tweets), press.fill_tails(tweets)
    retweets = np.flatnonzero(kind == RETWEET)
    others = origin[retweets]
    opening = np.full((len(retweets), 1), press.pool["retweeted"], np.int32)
    comma = np.full_like(opening, press.pool["comma"])
    held = np.concatenate([opening, head[others], tail[others], comma], axis=1)

    inner = head.shape[1]
    outer = inner + held.shape[1]
    rows = np.full((len(head), outer + tail.shape[1] + 1), EMPTY, np.int32)
    rows[:, :inner] = head
    rows[retweets, inner:outer] = held
    rows[:, outer:-1] = tail
    rows[:, -1] = press.pool["line end"]
    rows[kind == CUT, inner:-1] = EMPTY
    return rows


def _put_others(
    draws: Draws, press: Press, tweets: Tweets, kind: Ints, rows: Ids
) -> None:
    """Replace tweets by a notice, by nothing, or by JSON that is no object."""
    age = draws.below(864_000_000)  # ten days
    nonsense = press.pool["no object"] + draws.below(4)
    notice = press.fill_deletes(
        tweets.number - (age << 22), tweets.user, tweets.milliseconds
    )
    rows[np.isin(kind, (DELETE, BLANK, NO_OBJECT)), :-1] = EMPTY
    rows[kind == DELETE, : notice.shape[1]] = notice[kind == DELETE]
    rows[kind == NO_OBJECT, 0] = nonsense[kind == NO_OBJECT]
