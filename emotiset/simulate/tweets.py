"""What stands in a simulated tweet: mention, words, symbols, hashtag and link.

A tweet's body is a row of segments, one column for each place in the text, most of
them empty.  Bodies can so be copied and quoted before any text is made.
"""

from typing import Final

import numpy as np

from emotiset.schema import POSITIVE
from emotiset.simulate.draws import Bools, Draws, Ints
from emotiset.simulate.language import MOST_WORDS, Wording, draw_wording
from emotiset.simulate.render import EMPTY, Ids, Pool
from emotiset.simulate.users import N_USERS, add_users, languages_of
from emotiset.simulate.words import (
    LANGUAGES,
    N_ENDINGS,
    N_FOREIGN_WORDS,
    N_STEM_WORDS,
    spell_english,
    spell_foreign,
)

# HTML-escaped, as the API gives them.  Only symbols that no lexicon would read
# otherwise; as many of each polarity, and each about as frequent.
SYMBOLS: Final = (
    " :)", " :-)", " :D", " =)", " ;)", " :))", " &lt;3", " ^_^", ":)", " ❤",
    " ❤\ufe0f", "😍", " 😊", " 😘😘", " 👍🏽", " 💕",
    " :(", " :-(", " :'(", " =(", " D:", " :((", " &lt;/3", " T_T", ":(", " 😒",
    " 😩", "😩", " 😕", " 😠", " 😒😒", " 😕 😕",
)  # fmt: skip
N_PER_POLARITY: Final = len(SYMBOLS) // 2

_ENDS: Final = ("", ".", "!", "...", "?", "!!", " 😂")
_END_WEIGHTS: Final = (50, 20, 12, 6, 6, 3, 3)

_POSITIVE_SHARE: Final = 0.6
_SHORT: Final = 0.06  # of one to three words
_MENTIONS: Final = 0.35
_HASHTAGS: Final = 0.12
_LINKS: Final = 0.15
_AMPERSANDS: Final = 0.03
_IN_THE_MIDDLE: Final = 0.15  # of the symbols; the others stand at the end
_TWICE: Final = 0.10  # of the tweets with a symbol, one more of the same polarity
_CONFLICT: Final = 0.04  # one more of the other

# Columns of a body.
AT, NAME, _GAP = 0, 1, 2
_EARLY: Final = slice(3, 7)  # the first four words
_MIDDLE, _AND = 7, 8
_LATE: Final = slice(9, 9 + MOST_WORDS - 4)
_END, _LAST, _SECOND = _LATE.stop, _LATE.stop + 1, _LATE.stop + 2
HASH, TAG = _SECOND + 1, _SECOND + 2
LINK, CODE = TAG + 1, slice(TAG + 2, TAG + 4)
BODY_WIDTH: Final = CODE.stop

_N_CODES: Final = 4096
_CODE_LETTERS: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_CODE_STREAM: Final = 3


def make_pool() -> tuple[Pool, Ints, Ints]:
    """Return a pool of all that bodies are made of, and the cast of users.

    Returns
    -------
    pool : Pool
    bare, led : int64[len(LANGUAGES)]
        Each language's first word in the pool, alone and with a gap before it.
    """
    pool = Pool()
    words = [spell_english(), *(spell_foreign(each) for each in LANGUAGES[1:])]
    for language, spelled in zip(LANGUAGES, words, strict=True):
        pool.add(f"bare {language.code}", spelled)
        pool.add(f"led {language.code}", (language.gap + word for word in spelled))
    bare, led = (
        np.array([pool[f"{form} {language.code}"] for language in LANGUAGES])
        for form in ("bare", "led")
    )
    codes = [*(language.code for language in LANGUAGES), "und"]
    pool.add("language", codes)
    pool.add_raw("lang", (f',"lang":"{code}"'.encode() for code in codes))
    pool.add("symbol", SYMBOLS)
    pool.add("end", _ENDS)
    pool.add("mark", ["@", " ", " &amp;", " #", " https://t.co/"])
    pool.add("code", _make_codes())
    pool.add_raw("quote", [b'"'])
    pool.add_raw("utc_offset", [b"null", b"-28800", b"-18000", b"0", b"3600", b"32400"])
    add_users(pool, bare=bare, led=led)
    return pool, bare, led


def _make_codes() -> list[str]:
    draws = Draws(_N_CODES, seed=0, stream=(_CODE_STREAM,))
    letters = [draws.below(len(_CODE_LETTERS)).tolist() for _ in range(5)]
    return [
        "".join(_CODE_LETTERS[letter] for letter in code)
        for code in zip(*letters, strict=True)
    ]


def draw_bodies(
    draws: Draws,
    pool: Pool,
    *,
    bare: Ints,
    led: Ints,
    user: Ints,
    emoticon_share: float,
) -> Ids:
    """Draw what tweets say.

    Parameters
    ----------
    draws
        Source of the random integers.
    pool, bare, led
        As `make_pool` gives them.
    user : int64[n]
        Who writes; decides the language.
    emoticon_share
        Share of tweets with a symbol of the lexicon.

    Returns
    -------
    int32[n, BODY_WIDTH]
        Segments of *pool*.
    """
    language = languages_of(user)
    wording = draw_wording(draws, positive_share=_POSITIVE_SHARE)
    words = _choose_words(draws, wording, language, bare, led)
    body = np.full((draws.n, BODY_WIDTH), EMPTY, np.int32)
    body[:, _EARLY], body[:, _LATE] = words[:, :4], words[:, 4:]
    body[:, _END] = pool["end"] + draws.choose(_END_WEIGHTS)
    has_gaps = np.array([each.gap != "" for each in LANGUAGES])[language]
    _put_symbols(body, draws, pool, wording, has_gaps, emoticon_share)
    _put_marks(body, draws, pool, bare[language])
    return body


def _choose_words(
    draws: Draws, wording: Wording, language: Ints, bare: Ints, led: Ints
) -> Ids:
    """Return each word's segment, int32[n, MOST_WORDS]; short texts end early.

    The other languages have fewer pairs; those of English fold onto them.
    """
    limit = np.where(draws.happens(_SHORT), 1 + draws.below(3), MOST_WORDS)
    is_used = wording.is_used & (np.arange(MOST_WORDS) < limit[:, None])
    n_words = np.where(language == 0, N_STEM_WORDS * N_ENDINGS, N_FOREIGN_WORDS)
    mask = (n_words // 2 - 1).astype(np.int32)[:, None]
    first = np.repeat(led[language][:, None].astype(np.int32), MOST_WORDS, axis=1)
    first[:, 0] = bare[language]
    words = first + 2 * (wording.pair & mask) + wording.side
    words[~is_used] = EMPTY
    return words


def _put_symbols(
    body: Ids,
    draws: Draws,
    pool: Pool,
    wording: Wording,
    has_gaps: Bools,
    emoticon_share: float,
) -> None:
    """Put symbols into some of the bodies, between words only where words have gaps."""
    own = np.where(wording.polarity == POSITIVE, 0, N_PER_POLARITY)
    chosen = pool["symbol"] + own + draws.below(N_PER_POLARITY)
    has_symbol = draws.happens(emoticon_share)
    is_early = draws.happens(_IN_THE_MIDDLE) & has_gaps
    _put(body, has_symbol & is_early, _MIDDLE, chosen)
    _put(body, has_symbol & ~is_early, _LAST, chosen)
    other = pool["symbol"] + draws.below(N_PER_POLARITY)
    _put(body, has_symbol & draws.happens(_TWICE), _SECOND, other + own)
    is_conflict = has_symbol & draws.happens(_CONFLICT)
    _put(body, is_conflict, _SECOND, other + N_PER_POLARITY - own)


def _put_marks(body: Ids, draws: Draws, pool: Pool, bare: Ints) -> None:
    """Put a mention, an ampersand, a hashtag and a link into some of the bodies."""
    at, gap, ampersand, hash_sign, link = (pool["mark"] + i for i in range(5))
    has_mention = draws.happens(_MENTIONS)
    _put(body, has_mention, AT, at)
    _put(body, has_mention, NAME, pool["screen_name"] + draws.below(N_USERS))
    _put(body, has_mention, _GAP, gap)
    _put(body, draws.happens(_AMPERSANDS), _AND, ampersand)
    has_hashtag = draws.happens(_HASHTAGS)
    _put(body, has_hashtag, HASH, hash_sign)
    _put(body, has_hashtag, TAG, bare + draws.below(N_FOREIGN_WORDS))
    has_link = draws.happens(_LINKS)
    _put(body, has_link, LINK, link)
    for position in range(CODE.start, CODE.stop):
        _put(body, has_link, position, pool["code"] + draws.below(_N_CODES))


def _put(body: Ids, where: Bools, position: int, segment: int | Ints | Ids) -> None:
    body[:, position] = np.where(where, segment, body[:, position])


def flip_symbols(body: Ids, pool: Pool) -> Ids:
    """Return bodies that have the opposite symbols in place of theirs."""
    flipped = body.copy()
    for position in (_MIDDLE, _LAST, _SECOND):
        number = body[:, position] - pool["symbol"]
        opposite = pool["symbol"] + (number + N_PER_POLARITY) % len(SYMBOLS)
        _put(flipped, body[:, position] > 0, position, opposite)
    return flipped
