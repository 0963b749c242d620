"""Compiled kernels are kept whole or not at all, and nobody writes what others read."""

import importlib
import os
import pkgutil
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, get_args

import dask
import numba
import pytest

import emotiset.kernels
from emotiset.config import LearnerName, TrainConfig
from emotiset.families import find_families
from emotiset.kernels._cache import Family, find_folder
from emotiset.sources import Block

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
PRELOAD = Path(__file__).parent / "preload_compiled.py"

PROGRAM = """
import sys
import pyarrow as pa
from emotiset.compiling import compile_kernels
from emotiset.config import FeatureConfig, TrainConfig
from emotiset.features import hash_features
from emotiset.lexicon import load_lexicon
from emotiset.labeling import strip_symbols

compile_kernels() if sys.argv[1:] == ["compile"] else None
text = strip_symbols(pa.array(["what a day :)", "ünd so weiter"]), load_lexicon())
print(text.to_pylist(), hash_features(text, FeatureConfig()).indices.tolist())
"""
ONE_FAMILY = """
import numpy as np
from emotiset.compiling import compile_kernels
from emotiset.kernels.valued import averaged_sgd
from emotiset.warmup import call_matrix

compile_kernels(["matrix"])
call_matrix()
print(sum(averaged_sgd.stats.cache_misses.values()))
pointers, rows = np.arange(2), np.zeros(1, np.int32)  # of another type than theirs
averaged_sgd(pointers, rows, np.ones(1), rows, rows, 1, 0.1, 0.0, np.zeros((2, 1)))
"""
# Everything that asks for kernels of its own, in one process, with threads as workers.
SPECIAL = """
import sys
import preload_compiled
from dask.distributed import Client
from emotiset.config import SourceConfig, TrainConfig
from emotiset.inspection import describe_features
from emotiset.predict import predict
from emotiset.train import train

if __name__ == "__main__":
    lines, maps, out = sys.argv[1:]
    shared = {"n_features": 1024, "members": 2}
    paper = TrainConfig(features="byte4", vote="majority", **shared)
    names = {"label_column": "label", "features_column": "features"}
    clicks = TrainConfig(**names, **shared)
    with Client(processes=False, dashboard_address=":0") as client:
        for path, config in ((lines, paper), (lines, TrainConfig(**shared))):
            model = train([path], config, client).ensemble
            predict(model, [lines], out, SourceConfig(), client)
            describe_features(model, [lines], SourceConfig(), 3)
        train([maps], clicks, client)
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
@pytest.mark.timeout(600)  # two families are compiled
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


def test_kernels__first_starts_at_once_leave_one_whole_folder(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(start, tmp_path, program=ONE_FAMILY) for _ in range(2)]
    assert [run.result() for run in runs] == ["0\n", "0\n"], "one compiled for itself"
    [folder] = (tmp_path / "emotiset").iterdir()
    assert [path.name for path in folder.iterdir()] == ["matrix"]
    kept = Counter(Path(name).suffix for name in files(folder))
    assert kept == {".nbi": 1, ".nbc": 1}, "what is met later is not written"


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")
def test_kernels__each_is_compiled_by_one_builder_for_one_type() -> None:
    folders = {name: find_folder(name) for name in get_args(Family)}
    assert None not in folders.values(), "the tests begin with all families compiled"
    paths = [path for folder in folders.values() for path in folder.rglob("*.nb[ci]")]
    kept = Counter(path.name.split("-")[0] for path in paths if path.suffix == ".nbi")
    known = Counter(
        f"{module.name}.{name}"
        for module in pkgutil.iter_modules(emotiset.kernels.__path__)
        for name, kernel in vars(_import(module.name)).items()
        if hasattr(kernel, "signatures") and kernel.__module__.endswith(module.name)
    )
    assert kept == known
    assert len(paths) == 2 * len(known), "a kernel met several types"


def _import(name: str) -> Any:
    return importlib.import_module(f"emotiset.kernels.{name}")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_kernels__a_run_and_a_prediction_compile_nothing_anew(
    started: tuple[Path, str],
    run: Any,
    tmp_path: Path,
    tweet_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cache, _ = started
    compiled = tmp_path / "compiled"
    monkeypatch.setenv("COMPILED", str(compiled))
    monkeypatch.setenv("DASK_DISTRIBUTED__WORKER__PRELOAD", str(PRELOAD))

    def start_command(*command: object) -> None:
        subprocess.run(
            [sys.executable, "-m", "emotiset", *map(str, command)],
            env={**os.environ, **LEAST_CPU, "XDG_CACHE_HOME": str(cache)},
            check=True,
        )

    outputs: list[dict[str, Path]] = []
    with dask.config.set({"distributed.worker.preload": [str(PRELOAD)]}):
        for command, name in ((start_command, "least"), (run, "own")):
            out = {each: tmp_path / f"{name}-{each}" for each in ("model", "told")}
            outputs.append(out)
            command("train", tweet_file, "-o", out["model"], *SETTINGS)
            cluster = ("--workers", "1", "--quiet")
            command("predict", out["model"], tweet_file, "-o", out["told"], *cluster)
    assert not compiled.exists(), compiled.read_text()
    for least, own in zip(*(out.values() for out in outputs), strict=True):
        assert least.read_bytes() == own.read_bytes(), "another CPU, other bytes"


@pytest.mark.slow
def test_kernels__nothing_special_is_compiled_by_a_run(
    tmp_path: Path, tweets: list[dict[str, Any]]
) -> None:
    lines, maps = tmp_path / "tweets.txt", tmp_path / "maps.csv"
    lines.write_text("\n".join(tweet["text"] for tweet in tweets))
    rows = [f"{1 - 2 * (i % 2)},ad=a{i % 5} price:{i}" for i in range(200)]
    maps.write_text("\n".join(["label,features", *rows]))
    compiled = tmp_path / "compiled"
    subprocess.run(
        [sys.executable, "-c", SPECIAL, lines, maps, tmp_path / "out.parquet"],
        env={**os.environ, "COMPILED": str(compiled), "PYTHONPATH": _path()},
        check=True,
    )
    assert not compiled.exists(), compiled.read_text()


def _path() -> str:
    """Return where this test's own modules are found, and all that was before."""
    return os.pathsep.join([str(PRELOAD.parent), os.environ.get("PYTHONPATH", "")])


def test_find_families__by_what_a_run_is_told() -> None:
    special = {
        name: set(find_families(TrainConfig(**told), [Block("tweets", ())]))
        - {"label", "learn"}
        for name, told in {
            "default": {},
            "features": {"features": "byte4"},
            "vote": {"vote": "weighted"},
            **{name: {"learner": name} for name in get_args(LearnerName)},
            "labels": {"label_column": "label"},
            "maps": {"label_column": "label", "features_column": "features"},
        }.items()
    }
    assert special == {
        "default": {"scan"},
        "features": {"paper", "scan"},
        "vote": {"paper", "scan"},
        "averaged": {"scan"},
        "logistic": {"paper", "scan"},
        "pegasos": {"paper", "scan"},
        "labels": set(),
        "maps": {"maps"},
    }


def test_kernels__work_where_no_folder_can_be_made(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    assert "what a day" in start(blocked, "compile")
