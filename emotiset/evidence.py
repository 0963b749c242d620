"""Texts that show what a model is like: its most confident mistakes, its n-grams."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from emotiset.ensemble import Ensemble
from emotiset.ngrams import find_strongest
from emotiset.polyglot import Model, by_language
from emotiset.schema import NEGATIVE, POSITIVE

N_MISTAKES: Final = 8
N_STRONGEST: Final = 15
_GRAM_ROWS: Final = 20_000
_TEXT_SIZE: Final = 1000


def find_evidence(
    model: Model, texts: Mapping[str, Sequence[pa.RecordBatch]]
) -> dict[str, Any]:
    """Find what texts of a training run say of its model.

    Parameters
    ----------
    model
        What was trained.
    texts
        Held-out rows by language, symbols taken out, as `emotiset.train.train` returns
        them.

    Returns
    -------
    dict
        Empty without texts; else ``mistakes``, see `find_mistakes`, of all languages
        together, and ``strongest``, by language, see `find_strongest`: n-grams of the
        first 20,000 texts of each whose members have weights.
    """
    ensembles = by_language(model)
    pairs = [(ensembles[name], batches) for name, batches in texts.items() if batches]
    if not pairs:
        return {}
    return {
        "mistakes": _merge([find_mistakes(rows, each) for each, rows in pairs]),
        "strongest": {
            each.language: _find_strongest(each, rows)
            for each, rows in pairs
            if not each.scorers
        },
    }


def _find_strongest(
    ensemble: Ensemble, batches: Iterable[pa.RecordBatch]
) -> dict[str, Any]:
    weights = ensemble.weights.mean(axis=1, dtype=np.float64).astype(np.float32)
    texts = list(_take_first(batches, _GRAM_ROWS))
    return find_strongest(texts, weights, ensemble.features, top=N_STRONGEST)


def _take_first(batches: Iterable[pa.RecordBatch], n: int) -> Iterator[pa.Array]:
    for batch in batches:
        if n > 0:
            yield batch["text"].slice(0, n)
        n -= batch.num_rows


def _merge(
    each: Sequence[Mapping[str, list[dict[str, Any]]]],
) -> dict[str, list[dict[str, Any]]]:
    """Keep the surest of the mistakes of several ensembles."""

    def rank(row: Mapping[str, Any]) -> tuple[float, str]:
        positive = row["probability"]
        return min(positive, 1 - positive), row["text"]

    return {
        name: sorted((row for one in each for row in one[name]), key=rank)[:N_MISTAKES]
        for name in each[0]
    }


def find_mistakes(
    batches: Iterable[pa.RecordBatch], ensemble: Ensemble, n: int = N_MISTAKES
) -> dict[str, list[dict[str, Any]]]:
    """Find the texts of which a model is surest and wrong.

    Parameters
    ----------
    batches
        With columns ``text`` and ``polarity``.  Read once, one held at a time.
    ensemble
        What predicts.
    n
        Texts of each kind.

    Returns
    -------
    dict
        ``false_positive`` and ``false_negative``: lists of ``text``, at most 1,000
        characters of it, and ``probability`` of positive; the surest first, equals in
        the order of their texts, so that no order of the batches changes the lists.
    """
    kinds = {"false_positive": NEGATIVE, "false_negative": POSITIVE}
    found: dict[str, list[tuple[float, str]]] = {name: [] for name in kinds}
    for batch in batches:
        positive = ensemble.predict_proba(batch["text"])[:, 1]
        gold = batch["polarity"].to_numpy()
        for name, polarity in kinds.items():
            doubt = positive if polarity == POSITIVE else 1 - positive
            rows = np.flatnonzero((gold == polarity) & (doubt < 0.5))
            if len(rows) > n:  # and all that are as sure as the last of them
                limit = np.partition(doubt[rows], n - 1)[n - 1]
                rows = rows[doubt[rows] <= limit]
            texts = batch["text"].take(pa.array(rows)).to_pylist()
            new = zip(doubt[rows].tolist(), (text or "" for text in texts), strict=True)
            found[name] = sorted([*found[name], *new])[:n]
    return {
        name: [
            {
                "text": text[:_TEXT_SIZE],
                "probability": doubt if name == "false_negative" else 1 - doubt,
            }
            for doubt, text in rows
        ]
        for name, rows in found.items()
    }
