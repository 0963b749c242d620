"""Compiled kernels are kept whole or not at all, and nobody writes what others read."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

PROGRAM = """
import sys
import pyarrow as pa
from emotiset.config import FeatureConfig, TrainConfig
from emotiset.features import hash_features
from emotiset.lexicon import load_lexicon
from emotiset.labeling import strip_symbols
from emotiset.warmup import compile_kernels

compile_kernels() if sys.argv[1:] == ["compile"] else None
text = strip_symbols(pa.array(["what a day :)", "ünd so weiter"]), load_lexicon())
print(text.to_pylist(), hash_features(text, FeatureConfig()).indices.tolist())
"""


def start(cache: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        env={**os.environ, "XDG_CACHE_HOME": str(cache)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def files(cache: Path) -> dict[str, int]:
    return {
        str(path.relative_to(cache)): path.stat().st_mtime_ns
        for path in sorted(cache.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, set[str]]:
    """A cache that two first starts at once have filled, and what they told."""
    cache = tmp_path_factory.mktemp("cache")
    with ThreadPoolExecutor(2) as pool:
        told = set(pool.map(lambda _: start(cache, "compile"), range(2)))
    return cache, told


@pytest.mark.slow
@pytest.mark.timeout(300)  # all kernels are compiled twice
def test_kernels__first_starts_at_once_leave_one_whole_folder(
    started: tuple[Path, set[str]],
) -> None:
    cache, told = started
    assert len(told) == 1
    [folder] = (cache / "emotiset").iterdir()
    before = files(cache)
    assert any(name.endswith(".nbc") for name in before)
    with ThreadPoolExecutor(6) as pool:
        again = set(pool.map(lambda _: start(cache), range(6)))
    assert again == told
    assert files(cache) == before, "a later start wrote into the folder"
    assert folder.is_dir()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_kernels__runs_and_a_prediction_compile_nothing_anew(
    started: tuple[Path, set[str]],
    tmp_path: Path,
    tweets: list[dict[str, Any]],
    tweet_file: Path,
) -> None:
    cache, _ = started
    lines = tmp_path / "tweets.txt"
    lines.write_text("\n".join(tweet["text"] for tweet in tweets))
    before = files(cache)

    def run(*command: str) -> None:
        subprocess.run(
            [sys.executable, "-m", *command, "--workers", "1", "--quiet"],
            env={**os.environ, "XDG_CACHE_HOME": str(cache)},
            check=True,
        )

    model, predicted = str(tmp_path / "model"), str(tmp_path / "predicted")
    run("emotiset.train", str(tweet_file), "--format", "tweets", "-o", model)
    run("emotiset.train", str(lines), "--format", "text", "-o", model)
    run("emotiset", "predict", model, str(lines), "-o", predicted)
    assert files(cache) == before


def test_kernels__work_where_no_folder_can_be_made(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    assert "what a day" in start(blocked, "compile")
