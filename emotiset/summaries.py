"""The summary of a run, read from the file that ``train --summary`` wrote.

It may have come with a model from elsewhere, so what is used of it is checked.
"""

import hashlib
from pathlib import Path
from typing import Annotated, Any

import msgspec

from emotiset.errors import InputError
from emotiset.folds import FoldBy
from emotiset.model_format import shorten
from emotiset.schema import BINS

_Count = Annotated[int, msgspec.Meta(ge=0)]
_Share = Annotated[float, msgspec.Meta(ge=0, le=1)] | None


class _Confusion(msgspec.Struct):
    tp: _Count
    fn: _Count
    fp: _Count
    tn: _Count


class _Metrics(msgspec.Struct):
    n: _Count
    confusion: _Confusion
    accuracy: _Share = None
    accuracy_interval: tuple[float, float] | None = None
    macro_recall: _Share = None
    f1: _Share = None
    auc: _Share = None
    ece: _Share = None
    log_loss: float | None = None
    single_member_accuracy: _Share = None


class _Mean(msgspec.Struct):
    mean: float
    interval: tuple[float, float]


class _Folds(msgspec.Struct):
    k: _Count
    by: FoldBy
    means: dict[str, _Mean | None]


class _Language(msgspec.Struct):
    n_train: _Count
    n_test: _Count
    members: _Count
    metrics: _Metrics
    folds: _Folds | None = None


class _Labels(msgspec.Struct):
    by_day: dict[str, tuple[_Count, _Count]]


class _Summary(msgspec.Struct):
    read: _Count
    funnel: dict[str, _Count]
    n_train: _Count
    n_test: _Count
    metrics: _Metrics
    model_sha256: str
    seconds: dict[str, float]
    inputs: list[str]
    config: dict[str, Any]
    versions: dict[str, str]
    labels: _Labels | None = None
    languages: dict[str, _Language] = {}
    omitted: dict[str, str] = {}
    folds: _Folds | None = None


def read_summary(path: str | Path, model: str | Path) -> dict[str, Any]:
    """Read the summary of the run that made a model.

    Parameters
    ----------
    path
        JSON file that ``train --summary`` wrote.
    model
        Model file of the same run.

    Returns
    -------
    dict
        As `emotiset.train.train` gave it.

    Raises
    ------
    InputError
        If the file cannot be read, is no summary, or is that of another model.

    Examples
    --------
    >>> read_summary("none.json", "model.parquet")
    Traceback (most recent call last):
    ...
    emotiset.errors.InputError: --summary needs the file that train --summary wrote, \
found none.json: No such file or directory
    """
    needed = "--summary needs the file that train --summary wrote, found"
    try:
        data = Path(path).read_bytes()
        told: dict[str, Any] = msgspec.json.decode(data, type=dict[str, Any])
        summary = msgspec.convert(told, _Summary)
        with Path(model).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{needed} {path}: {error.strerror}") from None
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise InputError(f"{needed} {path}: {shorten(error)}") from None
    if not set(summary.funnel) <= set(BINS):
        found = shorten(", ".join(sorted(set(summary.funnel) - set(BINS))))
        raise InputError(f"{needed} {path}: unknown bins {found}")
    if summary.model_sha256 != digest:
        raise InputError(
            f"--summary needs that of {model} (SHA-256 {digest[:12]}...), found one of "
            f"{shorten(summary.model_sha256, 12)} in {path}: name the one of its run"
        )
    return told
