"""Input that comes in a folder for each day, to be learned from in order."""

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from emotiset.errors import InputError


def find_days(data: str | Path, last: str | None = None) -> list[Path]:
    """Return the folders that are named by a date, in order.

    Parameters
    ----------
    data
        Folder that holds them; other names in it are passed over.
    last
        Date of the last one to return; None: of the last there is.

    Raises
    ------
    InputError
        If there is no such folder.

    Examples
    --------
    >>> import tempfile
    >>> data = Path(tempfile.mkdtemp())
    >>> for name in ("2020-01-02", "2020-01-01", "2020-01-03", "notes"):
    ...     (data / name).mkdir()
    >>> [each.name for each in find_days(data, "2020-01-02")]
    ['2020-01-01', '2020-01-02']
    """
    data = Path(data)
    names = [each.name for each in data.iterdir()] if data.is_dir() else []
    days = sorted(name for name in names if _is_date(name))
    if not days or (last is not None and last not in days):
        raise InputError(
            f"a run by day needs a folder named by its date, found none for "
            f"{last or 'any day'} in {data}: see that the data have come"
        )
    return [data / name for name in days if last is None or name <= last]


def check_order(day: str, done: Iterable[Mapping[str, Any]]) -> None:
    """Raise `InputError` unless *day* is later than the ``run`` of each line in *done*.

    Examples
    --------
    >>> check_order("2020-01-02", [{"run": "2020-01-01"}, {"action": "rolled back"}])
    >>> check_order("2020-01-02", [{"run": "2020-01-03"}])
    Traceback (most recent call last):
    ...
    emotiset.errors.InputError: days are learned from in their order, found 2020-01-02 \
after 2020-01-03: go on with a later one
    """
    latest = max((str(each["run"]) for each in done if "run" in each), default="")
    if latest > day:
        raise InputError(
            f"days are learned from in their order, found {day} after {latest}: go on "
            "with a later one"
        )


def _is_date(name: str) -> bool:
    try:
        return date.fromisoformat(name).isoformat() == name
    except ValueError:
        return False
