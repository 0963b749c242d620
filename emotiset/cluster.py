"""Clients: a local cluster, or one that already runs."""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dask.distributed import Client
from dask.utils import parse_bytes
from distributed.security import Security
from distributed.system import MEMORY_LIMIT

from emotiset.compiling import COMMON, compile_kernels
from emotiset.errors import ClusterError, ConfigError
from emotiset.forking import is_started
from emotiset.kernels._cache import Family
from emotiset.local import start_local
from emotiset.memory import LEAST, choose_workers, share_memory
from emotiset.nodes import check_nodes
from emotiset.quiet import quiet
from emotiset.shipping import ship_code
from emotiset.waiting import WORKER_SECONDS

_CONNECT_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class ClusterConfig:
    """Where the work is done; it never changes a result.

    Attributes
    ----------
    scheduler
        Address of a running scheduler, such as ``tcp://10.0.0.1:8786``.
    scheduler_file
        JSON file that ``dask scheduler --scheduler-file`` wrote.
    workers, threads
        Processes, and threads in each, of a local cluster; None: a process a core, as
        far as memory goes, of one thread.
    memory_limit
        For each local worker, such as ``2GiB``, and at least what `emotiset.memory`
        says; None: its share of the machine.
    tls_ca_file, tls_cert, tls_key
        PEM files for a scheduler that speaks TLS, as ``dask worker`` takes them; None:
        what Dask's configuration ``distributed.comm.tls`` says.
    worker_timeout
        Seconds to wait for a worker where there is none, at the start and later.
    ship_code
        Whether this package is sent to the scheduler and to workers that lack it.
    """

    scheduler: str | None = None
    scheduler_file: str | None = None
    workers: int | None = None
    threads: int | None = None
    memory_limit: str | None = None
    tls_ca_file: str | None = None
    tls_cert: str | None = None
    tls_key: str | None = None
    worker_timeout: float = WORKER_SECONDS
    ship_code: bool = False

    def __post_init__(self) -> None:
        """Check the values."""
        if self.scheduler is not None and self.scheduler_file is not None:
            raise ConfigError(
                "--scheduler and --scheduler-file exclude each other, found both: "
                "keep one"
            )
        if self.is_remote and self.has_local_settings:
            raise ConfigError(
                "--workers, --threads and --memory-limit shape a local cluster, found "
                "one with a scheduler: set them where the workers are started"
            )
        if not self.is_remote and (self.tls_files or self.ship_code):
            raise ConfigError(
                "--tls-ca-file, --tls-cert, --tls-key and --ship-code need a "
                "scheduler, found none: add --scheduler or --scheduler-file"
            )
        if not self.worker_timeout > 0:
            raise ConfigError(
                f"--worker-timeout needs more than 0 s, found {self.worker_timeout}"
            )
        for path in self.tls_files:
            _check_readable(path)
        for name, value in (("workers", self.workers), ("threads", self.threads)):
            if value is not None and value < 1:
                raise ConfigError(f"--{name} needs at least 1, found {value}")
        if self.memory_limit is not None:
            _check_memory_limit(self.memory_limit)

    @property
    def is_remote(self) -> bool:
        """Whether a running scheduler is named."""
        return self.scheduler is not None or self.scheduler_file is not None

    @property
    def tls_files(self) -> list[str]:
        """The TLS files that are named."""
        named = (self.tls_ca_file, self.tls_cert, self.tls_key)
        return [path for path in named if path is not None]

    @property
    def has_local_settings(self) -> bool:
        """Whether a setting of the local cluster was changed."""
        local = (self.workers, self.threads, self.memory_limit)
        return any(value is not None for value in local)


@contextmanager
def connect(
    config: ClusterConfig, *, check: bool = True, families: Iterable[Family] = COMMON
) -> Iterator[Client]:
    """Give a client of the cluster that *config* describes, and close it at the end.

    Parameters
    ----------
    config
        Where to work.
    check
        Whether to look if a running cluster has what a run needs.
    families
        Of kernels that workers started here will call: they are compiled now.

    Raises
    ------
    ClusterError
        If the scheduler cannot be reached, has no worker, or has other code.
    """
    # What these loggers tell of lost workers and schedulers we tell in one line.
    with quiet("distributed.client", "distributed.comm", "distributed.batched"):
        if config.is_remote:
            with _reach(config) as client:
                if config.ship_code:
                    ship_code(client)
                if check:
                    check_nodes(client)
                yield client
        else:
            compile_kernels(families)
            fork = is_started()
            with _local(config, fork=fork) as cluster, Client(cluster) as client:
                yield client


def count_threads(client: Client) -> int:
    """Return the number of tasks that the cluster can run at once, at least 1."""
    n_threads: int = sum(client.nthreads().values())
    return max(n_threads, 1)


def _reach(config: ClusterConfig) -> Client:
    where = config.scheduler or config.scheduler_file
    _check_scheduler_file(config.scheduler_file)
    try:
        client = Client(
            config.scheduler,
            scheduler_file=config.scheduler_file,
            timeout=_CONNECT_SECONDS,
            security=_make_security(config),
        )
    except (OSError, TimeoutError, ValueError, TypeError, RuntimeError) as error:
        raise ClusterError(
            f"a scheduler needs to answer at {where}, found none within "
            f"{_CONNECT_SECONDS} s ({_describe(error)}): check the address and the TLS "
            "files, or start one with 'dask scheduler'"
        ) from error
    try:
        _await_worker(client, config, where)
    except BaseException:
        client.close()
        raise
    return client


def _await_worker(client: Client, config: ClusterConfig, where: str | None) -> None:
    """Wait for a first worker; a task makes an adaptive cluster start one."""
    if client.nthreads():
        return
    task = client.submit(int, pure=False)
    try:
        task.result(timeout=config.worker_timeout)
    except TimeoutError as error:
        raise ClusterError(
            f"the scheduler at {where} needs a worker, found none within "
            f"{config.worker_timeout:.0f} s: start one with 'dask worker', or raise "
            "--worker-timeout"
        ) from error


def _make_security(config: ClusterConfig) -> Security | None:
    """Return what the TLS options say over Dask's own configuration; None: nothing."""
    if not config.tls_files:
        return None
    given: dict[str, Any] = {
        "tls_ca_file": config.tls_ca_file,
        "tls_client_cert": config.tls_cert,
        "tls_client_key": config.tls_key,
    }
    named = {name: path for name, path in given.items() if path is not None}
    return Security(require_encryption=True, **named)


def _describe(error: BaseException) -> str:
    """Return the kind of an error and its innermost cause, which says most."""
    cause = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    told = f": {cause}" if str(cause) and cause is not error else ""
    return f"{type(error).__name__}{told}"


def _check_scheduler_file(path: str | None) -> None:
    if path is None:
        return
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
        problem = None if isinstance(found.get("address"), str) else "no address in"
    except OSError:
        problem = "no"
    except (ValueError, AttributeError):
        problem = "something else in"
    if problem is not None:
        raise ClusterError(
            f"--scheduler-file needs a file that the scheduler wrote, found {problem} "
            f"{path}: start 'dask scheduler --scheduler-file' first"
        )


@contextmanager
def _local(config: ClusterConfig, *, fork: bool) -> Iterator[Any]:
    threads, cores = config.threads or 1, _count_cores()
    n_workers = config.workers or choose_workers(cores, threads, MEMORY_LIMIT)
    limit = config.memory_limit
    if limit is None:
        limit = str(share_memory(n_workers, threads, cores, MEMORY_LIMIT))
    with start_local(n_workers, threads, limit, fork=fork) as cluster:
        yield cluster


def _count_cores() -> int:
    """Return the cores this process may use, which a container can restrict."""
    return (
        len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else (os.cpu_count() or 1)
    )


def _check_memory_limit(limit: str) -> None:
    try:
        n_bytes = parse_bytes(limit)
    except (ValueError, OverflowError):
        n_bytes = 0
    if n_bytes < LEAST:
        raise ConfigError(
            f"--memory-limit, of each worker, needs at least {LEAST >> 20}MiB, found "
            f"{limit!r}: try 1GiB, with fewer --workers if need be"
        )


def _check_readable(path: str) -> None:
    try:
        with Path(path).open("rb"):
            pass
    except OSError as error:
        raise ConfigError(
            f"TLS needs readable PEM files, found {path}: {error.strerror}"
        ) from None
