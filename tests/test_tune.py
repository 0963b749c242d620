"""Searches: what is tried, that it is judged fairly, and that it goes on."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from dask.distributed import Client

from emotiset import TrainConfig, cli, trials, tuning
from emotiset.config_file import load_config, save_config
from emotiset.errors import ConfigError
from emotiset.halving import Round, Trial, choose_next, plan_rounds, rank_trials
from emotiset.kept import Scores, pack_scores, unpack_scores
from emotiset.progress import Step
from emotiset.search_space import (
    DEFAULT_SPACE,
    Range,
    SearchConfig,
    list_trials,
    parse_space,
)
from emotiset.train import train
from emotiset.tune import TuneResult, tune
from emotiset.work_folder import DamagedError

CONFIG = TrainConfig(n_features=1 << 12, language="any", calibration=0, folds=3)
GRID = SearchConfig(search="grid", halving=1)


@pytest.fixture(scope="module")
def threads() -> Iterator[Client]:
    with Client(
        processes=False, n_workers=1, threads_per_worker=2, dashboard_address=":0"
    ) as client:
        yield client


def scores_of(result: TuneResult) -> Any:
    return result.summary["trials"]


def test_tune__first_trial_is_what_training_cross_validates(
    tweet_file: Path, threads: Client
) -> None:
    config = replace(CONFIG, members=2)
    space = {"epochs": [1]}
    found = tune([tweet_file], space, config, threads, search=GRID)
    told = train([tweet_file], config, threads).summary["folds"]
    [given] = [each for each in found.summary["trials"] if each["trial"] == 1]
    assert given["accuracy"]["folds"] == [each["accuracy"] for each in told["each"]]
    assert given["log_loss"]["folds"] == [each["log_loss"] for each in told["each"]]
    assert given["log_loss"]["interval"] == told["means"]["log_loss"]["interval"]


def test_tune__no_held_out_example_reaches_a_trial(
    tweet_file: Path, threads: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "seen"
    folder.mkdir()

    def watch(batches: Any, *others: Any) -> Any:
        keys = [batch["key"].to_numpy() for batch in batches]
        np.save(folder / f"{uuid.uuid4()}.npy", np.concatenate(keys))
        return trials.run_trial(batches, *others)

    monkeypatch.setattr(tuning, "run_trial", watch)
    found = tune([tweet_file], {"epochs": [1]}, CONFIG, threads)
    train([tweet_file], CONFIG, threads, sample_out=tmp_path / "sample.parquet")
    sample = pq.read_table(tmp_path / "sample.parquet")
    is_test = pc.equal(sample["part"], "test")
    held_out = set(sample.filter(is_test)["key"].to_pylist())
    trained = set(sample.filter(pc.invert(is_test))["key"].to_pylist())
    seen = [np.load(path) for path in folder.iterdir()]
    assert len(seen) == 2 * 3
    keys = set(np.concatenate(seen).tolist())
    assert held_out and not keys & held_out
    assert keys == trained
    assert found.summary["n_examples"] == len(trained)


def test_tune__same_on_any_cluster_and_goes_on_where_it_was_stopped(
    tweet_file: Path, client: Client, threads: Client, tmp_path: Path
) -> None:
    search = SearchConfig(trials=4)
    config = replace(CONFIG, folds=2)
    whole = tune([tweet_file], DEFAULT_SPACE, config, client, search=search)
    assert whole.summary["trials"][0]["n_examples"] == whole.summary["n_examples"]

    class StopError(Exception):
        pass

    def stop(step: Step) -> None:
        if step.stage.startswith("tune") and step.done == 3:
            raise StopError

    folder = tmp_path / "work"
    with pytest.raises(StopError):
        tune(
            [tweet_file], DEFAULT_SPACE, config, threads,
            search=search, work_dir=folder, progress=stop,
        )  # fmt: skip
    n_kept = len(list((folder / "trials").iterdir()))
    assert n_kept >= 3
    steps: list[Step] = []
    again = tune(
        [tweet_file], DEFAULT_SPACE, config, threads,
        search=search, work_dir=folder, progress=steps.append,
    )  # fmt: skip
    assert scores_of(again) == scores_of(whole)
    assert again.best == whole.best
    totals = {step.stage: step.total for step in steps}
    assert totals["reuse trainings"] >= 3
    assert totals["reuse blocks"] >= 1
    n_rounds = len(plan_rounds(4, whole.summary["n_examples"], 3))
    first = totals[f"tune 1 of {n_rounds}"]
    assert first + totals["reuse trainings"] == 4 * 2

    [damaged, *_] = sorted((folder / "trials").iterdir())
    damaged.write_bytes(b"cut")
    steps.clear()
    mended = tune(
        [tweet_file], DEFAULT_SPACE, config, threads,
        search=search, work_dir=folder, progress=steps.append,
    )  # fmt: skip
    assert scores_of(mended) == scores_of(whole)
    done = {step.stage: step.total for step in steps if step.stage.startswith("tune")}
    assert sum(done.values()) == 1


def test_tune__several_languages_are_refused() -> None:
    with pytest.raises(ConfigError, match="tuning needs one language or pool"):
        tune(["simulated:10"], {"epochs": [1]}, TrainConfig(language="en,es"))


def test_tune__finds_what_is_better(tweet_file: Path, threads: Client) -> None:
    bad = replace(CONFIG, n_features=2)
    space = {"n_features": [4, 1 << 12]}
    for score in ("log_loss", "accuracy"):
        search = SearchConfig(search="grid", score=score)  # type: ignore[arg-type]
        found = tune([tweet_file], space, bad, threads, search=search)
        assert found.best.n_features == 1 << 12
        assert found.trials[0].number == 3


def test_plan_rounds__no_part_is_too_small_and_the_last_is_all() -> None:
    for n_trials, n, halving in [(2, 10**6, 2), (100, 5000, 3), (81, 10**7, 3)]:
        rounds = plan_rounds(n_trials, n, halving)
        assert rounds[0].n_trials == n_trials
        assert rounds[-1].of == 1
        assert all(n // each.of >= 2000 for each in rounds)
        for before, after in pairwise(rounds):
            assert after.n_trials == -(-before.n_trials // halving)
            assert before.of == after.of * halving
    assert plan_rounds(5, 100, 3) == [Round(5, 1, 1)]


def make_trial(number: int, round_: int, log_loss: float, accuracy: float) -> Trial:
    scores = [Scores(8, 4, accuracy, log_loss), Scores(8, 4, accuracy, log_loss)]
    return Trial(number, {}, round_, scores)


def test_rank_trials__by_round_then_score_then_number() -> None:
    found = [
        make_trial(1, 2, 0.5, 0.7),
        make_trial(2, 1, 0.1, 0.9),
        make_trial(3, 2, 0.4, 0.6),
        make_trial(4, 2, 0.4 + 1e-12, 0.6),
    ]
    ranked = rank_trials(found[::-1], SearchConfig())
    assert [trial.number for trial in ranked] == [3, 4, 1, 2]
    ranked = rank_trials(found, SearchConfig(score="accuracy"))
    assert [trial.number for trial in ranked] == [1, 3, 4, 2]
    assert [trial.number for trial in choose_next(ranked[1:3], 1)] == [3]
    again = choose_next(rank_trials(found, SearchConfig()), 2)
    assert [trial.number for trial in again] == [1, 3, 4]


def test_take_lowest__parts_are_nested_and_balanced() -> None:
    rng = np.random.default_rng(0)
    key = rng.integers(0, 2**64, 999, np.uint64, endpoint=False)
    polarity = np.where(np.arange(999) % 3 == 0, 1, -1).astype(np.int8)
    rows = pa.record_batch({"key": key, "polarity": polarity})
    batches = [rows.slice(0, 100), rows.slice(100, 0), rows.slice(100)]
    small, large = (
        pa.Table.from_batches(trials.take_lowest(batches, 1, of)) for of in (9, 3)
    )
    for table, of in ((small, 9), (large, 3)):
        for sign in (-1, 1):
            mine = np.sort(key[polarity == sign])
            taken = table.filter(pc.equal(table["polarity"], sign))["key"].to_pylist()
            assert sorted(taken) == mine[: -(-len(mine) // of)].tolist()
            place = {each: at for at, each in enumerate(key.tolist())}
            assert [place[each] for each in taken] == sorted(map(place.get, taken))
    assert set(small["key"].to_pylist()) < set(large["key"].to_pylist())
    assert trials.take_lowest([], 1, 3) == []


def test_list_trials__random_is_the_same_for_the_same_seed() -> None:
    found = list_trials(DEFAULT_SPACE, TrainConfig(), SearchConfig(trials=12))
    assert found == list_trials(DEFAULT_SPACE, TrainConfig(), SearchConfig(trials=12))
    other = list_trials(DEFAULT_SPACE, TrainConfig(seed=1), SearchConfig(trials=12))
    assert found[0] == TrainConfig() and len(found) == len(other) == 12
    assert [each.alpha for each in found] != [each.alpha for each in other]
    drawn = [each.alpha for each in found[1:] if each.alpha is not None]
    assert len(drawn) == 11
    assert all(1e-8 <= each <= 1e-4 and each == float(f"{each:.3g}") for each in drawn)


def test_list_trials__grid_leaves_out_what_does_not_fit_or_is_the_same() -> None:
    space = {"learner": ["averaged", "pegasos"], "scale": ["nb", "none"]}
    found = list_trials(space, TrainConfig(), GRID)
    pairs = [(each.learner, each.scale) for each in found]
    assert pairs == [(None, None), ("averaged", "none"), ("pegasos", "none")]


@pytest.mark.parametrize(
    ("space", "settings", "message"),
    [
        ({"eta": [1]}, {}, "--try needs a setting that can be tuned, found 'eta'"),
        ({"test_fraction": [0.5]}, {}, "can be tuned, found 'test_fraction'"),
        ({"epochs": []}, {}, "--try epochs needs a list"),
        ({"epochs": "123"}, {}, "--try epochs needs a list"),
        ({"alpha": Range(0, 1)}, {}, "a range of numbers above 0"),
        ({"alpha": Range(1, 0.1)}, {}, "the lower first"),
        ({"vote": Range("a", "b")}, {}, "a range of numbers"),  # type: ignore[arg-type]
        ({"alpha": Range(0.1, 1)}, {"search": "grid"}, "found a range for alpha"),
        ({"epochs": [0]}, {"search": "grid"}, "found none: --epochs needs"),
        ({"vote": ["mean"]}, {}, "found none: they are all as given"),
        ({"epochs": [1]}, {"search": "all"}, "--search needs one of random, grid"),
        ({"epochs": [1]}, {"search": "grid", "trials": 5}, "found --trials too"),
        ({"epochs": [1]}, {"trials": 1}, "--trials needs a value of at least 2"),
    ],
)  # fmt: skip
def test_list_trials__refuses_in_one_line(
    space: Any, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as raised:
        list_trials(space, TrainConfig(), SearchConfig(**settings))
    assert "\n" not in str(raised.value)


def test_list_trials__takes_numbers_of_numpy() -> None:
    space = {"alpha": np.logspace(-8, -6, 3), "epochs": np.arange(1, 3)}
    found = list_trials(space, TrainConfig(), SearchConfig(search="grid"))
    assert {each.alpha for each in found} >= {1e-8, 1e-7, 1e-6}
    assert all(type(each.epochs) is int for each in found[1:])
    with pytest.raises(ConfigError, match="needs a list of values or a Range, found 5"):
        list_trials({"epochs": 5}, TrainConfig(), SearchConfig())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epochs", "--try needs NAME=VALUE,VALUE"),
        ("epochs=", "--try needs NAME=VALUE,VALUE"),
        ("epochs=1,two", "--try epochs has a value it cannot take"),
        ("epochs=1..", "--try epochs has a value it cannot take"),
        ("depth=1,2", "found 'depth'"),
        ("learner=a..b", "--try learner"),
        ("cross=a", "lists can be tried from Python"),
        (f"epochs=1..{10**20}", r"below 2\^63"),
        ("epochs=1 epochs=2", "found epochs twice"),
    ],
)
def test_parse_space__refuses_in_one_line(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_space(text.split())


def test_parse_space__values_have_the_type_of_their_setting() -> None:
    given = ["--n-features=1024,2048", "scale=nb,none", "alpha=1e-8..1e-4", "members=3"]
    assert parse_space(given) == {
        "n_features": (1024, 2048),
        "scale": ("nb", "none"),
        "alpha": Range(1e-8, 1e-4),
        "members": (3,),
    }


def test_save_config__is_read_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    settings = {
        "lexicon": 'extends = true\n[positive]\n"\\" \x7f 🙂" = 1',
        "keep_copies": True,
        "alpha": 1e-07,
        "members": None,
        "features": "maps",
        "features_column": "a b",
        "label_column": "y",
        "cross": (("a", 'b"'), ("c", "d")),
    }
    save_config(path, settings, ["two\nlines = 1"])
    found = load_config(path)
    assert found == {k: v for k, v in settings.items() if v is not None}


@pytest.mark.parametrize(
    "scores",
    [Scores(0, 1, 0.5, 0.1), Scores(1, 1, 1.5, 0.1), Scores(1, 1, 0.5, np.nan)],
)
def test_unpack_scores__refuses_what_no_trial_has(scores: Scores) -> None:
    good = Scores(10, 5, 0.5, 0.7)
    assert unpack_scores(pack_scores(good, "ab"), "ab") == good
    with pytest.raises(DamagedError):
        unpack_scores(pack_scores(good, "ab"), "cd")
    with pytest.raises(DamagedError, match="numbers that no trial has"):
        unpack_scores(pack_scores(scores, "ab"), "ab")


def test_trial_key__changes_with_all_that_shapes_a_score() -> None:
    folding = trials.Folding(3, 0)
    fold = trials.Fold(folding, 0, 1, 3)
    versions = {"emotiset": "1"}
    key = trials.trial_key(CONFIG, fold, "a", versions)
    others = [
        trials.trial_key(replace(CONFIG, epochs=7), fold, "a", versions),
        trials.trial_key(replace(CONFIG, vote="majority"), fold, "a", versions),
        trials.trial_key(replace(CONFIG, members=7), fold, "a", versions),
        trials.trial_key(CONFIG, replace(fold, number=1), "a", versions),
        trials.trial_key(CONFIG, replace(fold, of=1), "a", versions),
        trials.trial_key(
            CONFIG, replace(fold, folding=trials.Folding(3, 0, (5, 9))), "a", versions
        ),
        trials.trial_key(CONFIG, fold, "b", versions),
        trials.trial_key(CONFIG, fold, "a", {"emotiset": "2"}),
    ]
    assert len({key, *others}) == 9
    same = replace(CONFIG, block_size=1 << 20, folds=5)
    assert trials.trial_key(same, fold, "a", versions) == key


def test_cli__writes_what_config_takes_and_tells_the_trials(
    tweet_file: Path,
    tmp_path: Path,
    client: Client,
    capsys: pytest.CaptureFixture[str],
) -> None:
    address = client.scheduler.address

    toml, summary = tmp_path / "won.toml", tmp_path / "tuned.json"
    code = cli._run(
        [
            *("tune", str(tweet_file), "--try", "epochs=1,2,4", "--try", "vote=mean"),
            *("--search", "grid", "--folds", "2", "--fold-by", "time", "--seed", "3"),
            *("--language", "any", "--scheduler", address, "-o", str(toml)),
            *("--summary", str(summary), "--config", str(_base(tmp_path))),
        ]
    )
    shown = capsys.readouterr()
    assert code == 0, shown.err
    assert "log loss decides" in shown.out and f"--config {toml}" in shown.out
    assert shown.out.count("epochs=") == 3 and "vote=" not in shown.out
    assert "trying 1 of 1: 6 of 6 trainings" in shown.err
    told = json.loads(summary.read_text())
    assert (told["folds"], told["by"], len(told["trials"])) == (2, "time", 3)
    found = load_config(toml)
    assert found["epochs"] == told["best"]["epochs"]
    assert (found["language"], found["seed"], found["n_features"]) == ("any", 3, 1024)
    assert not {"folds", "per_class", "limit"} & set(found)
    assert TrainConfig(**found).resolve("mixed").alpha == told["best"]["alpha"]


def _base(folder: Path) -> Path:
    path = folder / "base.toml"
    path.write_text('n_features = 1024\nper_class = 900\nlanguage = "en"\n')
    return path
