"""Simulated tweets into files, written in parallel."""

from functools import partial
from pathlib import Path

from dask.distributed import Client

from emotiset.atomic import write_atomically
from emotiset.errors import ConfigError, OutputError
from emotiset.progress import Progress, ignore
from emotiset.simulate import EMOTICON_SHARE, simulate_records
from emotiset.waiting import wait_for

_RECORDS_PER_FILE = 50_000


def simulate_files(
    n_records: int,
    output: str | Path,
    client: Client,
    *,
    seed: int = 0,
    share: float | None = None,
    progress: Progress = ignore,
) -> int:
    """Write *n_records* simulated records as JSON lines into a folder.

    Parameters
    ----------
    n_records
        Records in all, 50,000 to a file.
    output
        Folder, empty; made where it is missing.  Files are named by their first record.
    client
        Where to work; its workers need to see the folder.
    seed, share
        What is drawn, and the share of tweets with a symbol.
    progress
        Is told how far it is.

    Returns
    -------
    int
        Bytes written.

    Raises
    ------
    ConfigError
        If a number is out of range.
    OutputError
        If the folder cannot be written, or anything is in it.
    """
    if n_records < 1:
        raise ConfigError(f"--tweets needs at least 1, found {n_records}")
    if share is not None and not 0 <= share <= 1:
        raise ConfigError(f"--emoticon-share needs 0 to 1, found {share}")
    folder = Path(output)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        found = sum(1 for _ in folder.iterdir())
    except OSError as error:
        raise OutputError(
            f"simulate needs a folder to write to, found {folder}: {error.strerror}"
        ) from None
    if found:  # files of an earlier, longer run would stay among the new ones
        raise OutputError(
            f"simulate needs a new or empty folder, found {found} files in {folder}: "
            "name another, or empty it"
        )
    starts = range(0, n_records, _RECORDS_PER_FILE)
    stops = [min(start + _RECORDS_PER_FILE, n_records) for start in starts]
    share = EMOTICON_SHARE if share is None else share
    write = partial(write_records, folder.resolve(), seed=seed, share=share)
    futures = client.map(write, starts, stops, pure=False)
    sizes = [stop - start for start, stop in zip(starts, stops, strict=True)]
    wait_for(futures, stage="simulate", progress=progress, sizes=sizes, unit="tweets")
    return sum(client.gather(futures))


def write_records(
    folder: Path, start: int, stop: int, *, seed: int, share: float
) -> int:
    """Write the records *start* to *stop* of the stream; return the bytes."""
    n_bytes = 0
    with (
        write_atomically(folder / f"tweets-{start:012d}.json") as temporary,
        temporary.open("wb") as file,
    ):
        for lines in simulate_records(start, stop, seed=seed, emoticon_share=share):
            n_bytes += file.write(lines)
    return n_bytes
