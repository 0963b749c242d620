"""Where a record stands, for a message to a person."""

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from emotiset.sources.blocks import Reading, shorten

_HEAD: Final = 40


def find_label(reading: Reading, label: str) -> str:
    """Say where the first row with a label is: in which file, and how its text begins.

    The number of a row is not known where a file is read in parts.

    Parameters
    ----------
    reading
        Has the row.
    label
        Trimmed, in any case; empty: a row without one.

    Returns
    -------
    str
        Part of a sentence, on one line.

    Examples
    --------
    >>> from emotiset.sources.door import make_tweets
    >>> text = pa.array(["so it goes", "fine"])
    >>> tweets, _ = make_tweets(text, label=pa.array(["1", "Maybe"]))
    >>> find_label(Reading("/data/a.csv", tweets, {}, ()), "maybe")
    "in data/a.csv, at 'fine'"
    """
    labels = pc.utf8_lower(reading.tweets["label"].fill_null(""))
    row = pc.index(labels, pc.utf8_lower(pa.scalar(label))).as_py()
    text = reading.tweets["text"][row].as_py()
    head = " ".join(text[: 4 * _HEAD].split())[:_HEAD]
    return f"in {shorten(reading.source)}, at {head!r}"
