"""The daily pipeline on real files: once a day, whatever happens in between."""

import json
import os
import runpy
import shutil
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from dask.distributed import Client

from emotiset import load_ensemble
from emotiset.errors import GateError, InputError
from emotiset.publishing import Shelf
from tests.conftest import make_tweets
from tests.test_pipelines import PIPELINES, load

SETTINGS = {"n_features": 1 << 12}
DAYS = [f"2020-01-{day:02}" for day in range(1, 6)]


@pytest.fixture(scope="module")
def threads() -> Iterator[Client]:
    with Client(processes=False, n_workers=1, dashboard_address=":0") as client:
        yield client


@pytest.fixture
def daily(threads: Client) -> ModuleType:
    return load("retrain_daily")


def write_day(folder: Path, tweets: list[dict[str, Any]]) -> None:
    folder.mkdir()
    lines = "".join(json.dumps(tweet) + "\n" for tweet in tweets)
    (folder / "tweets.json").write_text(lines)


@pytest.fixture(scope="module")
def data(tmp_path_factory: Any) -> Path:
    """Five days; on the last one all are happy."""
    folder: Path = tmp_path_factory.mktemp("data")
    for seed, day in enumerate(DAYS):
        tweets = make_tweets(2500, seed)
        if day == DAYS[-1]:
            for tweet in tweets:
                tweet["text"] = tweet["text"].replace(":(", ":)").replace("😢", "🙂")
        write_day(folder / day, tweets)
    (folder / "notes").mkdir()
    return folder


def tell(daily: ModuleType, data: Path, models: Path, *words: str) -> Namespace:
    given: Namespace = daily.parse([str(data), str(models), *words])
    return given


def told(models: Path) -> list[dict[str, Any]]:
    lines = Shelf(models).read_history()
    return [{k: v for k, v in line.items() if k != "at"} for line in lines]


@pytest.fixture(scope="module")
def three_days(data: Path, threads: Client, tmp_path_factory: Any) -> Path:
    """The models after three days, of which the last was an update."""
    models: Path = tmp_path_factory.mktemp("models") / "m"
    daily = load("retrain_daily")
    for day, words in zip(DAYS, ([], [], ["--update"]), strict=False):
        given = tell(daily, data, models, "--day", day, "--keep", "2", *words)
        line = daily.main(given, threads, SETTINGS)
        assert (line["action"], line["version"]) == ("promoted", day)
    return models


def test_days__are_learned_from_and_told(three_days: Path) -> None:
    shelf = Shelf(three_days, keep=2)
    lines = shelf.read_history()
    assert [each["run"] for each in lines] == DAYS[:3]
    assert "judged" not in lines[0]
    assert 0.5 < lines[1]["judged"]["n"] / lines[0]["n_train"] * 9 < 2
    assert lines[1]["n_train"] > 1.5 * lines[0]["n_train"]  # a window of two days
    assert lines[2]["n_train"] < 1.2 * lines[0]["n_train"]  # an update by one
    assert lines[0]["profile"]["read"] == 2500
    assert [each.stem for each in shelf.list_versions()] == DAYS[1:3]
    model = load_ensemble(shelf.current)
    assert model.sha256() == lines[2]["model_sha256"]
    assert len(model.settings["updates"]) == 1


def test_day__that_is_done_is_not_done_again(
    daily: ModuleType, data: Path, three_days: Path
) -> None:
    before = told(three_days)
    given = tell(daily, data, three_days, "--day", DAYS[2])
    line = daily.main(given, None, SETTINGS)  # it needs no cluster for that
    assert line["version"] == DAYS[2]
    assert told(three_days) == before


def test_day__out_of_order_or_not_there_is_refused(
    daily: ModuleType, data: Path, three_days: Path, tmp_path: Path
) -> None:
    write_day(tmp_path / "2019-12-31", [])
    given = tell(daily, tmp_path, three_days)
    with pytest.raises(InputError, match="in their order"):
        daily.main(given, None, SETTINGS)
    given = tell(daily, data, three_days, "--day", "2021-01-01")
    with pytest.raises(InputError, match="2021-01-01 in"):
        daily.main(given, None, SETTINGS)


def test_day__that_is_strange_raises_the_alarm_until_accepted(
    daily: ModuleType, data: Path, three_days: Path, threads: Client, tmp_path: Path
) -> None:
    models = Path(shutil.copytree(three_days, tmp_path / "m", symlinks=True))
    odd = tmp_path / "data"
    shutil.copytree(data, odd)
    for extra in ("a", "b"):  # three times as much
        shutil.copy(odd / DAYS[3] / "tweets.json", odd / DAYS[3] / f"{extra}.json")
    given = tell(daily, odd, models, "--day", DAYS[3])
    for _ in range(2):
        with pytest.raises(GateError, match=r"alarm: .*7,500 records") as caught:
            daily.main(given, threads, SETTINGS)
        assert caught.value.exit_code == 5
        assert [each["action"] for each in told(models)][3:] == ["alarm"]
        assert load_ensemble(models / "current.parquet").settings["updates"]
    given = tell(daily, odd, models, "--day", DAYS[3], "--accept")
    assert daily.main(given, threads, SETTINGS)["version"] == DAYS[3]
    assert [each["action"] for each in told(models)][3:] == ["promoted"]

    given = tell(daily, odd, models, "--day", DAYS[4])
    with pytest.raises(GateError, match=r"positive labels 100\.0%"):
        daily.main(given, threads, SETTINGS)


def test_challenger__that_is_worse_is_rejected_and_not_tried_again(
    daily: ModuleType, data: Path, three_days: Path, threads: Client, tmp_path: Path
) -> None:
    models = Path(shutil.copytree(three_days, tmp_path / "m", symlinks=True))
    before = (models / "current.parquet").read_bytes()
    # With 8 columns nothing can be told apart.
    given = tell(daily, data, models, "--day", DAYS[3])
    for client in (threads, None):
        with pytest.raises(GateError, match=r"rejected: .* the champion stays"):
            daily.main(given, client, {"n_features": 8})
    line = told(models)[-1]
    assert (line["action"], line["version"]) == ("rejected", DAYS[2])
    assert line["judged"]["only_second_right"] > line["judged"]["only_first_right"]
    assert (models / "current.parquet").read_bytes() == before


class KilledError(BaseException):
    """The process ends here."""


def kill_at(
    monkeypatch: pytest.MonkeyPatch, models: Path, step: int
) -> Callable[[], int]:
    """End at the *step*-th change of a name in *models*; nothing changes after it."""
    seen: list[str] = []

    def guard(name: str) -> None:
        change = getattr(os, name)

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            where = str(args[-1])
            if where.startswith(str(models)) and "/work/" not in where:
                seen.append(where)
                if len(seen) >= step:
                    raise KilledError
            return change(*args, **kwargs)

        monkeypatch.setattr(os, name, wrapped)

    for name in ("replace", "symlink", "unlink"):
        guard(name)
    return lambda: len(seen)


def look(models: Path) -> tuple[Any, ...]:
    names = sorted(
        str(each.relative_to(models))
        for each in models.rglob("*")
        if each.relative_to(models).parts[0] != "work"
    )
    return names, told(models), (models / "current.parquet").read_bytes()


def test_day__that_was_killed_at_any_point_is_done_once(
    daily: ModuleType, data: Path, three_days: Path, threads: Client, tmp_path: Path
) -> None:
    # Reading and training give the same each time, so they are done once here.
    daily.profile_input = keep_first(daily.profile_input)
    daily.train = keep_first(daily.train)
    daily.take_held_out = keep_first(daily.take_held_out)

    def start(name: str) -> Namespace:
        models = shutil.copytree(three_days, tmp_path / name, symlinks=True)
        words = ("--day", DAYS[3], "--keep", "2")
        return tell(daily, data, Path(models), *words)

    given = start("whole")
    daily.main(given, threads, SETTINGS)
    expected = look(given.models)
    assert expected[1][-1]["version"] == DAYS[3]

    n_steps = 0
    while True:
        given = start(f"killed{n_steps}")
        with pytest.MonkeyPatch.context() as patch:
            count = kill_at(patch, given.models, n_steps + 1)
            try:
                daily.main(given, threads, SETTINGS)
            except KilledError:
                assert load_ensemble(given.models / "current.parquet")
            else:
                break
        daily.main(given, threads, SETTINGS)
        assert look(given.models) == expected
        n_steps = count()
    # The version, the history, the link twice, an old version.
    assert n_steps >= 5


def keep_first(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that answers as it did when it was first called."""

    @cache
    def first() -> list[Any]:
        return []

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        found = first()
        if not found:
            found.append(function(*args, **kwargs))
        return found[0]

    return wrapped


def test_command__rolls_back(
    daily: ModuleType,
    data: Path,
    three_days: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    models = Path(shutil.copytree(three_days, tmp_path / "m", symlinks=True))
    words = [str(data), str(models), "--rollback"]
    assert daily.run(words)["version"] == DAYS[1]
    expected = (models / "versions" / f"{DAYS[1]}.parquet").read_bytes()
    assert (models / "current.parquet").read_bytes() == expected
    assert daily.run([*words, DAYS[2]])["version"] == DAYS[2]

    script = str(PIPELINES / "retrain_daily.py")
    monkeypatch.setattr(sys, "argv", [script, *words, DAYS[0]])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(script, run_name="__main__")
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert "choose from" in told
    assert len(told.splitlines()) == 1
    assert daily.main(tell(daily, data, models, "--day", DAYS[2]), None, {})
