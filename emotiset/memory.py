"""How much memory a local worker needs, and how many the machine has room for."""

from typing import Final

from emotiset.errors import ConfigError

# A worker that is spawned, reads and trains takes 375 MB, and Dask lets one begin
# nothing while it has more than 80% of its limit.
LEAST: Final = 448 << 20

# An environment variable, set where a process works for one run alone, within a limit.
SPARING: Final = "EMOTISET_SPARING"

# Of the processes of local workers, from their start.  Arrow's own pool keeps what it
# has freed: 30 MB in a worker that reads, at no gain.  Dask has a worker give back all
# that it frees at once, and take it anew for each piece that it reads: twice the time
# of reading.  16 MB that stay cost 3 MB at the peak.
ENVIRONMENT: Final = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_TRIM_THRESHOLD_": str(16 << 20),
    "MALLOC_MMAP_THRESHOLD_": str(4 << 20),
    SPARING: "1",
}


def choose_workers(n_cores: int, n_threads: int, total: int) -> int:
    """Return how many workers to start: all cores at work, as far as memory goes.

    Examples
    --------
    >>> choose_workers(4, 1, 1 << 30)
    2
    """
    return max(min(n_cores // n_threads, total // LEAST), 1)


def share_memory(n_workers: int, n_threads: int, n_cores: int, total: int) -> int:
    """Return the bytes of each worker: of its cores, or of all if that is too little.

    Raises
    ------
    ConfigError
        If so many workers cannot work in the memory that there is.

    Examples
    --------
    >>> share_memory(1, 1, 4, 8 << 30) >> 30, share_memory(2, 1, 4, 1 << 30) >> 20
    (2, 512)
    """
    share = total * n_threads // max(n_cores, n_workers * n_threads)
    share = share if share >= LEAST else total // n_workers
    if share < LEAST:
        raise ConfigError(
            f"each worker needs {LEAST >> 20} MiB of memory, found {total >> 20} for "
            f"{n_workers}: start fewer with --workers, or name a scheduler elsewhere"
        )
    return share
