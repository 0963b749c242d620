"""Compiled kernels are kept whole or not at all, and nobody writes what others read."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

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
def test_kernels__a_whole_run_writes_nothing_beside_them(
    tmp_path: Path, tweet_file: Path
) -> None:
    def train(name: str) -> None:
        command = [sys.executable, "-m", "emotiset.train", str(tweet_file)]
        subprocess.run(
            [*command, "-o", str(tmp_path / name), "--workers", "1", "--quiet"],
            env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
            check=True,
        )

    train("first")
    before = files(tmp_path / "cache")
    train("second")
    assert files(tmp_path / "cache") == before
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_kernels__work_where_no_folder_can_be_made(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    assert "what a day" in start(blocked, "compile")
