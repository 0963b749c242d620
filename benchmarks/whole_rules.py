"""What every program of the whole-job benchmark does alike.

A tweet counts if it is no retweet, has a symbol of one polarity and none of the other,
21 characters or more, and is in English: by its own code, else by what py3langid says.
Of the more frequent polarity as many are taken as of the other.  Each of four members
learns byte 4-grams in 2^20 columns.
"""

import html
import json
import re
from pathlib import Path
from typing import Final

SYMBOLS: Final = {
    "positive": (":)", ":-)", ":D", "=)", "❤", "😍", "😊"),
    "negative": (":(", ":-(", "=(", "😔", "😒", "💔"),
}
MIN_LENGTH: Final = 21
N_FEATURES: Final = 1 << 20
N_MEMBERS: Final = 4
NO_CODE: Final = (None, "", "und")  # py3langid decides


def make_pattern(polarity: str) -> str:
    """Return a regular expression that Python, Rust and Java take, a mouth repeated.

    >>> re.findall(make_pattern("negative"), "so :(( and =(")
    [':((', '=(']
    """
    symbols = sorted(SYMBOLS[polarity], key=len, reverse=True)
    return "|".join(re.escape(symbol) + "+" for symbol in symbols)


POSITIVE: Final = make_pattern("positive")
NEGATIVE: Final = make_pattern("negative")
EITHER: Final = f"{POSITIVE}|{NEGATIVE}"


def write_lexicon(path: Path) -> Path:
    """Write the symbols as emotiset takes them."""
    rows = [
        f'{{ text = "{text}", polarity = "{polarity}" }},\n'
        for polarity, texts in SYMBOLS.items()
        for text in texts
    ]
    path.write_text(f"symbols = [\n{''.join(rows)}]\n", encoding="utf-8")
    return path


def is_english(code: str | None, text: str) -> bool:
    """Tell whether a tweet is in English."""
    from py3langid import classify

    return code == "en" or (code in NO_CODE and classify(text)[0] == "en")


def tell(labeled: int, trained: int) -> None:
    """Print what was counted, for the one who started the process."""
    print(json.dumps({"labeled": labeled, "trained": trained}))


def read_texts(path: str) -> list[str]:
    """Read the texts to be judged, a JSON string a line."""
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def make_hasher():  # type: ignore[no-untyped-def]
    """Return scikit-learn's hasher of byte 4-grams: the bytes stand as characters."""
    from sklearn.feature_extraction.text import HashingVectorizer

    return HashingVectorizer(
        analyzer="char",
        ngram_range=(4, 4),
        binary=True,
        n_features=N_FEATURES,
        alternate_sign=False,
        norm=None,
        lowercase=False,
        preprocessor=as_bytes,
    )


def as_bytes(text: str) -> str:
    """Return a text with a character for each byte.

    >>> len(as_bytes("é"))
    2
    """
    return " ".join(html.unescape(text).split()).encode().decode("latin-1")


def make_learner():  # type: ignore[no-untyped-def]
    """Return scikit-learn's logistic regression by SGD: one pass, as in the paper."""
    from sklearn.linear_model import SGDClassifier

    return SGDClassifier(
        loss="log_loss",
        alpha=1e-5,
        learning_rate="invscaling",
        eta0=0.05,
        power_t=0.25,
        max_iter=1,
        tol=None,
        random_state=0,
    )
