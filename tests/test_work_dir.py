"""Runs that go on where an earlier one was stopped: the same bytes, nothing twice."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dask.distributed import Client

from emotiset import TrainConfig
from emotiset.errors import ConfigError
from emotiset.train import train

CONFIG = TrainConfig(members=3, n_features=1 << 14, block_size=100_000)


def run(
    inputs: Path,
    client: Client,
    work_dir: Path | None,
    config: TrainConfig = CONFIG,
    **others: Any,
) -> tuple[str, dict[str, Any]]:
    """Return the digest of the model, and what was reused."""
    result = train([inputs], config, client, work_dir=work_dir, **others)
    return result.summary["model_sha256"], result.summary.get("work", {})


def changed(**settings: Any) -> TrainConfig:
    return TrainConfig(**{**CONFIG.to_dict(), **settings})


@pytest.fixture(scope="module")
def finished(tweet_file: Path, client: Client, tmp_path_factory: Any) -> Any:
    """The work folder of a run that is done, its digest, and what was reused."""
    folder: Path = tmp_path_factory.mktemp("finished")
    return folder, *run(tweet_file, client, folder)


@pytest.fixture
def work(finished: Any, tmp_path: Path) -> Path:
    """A copy of that folder."""
    copy: Path = shutil.copytree(finished[0], tmp_path / "work")
    return copy


def test_train__second_run_reads_and_trains_nothing(
    tweet_file: Path, client: Client, finished: Any, work: Path
) -> None:
    plain, nothing = run(tweet_file, client, None)
    assert nothing == {}
    _, first, made = finished
    assert made["blocks_reused"] == made["members_reused"] == 0
    assert made["blocks_read"] > 5 and made["members_trained"] == 3
    steps: list[Any] = []
    second, taken = run(tweet_file, client, work, progress=steps.append)
    assert taken["blocks_reused"] == made["blocks_read"]
    assert taken["blocks_read"] == taken["blocks_remade"] == 0
    assert (taken["members_reused"], taken["members_trained"]) == (3, 0)
    assert plain == first == second
    assert {"reuse blocks", "reuse members"} <= {step.stage for step in steps}


@pytest.mark.parametrize(
    "settings",
    [
        {"seed": 5},
        {"members": 1},
        {"learner": "logistic"},
        {"features": "byte4"},
        {"keep_copies": True},
        {"test_fraction": 0.3},
    ],
)
def test_train__other_trainings_take_the_labeled_tweets(
    settings: dict[str, Any],
    tweet_file: Path,
    client: Client,
    finished: Any,
    work: Path,
) -> None:
    *_, made = finished
    config = changed(**settings)
    found, told = run(tweet_file, client, work, config)
    assert (told["blocks_read"], told["blocks_reused"]) == (0, made["blocks_read"])
    assert told["members_reused"] == 0
    assert found == run(tweet_file, client, None, config)[0]


def test_train__another_vote_takes_the_members_too(
    tweet_file: Path, client: Client, work: Path
) -> None:
    config = changed(vote="majority")
    found, told = run(tweet_file, client, work, config)
    assert (told["members_reused"], told["members_trained"]) == (3, 0)
    assert found == run(tweet_file, client, None, config)[0]


def test_train__what_labels_differently_is_labeled_again(
    tweet_file: Path, client: Client, finished: Any, work: Path
) -> None:
    *_, made = finished
    config = changed(language="en+fr")
    found, told = run(tweet_file, client, work, config)
    assert (told["blocks_reused"], told["blocks_read"]) == (0, made["blocks_read"])
    assert found == run(tweet_file, client, None, config)[0]


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.filterwarnings("default")
def test_train__damaged_work_is_made_anew(
    tweet_file: Path, client: Client, finished: Any, work: Path
) -> None:
    _, plain, made = finished
    [bent, gone, *_] = sorted(work.glob("blocks/*"))
    [worn, *_] = sorted(work.glob("members/*"))
    before = {path: path.read_bytes() for path in (bent, gone, worn)}
    damage(bent)
    gone.unlink()
    damage(worn)
    found, told = run(tweet_file, client, work)
    assert found == plain
    assert (told["blocks_read"], told["blocks_remade"]) == (2, 1)
    assert told["blocks_reused"] == made["blocks_read"] - 2
    assert (told["members_reused"], told["members_trained"]) == (2, 1)
    assert {path: path.read_bytes() for path in before} == before


def test_train__changed_input_is_read_again(
    tweets: list[dict[str, Any]], client: Client, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for part in range(3):
        lines = [json.dumps(each) + "\n" for each in tweets[part::3]]
        (folder / f"{part}.json").write_text("".join(lines))
    config = changed(block_size=2_000_000)
    work = tmp_path / "work"
    run(folder, client, work, config)
    path = folder / "1.json"
    stat = path.stat()
    path.write_text(path.read_text().replace("happy", "merry"))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    found, told = run(folder, client, work, config)
    assert told["blocks_read"] == 1
    assert found == run(folder, client, None, config)[0]


def test_train__verified_inputs_are_known_by_what_they_hold(
    tweet_file: Path, client: Client, tmp_path: Path
) -> None:
    path, work = tmp_path / "t.json", tmp_path / "work"
    path.write_bytes(tweet_file.read_bytes())
    stat = path.stat()
    _, made = run(path, client, work, verify_inputs=True)
    assert made["blocks_reused"] == 0
    os.utime(path, (1, 1))
    _, touched = run(path, client, work, verify_inputs=True)
    assert touched["blocks_read"] == 0
    path.write_text(path.read_text().replace("happy", "merry"))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    found, edited = run(path, client, work, verify_inputs=True)
    assert edited["blocks_reused"] == 0
    assert found == run(path, client, None)[0]


def test_train__verify_inputs_needs_a_work_dir(
    tweet_file: Path, client: Client
) -> None:
    with pytest.raises(ConfigError, match="--work-dir"):
        train([tweet_file], CONFIG, client, verify_inputs=True)


@pytest.fixture(scope="module")
def long_input(tweets: list[dict[str, Any]], tmp_path_factory: Any) -> Path:
    """An input of some 85 blocks of 20 kB."""
    path: Path = tmp_path_factory.mktemp("long") / "tweets.json"
    more = [{**each, "text": f"again {each['text']}"} for each in tweets[::2]]
    path.write_text("".join(json.dumps(each) + "\n" for each in tweets + more))
    return path


@pytest.fixture(scope="module")
def undisturbed(long_input: Path, client: Client, tmp_path_factory: Any) -> bytes:
    """The model that a run gives to which nothing happens."""
    path: Path = tmp_path_factory.mktemp("undisturbed") / "m.parquet"
    config = changed(block_size=1_000_000)
    train([long_input], config, client).ensemble.save(path)
    return path.read_bytes()


def start(
    inputs: Path, folder: Path, work: Path, *options: str
) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "emotiset.train", str(inputs)]
    command += ["-o", str(folder / "m.parquet"), "--summary", str(folder / "s.json")]
    command += ["--block-size", "20kB", "--n-features", "16384", "--members", "3"]
    return subprocess.Popen(
        [*command, "--work-dir", str(work), *options],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(process: "subprocess.Popen[str]", code: int = 0) -> str:
    _, told = process.communicate(timeout=90)
    assert process.returncode == code, told
    return told


def wait_until(is_so: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.002)


def kept(work: Path) -> dict[str, int]:
    """Return the times of the blocks that are kept."""
    return {path.name: path.stat().st_mtime_ns for path in work.glob("blocks/*.arrow")}


def is_gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


def check_resumed(folder: Path, work: Path, before: dict[str, int]) -> None:
    told = json.loads((folder / "s.json").read_text())["work"]
    assert 5 <= len(before) == told["blocks_reused"] < len(kept(work))
    assert told["blocks_read"] == len(kept(work)) - len(before)
    assert told["blocks_remade"] == 0
    assert {name: kept(work)[name] for name in before} == before  # none twice


@pytest.mark.slow
def test_train__goes_on_after_the_client_was_killed(
    long_input: Path, undisturbed: bytes, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    process = start(long_input, tmp_path, work, "--workers", "1")
    wait_until(lambda: len(kept(work)) >= 5)
    process.kill()
    finish(process, code=-signal.SIGKILL)
    wait_until(lambda: is_gone(process.pid))  # workers notice, and stop
    before = kept(work)
    assert not (tmp_path / "m.parquet").exists()
    finish(start(long_input, tmp_path, work, "--workers", "1"))
    check_resumed(tmp_path, work, before)
    assert (tmp_path / "m.parquet").read_bytes() == undisturbed


@pytest.mark.slow
def test_train__goes_on_after_the_scheduler_was_killed(
    long_input: Path, undisturbed: bytes, tmp_path: Path, dask_processes: Any
) -> None:
    work, where = tmp_path / "work", ("--scheduler-file", str(dask_processes.file))
    dask_processes.start(1, "--no-nanny")
    process = start(long_input, tmp_path, work, *where)
    wait_until(lambda: len(kept(work)) >= 5)
    dask_processes.processes[0].kill()
    told = finish(process, code=4)
    assert told.strip().splitlines()[-1].startswith("emotiset: ")
    assert not (tmp_path / "m.parquet").exists()
    dask_processes.stop()
    before = kept(work)
    dask_processes.file.unlink()
    dask_processes.start(1, "--no-nanny")
    finish(start(long_input, tmp_path, work, *where))
    check_resumed(tmp_path, work, before)
    assert (tmp_path / "m.parquet").read_bytes() == undisturbed
