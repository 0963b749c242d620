"""What tests share: made-up tweets, a cluster, and the real tweets where they are."""

import contextlib
import io
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import dask
import distributed.utils
import numpy as np
import pyarrow as pa
import pytest
from dask.cli import run_cli
from dask.distributed import Client, LocalCluster
from distributed.utils import get_mp_context

from emotiset.forking import start_early

pa.array([0])  # Arrow imports pandas: 0.2 s that no example of Hypothesis should take

REAL_DATA = "EMOTISET_REAL_DATA"
STARTING = {"client", "run", "dask_processes"}  # fixtures that start processes
METHOD = "DASK_DISTRIBUTED__WORKER__MULTIPROCESSING_METHOD"

_GOOD = ["love", "great", "happy", "sunny", "smile", "win", "thanks", "best", "fun"]
_BAD = ["hate", "awful", "sad", "rainy", "cry", "lose", "sorry", "worst", "lonely"]
_COMPILE_ALL = """
from typing import get_args
from emotiset.compiling import compile_kernels
from emotiset.kernels._cache import Family
compile_kernels(get_args(Family))
"""
_WORDS = [f"{a}{b}{c}" for a in "bdfglm" for b in ("a", "ei", "o") for c in "nrst"]


def pytest_configure(config: pytest.Config) -> None:
    """Compile the kernels once, before the processes start that share the tests.

    In a process of its own, which imports what this one does not need.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # Started in the background of a script.  What is started here would ignore
        # Ctrl-C too, which tests send.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # Workers that a test starts from its own process are forked off one that has all
    # imports and kernels, as those of a command are: each saves 2 s of processor time.
    dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"})
    vars(distributed.utils)["_forkserver_preload_set"] = True  # as in emotiset.local
    # Nobody looks at what these watch; a quarter of what idle workers take.
    dask.config.set({"distributed.worker.profile.enabled": False})
    dask.config.set({"distributed.admin.system-monitor.interval": "5s"})
    # pytest-xdist hands out the files with the most tests first: the slow ones, which
    # have few, would begin last, and one process wait for the other.  See below.
    config.option.loadscopereorder = False
    # With every index checked few are called, see test_kernels_modes.py.
    is_checked = os.environ.get("NUMBA_BOUNDSCHECK", "0") != "0"
    if not (hasattr(config, "workerinput") or is_checked):
        subprocess.run([sys.executable, "-c", _COMPILE_ALL], check=True)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest; leave all else shuffled.

    Those with the most slow tests come first, then those that start the most clusters:
    one process waits for the other no longer than for a file of quick tests.
    """
    slow, starting = Counter[Path](), Counter[Path]()
    for item in items:
        slow[item.path] += item.get_closest_marker("slow") is not None
        needed = getattr(item, "fixturenames", ())
        starting[item.path] += not STARTING.isdisjoint(needed)
    items.sort(key=lambda item: (-slow[item.path], -starting[item.path]))
    if any(starting.values()):
        start_early()  # gets ready in the background, in each process that runs tests


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real tweets; skips the test where there is none."""
    folder = os.environ.get(REAL_DATA)
    if not folder:
        pytest.skip(f"{REAL_DATA} is not set: no real tweets to test on")
    return Path(folder).resolve()


@pytest.fixture(scope="session")
def client() -> Iterator[Client]:
    """Two worker processes, which a test run shares."""
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as own,
        Client(own) as client,
    ):
        yield client


@pytest.fixture(scope="session")
def run() -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Run ``emotiset`` in this process: what it does, without its start-up."""
    return run_here


def run_here(
    *arguments: object, stdin: str = "", cwd: Path = Path()
) -> "subprocess.CompletedProcess[str]":
    """Run the command as `subprocess.run` would; what workers print counts too."""
    from emotiset.cli import main

    words = ["emotiset", *map(str, arguments)]
    with (
        tempfile.TemporaryFile("w+") as out,
        tempfile.TemporaryFile("w+") as err,
        pytest.MonkeyPatch.context() as patch,
        contextlib.chdir(cwd),
    ):
        patch.setattr(sys, "argv", words)
        typed = io.BytesIO(stdin.encode())
        patch.setattr(sys, "stdin", io.TextIOWrapper(typed, encoding="utf-8"))
        with (
            _redirect("stdout", 1, out),
            _redirect("stderr", 2, err),
            pytest.raises(SystemExit) as ended,
        ):
            main()
        told = [file.seek(0) or file.read() for file in (out, err)]
    code = ended.value.code
    assert isinstance(code, int)
    return subprocess.CompletedProcess(words, code, *told)


@contextlib.contextmanager
def _redirect(name: str, number: int, file: IO[str]) -> Iterator[None]:
    """Let a standard stream lead to *file*, for processes that start meanwhile too."""
    own = os.dup(number)
    os.dup2(file.fileno(), number)
    try:
        with (
            open(number, "w", encoding="utf-8", closefd=False) as stream,
            pytest.MonkeyPatch.context() as patch,
        ):
            patch.setattr(sys, name, stream)
            for each in logging.getLogger("distributed").handlers:
                if isinstance(each, logging.StreamHandler):
                    patch.setattr(each, "stream", sys.stderr)
            yield
    finally:
        os.dup2(own, number)
        os.close(own)


def make_tweets(n: int, seed: int = 0) -> list[dict[str, Any]]:
    """Return v2 tweets in English: a few words, one in three of them telling."""
    rng = np.random.default_rng(seed)
    tweets = []
    for i in range(n):
        words = rng.choice(_WORDS, 8).tolist()
        is_positive = bool(rng.random() < 0.55)
        words[3:5] = rng.choice(_GOOD if is_positive else _BAD, 2).tolist()
        words.append(str(i))
        symbol = rng.choice([":)", "🙂", "<3"] if is_positive else [":(", "😢"])
        text = " ".join(words) + f" {symbol}" * (rng.random() < 0.8)
        day, second = divmod(i * 60, 86_400)
        hour, minute = divmod(second // 60, 60)
        tweets.append(
            {
                "id": str(10**18 + i),
                "created_at": f"2020-01-{day % 28 + 1:02}T{hour:02}:{minute:02}:00Z",
                "lang": "en" if rng.random() < 0.9 else "fr",
                "text": text.replace("<3", "&lt;3"),
            }
        )
    for copy, original in zip(tweets[-n // 20 :], tweets, strict=False):
        copy["text"] = f"@someone {original['text'].upper()}"
        copy["lang"] = original["lang"]
    return tweets


@pytest.fixture(scope="session")
def tweets() -> list[dict[str, Any]]:
    """Tweets to train on: 6,000, of which some are copies."""
    return make_tweets(6000)


@pytest.fixture(scope="session")
def tweet_file(tweets: list[dict[str, Any]], tmp_path_factory: Any) -> Path:
    """The tweets as JSON lines, with a blank, a broken and a delete line."""
    path: Path = tmp_path_factory.mktemp("tweets") / "tweets.json"
    lines = [json.dumps(tweet) for tweet in tweets]
    lines[100:100] = ["", '{"text": "cut sho :)', '{"delete": {"status": {"id": 1}}}']
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


# Runs Dask's command where emotiset cannot be imported.
_BARE = """
import sys
from pathlib import Path
sys.path[:] = [each for each in sys.path if not Path(each or ".", "emotiset").is_dir()]
from dask.cli import run_cli
run_cli()
"""


def _run_dask(words: list[str], env: dict[str, str], folder: Path, log: Path) -> None:
    """Be a process that runs Dask's command."""
    os.environ.clear()
    os.environ.update(env)
    with log.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    if env.get(METHOD) == "forkserver":  # of a nanny
        start_early()
    os.chdir(folder)
    dask.config.refresh()
    sys.argv = words
    run_cli()


class _Forked:
    """A process of `multiprocessing`, with as much of `subprocess.Popen` as is used."""

    def __init__(self, *arguments: Any) -> None:
        self._process = get_mp_context().Process(target=_run_dask, args=arguments)
        self._process.start()
        self.pid = self._process.pid
        self.kill, self.terminate = self._process.kill, self._process.terminate

    def poll(self) -> int | None:
        code: int | None = self._process.exitcode
        return code

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if (code := self.poll()) is None:
            raise subprocess.TimeoutExpired("dask", timeout or 0)
        return code


class DaskProcesses:
    """A scheduler and workers, each a process that runs Dask's own command.

    They are forked off one that has the imports, unless they shall be elsewhere or see
    other code.

    Attributes
    ----------
    file
        What the scheduler wrote.
    options
        For scheduler and workers, such as those of TLS.
    env
        Of the environment, on top of the test's own.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "scheduler.json"
        self.options: list[str] = []
        self.env: dict[str, str] = {}
        self.processes: list[Any] = []

    @property
    def address(self) -> str:
        """Where the scheduler listens."""
        address: str = json.loads(self.file.read_text())["address"]
        return address

    def start(self, n_workers: int, *options: str, **how: Any) -> None:
        """Start a scheduler and workers; *options* are the workers'."""
        self.start_scheduler(**how)
        for _ in range(n_workers):
            self.start_worker(*options, **how)

    def start_scheduler(
        self, *options: str, host: str = "127.0.0.1", **how: Any
    ) -> Any:
        """Start a scheduler, and wait until it has written its file."""
        where = ["--port", "0", "--host", host, "--scheduler-file", self.file]
        process = self._start("scheduler", *where, *options, **how)
        deadline = time.monotonic() + 60
        while not self.file.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        return process

    def start_worker(self, *options: str, **how: Any) -> Any:
        """Start a worker of one thread."""
        where = ["--scheduler-file", self.file, "--local-directory", self.folder]
        return self._start("worker", *where, "--nthreads", "1", *options, **how)

    def _start(
        self,
        command: str,
        *options: Any,
        bare: bool = False,
        prefix: Sequence[str] = (),
        **env: str,
    ) -> Any:
        dashboard = ["--dashboard-address", ":0"]
        words = [command, *dashboard, *self.options, *map(str, options)]
        log = self.folder / f"{command}-{len(self.processes)}.log"
        env = {**os.environ, **self.env, **env}
        if bare or prefix or env.get("PYTHONPATH") != os.environ.get("PYTHONPATH"):
            program = ["-c", _BARE] if bare else ["-m", "dask"]
            with log.open("wb") as file:
                process: Any = subprocess.Popen(
                    [*prefix, sys.executable, *program, *words],
                    env=env,
                    cwd=self.folder,
                    stdout=file,
                    stderr=file,
                )
        else:
            process = _Forked(["dask", *words], env, self.folder, log)
        self.processes.append(process)
        return process

    def stop(self) -> None:
        """End all of them, the scheduler last."""
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture
def dask_processes(tmp_path: Path) -> Iterator[DaskProcesses]:
    """Dask processes to start, ended after the test."""
    folder = tmp_path / "dask"
    folder.mkdir()
    processes = DaskProcesses(folder)
    try:
        yield processes
    finally:
        processes.stop()
