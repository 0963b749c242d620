"""Updates on real files: what is learned, what stays, and what is refused."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from dask.distributed import Client

from emotiset import Ensemble, Polyglot, TrainConfig, load_ensemble
from emotiset.cli import app
from emotiset.comparing import compare_models
from emotiset.config import FeatureSet, LearnerName
from emotiset.errors import ConfigError, InputError, OutputError
from emotiset.train import train
from emotiset.update import update
from tests.conftest import make_tweets

N_DAYS, N_TWEETS = 3, 3900


@pytest.fixture(scope="module")
def threads() -> Iterator[Client]:
    how = {"processes": False, "dashboard_address": ":0"}
    with Client(n_workers=1, threads_per_worker=2, **how) as client:
        yield client


@pytest.fixture(scope="module")
def days(tmp_path_factory: Any) -> list[Path]:
    """A file for each day; what people say changes."""
    folder: Path = tmp_path_factory.mktemp("days")
    paths = []
    for day in range(N_DAYS):
        lines = [json.dumps(tweet) for tweet in make_tweets(N_TWEETS, seed=day)]
        paths.append(folder / f"day{day}.json")
        paths[-1].write_text("\n".join(lines) + "\n", encoding="utf-8")
    return paths


@pytest.fixture(scope="module")
def first(days: list[Path], threads: Client, tmp_path_factory: Any) -> Path:
    path: Path = tmp_path_factory.mktemp("first") / "model.parquet"
    config = TrainConfig(members=2, n_features=1 << 12)
    train(days[:1], config, threads).ensemble.save(path)
    return path


def test_update__learns_from_the_new_and_leaves_the_model(
    first: Path, days: list[Path], threads: Client, tmp_path: Path
) -> None:
    before = first.read_bytes()
    sample = tmp_path / "sample.parquet"
    result = update(first, days[1:2], threads, decay=1, sample_out=sample)
    old, new = load_ensemble(first), result.ensemble
    assert isinstance(old, Ensemble)
    assert isinstance(new, Ensemble)
    assert first.read_bytes() == before
    assert new.n_members == 2
    rows = pq.read_table(sample)
    n_new = [pc.sum(pc.equal(rows["member"], i)).as_py() for i in range(2)]
    assert (new.n_examples - old.n_examples).tolist() == n_new
    assert result.summary["n_train"] == sum(n_new)
    assert result.summary["update"] == {"model_sha256": old.sha256(), "decay": 1}
    assert new.settings["updates"] == [
        {
            "decay": 1,
            "samples": {"en": result.summary["sample_digest"]},
            "n_examples": {"en": sum(n_new)},
        }
    ]
    assert new.settings["members"] == old.settings["members"]
    assert result.summary["metrics"]["accuracy"] > 0.9
    assert new.calibration.n_examples > 0  # fitted anew
    assert new.calibration != old.calibration


def test_update__same_sequence_same_bytes(
    first: Path, days: list[Path], threads: Client, client: Client, tmp_path: Path
) -> None:
    lines = days[1].read_bytes().splitlines(keepends=True)
    halves = [tmp_path / "b.json", tmp_path / "a.json"]
    halves[0].write_bytes(b"".join(lines[::2]))
    halves[1].write_bytes(b"".join(lines[1::2]))
    small = {"block_size": 50_000}
    one = update(first, days[1:2], threads).ensemble
    other = update(first, halves, client, settings=small).ensemble
    assert one.sha256() == other.sha256()
    one = update(one, days[2:], threads).ensemble
    one.save(tmp_path / "one.parquet")
    other = update(other, days[2:], threads, settings=small).ensemble
    assert (tmp_path / "one.parquet").read_bytes()
    assert one.sha256() == load_ensemble(tmp_path / "one.parquet").sha256()
    assert one.sha256() == other.sha256()
    assert [each["decay"] for each in one.settings["updates"]] == [0.5, 0.5]

    reverse = update(first, days[2:], threads).ensemble
    assert update(reverse, days[1:2], threads).ensemble.sha256() != one.sha256()


def test_update__follows_people_who_say_it_in_other_words(
    first: Path, days: list[Path], threads: Client, tmp_path: Path
) -> None:
    alphabet = "abcdefghijklmnopqrstuvwxyz"
    other = str.maketrans(alphabet, alphabet[13:] + alphabet[:13])
    rows = [json.loads(line) for line in days[1].read_text().splitlines()]
    for row in rows:
        row["text"] = row["text"].replace("&lt;3", ":)").translate(other)
    changed, sample = tmp_path / "changed.json", tmp_path / "sample.parquet"
    changed.write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = update(first, [changed], threads, sample_out=sample)
    old = load_ensemble(first)
    held_out = pq.read_table(sample, filters=[("part", "=", "test")])
    both = compare_models(result.ensemble, old, held_out)
    assert both.n > 80
    assert both.n_first > 0.3 * both.n > 10 * both.n_second
    assert result.summary["metrics"]["accuracy"] > 0.9


def test_update__decay_forgets(first: Path, days: list[Path], threads: Client) -> None:
    old = load_ensemble(first)
    models = [update(old, days[1:2], threads, decay=d).ensemble for d in (1, 0.25)]
    kept, forgot = (each.weights for each in models)
    far = [abs(each - old.weights).sum() for each in (kept, forgot)]
    assert far[1] > 1.2 * far[0] > 0
    n = [int(each.n_examples[0]) for each in (old, *models)]
    assert n[2] - n[0] // 4 == n[1] - n[0]


@pytest.mark.parametrize(
    ("features", "learner"), [("byte4", "logistic"), ("mixed", "pegasos")]
)
def test_update__works_for_every_learner(
    features: FeatureSet, learner: LearnerName, days: list[Path], threads: Client
) -> None:
    config = TrainConfig(
        members=1, n_features=1 << 10, features=features, learner=learner
    )
    model = train(days[:1], config, threads).ensemble
    updated = update(model, days[1:2], threads).summary
    assert updated["metrics"]["accuracy"] > 0.9


def test_update__too_few_for_a_slice_keep_the_calibration(
    first: Path, days: list[Path], threads: Client
) -> None:
    old = load_ensemble(first)
    settings = {"per_class": 60, "test_fraction": 0}
    found = update(old, days[1:2], threads, settings=settings)
    new = found.ensemble
    assert isinstance(old, Ensemble)
    assert isinstance(new, Ensemble)
    assert found.summary["n_train"] == 120
    assert new.calibration == old.calibration
    assert new.vote_weights.tolist() == old.vote_weights.tolist()


def test_update__refuses_what_would_mean_something_else(
    first: Path, days: list[Path], threads: Client, tmp_path: Path
) -> None:
    def fails(error: Any, words: str, *inputs: Path, **how: Any) -> None:
        with pytest.raises(error, match=words) as caught:
            update(how.pop("model", first), inputs or days[1:2], threads, **how)
        assert "\n" not in str(caught.value)

    fails(
        ConfigError, r"n_features as in the model \(4096\)", settings={"n_features": 8}
    )
    fails(ConfigError, "found .?es", settings={"language": "es"})
    fails(ConfigError, "decay", decay=1.5)
    fails(ConfigError, "found one of texts", settings={"format": "svmlight"})
    other = 'extends = true\nsymbols = [{text = "=))", polarity = "positive"}]'
    fails(ConfigError, "lexicon as in the model", settings={"lexicon": other})
    fails(InputError, "before .*en, digest", days[0])
    second = update(first, days[1:2], threads).ensemble
    fails(InputError, "before", days[1], model=second)
    fails(InputError, "before", days[0], model=second)
    fails(OutputError, "is an input", other_outputs=[first])
    one = tmp_path / "one.json"
    one.write_text(json.dumps({"text": "what a lovely day that was :)", "lang": "en"}))
    fails(InputError, "both polarities", one)
    told = {"n_features": 1 << 12, "lexicon": "extends = true\nsymbols = []"}
    same = update(first, days[1:2], threads, settings=told)
    assert same.ensemble.sha256() == second.sha256()


def test_update__of_several_languages_leaves_those_without_news(
    threads: Client, tmp_path: Path
) -> None:
    paths = []
    for seed in (0, 1):
        rows = make_tweets(900, seed)
        for i, row in enumerate(rows):
            row["lang"] = "en" if seed or i % 2 else "es"
        paths.append(tmp_path / f"{seed}.json")
        paths[-1].write_text("".join(json.dumps(row) + "\n" for row in rows))
    config = TrainConfig(language="es,en", members=1, n_features=1 << 10)
    old = train(paths[:1], config, threads).ensemble
    result = update(old, paths[1:], threads)
    new = result.ensemble
    assert isinstance(old, Polyglot)
    assert isinstance(new, Polyglot)
    new.save(tmp_path / "new.parquet")
    assert load_ensemble(tmp_path / "new.parquet").sha256() == new.sha256()
    assert list(result.summary["omitted"]) == ["es"]
    spanish = [each.by_language["es"] for each in (old, new)]
    english = [each.by_language["en"] for each in (old, new)]
    assert spanish[0].weights.tolist() == spanish[1].weights.tolist()
    assert spanish[0].sample_digest == spanish[1].sample_digest
    assert english[0].weights.tolist() != english[1].weights.tolist()


@pytest.mark.parametrize(
    "settings",
    [
        {"learner": 7},
        {"n_examples": "many", "epochs": "two"},
        {"updates": "none"},
        {"updates": [1]},
        {"updates": [{"decay": 1.0, "samples": {"en": "x"}, "n_examples": {}}]},
    ],
)
def test_update__of_a_strangers_model_is_refused_in_one_line(
    settings: dict[str, Any], first: Path
) -> None:
    model = load_ensemble(first)
    assert isinstance(model, Ensemble)
    odd = replace(model, settings={**model.settings, **settings})
    with pytest.raises(ConfigError) as caught:
        update(odd, ["simulated:10"])
    assert "\n" not in str(caught.value)
    with pytest.raises(ConfigError):
        update(replace(model, sample_digest="../"), ["simulated:10"])


def test_command__updates_a_file(
    first: Path, days: list[Path], threads: Client, tmp_path: Path
) -> None:
    new, summary = tmp_path / "new.parquet", tmp_path / "summary.json"
    own = tmp_path / "own.toml"
    own.write_text('features = "mixed"\n')
    words = ["update", first, days[1], "-o", new, "--summary", summary, "--quiet"]
    words += ["--config", own, "--scheduler", threads.scheduler.address]
    app([*map(str, words), "--block-size", "64kB"], standalone_mode=False)
    expected = update(first, days[1:2], threads).ensemble
    assert load_ensemble(new).sha256() == expected.sha256()
    assert json.loads(summary.read_text())["model_sha256"] == expected.sha256()
    words[4] = first
    with pytest.raises(OutputError, match="is an input"):
        app(list(map(str, words)), standalone_mode=False)
