"""The users of simulated tweets: a fixed cast, rendered once.

Each user's JSON is one segment of the pool, since nothing in it changes from tweet
to tweet.  The cast is the same for every seed.
"""

from typing import Final

import numpy as np

from emotiset.simulate.draws import Draws, Ints
from emotiset.simulate.render import EMPTY, Ids, Pool, Template, join_segments
from emotiset.simulate.words import LANGUAGES, N_STEM_WORDS

N_USERS: Final = 4096

_USER_STREAM: Final = 2
_JOINED: Final = 1_230_768_000_000  # the first joined in January 2009
_WITHIN_DAYS: Final = 2400

_USER: Final = (
    r'{"id":$id,"id_str":"$id","name":"$name","screen_name":"$screen_name",'
    r'"location":$location,"url":null,"description":$description,'
    r'"protected":false,"verified":false,"followers_count":$followers,'
    r'"friends_count":$friends,"listed_count":$listed,'
    r'"favourites_count":$favourites,"statuses_count":$statuses,'
    r'"created_at":"$created_at","utc_offset":$utc_offset,'
    r'"geo_enabled":false,"lang":"$lang","contributors_enabled":false,'
    r'"is_translator":false,"profile_background_color":"C0DEED",'
    r'"profile_background_image_url":'
    r'"http:\/\/example.com\/images\/themes\/theme1\/bg.png",'
    r'"profile_background_image_url_https":'
    r'"https:\/\/example.com\/images\/themes\/theme1\/bg.png",'
    r'"profile_background_tile":false,"profile_link_color":"0084B4",'
    r'"profile_sidebar_border_color":"C0DEED","profile_sidebar_fill_color":"DDEEF6",'
    r'"profile_text_color":"333333","profile_use_background_image":true,'
    r'"profile_image_url":'
    r'"http:\/\/example.com\/profile_images\/$image\/$screen_name.jpeg",'
    r'"profile_image_url_https":'
    r'"https:\/\/example.com\/profile_images\/$image\/$screen_name.jpeg",'
    r'"profile_banner_url":"https:\/\/example.com\/profile_banners\/$id\/$image",'
    r'"default_profile":true,"default_profile_image":false,"following":null,'
    r'"follow_request_sent":null,"notifications":null}'
)
_MENTION: Final = r'"screen_name":"$screen_name","name":"$name","id":$id,"id_str":"$id"'
_REPLY: Final = (
    r'"in_reply_to_user_id":$id,"in_reply_to_user_id_str":"$id",'
    r'"in_reply_to_screen_name":"$screen_name"'
)
_RUNS: Final = {
    "user_id": "$id",
    "screen_name": "$screen_name",
    "mention": _MENTION,
    "reply": _REPLY,
    "user": _USER,
}


def languages_of(user: Ints) -> Ints:
    """Return the number in `LANGUAGES` that each user writes, int64[n]."""
    ends = np.cumsum([language.percent for language in LANGUAGES]) * N_USERS // 100
    return np.searchsorted(ends, user, side="right")


def add_users(pool: Pool, *, bare: Ints, led: Ints) -> None:
    """Add the cast to a pool, each run with `N_USERS` segments.

    The runs are ``user`` (the JSON object), ``screen_name``, ``mention`` (the object
    of an entity, but for its braces and indices), ``reply`` and ``user_id``.

    Parameters
    ----------
    pool
        Has the runs of words and symbols.
    bare, led : int64[len(LANGUAGES)]
        Each language's first word in *pool*, alone and with a gap before it.
    """
    values = _draw_users(pool, bare, led)
    templates = {name: Template(pool, text) for name, text in _RUNS.items()}
    segments = pool.segments()
    for name, template in templates.items():
        rendered = join_segments(segments, template.fill(**values))
        pool.add_raw(name, rendered.to_pylist())


def _draw_users(pool: Pool, bare: Ints, led: Ints) -> dict[str, Ids]:
    draws = Draws(N_USERS, seed=0, stream=(_USER_STREAM,))
    number = np.arange(N_USERS)
    language = languages_of(number)
    # Each user has a stem of its own, with an ending, so all screen names differ.
    stem = bare[0] + N_STEM_WORDS + number
    values = {
        "id": 100_000_000 + 104_729 * number,
        "image": 10_000_000 + draws.below(90_000_000),
        "followers": draws.below(draws.below(9000)),
        "friends": draws.below(draws.below(3000)),
        "listed": draws.below(draws.below(60)),
        "favourites": draws.below(draws.below(9000)),
        "statuses": draws.below(draws.below(90_000)),
    }
    joined = _JOINED + draws.below(_WITHIN_DAYS) * 86_400_000
    return {
        **{name: pool.spell_numbers(each, 3) for name, each in values.items()},
        "screen_name": _columns(stem, pool["plain"] + 10 + draws.below(90)),
        "name": _columns(bare[language], led[language])
        + np.stack([draws.below(256), draws.below(256)], axis=1).astype(np.int32),
        "created_at": pool.spell_dates(joined + draws.below(86_400_000)),
        "lang": _columns(pool["language"] + language),
        "utc_offset": _columns(pool["utc_offset"] + draws.below(6)),
        "location": _quoted(pool, _columns(bare[0] + 128 + draws.below(2048))),
        "description": _describe(draws, pool, bare[language], led[language]),
    }


def _describe(draws: Draws, pool: Pool, bare: Ints, led: Ints) -> Ids:
    """Return six words, and for one user in twenty a symbol, which labels nothing."""
    first = bare + draws.below(256)
    others = [led + draws.below(256) for _ in range(5)]
    symbol = np.where(draws.happens(0.05), pool["symbol"] + draws.below(8), EMPTY)
    return _quoted(pool, _columns(first, *others, symbol))


def _quoted(pool: Pool, inside: Ids) -> Ids:
    quote = np.full((len(inside), 1), pool["quote"], np.int32)
    return np.concatenate([quote, inside, quote], axis=1)


def _columns(*columns: Ints) -> Ids:
    return np.stack(columns, axis=1).astype(np.int32)
