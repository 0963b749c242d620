"""Distant supervision: a symbol is a noisy label for the tweet around it.

Each function takes Arrow data of one batch and returns new data; nothing here knows
about partitions, files or Dask.  Where labels are given, `label_observations` takes
the place of `label_batch`.
"""

from collections.abc import Callable, Collection
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from emotiset.automaton import find_and_strip
from emotiset.config import LabelingConfig
from emotiset.errors import InputError
from emotiset.kernels.symbols import IS_NEGATIVE, IS_POSITIVE
from emotiset.lexicon import Lexicon
from emotiset.schema import LABELED, NEGATIVE, POSITIVE, TWEETS, check_schema

_BOTH: Final = IS_POSITIVE | IS_NEGATIVE

# Values of a label column that need no explanation, in any case.
POSITIVE_LABELS: Final = ("1", "1.0", "+1", "positive", "pos", "true")
MINUS_ONES: Final = ("-1", "-1.0")
ZEROS: Final = ("0", "0.0")
NEGATIVE_LABELS: Final = (*MINUS_ONES, "negative", "neg", "false", *ZEROS)

# White space but the blank: control characters, separators, and what has no width.
_OTHER: Final = (
    r"\t-\r\x1c-\x1f\x{85}\x{a0}\x{1680}\x{2000}-\x{200b}\x{2028}\x{2029}\x{202f}"
    r"\x{205f}\x{3000}\x{feff}"
)
_BLANKS: Final = f"[ {_OTHER}]+"
# What is no part of a text's normal form, each with what takes its place.  Addresses
# end where visible ASCII does: Japanese follows them without a blank.
_NOISE: Final = (
    (rf"^(?:{_BLANKS})?(?:rt(?:{_BLANKS})?[@＠]\w+:?(?:{_BLANKS})?)+", ""),
    (r"https?://[!-~]*|\bwww\.[0-9a-z][!-~]*", " "),
    (r"[@＠]\w+", " "),
    # A blank alone is left as it is: replacing it too takes more than twice as long.
    (f" {_BLANKS}|[{_OTHER}][ {_OTHER}]*", " "),
    (r"^ | $", ""),
)
# Every text of which nothing is left, and few others, in lower case.
_NOISE_ALONE: Final = rf"^(?:{_BLANKS}|rt|:|https?://[!-~]*|www\.[!-~]+|[@＠]\w+)*$"


def label_batch(
    tweets: pa.RecordBatch, lexicon: Lexicon, config: LabelingConfig
) -> tuple[pa.RecordBatch, dict[str, int]]:
    """Label tweets by their symbols, then take the symbols out of the text.

    A tweet with symbols of both polarities is dropped, as in Go et al. [1]_.  The
    symbols have to go: left in, they would be the only feature the learner needs.

    Parameters
    ----------
    tweets
        Has the columns of `TWEETS`.  A null ``text`` has no symbol.
    lexicon
        Tells the polarity of each symbol.
    config
        ``keep_retweets`` and ``min_length`` matter here.  The length is that of the
        text as it stands, in characters, blanks at its ends and symbols included.

    Returns
    -------
    labeled : pa.RecordBatch
        The columns of `LABELED`, in input order.  In ``text`` each symbol is a blank.
    bins : dict
        Rows dropped, by bin: the first that applies of ``retweet``, ``no_symbol``,
        ``conflicting_symbols``, ``too_short`` and ``nothing_left``.

    Raises
    ------
    SchemaError
        If a column is missing or has another type.

    Examples
    --------
    >>> from emotiset.lexicon import load_lexicon
    >>> texts = ["what a day :)", "sigh :(", ":) or :("]
    >>> rows = [{"text": text} for text in texts]
    >>> tweets = pa.RecordBatch.from_pylist(rows, schema=TWEETS)
    >>> labeled, bins = label_batch(
    ...     tweets, load_lexicon(), LabelingConfig(min_length=8)
    ... )
    >>> labeled.select(["polarity", "text"]).to_pylist()
    [{'polarity': 1, 'text': 'what a day  '}]
    >>> bins["conflicting_symbols"], bins["too_short"]
    (1, 1)

    References
    ----------
    .. [1] A. Go, R. Bhayani, L. Huang, "Twitter Sentiment Classification using
       Distant Supervision", 2009.
    """
    labeled, bins, _ = label_rows(tweets, lexicon, config)
    return labeled, bins


def label_rows(
    tweets: pa.RecordBatch, lexicon: Lexicon, config: LabelingConfig
) -> tuple[pa.RecordBatch, dict[str, int], pa.Array]:
    """Do what `label_batch` does; return, besides, the labeled texts as they were.

    Returns
    -------
    labeled : pa.RecordBatch
    bins : dict
    text : pa.Array of string
        Of each labeled row, its symbols still in it.
    """
    check_schema(tweets, TWEETS, stage="label_batch")
    bins = {}
    is_dropped = pc.and_(tweets["is_retweet"], pa.scalar(not config.keep_retweets))
    tweets, bins["retweet"] = _drop(tweets, pc.fill_null(is_dropped, False))

    text, found = find_and_strip(tweets["text"], lexicon)
    bins["no_symbol"] = int(np.count_nonzero(found == 0))
    bins["conflicting_symbols"] = int(np.count_nonzero(found == _BOTH))
    is_clear = pa.array((found == IS_POSITIVE) | (found == IS_NEGATIVE))
    polarity = np.where(found == IS_POSITIVE, POSITIVE, NEGATIVE)
    whole = tweets["text"].filter(is_clear)
    labeled = _labeled(tweets, text, polarity).filter(is_clear)

    is_short = pc.less(pc.utf8_length(whole), config.min_length)
    labeled, bins["too_short"] = _drop(labeled, is_short)
    whole = whole.filter(pc.invert(is_short))
    is_empty = _has_nothing(labeled["text"])
    labeled, bins["nothing_left"] = _drop(labeled, is_empty)
    return labeled, bins, whole.filter(pc.invert(is_empty))


def strip_symbols(text: pa.Array, lexicon: Lexicon) -> pa.Array:
    """Return *text* with a blank for each symbol, just as `label_batch` leaves it.

    Parameters
    ----------
    text
        Of type string; null stays null.
    lexicon
        The one that the model was trained with.

    Examples
    --------
    >>> from emotiset.lexicon import load_lexicon
    >>> strip_symbols(pa.array(["yes:)) http://t.co/a"]), load_lexicon()).to_pylist()
    ['yes  http://t.co/a']
    """
    return find_and_strip(text, lexicon)[0]


def normalize_text(text: pa.Array) -> pa.Array:
    """Return the form in which copies of a tweet are equal; keys are made of it.

    Lower case, without ``RT @name:`` at the head, addresses and mentions, all white
    space one blank and none at the ends.  Doing it twice changes nothing.

    Parameters
    ----------
    text
        Of type string, its symbols taken out already.

    Examples
    --------
    >>> text = pa.array(["RT @ann: So  true http://t.co/a", "so TRUE @bob"])
    >>> normalize_text(text).to_pylist()
    ['so true', 'so true']
    """
    text = pc.utf8_lower(text)
    for pattern, replacement in _NOISE:
        text = pc.replace_substring_regex(text, pattern, replacement)
    return text


def _has_nothing(text: pa.Array) -> pa.Array:
    """Tell which texts have an empty normal form; a fifth of the cost of making it."""
    is_noise = pc.match_substring_regex(pc.utf8_lower(text), _NOISE_ALONE)
    noise = normalize_text(text.filter(is_noise))
    return pc.replace_with_mask(is_noise, is_noise, pc.equal(noise, ""))


def label_observations(
    tweets: pa.RecordBatch,
    config: LabelingConfig,
    place: Callable[[str], str] | None = None,
) -> pa.RecordBatch:
    """Take each row's polarity from its label; nothing is filtered or stripped.

    Parameters
    ----------
    tweets
        Has the columns of `TWEETS`.
    config
        ``positive`` and ``negative``, where they are set, are the only values that
        count; else the values are -1/1, 0/1, negative/positive or false/true in any
        case.
    place
        Says of a label where its row is, for the message.

    Returns
    -------
    pa.RecordBatch
        The columns of `LABELED`, as many rows as *tweets*.

    Raises
    ------
    InputError
        If a label is missing or any other value, or if 0 and -1 are both there.
        Over several batches that has to be asked once more: unite their
        `observed_labels` and call `check_labels`.
    SchemaError
        If a column is missing or has another type.

    Examples
    --------
    >>> row = {"text": "fine", "label": "neutral"}
    >>> tweets = pa.RecordBatch.from_pylist([row], schema=TWEETS)
    >>> label_observations(tweets, LabelingConfig())
    Traceback (most recent call last):
    ...
    emotiset.errors.InputError: label column needs -1/1, 0/1, negative/positive or \
false/true, found 'neutral': leave such rows out, or name your values with --positive \
and --negative
    """
    check_schema(tweets, TWEETS, stage="label_observations")
    check_labels(observed_labels(tweets, config), config, place)
    positive, _ = _known_labels(config)
    is_positive = pc.is_in(_plain_labels(tweets, config), pa.array(positive))
    return _labeled(tweets, tweets["text"], np.where(is_positive, POSITIVE, NEGATIVE))


def observed_labels(tweets: pa.RecordBatch, config: LabelingConfig) -> frozenset[str]:
    """Return the different labels of a batch, trimmed; a missing one is empty."""
    labels = pc.unique(_plain_labels(tweets, config))
    return frozenset(labels.to_pylist())


def check_labels(
    labels: Collection[str],
    config: LabelingConfig,
    place: Callable[[str], str] | None = None,
) -> None:
    """Raise `InputError` unless *labels*, of one batch or of all, tell two classes.

    Parameters
    ----------
    labels
        As `observed_labels` returns them.
    config, place
        See `label_observations`.
    """
    is_named = config.positive is not None
    needed = f"{config.negative}/{config.positive}"
    if not is_named:
        needed = "-1/1, 0/1, negative/positive or false/true"
    known = {label for group in _known_labels(config) for label in group}
    for label in sorted(set(labels) - known):
        found = repr(label[:80]) if label else "a row without a label"
        where = f" {place(label)}" if place is not None else ""
        raise InputError(
            f"label column needs {needed}, found {found}{where}: leave "
            "such rows out, or name your values with --positive and --negative"
        )
    if not is_named and set(labels) & set(ZEROS) and set(labels) & set(MINUS_ONES):
        raise InputError(
            "label column needs two classes, found 0 and -1, so 0 may be neutral: "
            "leave its rows out, or name your values with --positive and --negative"
        )


def _known_labels(config: LabelingConfig) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what stands for positive and what for negative."""
    if config.positive is None or config.negative is None:
        return POSITIVE_LABELS, NEGATIVE_LABELS
    return (config.positive.strip(),), (config.negative.strip(),)


def _plain_labels(tweets: pa.RecordBatch, config: LabelingConfig) -> pa.Array:
    labels = pc.utf8_trim_whitespace(pc.fill_null(tweets["label"], ""))
    return labels if config.positive is not None else pc.utf8_lower(labels)


def _labeled(
    tweets: pa.RecordBatch, text: pa.Array, polarity: NDArray[np.int64]
) -> pa.RecordBatch:
    columns = {name: tweets[name] for name in ("created_at", "id", "lang")}
    columns |= {"polarity": pa.array(polarity, pa.int8()), "text": text}
    return pa.record_batch([columns[name] for name in LABELED.names], schema=LABELED)


def _drop(batch: pa.RecordBatch, mask: pa.Array) -> tuple[pa.RecordBatch, int]:
    """Return the rows where *mask* is false, and how many it is true for."""
    kept = batch.filter(pc.invert(mask))
    return kept, batch.num_rows - kept.num_rows
