"""The most confident mistakes, in any cut and any order of the texts."""

from dataclasses import replace

import numpy as np
import pyarrow as pa

from emotiset import evidence
from emotiset.evidence import find_evidence, find_mistakes
from emotiset.polyglot import Polyglot
from tests.test_judging import make_model

MODEL = make_model()


def make_batches(order, cuts):
    rng = np.random.default_rng(0)
    texts = np.array([f"text {rng.integers(10**6)}" for _ in range(200)] * 2)
    polarity = rng.choice(np.array([-1, 1], np.int8), 400)
    batches = []
    for rows in np.split(order, cuts):
        columns = {"text": texts[rows], "polarity": polarity[rows]}
        batches.append(pa.record_batch(columns))
    return texts, polarity, batches


def test_find_mistakes__are_the_surest_of_all():
    texts, polarity, batches = make_batches(np.arange(400), [100, 101, 101])
    found = find_mistakes(batches, MODEL, 5)
    positive = MODEL.predict_proba(texts.tolist())[:, 1]
    for name, sign in (("false_positive", -1), ("false_negative", 1)):
        wrong = (polarity == sign) & (np.where(positive > 0.5, 1, -1) != sign)
        sure = np.sort(positive[wrong])[:: -1 if sign < 0 else 1][:5]
        assert [each["probability"] for each in found[name]] == sure.tolist()


def test_find_mistakes__no_order_of_texts_changes_them():
    expected = find_mistakes(make_batches(np.arange(400), [])[2], MODEL, 7)
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(400)
        batches = make_batches(order, [7, 300])[2]
        assert find_mistakes(batches, MODEL, 7) == expected


def test_find_mistakes__none_and_long_texts():
    schema = pa.schema([("text", pa.string()), ("polarity", pa.int8())])
    empty = pa.record_batch([[], []], schema=schema)
    nothing = {"false_positive": [], "false_negative": []}
    assert find_mistakes([empty], MODEL) == nothing
    long = pa.record_batch([["x" * 5000] * 2, [1, -1]], schema=schema)
    [row] = [row for rows in find_mistakes([long], MODEL).values() for row in rows]
    assert len(row["text"]) == 1000


def test_find_evidence__without_texts():
    assert find_evidence(MODEL, {}) == {}
    assert find_evidence(MODEL, {MODEL.language: []}) == {}


def test_find_evidence__n_grams_of_the_first_texts(monkeypatch):
    batches = make_batches(np.arange(400), [100, 101])[2]
    monkeypatch.setattr(evidence, "_GRAM_ROWS", 150)
    [found] = find_evidence(MODEL, {MODEL.language: batches})["strongest"].values()
    assert found["texts"] == 150
    assert all(row["weight"] > 0 for row in found["positive"])


def test_find_evidence__the_surest_mistakes_of_all_languages():
    batches = make_batches(np.arange(400), [200])[2]
    names = ("en", "es")
    both = Polyglot(tuple(replace(MODEL, language=name) for name in names))
    texts = {name: [each] for name, each in zip(names, batches, strict=True)}
    found = find_evidence(both, texts)
    assert found["mistakes"] == find_mistakes(batches, MODEL)
    assert list(found["strongest"]) == ["en", "es"]
