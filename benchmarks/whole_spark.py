"""Spark MLlib on ``local[2]``: from raw tweets to a model.

    python benchmarks/whole_spark.py train TWEETS.json MODEL
    python benchmarks/whole_spark.py predict MODEL TEXTS OUT.npy

Spark's own functions do all but the language, which py3langid tells in Python workers.
MLlib has no SGD any more, so a member is its logistic regression, ten steps of L-BFGS.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from pyspark.ml.classification import LogisticRegression, LogisticRegressionModel
from pyspark.ml.feature import HashingTF
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as sql
from whole_rules import (
    EITHER,
    MIN_LENGTH,
    N_FEATURES,
    N_MEMBERS,
    NEGATIVE,
    POSITIVE,
    is_english,
    read_texts,
    tell,
)

SCHEMA = (
    "text string, full_text string, lang string, "
    "extended_tweet struct<full_text: string>, "
    "retweeted_status struct<id_str: string>"
)
ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
GRAMS = "transform(sequence(1, greatest(length(t) - 3, 1)), i -> substring(t, i, 4))"


def start() -> SparkSession:
    """Start Spark on two cores, with the memory that a machine like this would give."""
    os.environ["PYTHONPATH"] = str(Path(__file__).parent)  # of its Python workers
    os.environ["PYSPARK_PYTHON"] = sys.executable
    return (
        SparkSession.builder.master("local[2]")
        .config("spark.driver.memory", "8g")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.shuffle.partitions", "8")
        .config("spark.sql.execution.arrow.pyspark.enabled", "true")
        .getOrCreate()
    )


def in_english(batches: Iterator[tuple[pd.Series, pd.Series]]) -> Iterator[pd.Series]:
    """Tell which texts are in English."""
    for codes, texts in batches:
        known = (code if isinstance(code, str) else None for code in codes)
        pairs = zip(known, texts, strict=True)
        yield pd.Series([is_english(code, text) for code, text in pairs], dtype=bool)


def train(tweets: str, model: str) -> None:
    """Train and save."""
    spark = start()
    labeled = read_labeled(spark, tweets).cache()
    counts = {
        row["label"]: row["count"] for row in labeled.groupBy("label").count().collect()
    }
    share = {label: min(counts.values()) / n for label, n in counts.items()}
    drawn = with_grams(labeled.sampleBy("label", share, seed=0))
    hasher = HashingTF(
        numFeatures=N_FEATURES, binary=True, inputCol="grams", outputCol="features"
    )
    rows = hasher.transform(drawn).select("label", "features")
    for number, part in enumerate(rows.randomSplit([1.0] * N_MEMBERS, seed=1)):
        member = LogisticRegression(maxIter=10, regParam=1e-5, standardization=False)
        member.fit(part.cache()).write().overwrite().save(f"{model}/{number}")
    tell(sum(counts.values()), 2 * min(counts.values()))


def read_labeled(spark: SparkSession, tweets: str) -> DataFrame:
    """Read what has a symbol of one polarity and is in English, symbols taken out."""
    text = sql.coalesce("extended_tweet.full_text", "full_text", "text")
    for entity, character in ENTITIES:
        text = sql.replace(text, sql.lit(entity), sql.lit(character))
    found = spark.read.schema(SCHEMA).json(tweets)
    found = found.where(sql.col("retweeted_status").isNull())
    found = found.select(text.alias("whole"), "lang")
    is_positive, is_negative = (
        sql.rlike("whole", sql.lit(POSITIVE)),
        sql.rlike("whole", sql.lit(NEGATIVE)),
    )
    found = found.where(
        (is_positive != is_negative) & (sql.length("whole") >= MIN_LENGTH)
    )
    found = found.select(
        is_positive.cast("double").alias("label"),
        sql.regexp_replace("whole", EITHER, " ").alias("text"),
        "lang",
    )
    english = sql.pandas_udf(in_english, "boolean")  # takes a session
    return found.where(english("lang", "text")).select("label", "text")


def with_grams(rows: DataFrame) -> DataFrame:
    """Add the byte 4-grams of each text: Latin-1 has a character for each byte."""
    as_bytes: Column = sql.decode(sql.encode(sql.trim("text"), "UTF-8"), "ISO-8859-1")
    return rows.withColumn("t", as_bytes).withColumn("grams", sql.expr(GRAMS))


def make_hasher() -> HashingTF:
    """Return Spark's hasher: 1 for each 4-gram that stands in a text."""
    return HashingTF(
        numFeatures=N_FEATURES, binary=True, inputCol="grams", outputCol="features"
    )


def predict(model: str, texts: str, out: str) -> None:
    """Write the mean probability's polarity for each text."""
    spark = start()
    rows = pd.DataFrame(
        {"row": range(len(read_texts(texts))), "text": read_texts(texts)}
    )
    hasher = HashingTF(
        numFeatures=N_FEATURES, binary=True, inputCol="grams", outputCol="features"
    )
    hashed = hasher.transform(with_grams(spark.createDataFrame(rows))).cache()
    total = np.zeros(len(rows))
    for number in range(N_MEMBERS):
        member = LogisticRegressionModel.load(f"{model}/{number}")
        found = (
            member.transform(hashed)
            .select("row", "probability")
            .toPandas()
            .sort_values("row")
        )
        total += np.array([each[1] for each in found["probability"]])
    np.save(out, np.where(total / N_MEMBERS > 0.5, 1, -1).astype(np.int8))


if __name__ == "__main__":
    {"train": train, "predict": predict}[sys.argv[1]](*sys.argv[2:])
