"""Ask client, scheduler and workers what they have, and workers what they see."""

from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from typing import Any, Final

from dask.distributed import Client

from emotiset import probe
from emotiset.access import check_files, check_folder, pick_files, put_token
from emotiset.errors import ClusterError
from emotiset.own_class import find_own, find_problems, is_own
from emotiset.preflight import (
    OTHERS,
    SHAPING,
    Finding,
    Node,
    compare_nodes,
    list_problems,
)
from emotiset.sources import Block
from emotiset.waiting import tell_losses
from emotiset.work_folder import WorkFolder

_ANSWER_SECONDS: Final = 60
_FEW_FILES: Final = 8


def look_at_nodes(client: Client) -> list[Node]:
    """Return what client, scheduler and each worker have, in this order.

    The question goes out as text, which a process without this package, or with
    another Python, understands as well.
    """
    source = files("emotiset").joinpath("probe.py").read_text(encoding="utf-8")
    packages = [*SHAPING, *OTHERS]
    question = (
        f"(lambda names: (exec({source!r}, names), names['look']({packages!r}))[1])"
        "({'__name__': 'emotiset_probe'})"
    )
    scheduler = _ask(lambda: client.run_on_scheduler(eval, question))
    workers = _ask_workers(client, eval, question)
    return [
        Node("client", "", probe.look(packages)),
        Node("scheduler", client.scheduler.address, scheduler),
        *(Node("worker", address, facts) for address, facts in workers.items()),
    ]


def check_nodes(client: Client) -> None:
    """Raise `ClusterError` where a run would fail or give another model."""
    _raise_first(compare_nodes(look_at_nodes(client)))


def check_learner(client: Client, name: str | None) -> None:
    """Raise unless a learner of one's own can be imported here and by each worker.

    Raises
    ------
    ConfigError
        If not here.
    ClusterError
        If not there.
    """
    if name is None or not is_own(name):
        return
    find_own(name)
    found = _turn_round(_ask_workers(client, find_problems, name))
    for problem, workers in found.items():
        told = f"says: {problem}; --ship-code sends no more than emotiset"
        raise ClusterError(_count(workers, told))


def look_at_files(
    client: Client,
    blocks: Sequence[Block],
    folder: WorkFolder | None = None,
    *,
    n_files: int = _FEW_FILES,
) -> list[Finding]:
    """Return which files workers cannot read as the client does, or write.

    Parameters
    ----------
    client
        Of the cluster.
    blocks
        The plan; *n_files* of its files are tried on every worker.
    folder
        Where workers keep finished blocks.
    n_files
        How many files to try.
    """
    chosen = pick_files(blocks, n_files)
    unread = _ask_workers(client, check_files, chosen) if chosen else {}
    findings = [
        Finding(
            "inputs need to be the same for every worker, found on "
            f"{_count(workers, problem)}: give them the folder at the same path, or a "
            "URL that all can reach"
        )
        for problem, workers in _turn_round(unread).items()
    ]
    return findings if folder is None else findings + _look_at_folder(client, folder)


def _look_at_folder(client: Client, folder: WorkFolder) -> list[Finding]:
    """Return which workers cannot share a folder with the client."""
    with put_token(folder.url, folder.options) as token:
        unwritten = _ask_workers(
            client, check_folder, folder.url, folder.options, token
        )
    return [
        Finding(
            "--work-dir needs to be one folder for client and workers, found on "
            f"{_count(workers, problem)}: choose a folder or URL that all can write"
        )
        for problem, workers in _turn_round(unwritten).items()
    ]


def check_access(
    client: Client,
    blocks: Sequence[Block],
    folder: WorkFolder | None = None,
) -> None:
    """Raise `ClusterError` where workers cannot read the inputs or write the folder."""
    _raise_first(look_at_files(client, blocks, folder))


def _raise_first(findings: Sequence[Finding]) -> None:
    problems = list_problems(findings)
    if problems:
        more = f"; and {len(problems) - 1} more" if len(problems) > 1 else ""
        raise ClusterError(f"{problems[0]}{more} (emotiset doctor tells all)")


def _ask_workers(
    client: Client, function: Callable[..., Any], *arguments: Any
) -> dict[str, Any]:
    """Return each worker's answer, without those that left before they gave one."""
    found: dict[str, Any] = _ask(
        lambda: client.run(
            function, *arguments, on_error="return", callback_timeout=_ANSWER_SECONDS
        )
    )
    for answer in found.values():
        if isinstance(answer, Exception) and not isinstance(answer, OSError):
            raise answer
    return {
        worker: answer
        for worker, answer in found.items()
        if not isinstance(answer, OSError)
    }


def _ask(question: Callable[[], Any]) -> Any:
    try:
        with tell_losses("check"):
            return question()
    except (OSError, TimeoutError) as error:
        raise ClusterError(
            f"scheduler and workers need to answer within {_ANSWER_SECONDS} s, found "
            f"one that did not ({type(error).__name__}): look for a stopped worker"
        ) from error


def _turn_round(found: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return the workers by problem."""
    by_problem: dict[str, list[str]] = {}
    for worker, problems in found.items():
        for problem in problems:
            by_problem.setdefault(problem, []).append(worker)
    return by_problem


def _count(workers: Sequence[str], problem: str) -> str:
    more = f" and {len(workers) - 1} more" if len(workers) > 1 else ""
    return f"{workers[0]}{more} {problem}"
