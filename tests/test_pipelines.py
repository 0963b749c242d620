"""Each pipeline gives the result that it promises, on small data."""

import importlib.util
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from dask.distributed import Client

from emotiset import Polyglot, load_ensemble

PIPELINES = Path(__file__).parents[1] / "pipelines"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, PIPELINES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the model that train_sentiment makes."""
    folder = tmp_path_factory.mktemp("pipelines")
    summary = load("train_sentiment").main(["simulated:40000"], folder)
    assert summary["metrics"]["accuracy"] > 0.6
    assert summary["metrics"]["auc"] > 0.65
    return folder


def test_train_sentiment__writes_a_balanced_sample(folder: Path) -> None:
    sample = pq.read_table(folder / "sample.parquet")
    train = sample.filter(sample["member"].is_valid())
    assert sum(train["polarity"].to_pylist()) == 0
    assert train.num_rows > 1000
    assert set(train["member"].to_pylist()) == set(range(5))


def test_classify__agrees_with_most_of_the_sample(folder: Path) -> None:
    sample = pq.read_table(folder / "sample.parquet").slice(0, 500)
    answers = load("classify").main(
        str(folder / "sentiment.parquet"), sample["text"].to_pylist()
    )
    gold = sample["polarity"].to_pylist()
    right = sum(answer[1] == sign for answer, sign in zip(answers, gold, strict=True))
    assert right > 350
    assert all((positive > 0.5) == (polarity > 0) for _, polarity, positive in answers)


@pytest.mark.slow
def test_learning_curve__rises_with_the_sample(client: Client, tmp_path: Path) -> None:
    curve = load("learning_curve")
    inputs = ["simulated:60000?emoticon_share=0.3"]
    points = curve.main(inputs, client, sizes=(100, 1600), members=(1, 3))
    papers = [each for each in points if each.learner == curve.PAPERS.learner]
    accuracy = {(each.per_class, each.members): each.accuracy for each in papers}
    assert accuracy[1600, 3] > accuracy[100, 3] + 0.02
    assert set(accuracy) == {(n, m) for n in (100, 1600) for m in (1, 3)}
    for each in points:
        low, high = each.interval
        assert low < each.accuracy < high

    assert "| 1,600 |" in curve.make_table(points)
    curve.draw_figure(points, tmp_path / "a.svg")
    curve.draw_figure(points, tmp_path / "b.svg")
    drawn = (tmp_path / "a.svg").read_text()
    assert "1,600 per class" in drawn
    assert drawn == (tmp_path / "b.svg").read_text()


def test_learning_curve__samples_are_nested() -> None:
    curve = load("learning_curve")
    rows = [("train", k, 1 if k % 3 else -1, f"t{k}") for k in range(90)]
    rows += [("test", 1000 + k, 1, "test") for k in range(5)]
    sample = pa.table(
        [list(column) for column in zip(*rows[::-1], strict=True)],
        names=["part", "key", "polarity", "text"],
    )
    small, large = (curve.take_lowest(sample, n) for n in (10, 20))
    assert set(small["text"].to_pylist()) < set(large["text"].to_pylist())
    assert large["polarity"].to_pylist() == [-1] * 20 + [1] * 20
    assert "test" not in large["text"].to_pylist()


def test_languages__each_is_best_answered_by_its_own(
    client: Client, tmp_path: Path
) -> None:
    inputs = ["simulated:60000?emoticon_share=0.6"]
    found = load("languages").main(inputs, tmp_path, client)
    assert list(found) == ["en", "es", "pt"]
    assert found["en"][1] == found["en"][2] > 0.7
    n_es, own, english = found["es"]
    assert n_es > 100
    assert own > english + 0.03
    model = load_ensemble(tmp_path / "languages.parquet")
    assert isinstance(model, Polyglot)
    assert list(model.by_language) == ["en", "es", "pt"]


def test_click_through__goes_most_of_the_way_to_the_best(
    client: Client, tmp_path: Path
) -> None:
    week = load("click_through").main(6000, 300, client, tmp_path)
    loss = {name: found.log_loss for name, found in week.judged.items()}
    assert loss["best possible"] < loss["all at once"] < loss["always the same"]
    assert loss["best possible"] < loss["day by day"] < loss["day 1"]
    gained = loss["always the same"] - loss["day by day"]
    assert gained > 0.4 * (loss["always the same"] - loss["best possible"])

    updated = week.judged["day by day"]
    assert updated.auc > 0.65
    foretold = (updated.n_negative + updated.n_positive) @ updated.probability
    assert foretold == pytest.approx(updated.n_positive.sum(), rel=0.25)
    assert week.picked["day by day"] > 2 * week.picked["chance"]
    assert week.picked["day by day"] < week.picked["best possible"]
    assert (len(week.seconds), week.late) == (5, [])


def test_click_through__a_late_update_does_not_serve(
    client: Client, tmp_path: Path
) -> None:
    week = load("click_through").main(2000, 0, client, tmp_path)
    assert week.late == [2, 3, 4, 5, 6]
    assert week.judged["day by day"].log_loss == week.judged["day 1"].log_loss


def test_survey__foretells_an_answer_from_those_that_are_there(
    client: Client, tmp_path: Path
) -> None:
    survey = load("survey")
    model, found = survey.main(8000, tmp_path, client)
    accuracy = {name: share for name, (share, _) in found.items()}
    loss = {name: ranking.log_loss for name, (_, ranking) in found.items()}
    assert accuracy["model"] > accuracy["always the same"] + 0.05
    gained = loss["always the same"] - loss["model"]
    assert gained > 0.5 * (loss["always the same"] - loss["best possible"])
    assert loss["best possible"] < loss["model"]
    assert "null" in (tmp_path / "survey.jsonl").read_text()

    chances = [chance for chance, _ in survey.find_telling(model)]
    prior = model.calibration.prior
    assert max(chances[:3]) < prior < min(chances[3:])


def test_documents__tells_the_kinds_apart_and_the_faults(
    client: Client, tmp_path: Path
) -> None:
    found, faults = load("documents").main(9, client, tmp_path)
    assert found.sum() == 12
    assert np.trace(found) >= 11
    assert {path.name: why.split(":")[0] for path, why in faults.items()} == {
        "empty.png": "UnidentifiedImageError",
        "cut.png": "OSError",
        "note.png": "UnidentifiedImageError",
    }
    assert str(tmp_path) not in " ".join(faults.values())


def test_paper__a_line_of_its_script_each(client: Client, tmp_path: Path) -> None:
    paper = load("paper")
    days = paper.simulate_days(tmp_path, n_records=6000)
    config = replace(paper.CONFIG, per_class=400, members=3, n_features=1 << 18)
    third = paper.THIRD_DAY
    summary, accuracy = paper.main(days, third, config, tmp_path, client)

    # Load, filter, label: each record of the files in one bin.
    funnel = summary["funnel"]
    assert sum(funnel.values()) == summary["read"] == 3 * 6000
    assert min(funnel[name] for name in ("retweet", "no_symbol", "other_language")) > 0
    # Draw: as many of each polarity, in order of chance, on another day than the test.
    sample = pq.read_table(tmp_path / "sample.parquet")
    learned = sample.filter(pc.equal(sample["part"], "train"))
    assert learned["polarity"].to_pylist().count(1) == learned.num_rows / 2 == 400
    assert set(learned["member"].to_pylist()) == {0, 1, 2}
    for part, is_after in (("train", {False}), ("test", {True})):
        times = sample.filter(pc.equal(sample["part"], part))["created_at"].to_pylist()
        assert {time.date() >= third for time in times} == is_after
    # The label is gone from the text.
    assert not any(pc.match_substring_regex(sample["text"], r":\)|:\(|🙂").to_pylist())
    # Learn and vote.
    assert min(accuracy.values()) > 0.53
    assert accuracy["majority"] > accuracy["one member"]
    assert summary["members"] == 3


def test_paper__same_bytes_of_any_cut(client: Client, tmp_path: Path) -> None:
    paper = load("paper")
    days = paper.simulate_days(tmp_path, n_records=3000)
    config = replace(paper.PEGASOS, per_class=200, members=2, n_features=1 << 18)
    first, _ = paper.main(days, paper.THIRD_DAY, config, tmp_path, client)
    small = replace(config, block_size=1 << 20)
    again, _ = paper.main(days[::-1], paper.THIRD_DAY, small, tmp_path, client)
    assert again["model_sha256"] == first["model_sha256"]


def test_own_learner__each_is_right_more_often_than_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(PIPELINES)
    inputs = ["simulated:20000?emoticon_share=0.5"]
    with Client(processes=False, dashboard_address=":0") as client:
        found = load("own_learner").main(inputs, tmp_path, client)
    assert set(found) == {"Bayes", "Hinge", "Net"}
    assert min(found.values()) > 0.6


def test_tune__finds_better_than_given(
    tweet_file: Path, client: Client, tmp_path: Path
) -> None:
    accuracy = load("tune").main([str(tweet_file)], client, tmp_path)
    assert accuracy["tuned"] > accuracy["given"]
    assert load_ensemble(tmp_path / "tuned.parquet").features.n_features > 64
