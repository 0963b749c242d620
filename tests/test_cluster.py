"""Other clusters, other CPUs: the same bytes."""

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import dask
import pytest

from emotiset.cluster import ClusterConfig, connect, count_threads
from emotiset.config import TrainConfig
from emotiset.errors import ClusterError, ConfigError
from emotiset.forking import CAN_FORK
from emotiset.memory import LEAST
from emotiset.train import train as train_here

SETTINGS = ["--members", "3", "--n-features", "16384"]

MASKS = {
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-FMA,-AVX2,-AVX512F",
    "NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3 AVX512F AVX512_SKX",
    "OPENBLAS_CORETYPE": "Nehalem",
}


@pytest.fixture(scope="module")
def train(run: Any, tweet_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Train in this process; return the digest of the model file."""

    def train(*options: str) -> str:
        model = tmp_path_factory.mktemp("model") / "model.parquet"
        done = run("train", tweet_file, "-o", model, *SETTINGS, *options)
        assert done.returncode == 0, done.stderr
        return hashlib.sha256(model.read_bytes()).hexdigest()

    return train


@pytest.fixture(scope="module")
def one_worker(train: Any) -> str:
    """Digest of the model that a single worker process gives."""
    digest: str = train("--workers", "1")
    return digest


@pytest.mark.slow
def test_train__same_bytes_for_two_workers(train: Any, one_worker: str) -> None:
    assert train("--workers", "2") == one_worker


@pytest.mark.slow
def test_train__same_bytes_on_a_given_scheduler(
    train: Any, one_worker: str, dask_processes: Any
) -> None:
    dask_processes.start(1)
    dask_processes.start_worker("--no-nanny")
    for where in (
        ["--scheduler-file", str(dask_processes.file)],
        ["--scheduler", dask_processes.address],
    ):
        assert train(*where, "--block-size", "300kB") == one_worker


@pytest.mark.slow
def test_train__same_bytes_with_lesser_libraries(
    tweet_file: Path, tmp_path: Path, one_worker: str
) -> None:
    # Kernels for the least CPU are tried in test_warmup.py, where they are compiled.
    model = tmp_path / "model.parquet"
    command = [sys.executable, "-m", "emotiset.train", tweet_file, "-o", model]
    subprocess.run(
        [*command, *SETTINGS, "--workers", "1", "--quiet"],
        env={**os.environ, **MASKS},
        timeout=100,
        check=True,
    )
    assert hashlib.sha256(model.read_bytes()).hexdigest() == one_worker


def test_connect__gives_the_workers_that_were_asked_for(
    tweet_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = f"{LEAST}"
    # As a script has it.
    monkeypatch.setattr("emotiset.cluster.is_started", lambda: False)
    spawn = {"distributed.worker.multiprocessing-method": "spawn"}
    with (
        dask.config.set(spawn),
        connect(ClusterConfig(workers=1, threads=2, memory_limit=limit)) as client,
    ):
        assert count_threads(client) == 2
        assert len(client.nthreads()) == 1
        [nanny] = client.cluster.workers.values()
        # What one that is started anew is told: not to watch itself all the time.
        assert nanny.config["distributed"]["admin"]["tick"]["interval"] == "1s"
        train_here([tweet_file], TrainConfig(), client)
        [(n_frozen, pool, has_pandas, has_model, peak)] = client.run(
            _describe_memory
        ).values()
        assert n_frozen > 100_000  # what was loaded, not a task's
        assert pool == "system"
        assert not has_pandas
        assert not has_model
        assert peak < 0.8 * LEAST  # where Dask has a worker pause


def _describe_memory() -> tuple[int, str, bool, bool, int]:
    import gc

    import pyarrow as pa

    from emotiset.langid import _load_model

    [peak] = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    has_model = bool(_load_model.cache_info().currsize)
    pool = pa.default_memory_pool().backend_name
    return (
        gc.get_freeze_count(),
        pool,
        "pandas" in sys.modules,
        has_model,
        int(peak) * 1024,
    )


@pytest.mark.parametrize(
    ("asked", "total", "told"),
    [
        ({"memory_limit": "447MiB"}, 8 << 30, "at least 448MiB"),
        ({"workers": 3}, 1 << 30, "448 MiB of memory, found 1024 for 3"),
        ({}, 400 << 20, "448 MiB of memory, found 400 for 1"),
    ],
)
def test_connect__too_little_memory_is_refused_at_once(
    asked: dict[str, Any], total: int, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emotiset.cluster.MEMORY_LIMIT", total)
    with pytest.raises(ConfigError, match=told), connect(ClusterConfig(**asked)):
        pass


def test_connect__scheduler_that_is_none_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("emotiset.cluster._CONNECT_SECONDS", 1)
    config = ClusterConfig(scheduler="tcp://127.0.0.1:9")
    with pytest.raises(ClusterError, match=r"needs to answer at tcp://127.0.0.1:9"):
        connect(config).__enter__()


@pytest.mark.parametrize(
    "wrong",
    [
        {"scheduler": "tcp://a:1", "scheduler_file": "b"},
        {"scheduler": "tcp://a:1", "workers": 2},
        {"workers": 0},
        {"threads": 0},
        {"memory_limit": "1 byte"},
        {"memory_limit": "lots"},
    ],
)
def test_cluster_config__refuses(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=r"found"):
        ClusterConfig(**wrong)  # type: ignore[arg-type]


def test_help__loads_nothing_heavy_and_answers_at_once() -> None:
    program = (
        "import sys\nfrom emotiset.cli import main\nsys.argv = ['emotiset', '--help']\n"
        "try:\n    main()\nfinally:\n"
        "    heavy = {'dask', 'distributed', 'numba', 'numpy', 'pyarrow', 'fsspec'}\n"
        "    print(heavy & set(sys.modules), file=sys.stderr)\n"
    )
    before = os.times()
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    after = os.times()
    assert "train" in done.stdout
    assert done.stderr.strip() == "set()"
    spent = after.children_user - before.children_user
    spent += after.children_system - before.children_system
    assert spent < 0.5  # of the processor; 0.2 here


_FORKING = """
import os
from pathlib import Path
import pyarrow as pa
from emotiset.forking import start_early
from emotiset.cluster import ClusterConfig, connect
from emotiset.compiling import compile_kernels

def describe():
    import sys
    from emotiset.langid import _load_model
    from emotiset.scan import build_scan
    loaded = [each.cache_info().currsize for each in (_load_model, build_scan)]
    pool = pa.default_memory_pool().backend_name
    state = [*loaded, "pandas" in sys.modules, pool, os.environ["EMOTISET_SPARING"]]
    return os.getppid(), state

if __name__ == "__main__":
    compile_kernels()
    start_early()
    with connect(ClusterConfig(workers=2)) as client:
        for server, state in client.run(describe).values():
            tasks = Path(f"/proc/{server}/task")
            print(server, "forkserver" in Path(f"/proc/{server}/cmdline").read_text())
            print(len(list(tasks.iterdir())), *state)
"""


@pytest.mark.skipif(not CAN_FORK, reason="workers are forked on Linux alone")
def test_connect__workers_are_forked_by_one_thread_ready_to_work(
    tmp_path: Path,
) -> None:
    script = tmp_path / "script.py"
    script.write_text(_FORKING)
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=True, timeout=60
    )
    *_, last = told = [line.split() for line in done.stdout.splitlines()]
    assert len(told) == 4
    server = told[0][0]
    assert told[0] == told[2] == [server, "True"]
    # A lock that another thread holds would be held in a fork for ever.
    assert told[1] == last == ["1", "1", "1", "False", "system", "1"]
    assert not Path(f"/proc/{server}").exists()  # it has ended with the script


def test_start_early__without_a_socket_workers_are_to_be_spawned(
    tmp_path: Path,
) -> None:
    deep = tmp_path / ("d" * 120)  # more than the name of a socket may have
    deep.mkdir()
    told = "from emotiset.forking import is_started, start_early\n"
    told += "start_early()\nprint(is_started())"
    done = subprocess.run(
        [sys.executable, "-c", told],
        env={**os.environ, "TMPDIR": str(deep)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "False\n"
