"""One peer, in a process of its own: learn from one file, predict another.

    python benchmarks/peers.py NAME TRAIN.csv.gz TEST.csv.gz OUT.npy

Writes the predicted polarities.  Of fastText and Vowpal Wabbit there are the settings
that they have of themselves, and the best that were found on other rows; scikit-learn
hashes character 4-grams, as in the paper, and naive Bayes counts words and pairs.
"""

import csv
import gzip
import html
import sys
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
from whole_rules import make_learner

# Name, and what is told of it.
LABELS = {
    "fasttext": "fastText, as it comes",
    "fasttext-pairs": "fastText, word pairs",
    "fasttext-best": "fastText, word pairs, characters 3-6, 5 epochs",
    "vw": "Vowpal Wabbit, one pass",
    "vw-best": "Vowpal Wabbit, word pairs, 3 passes",
    "sklearn": "scikit-learn, characters 4, SGD",
    "bayes": "scikit-learn, naive Bayes, words 1-2",
}
MODULES = {"fasttext": "fasttext", "vw": "vowpalwabbit"}


def find_module(name: str) -> str:
    """Return the module that a peer needs.

    >>> find_module("fasttext-best"), find_module("bayes")
    ('fasttext', 'sklearn')
    """
    return MODULES.get(name.partition("-")[0], "sklearn")


def main(name: str, train: str, test: str, out: str) -> None:
    """Train, predict and write."""
    texts, polarity = read(train)
    others, _ = read(test)
    np.save(out, np.array(PEERS[name](texts, polarity, others), np.int8))


def read(path: str) -> tuple[list[str], list[int]]:
    """Read texts, white space folded and entities unescaped, and polarities."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    texts = [" ".join(html.unescape(row["text"]).split()) for row in rows]
    return texts, [int(row["polarity"]) for row in rows]


def fit_fasttext(
    texts: list[str], polarity: list[int], others: list[str], **settings: int
) -> list[int]:
    """Run fastText on one thread."""
    import fasttext

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.txt"
        lines = [
            f"__label__{sign} {text}\n"
            for sign, text in zip(polarity, texts, strict=True)
        ]
        path.write_text("".join(lines), encoding="utf-8")
        model = fasttext.train_supervised(
            str(path), epoch=5, thread=1, verbose=0, **settings
        )
    # Not model.predict, which fails with NumPy 2.
    return [
        int(
            model.f.predict(f"{text}\n", 1, 0.0, "strict")[0][1].removeprefix(
                "__label__"
            )
        )
        for text in others
    ]


def fit_vw(
    texts: list[str], polarity: list[int], others: list[str], given: str = ""
) -> list[int]:
    """Run Vowpal Wabbit."""
    import vowpalwabbit

    def line(text: str) -> str:
        return f"| {text.lower().replace(':', ' ').replace('|', ' ')}"

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.txt"
        path.write_text(
            "".join(
                f"{sign} {line(text)}\n"
                for sign, text in zip(polarity, texts, strict=True)
            ),
            encoding="utf-8",
        )
        model = vowpalwabbit.Workspace(
            f"-d {path} {given} --loss_function logistic --link logistic --quiet"
        )
        found = [model.predict(line(text)) for text in others]
        model.finish()
    return [1 if share > 0.5 else -1 for share in found]


def fit_sklearn(texts: list[str], polarity: list[int], others: list[str]) -> list[int]:
    """Run scikit-learn, one pass."""
    from sklearn.feature_extraction.text import HashingVectorizer

    hasher = HashingVectorizer(
        analyzer="char",
        ngram_range=(4, 4),
        binary=True,
        n_features=1 << 20,
        alternate_sign=False,
        norm=None,
    )
    learner = make_learner()
    learner.partial_fit(hasher.transform(texts), polarity, classes=[-1, 1])
    return list(learner.predict(hasher.transform(others)))


def fit_bayes(texts: list[str], polarity: list[int], others: list[str]) -> list[int]:
    """Run multinomial naive Bayes on whether a word or pair of words stands there."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.naive_bayes import MultinomialNB

    counter = CountVectorizer(ngram_range=(1, 2), binary=True)
    learner = MultinomialNB().fit(counter.fit_transform(texts), polarity)
    return list(learner.predict(counter.transform(others)))


PEERS = {
    "fasttext": fit_fasttext,
    "fasttext-pairs": partial(fit_fasttext, wordNgrams=2),
    "fasttext-best": partial(fit_fasttext, wordNgrams=2, minn=3, maxn=6),
    "vw": fit_vw,
    "vw-best": partial(fit_vw, given="-c -k --passes 3 --holdout_off --ngram 2 -b 22"),
    "sklearn": fit_sklearn,
    "bayes": fit_bayes,
}


if __name__ == "__main__":
    main(*sys.argv[1:])
