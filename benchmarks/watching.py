"""Run a program and watch it: seconds, processor seconds, and memory of all of it."""

import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

_SECONDS = 0.2  # between looks


@dataclass(frozen=True)
class Watched:
    """What a program took.

    Attributes
    ----------
    seconds
        From start to end, on the clock.
    cpu
        Of the processor, of all its processes.
    peak
        Highest memory in bytes, of all its processes together: what no file backs, and
        what several share counted once.
    printed
        What it wrote to standard output.
    """

    seconds: float
    cpu: float
    peak: int
    printed: str


def watch(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str] | None = None,
    timeout: float | None = None,
) -> Watched:
    r"""Run a program to its end.

    Raises
    ------
    subprocess.CalledProcessError
        If it fails; what it said is in ``stderr``.
    subprocess.TimeoutExpired
        If it takes longer.

    Examples
    --------
    >>> import sys
    >>> found = watch([sys.executable, "-c", "print(sum(range(10**6)))"])
    >>> found.printed, found.seconds > 0
    ('499999500000\n', True)
    """
    given = [str(part) for part in command]
    began, cpu = time.perf_counter(), _spent()
    process = subprocess.Popen(
        given,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=None if environment is None else dict(environment),
    )
    looker = _Looker(process.pid)
    try:
        printed, told = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        _end_tree(process)
        raise
    finally:
        looker.stop()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, given, printed, told)
    seconds = time.perf_counter() - began
    waited = _spent() - cpu  # a program may leave some of its own behind
    return Watched(seconds, max(waited, sum(looker.cpu.values())), looker.peak, printed)


class _Looker:
    """Looks at a process and all below it, from a thread of its own."""

    def __init__(self, pid: int) -> None:
        self.peak = 0
        self.cpu: dict[int, float] = {}  # of each process, when it was last seen
        self._pid = pid
        self._is_done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._is_done.set()
        self._thread.join()

    def _look(self) -> None:
        is_first = True
        while is_first or not self._is_done.wait(_SECONDS):
            is_first = False
            pids = list_tree(self._pid)
            self.peak = max(self.peak, sum(map(_measure, pids)))
            for pid in pids:
                with suppress(psutil.Error):
                    times = psutil.Process(pid).cpu_times()
                    self.cpu[pid] = times.user + times.system


def list_tree(pid: int) -> list[int]:
    """Return a process and all below it."""
    try:
        top = psutil.Process(pid)
        return [pid, *(child.pid for child in top.children(recursive=True))]
    except psutil.NoSuchProcess:
        return []


def _measure(pid: int) -> int:
    # Bytes that no file backs; of what several processes share, each has its part.
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:  # it has ended
        return 0
    lines = (line.split() for line in rollup.splitlines()[1:])
    sizes = {words[0]: int(words[1]) << 10 for words in lines}
    return sizes.get("Pss_Anon:", 0) + sizes.get("Pss_Shmem:", 0)


def _spent() -> float:
    times = psutil.Process().cpu_times()
    return times.children_user + times.children_system


def _end_tree(process: "subprocess.Popen[str]") -> None:
    for child in psutil.Process(process.pid).children(recursive=True):
        child.kill()
    process.kill()
    process.wait()
