"""Tweets as JSON lines: the objects of the API, v1.1 and v2, one a line."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from emotiset.config import SourceConfig
from emotiset.sources.blocks import Piece, Reading, name_ids
from emotiset.sources.decoding import (
    LostTweet,
    Reference,
    Tweet,
    decode_field,
    decode_lines,
    is_notice,
)
from emotiset.sources.door import make_tweets
from emotiset.sources.dropping import BLANK, count_dropped_lines
from emotiset.sources.lines import Lines, decode_chunks, read_lines
from emotiset.sources.picking import pick_columns


def read_tweets(
    piece: Piece, config: SourceConfig, limit: int | None
) -> Iterator[Reading]:
    """Read the tweets of a piece of JSON lines.

    Parameters
    ----------
    piece
        Of a file of lines.
    config
        Names the label column, a field of the line's object.
    limit
        Records to read at most; None: all.

    Returns
    -------
    iterator of Reading
        Each of at most `MAX_ROWS` lines.

    Raises
    ------
    InputError
        If the file cannot be opened or read.
    """
    return decode_chunks(read_lines(piece), piece.source, limit, decode_by(config))


def decode_by(config: SourceConfig) -> Callable[[Lines, str], Reading]:
    """Return `read_chunk` for the columns that a run needs."""
    return partial(
        read_chunk,
        label_column=config.label_column,
        keep_columns=config.keep_columns,
    )


def read_chunk(
    chunk: Lines,
    source: str,
    label_column: str | None,
    keep_columns: Sequence[str] = (),
) -> Reading:
    """Turn some lines into a reading; *source* is what its rejects name."""
    tweets = decode_lines(chunk.lines)
    labels = None if label_column is None else decode_field(chunk.lines, label_column)
    batch, dropped = _to_batch(tweets, labels, pick_columns(chunk.lines, keep_columns))
    why = count_dropped_lines(
        source, chunk, dropped, lambda row: _explain(tweets[row], chunk.lines[row])
    )
    notices = (tweets[row].delete for row in dropped.tolist())
    deleted = name_ids(each.find_id() for each in notices if each is not None)
    return Reading(source, batch, *why, deleted=deleted)


def _to_batch(
    tweets: list[Tweet], labels: list[str | None] | None, kept: dict[str, pa.Array]
) -> tuple[pa.RecordBatch, npt.NDArray[np.int64]]:
    texts = [
        tweet.text
        if tweet.full_text is None
        and tweet.extended_tweet is None
        and tweet.note_tweet is None
        else _find_text(tweet)
        for tweet in tweets
    ]
    ids = [
        tweet.id_str if tweet.id_str is not None or tweet.id is None else str(tweet.id)
        for tweet in tweets
    ]
    retweets = [
        tweet.retweeted_status is not None
        or (tweet.referenced_tweets is not None and _repeats(tweet.referenced_tweets))
        for tweet in tweets
    ]
    return make_tweets(
        pa.array(texts, pa.string()),
        lang=pa.array([tweet.lang for tweet in tweets], pa.string()),
        created_at=pa.array([tweet.created_at for tweet in tweets], pa.string()),
        id=pa.array(ids, pa.string()),
        is_retweet=pa.array(retweets, pa.bool_()),
        label=None if labels is None else pa.array(labels, pa.string()),
        kept=kept,
    )


def _find_text(tweet: Tweet) -> str | None:
    """Return the longest form of the text; a tweet has it in up to four places."""
    note, extended = tweet.note_tweet, tweet.extended_tweet
    if note is not None and note.text:
        return note.text
    if extended is not None and extended.full_text:
        return extended.full_text
    return tweet.full_text or tweet.text


def _repeats(references: list[Reference]) -> bool:
    return any(reference.type == "retweeted" for reference in references)


def _explain(tweet: Tweet, line: bytes) -> tuple[str, str]:
    """Return the bin of a line without text, and the reason if it is a reject."""
    if not line.strip():
        return BLANK
    if isinstance(tweet, LostTweet):
        return "unreadable", tweet.reason
    if tweet.delete is not None or is_notice(line):
        return "delete", ""
    return "no_text", "has no text"
