"""Models on files of known class: every row counted, every part judged by itself."""

import csv
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn import metrics as judge

from emotiset.breakdown import OTHERS, judge_doubts, judge_groups
from emotiset.config import FeatureConfig, SourceConfig, TrainConfig
from emotiset.ensemble import Ensemble
from emotiset.errors import InputError
from emotiset.gold import GoldConfig
from emotiset.judging import evaluate_files
from emotiset.lexicon import load_lexicon
from emotiset.partition import read_labeled
from emotiset.sources import find_blocks

BY_LABEL = SourceConfig(label_column="label")


def make_model(seed=0, n_members=3):
    rng = np.random.default_rng(seed)
    return Ensemble(
        weights=rng.normal(size=(256, n_members)).astype(np.float32),
        intercepts=np.zeros(n_members),
        vote_weights=np.ones(n_members),
        n_examples=np.full(n_members, 10),
        features=FeatureConfig(n_features=256),
        vote="mean",
        language="en",
        lexicon=load_lexicon(),
        settings={},
        versions={},
        sample_digest="0",
    )


def write_rows(path, rows):
    names = ("text", "label", "lang", "created_at")
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows(rows)
    return path


@pytest.fixture
def rows():
    rng = np.random.default_rng(1)
    made = []
    for i in range(300):
        label = str(rng.choice(["positive", "negative", "neutral", ""]))
        text = f"tweet {i} of words {rng.integers(1000)}" + " :)" * (i % 3 == 0)
        month = rng.integers(1, 4)
        made.append((text, label, ["en", "es", ""][i % 3], f"2020-0{month}-01T00:00Z"))
    return made


def test_evaluate_files__counts_every_row(tmp_path, rows):
    path = write_rows(tmp_path / "gold.csv", [*rows, ("", "positive", "", "")])
    told = evaluate_files({"m": make_model()}, [path], BY_LABEL, GoldConfig())
    labels = [label for _, label, _, _ in rows]
    assert told["read"] == 301
    assert told["bins"]["no_text"] == 1
    assert told["bins"]["no_label"] == labels.count("")
    assert told["bins"]["neutral"] == labels.count("neutral")
    assert sum(told["gold"].values()) + sum(told["bins"].values()) == told["read"]
    assert json.loads(json.dumps(told, allow_nan=False)) == told


def test_evaluate_files__parts_are_what_they_are_alone(tmp_path, rows):
    path = write_rows(tmp_path / "gold.csv", rows)
    model = make_model()
    [told] = evaluate_files({"m": model}, [path], BY_LABEL, GoldConfig())["models"]
    assert set(told["by_language"]) == {"en", "es", "unknown"}
    assert set(told["by_month"]) == {"2020-01", "2020-02", "2020-03"}
    for name in ("by_language", "by_month"):
        assert sum(each["n"] for each in told[name].values()) == told["n"]
    spanish = [(text, label) for text, label, lang, _ in rows if lang == "es"]
    judged = [row for row in spanish if row[1] in ("positive", "negative")]
    gold = [1 if label == "positive" else -1 for _, label in judged]
    predicted = model.predict([text for text, _ in judged])
    found = told["by_language"]["es"]
    assert found["accuracy"] == judge.accuracy_score(gold, predicted)
    assert found["f1"] == pytest.approx(judge.f1_score(gold, predicted))
    positive = model.predict_proba([text for text, _ in judged])[:, 1]
    assert found["auc"] == pytest.approx(judge.roc_auc_score(gold, positive))


def test_evaluate_files__symbols_left_in_change_only_texts_that_have_them(
    tmp_path, rows
):
    path = write_rows(tmp_path / "gold.csv", rows)
    [told] = evaluate_files({"m": make_model()}, [path], BY_LABEL, GoldConfig())[
        "models"
    ]
    judged = [row for row in rows if row[1] in ("positive", "negative")]
    symbols = told["symbols"]
    assert symbols["n_with"] == sum(":)" in row[0] for row in judged)
    assert symbols["taken_out"]["accuracy"] == told["accuracy"]
    assert symbols["left_in"]["with_symbols"]["n"] == symbols["n_with"]
    assert symbols["left_in"]["log_loss"] != symbols["taken_out"]["log_loss"]


def test_evaluate_files__neutral_rows_with_an_abstain_band(tmp_path, rows):
    path = write_rows(tmp_path / "gold.csv", rows)
    told = evaluate_files(
        {"m": make_model()}, [path], BY_LABEL, GoldConfig(), abstain=0.9
    )
    n_neutral = [label for _, label, _, _ in rows].count("neutral")
    assert told["gold"]["neutral"] == n_neutral
    assert "neutral" not in told["bins"]
    [model] = told["models"]
    assert model["n"] == told["gold"]["positive"] + told["gold"]["negative"]
    assert model["doubts"]["n"] == model["n"] + n_neutral
    assert sum(model["doubts"]["confusion"]["neutral"].values()) == n_neutral


def test_judge_doubts__agrees_with_scikit_learn():
    rng = np.random.default_rng(0)
    gold = rng.integers(-1, 2, 500).astype(np.int8)
    probability = rng.random(500).astype(np.float32)
    found = judge_doubts(gold, probability, 0.8)
    answer = np.where(probability >= 0.8, 1, np.where(probability <= 0.2, -1, 0))
    assert found["coverage"] == np.mean(answer != 0)
    assert found["macro_recall"] == pytest.approx(
        judge.recall_score(gold, answer, average="macro")
    )
    assert found["macro_f1"] == pytest.approx(
        judge.f1_score(gold, answer, average="macro")
    )
    matrix = [list(row.values()) for row in found["confusion"].values()]
    assert matrix == judge.confusion_matrix(gold, answer, labels=[-1, 0, 1]).tolist()


def test_judge_doubts__no_text_and_no_answer():
    nothing = judge_doubts(np.empty(0, np.int8), np.empty(0, np.float32), 0.9)
    assert nothing["coverage"] is nothing["macro_f1"] is nothing["accuracy"] is None
    unsure = judge_doubts(np.int8([1, -1]), np.float32([0.5, 0.5]), 0.9)
    assert (unsure["coverage"], unsure["accuracy"]) == (0, None)


def test_judge_groups__beyond_the_largest_hundred_are_others():
    names = [f"l{i:03}" for i in range(150)] * 2 + ["l149"]
    n = len(names)
    gold = np.tile(np.int8([1, -1]), n)[:n]
    found = judge_groups(pa.array(names), gold, np.full(n, 0.9, np.float32))
    assert len(found) == 101
    assert found["l149"]["n"] == 3
    assert found[OTHERS]["n"] == 100
    assert sum(each["n"] for each in found.values()) == n


def test_evaluate_files__models_side_by_side(tmp_path, rows):
    path = write_rows(tmp_path / "gold.csv", rows)
    models = {"a": make_model(0), "b": make_model(1, 1), "c": make_model(2)}
    told = evaluate_files(models, [path], BY_LABEL, GoldConfig())
    accuracy = {each["model"]: each["accuracy"] for each in told["models"]}
    assert [(each["first"], each["second"]) for each in told["pairs"]] == [
        ("a", "b"),
        ("a", "c"),
        ("b", "c"),
    ]
    for pair in told["pairs"]:
        expected = accuracy[pair["first"]] - accuracy[pair["second"]]
        assert pair["difference"] == pytest.approx(expected)


def test_evaluate_files__nothing_to_judge(tmp_path):
    path = write_rows(
        tmp_path / "gold.csv", [("a", "neutral", "", ""), ("b", "", "", "")]
    )
    with pytest.raises(InputError, match="1 no_label, 1 neutral"):
        evaluate_files({"m": make_model()}, [path], BY_LABEL, GoldConfig())


def test_evaluate_files__booleans_of_parquet_are_labels(tmp_path):
    path = tmp_path / "gold.parquet"
    rows = pa.table({"text": ["a", "b", "c"], "label": [True, False, None]})
    pq.write_table(rows, path)
    told = evaluate_files({"m": make_model()}, [path], BY_LABEL, GoldConfig())
    assert told["gold"] == {"negative": 1, "neutral": 0, "positive": 1}


def test_evaluate_files__odd_label_is_told_with_its_place(tmp_path):
    rows = [("a", "1", "", ""), ("so  it\ngoes", "Perhaps ", "", "")]
    path = write_rows(tmp_path / "gold.csv", rows)
    place = f"found 'perhaps' in {tmp_path.name}/gold.csv, at 'so it goes': name it"
    with pytest.raises(InputError, match=place):
        evaluate_files({"m": make_model()}, [path], BY_LABEL, GoldConfig())
    [block] = find_blocks([path], config := TrainConfig(label_column="label"))
    with pytest.raises(InputError, match=place.partition(":")[0]):
        read_labeled(block, config, load_lexicon())


def test_evaluate_files__real_tweets_by_file_and_by_column(real_data):
    models = {"a": make_model(), "b": make_model(1)}
    by_file = GoldConfig(positive=("pos*",), negative=("neg*",), by_file=True)
    told = evaluate_files(models, [real_data / "nltk"], SourceConfig(), by_file)
    assert told["gold"] == {"negative": 5000, "neutral": 0, "positive": 5000}
    assert told["models"][0]["symbols"]["n_with"] > 9500
    assert set(told["models"][0]["by_month"]) == {"2015-07"}
    source = SourceConfig(label_column="polarity")
    named = GoldConfig(positive=("1",), negative=("-1",))
    test = real_data / "sentiment140" / "test.csv.gz"
    assert sum(evaluate_files(models, [test], source, named)["gold"].values()) == 20_000
