"""Whatever dies: the bytes of an undisturbed run, or one line and no half file."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dask
import pyarrow as pa
import pytest
from dask.distributed import Client

from emotiset import TrainConfig, load_ensemble
from emotiset.sources import plan_blocks
from emotiset.train import train
from tests.conftest import METHOD

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

PRELOAD = Path(__file__).with_name("preload_faults.py")
CONFIG = TrainConfig(members=3, n_features=16384, block_size=200_000)
SETTINGS = ["--members", "3", "--n-features", "16384", "--block-size", "200kB"]

# Function, which call of it over all workers, before or after its work.
READING = [
    ("emotiset.resuming.label_pack", 1, "start"),
    ("emotiset.resuming.label_pack", 4, "end"),
    ("emotiset.partition.merge_runs", 0, "start"),
]
EXCHANGE = [
    ("emotiset.partition.split_run", 0, "end"),
    ("emotiset.partition.cut_pieces", 0, "start"),
    ("emotiset.partition.assemble_part", 0, "start"),
    ("emotiset.partition.assemble_part", 3, "end"),
]
TRAINING = [
    ("emotiset.fitting.count_outside", 1, "start"),
    ("emotiset.fitting.fit_part", 0, "start"),
    ("emotiset.fitting.fit_part", 2, "end"),
    ("emotiset.fitting.fit_part", 4, "start"),
]


class Faults:
    """Faults that workers shall have, and what has become of them.

    Attributes
    ----------
    folder
        Of the faults and their log.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {
            "FAULTS": str(folder),
            "DASK_DISTRIBUTED__WORKER__PRELOAD": str(PRELOAD),
        }
        folder.mkdir()
        self.set()

    def set(self, *faults: dict[str, Any]) -> None:
        """Say what shall happen."""
        (self.folder / "faults.json").write_text(json.dumps(faults))

    def here(self) -> Any:
        """Let workers that this process starts have them."""
        loaded = {"distributed.worker.preload": str(PRELOAD)}
        environ = {"distributed.nanny.environ.FAULTS": str(self.folder)}
        return dask.config.set({**loaded, **environ})

    def read(self) -> list[dict[str, Any]]:
        """Return what has happened."""
        log = self.folder / "log"
        lines = log.read_text().splitlines() if log.exists() else []
        return [json.loads(line) for line in lines]

    def wait(self) -> None:
        """Wait until something has happened."""
        deadline = time.monotonic() + 60
        while not self.read() and time.monotonic() < deadline:
            time.sleep(0.02)

    @contextlib.contextmanager
    def answer(self, act: Any) -> Iterator[list[Any]]:
        """Call *act* for each new line of the log, in a thread; give what it says."""
        answers: list[Any] = []
        done = threading.Event()

        def follow() -> None:
            while not done.wait(0.01):
                for line in self.read()[len(answers) :]:
                    answers.append(act(line))

        thread = threading.Thread(target=follow)
        thread.start()
        try:
            yield answers
        finally:
            done.set()
            thread.join()


@pytest.fixture
def faults(tmp_path: Path) -> Faults:
    """No faults yet."""
    return Faults(tmp_path / "faults")


@pytest.fixture(scope="module")
def digest(tweet_file: Path) -> str:
    """Digest of the model that an undisturbed run gives."""
    sha256: str = train([tweet_file], CONFIG).summary["model_sha256"]
    return sha256


def start_training(
    tweets: Path, model: Path, *options: Any, prefix: Sequence[str] = (), **env: str
) -> "subprocess.Popen[str]":
    """Start a training in a session of its own."""
    return subprocess.Popen(
        [
            *prefix,
            sys.executable,
            "-m",
            "emotiset.train",
            tweets,
            "-o",
            model,
            *SETTINGS,
        ]
        + [str(option) for option in options],
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(process: "subprocess.Popen[str]", seconds: float = 150) -> str:
    """Wait for a training; return its standard error, and find nothing left of it."""
    try:
        _, told = process.communicate(timeout=seconds)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    deadline = time.monotonic() + 10
    while left := find_session(process.pid):
        assert time.monotonic() < deadline, f"still running: {left}"
        time.sleep(0.1)
    return told


def find_session(session: int) -> list[str]:
    """Return the processes of a session that are not dead."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            name, _, rest = path.read_text().rpartition(")")
            state, _, _, its_session = rest.split()[:4]
            if int(its_session) == session and state != "Z":
                found.append(name)
    return found


def is_dead(pid: int) -> bool:
    """Return whether a process has ended, reaped or not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"


def kill(line: dict[str, Any]) -> bool:
    """Kill the worker that a line of the log tells of; return that it died."""
    os.kill(line["pid"], signal.SIGKILL)
    deadline = time.monotonic() + 10
    while not is_dead(line["pid"]) and time.monotonic() < deadline:
        time.sleep(0.01)
    return is_dead(line["pid"])


def digest_of(model: Path) -> str:
    """Return the digest of a saved model."""
    return load_ensemble(model).sha256()


@pytest.mark.parametrize("nanny", ["--nanny", "--no-nanny"])
def test_train__workers_killed_at_ten_moments(
    nanny: str,
    faults: Faults,
    dask_processes: Any,
    tweet_file: Path,
    tmp_path: Path,
    digest: str,
) -> None:
    moments = [*READING, *EXCHANGE, *TRAINING]
    faults.set(
        *(
            {"function": function, "call": call, "when": when, "do": "stop"}
            for function, call, when in moments
        )
    )
    # What waits on a worker that dies counts as failed too, so ten deaths may be too
    # many for a bystander by the default of 3.
    many = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "10"}
    fork = {METHOD: "forkserver"}
    dask_processes.env = {**faults.env, **many, **fork}
    dask_processes.start(2, nanny)

    def act(line: dict[str, Any]) -> bool:
        died = kill(line)
        if nanny == "--no-nanny":
            dask_processes.start_worker(nanny)
        return died

    model = tmp_path / "model.parquet"
    with faults.answer(act) as died:
        where = ["--scheduler-file", dask_processes.file]
        process = start_training(tweet_file, model, *where)
        told = finish(process)
    assert process.returncode == 0, told
    happened = [
        (each["function"], each["call"], each["when"]) for each in faults.read()
    ]
    assert sorted(happened) == sorted(moments)
    assert died == [True] * len(moments)
    assert len({each["pid"] for each in faults.read()}) == len(moments)
    assert digest_of(model) == digest


def test_train__workers_stopped_and_continued(
    faults: Faults, run: Any, tweet_file: Path, tmp_path: Path, digest: str
) -> None:
    functions = ["resuming.label_pack", "partition.cut_pieces", "fitting.fit_part"]
    stop = {"call": 0, "when": "start", "do": "stop"}
    faults.set(*({"function": f"emotiset.{each}", **stop} for each in functions))

    def act(line: dict[str, Any]) -> None:
        time.sleep(1.5)  # Dask expects to hear of a worker twice a second
        os.kill(line["pid"], signal.SIGCONT)

    model = tmp_path / "model.parquet"
    with faults.here(), faults.answer(act) as answers:
        done = run("train", tweet_file, "-o", model, *SETTINGS, "--workers", "2")
    assert done.returncode == 0, done.stderr
    assert len(answers) == len(functions)
    assert digest_of(model) == digest


def test_train__worker_over_its_memory_limit(
    faults: Faults, run: Any, tweet_file: Path, tmp_path: Path, digest: str
) -> None:
    function = "emotiset.resuming.label_pack"
    faults.set({"function": function, "call": 1, "when": "end", "do": "hog"})
    model = tmp_path / "model.parquet"
    options = ["--workers", "2", "--memory-limit", "700MiB"]
    with faults.here():
        done = run("train", tweet_file, "-o", model, *SETTINGS, *options)
    assert done.returncode == 0, done.stderr
    [line] = faults.read()
    assert is_dead(line["pid"])
    assert digest_of(model) == digest


def test_train__block_that_kills_its_workers_is_named(
    faults: Faults, run: Any, tweet_file: Path, tmp_path: Path, digest: str
) -> None:
    name = plan_blocks([str(tweet_file)], CONFIG)[2].name
    function = "emotiset.resuming.label_pack"
    faults.set({"function": function, "at": name, "when": "start", "do": "die"})
    model, work = tmp_path / "model.parquet", tmp_path / "work"
    command = ["train", tweet_file, "-o", model, *SETTINGS]
    command += ["--workers", "2", "--work-dir", work]
    with faults.here():
        done = run(*command)
    assert done.returncode == 4, done.stderr
    told = done.stderr.splitlines()
    [line] = [line for line in told if line.startswith("emotiset:")]
    assert f"4 died at {name}" in line
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("*model*"))
    assert len(faults.read()) == 4
    n_kept = len(list((work / "blocks").iterdir()))
    assert n_kept >= 1

    done = run(*command)
    assert done.returncode == 0, done.stderr
    assert digest_of(model) == digest
    assert len(list((work / "blocks").iterdir())) > n_kept


def test_train__scheduler_killed(
    faults: Faults, dask_processes: Any, tweet_file: Path, tmp_path: Path
) -> None:
    fault = {"function": "emotiset.fitting.fit_part", "call": 0, "when": "start"}
    faults.set({**fault, "do": "wait"})
    dask_processes.env = faults.env
    dask_processes.start(2, "--no-nanny")
    scheduler = dask_processes.processes[0]
    model = tmp_path / "model.parquet"
    with faults.answer(lambda line: scheduler.kill()) as answers:
        where = ["--scheduler-file", dask_processes.file, "--quiet"]
        process = start_training(tweet_file, model, *where)
        told = finish(process, 60)
    assert len(answers) == 1
    assert process.returncode == 4, told
    assert told.startswith("emotiset: ")
    assert "needs a scheduler that stays alive" in told
    assert told.count("\n") == 1
    assert not list(tmp_path.glob("*model*"))


def test_train__all_workers_lost(
    faults: Faults, dask_processes: Any, tweet_file: Path, tmp_path: Path
) -> None:
    fault = {"function": "emotiset.partition.cut_pieces", "call": 0, "when": "start"}
    faults.set({**fault, "do": "stop"})
    dask_processes.env = faults.env
    dask_processes.start(1, "--no-nanny")
    with faults.answer(kill) as died:
        where = ["--scheduler-file", dask_processes.file, "--worker-timeout", "2"]
        process = start_training(tweet_file, tmp_path / "model.parquet", *where)
        told = finish(process, 60)
    assert died == [True]
    assert process.returncode == 4, told
    assert "'exchange' needs a worker, found none for 2 s" in told.splitlines()[-1]
    assert "Traceback" not in told


def test_predict__worker_killed(
    faults: Faults, run: Any, dask_processes: Any, tweet_file: Path, tmp_path: Path
) -> None:
    model = tmp_path / "model.parquet"
    train([tweet_file], CONFIG).ensemble.save(model)
    fault = {"function": "emotiset.predict.predict_block", "call": 1, "when": "start"}
    faults.set({**fault, "do": "stop"})
    dask_processes.env = faults.env
    dask_processes.start(2, "--no-nanny")
    outputs = [tmp_path / f"{name}.parquet" for name in ("disturbed", "local")]
    where: list[Any] = ["--scheduler-file", dask_processes.file]
    with faults.answer(kill) as died:
        for output, options in zip(outputs, [where, ["--workers", "1"]], strict=True):
            how = ["-o", output, "--block-size", "200kB", *options]
            done = run("predict", model, tweet_file, *how)
            assert done.returncode == 0, done.stderr
            assert "Traceback" not in done.stderr
    assert died == [True]
    assert outputs[0].read_bytes() == outputs[1].read_bytes()


@pytest.mark.parametrize("whom", ["all", "one"])
@pytest.mark.parametrize("seconds", [0.7, 1.5, 2.5])
def test_train__interrupted_as_it_starts(
    seconds: float, whom: str, tmp_path: Path
) -> None:
    process = start_training("simulated:400000", tmp_path / "model")  # type: ignore
    time.sleep(seconds)
    (os.killpg if whom == "all" else os.kill)(process.pid, signal.SIGINT)
    assert finish(process, 30) == "emotiset: interrupted; the model was not written\n"
    assert process.returncode == 130
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "function", ["resuming.label_pack", "partition.assemble_part", "fitting.fit_part"]
)
def test_train__interrupted_at_work(
    function: str, faults: Faults, tweet_file: Path, tmp_path: Path
) -> None:
    fault = {"function": f"emotiset.{function}", "call": 0, "when": "start"}
    faults.set({**fault, "do": "hog"})  # to be busy for a while
    process = start_training(
        tweet_file, tmp_path / "model", "--workers", "2", **faults.env
    )
    faults.wait()
    os.killpg(process.pid, signal.SIGINT)
    told = finish(process, 30)
    assert told.splitlines()[-1] == "emotiset: interrupted; the model was not written"
    assert "Traceback" not in told
    assert process.returncode == 130
    assert not list(tmp_path.glob("*model*"))


def test_train__interrupted_on_a_cluster_of_others(
    faults: Faults, dask_processes: Any, tweet_file: Path, tmp_path: Path, digest: str
) -> None:
    fault = {"function": "emotiset.fitting.fit_part", "call": 0, "when": "start"}
    faults.set({**fault, "do": "wait"})
    dask_processes.env = faults.env
    dask_processes.start(2, "--no-nanny")
    where = ["--scheduler-file", dask_processes.file, "--quiet"]
    process = start_training(tweet_file, tmp_path / "model", *where)
    faults.wait()
    os.kill(process.pid, signal.SIGINT)
    told = finish(process, 30)
    assert told == "emotiset: interrupted; the model was not written\n"
    assert process.returncode == 130
    assert not list(tmp_path.glob("*model*"))

    # The cluster holds nothing, and serves the next run.
    deadline = time.monotonic() + 60
    with Client(scheduler_file=str(dask_processes.file)) as client:
        while client.run_on_scheduler(_count_tasks) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert client.run_on_scheduler(_count_tasks) == 0
        found = train([tweet_file], CONFIG, client)
    assert found.summary["model_sha256"] == digest


def _count_tasks(dask_scheduler: Any) -> int:
    return len(dask_scheduler.tasks)


def test_script__without_guard_is_one_line(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from emotiset.train import train\n\nresult = train(['simulated:2000'])\n"
    )
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert 'if __name__ == "__main__":' in last
    assert f"{script} at line 3" in last
    assert done.stderr.count("Traceback") == 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with room for 64 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command to make a small disk with")
    if done.returncode:
        pytest.skip(f"a small disk needs the right to mount: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def check_tells_of_full_disk(done: "subprocess.CompletedProcess[str]") -> None:
    assert done.returncode == 2
    assert done.stderr.startswith("emotiset: an output needs a writable place")
    assert "No space left on device" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("output", ["-o", "--sample-out", "--rejects"])
def test_train__disk_that_is_full(
    output: str, run: Any, small_disk: Path, tweet_file: Path, tmp_path: Path
) -> None:
    if output == "--rejects":  # a small file: the disk is full to the last byte
        broken = tmp_path / "broken.json"
        lines = tweet_file.read_text().splitlines()
        broken.write_text("\n".join([*lines, *[line[:-9] for line in lines[:500]]]))
        tweet_file = broken
    others = [] if output == "-o" else ["-o", tmp_path / "model"]
    options = [output, small_disk / "out", "--workers", "1", "--quiet"]
    done = run("train", tweet_file, *others, *SETTINGS, *options)
    check_tells_of_full_disk(done)
    assert list(small_disk.iterdir()) == []
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("output", ["--summary", "--report"])
def test_train__disk_that_is_full_after_the_model(
    output: str, run: Any, small_disk: Path, tweet_file: Path, digest: str
) -> None:
    (small_disk / "more").write_bytes(bytes(60_000))
    model = small_disk.parent / "model"
    options = ["-o", model, output, small_disk / "out", "--workers", "1", "--quiet"]
    done = run("train", tweet_file, *SETTINGS, *options)
    check_tells_of_full_disk(done)
    assert [path.name for path in small_disk.iterdir()] == ["more"]
    assert digest_of(model) == digest


def test_train__work_dir_that_is_full(
    run: Any, small_disk: Path, tweet_file: Path, tmp_path: Path, digest: str
) -> None:
    model, work = tmp_path / "model", small_disk / "work"
    command = ("train", tweet_file, "-o", model, *SETTINGS, "--work-dir", work)
    done = run(*command, "--workers", "1", "--quiet")
    check_tells_of_full_disk(done)
    assert not model.exists()
    kept = list((work / "blocks").iterdir())
    assert all(pa.ipc.open_file(path).read_all().num_rows for path in kept)

    subprocess.run(["mount", "-o", "remount,size=9m", small_disk], check=True)
    before = {path: path.stat().st_mtime_ns for path in kept}
    done = run(*command, "--workers", "1", "--quiet")
    assert done.returncode == 0, done.stderr
    assert digest_of(model) == digest
    assert {path: path.stat().st_mtime_ns for path in kept} == before


class Hosts:
    """A scheduler's and two workers' network namespaces, joined by a bridge.

    Attributes
    ----------
    names
        Of the namespaces; the first one's is the bridge.
    """

    def __init__(self) -> None:
        self.names = [f"emotiset-{os.getpid()}-{i}" for i in range(3)]
        self.links = [f"em{os.getpid() % 10**6}-{i}" for i in range(3)]

    def make(self) -> None:
        """Make them; raises `CalledProcessError` without the right to."""
        for name in self.names:
            run_ip("netns", "add", name)
            self.inside(0 if name == self.names[0] else name, "link set lo up")
        self.inside(0, "link add bridge0 type bridge")
        self.inside(0, "addr add 10.77.0.1/24 dev bridge0")
        self.inside(0, "link set bridge0 up")
        for i in (1, 2):
            near, far = self.links[i], f"{self.links[i]}f"
            self.inside(0, f"link add {near} type veth peer name {far}")
            self.inside(0, f"link set {near} master bridge0 up")
            self.inside(0, f"link set {far} netns {self.names[i]}")
            self.inside(i, f"addr add 10.77.0.{i + 1}/24 dev {far}")
            self.inside(i, f"link set {far} up")

    def remove(self) -> None:
        """Remove them, and with them their links."""
        for name in self.names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True)

    def inside(self, host: int | str, command: str) -> None:
        """Run an `ip` command in a namespace."""
        name = self.names[host] if isinstance(host, int) else host
        run_ip("-netns", name, *command.split())

    def prefix(self, host: int) -> list[str]:
        """Return what runs a command in a namespace."""
        return ["ip", "netns", "exec", self.names[host]]


def run_ip(*arguments: str) -> None:
    """Run `ip`."""
    subprocess.run(["ip", *arguments], capture_output=True, check=True)


@pytest.fixture
def hosts() -> Iterator[Hosts]:
    """Hosts that a test may cut off."""
    made = Hosts()
    try:
        made.make()
    except FileNotFoundError:
        made.remove()
        pytest.skip("there is no ip command to make network namespaces with")
    except subprocess.CalledProcessError as error:
        made.remove()
        told = error.stderr.decode().strip()
        pytest.skip(f"network namespaces need rights that are missing: {told}")
    try:
        yield made
    finally:
        made.remove()


def test_train__link_cut_for_a_while(
    hosts: Hosts,
    faults: Faults,
    dask_processes: Any,
    tweet_file: Path,
    tmp_path: Path,
    digest: str,
) -> None:
    functions = ["resuming.label_pack", "partition.assemble_part"]
    wait = {"call": 1, "when": "start", "do": "wait"}
    faults.set(*({"function": f"emotiset.{each}", **wait} for each in functions))
    dask_processes.env = {
        **faults.env,
        "DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": "12s",
        "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "5s",
    }
    dask_processes.start_scheduler(host="10.77.0.1", prefix=hosts.prefix(0))
    for i in (1, 2):
        dask_processes.start_worker("--no-nanny", prefix=hosts.prefix(i))
    model = tmp_path / "model.parquet"
    where = ["--scheduler-file", dask_processes.file, "--worker-timeout", "30"]
    log = dask_processes.folder / "scheduler-0.log"
    seconds = iter([3.0, 18.0])  # within the timeout, and past it

    def act(line: dict[str, Any]) -> bool:
        hosts.inside(0, f"link set {hosts.links[1]} down")
        time.sleep(next(seconds))
        hosts.inside(0, f"link set {hosts.links[1]} up")
        return "Remove worker addr: tcp://10.77.0.2" in log.read_text()

    with faults.answer(act) as is_lost:
        process = start_training(
            tweet_file, model, *where, prefix=hosts.prefix(0), **dask_processes.env
        )
        told = finish(process)
    assert process.returncode == 0, told
    assert is_lost == [False, True]
    assert digest_of(model) == digest
