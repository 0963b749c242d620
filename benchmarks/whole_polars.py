"""Polars to read and label, scikit-learn to hash and learn: from raw tweets to a model.

    python benchmarks/whole_polars.py train TWEETS.json MODEL
    python benchmarks/whole_polars.py predict MODEL TEXTS OUT.npy

Polars streams with its own threads; hashing and learning run in two processes.
"""

import sys
from html import unescape
from multiprocessing import get_context

import joblib
import numpy as np
import polars as pl
from whole_rules import (
    EITHER,
    MIN_LENGTH,
    N_MEMBERS,
    NEGATIVE,
    NO_CODE,
    POSITIVE,
    is_english,
    make_hasher,
    make_learner,
    read_texts,
    tell,
)

SCHEMA = {
    "text": pl.String,
    "full_text": pl.String,
    "lang": pl.String,
    "extended_tweet": pl.Struct({"full_text": pl.String}),
    "retweeted_status": pl.Struct({"id_str": pl.String}),
}
ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


def train(tweets: str, model: str) -> None:
    """Train and save."""
    found = read_labeled(tweets)
    with get_context("spawn").Pool(2) as pool:
        chunks = [found[at : at + 2000] for at in range(0, len(found), 2000)]
        is_kept = [flag for flags in pool.imap(find_english, chunks) for flag in flags]
        labeled = found.filter(pl.Series(is_kept))
        least = labeled["polarity"].value_counts()["count"].min()
        drawn = pl.concat(
            [
                labeled.filter(polarity=sign).sample(least, seed=0, shuffle=True)
                for sign in (1, -1)
            ]
        ).sample(fraction=1, seed=1, shuffle=True)
        parts = [drawn[at::N_MEMBERS] for at in range(N_MEMBERS)]
        joblib.dump(pool.map(fit, parts), model)
    tell(len(labeled), len(drawn))


def read_labeled(tweets: str) -> pl.DataFrame:
    """Read what has a symbol of one polarity, its symbols taken out."""
    text = pl.coalesce(
        pl.col("extended_tweet").struct.field("full_text"), "full_text", "text"
    )
    for entity, character in ENTITIES:
        text = text.str.replace_all(entity, character, literal=True)
    is_positive = pl.col("whole").str.contains(POSITIVE)
    is_negative = pl.col("whole").str.contains(NEGATIVE)
    return (
        pl.scan_ndjson(tweets, schema=SCHEMA, ignore_errors=True)
        .filter(pl.col("retweeted_status").is_null())
        .select(text.alias("whole"), "lang")
        .filter(
            (is_positive != is_negative)
            & (pl.col("whole").str.len_chars() >= MIN_LENGTH)
        )
        .select(
            pl.when(is_positive).then(1).otherwise(-1).alias("polarity"),
            pl.col("whole").str.replace_all(EITHER, " ").alias("text"),
            "lang",
        )
        .collect(engine="streaming")
    )


def find_english(rows: pl.DataFrame) -> list[bool]:
    """Tell which rows are in English."""
    pairs = zip(rows["lang"], rows["text"], strict=True)
    return [
        is_english(code, unescape(text)) if code in NO_CODE else code == "en"
        for code, text in pairs
    ]


def fit(rows: pl.DataFrame):  # type: ignore[no-untyped-def]
    """Train one member."""
    X = make_hasher().transform(rows["text"].to_list())
    return make_learner().fit(X, rows["polarity"].to_numpy())


def predict(model: str, texts: str, out: str) -> None:
    """Write the mean probability's polarity for each text."""
    X = make_hasher().transform(read_texts(texts))
    members = joblib.load(model)
    positive = np.mean([member.predict_proba(X)[:, 1] for member in members], axis=0)
    np.save(out, np.where(positive > 0.5, 1, -1).astype(np.int8))


if __name__ == "__main__":
    {"train": train, "predict": predict}[sys.argv[1]](*sys.argv[2:])
