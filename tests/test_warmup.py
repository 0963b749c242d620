"""Compiled kernels are kept whole or not at all, and nobody writes what others read."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

# Kernels for the least CPU of this kind, and libraries that know of no other: what is
# compiled here for the folder's sake tells whether the CPU changes a bit.
LEAST_CPU = {
    "NUMBA_CPU_NAME": "generic",
    "NUMBA_CPU_FEATURES": "",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-FMA,-AVX2,-AVX512F",
    "NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3 AVX512F AVX512_SKX",
    "OPENBLAS_CORETYPE": "Nehalem",
}
SETTINGS = ["--members", "2", "--n-features", "16384", "--workers", "1", "--quiet"]

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
# The same race for the folder, with the kernels of one n-gram set in it.
RACE = """
import os, subprocess, sys
from emotiset import warmup

def start_builder(half, folder):
    calls = "from emotiset.warmup import find_strongest, np, pa, FeatureConfig; "
    calls += "few = FeatureConfig(features='byte4', n_features=1024); "
    calls += "find_strongest([pa.array(['a day'])], np.zeros(1024, 'f4'), few)"
    environment = {**os.environ, warmup.BUILD_FOLDER: folder}
    return subprocess.Popen([sys.executable, "-c", calls], env=environment)

warmup._start_builder = start_builder
warmup.compile_kernels()
"""


def start(cache: Path, *arguments: str, program: str = PROGRAM) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={**os.environ, **LEAST_CPU, "XDG_CACHE_HOME": str(cache)},
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
def started(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A cache that a first start has filled, and what it told."""
    cache = tmp_path_factory.mktemp("cache")
    return cache, start(cache, "compile")


@pytest.mark.slow
@pytest.mark.timeout(300)  # all kernels are compiled
def test_kernels__later_starts_at_once_take_the_folder(
    started: tuple[Path, str],
) -> None:
    cache, told = started
    before = files(cache)
    assert any(name.endswith(".nbc") for name in before)
    with ThreadPoolExecutor(4) as pool:
        again = set(pool.map(lambda _: start(cache), range(4)))
    assert again == {told}
    assert files(cache) == before, "a later start wrote into the folder"


@pytest.mark.slow
def test_kernels__first_starts_at_once_leave_one_whole_folder(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: start(tmp_path, program=RACE), range(2)))
    [folder] = (tmp_path / "emotiset").iterdir()
    assert not folder.name.startswith(".build-")
    index = [name for name in files(folder) if name.endswith(".nbi")]
    assert len(index) == len({name.rpartition("/")[2] for name in index}) > 1


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_kernels__runs_and_a_prediction_compile_nothing_anew(
    started: tuple[Path, str],
    run: Any,
    tmp_path: Path,
    tweets: list[dict[str, Any]],
    tweet_file: Path,
) -> None:
    cache, _ = started
    lines = tmp_path / "tweets.txt"
    lines.write_text("\n".join(tweet["text"] for tweet in tweets))
    before = files(cache)

    def start_command(*command: object) -> None:
        subprocess.run(
            [sys.executable, "-m", "emotiset", *map(str, command)],
            env={**os.environ, **LEAST_CPU, "XDG_CACHE_HOME": str(cache)},
            check=True,
        )

    outputs: list[dict[str, Path]] = []
    for command, name in ((start_command, "least"), (run, "own")):
        out = {each: tmp_path / f"{name}-{each}" for each in ("json", "text", "told")}
        outputs.append(out)
        command("train", tweet_file, "-o", out["json"], *SETTINGS)
        command("train", lines, "--format", "text", "-o", out["text"], *SETTINGS)
        cluster = ("--workers", "1", "--quiet")
        command("predict", out["text"], lines, "-o", out["told"], *cluster)
    assert files(cache) == before
    for least, own in zip(*(out.values() for out in outputs), strict=True):
        assert least.read_bytes() == own.read_bytes(), "another CPU, other bytes"


def test_kernels__work_where_no_folder_can_be_made(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    assert "what a day" in start(blocked, "compile")
