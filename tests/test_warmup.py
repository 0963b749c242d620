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


@pytest.mark.slow
def test_kernels__many_first_starts_at_once_leave_one_whole_folder(
    tmp_path: Path,
) -> None:
    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(lambda _: start(tmp_path, "compile"), range(2)))
    assert len(set(told)) == 1
    [folder] = (tmp_path / "emotiset").iterdir()
    before = files(tmp_path)
    assert any(name.endswith(".nbc") for name in before)
    with ThreadPoolExecutor(8) as pool:
        again = list(pool.map(lambda _: start(tmp_path), range(12)))
    assert set(again) == set(told)
    assert files(tmp_path) == before, "a later start wrote into the folder"
    assert folder.is_dir()


@pytest.mark.slow
def test_kernels__runs_and_a_prediction_compile_nothing_anew(
    tmp_path: Path, tweets: list[dict[str, Any]], tweet_file: Path
) -> None:
    lines = tmp_path / "tweets.txt"
    lines.write_text("\n".join(tweet["text"] for tweet in tweets))
    start(tmp_path / "cache", "compile")
    before = files(tmp_path / "cache")

    def run(*command: str) -> None:
        subprocess.run(
            [sys.executable, "-m", *command, "--workers", "1", "--quiet"],
            env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
            check=True,
        )

    model, predicted = str(tmp_path / "model"), str(tmp_path / "predicted")
    run("emotiset.train", str(tweet_file), "--format", "tweets", "-o", model)
    run("emotiset.train", str(lines), "--format", "text", "-o", model)
    run("emotiset", "predict", model, str(lines), "-o", predicted)
    assert files(tmp_path / "cache") == before


def test_kernels__work_where_no_folder_can_be_made(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    assert "what a day" in start(blocked, "compile")
