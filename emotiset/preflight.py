"""Whether client, scheduler and workers have the same; what to do where they have not.

Nothing here asks anyone: `emotiset.nodes` does.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

# What can change a byte of the model, and what else runs on workers.
SHAPING: Final = ("emoji", "msgspec", "numba", "numpy", "py3langid", "pyarrow")
OTHERS: Final = ("dask", "distributed", "fsspec", "pyyaml", "scipy", "zstandard")

# Dask's own default; a block that lost so many workers and one more is given up.
_ENOUGH_FAILURES: Final = 3

Role = Literal["client", "scheduler", "worker"]


@dataclass(frozen=True)
class Node:
    """A process of the cluster, and what `probe.look` found there.

    Attributes
    ----------
    role
        What it does.
    address
        Of its own; empty for the client.
    facts
        As `probe.look` returns them.
    """

    role: Role
    address: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Finding:
    """Something to mend.

    Attributes
    ----------
    text
        What was needed, what was found, what to do.
    is_problem
        Whether a training run would fail, or give another model; else it may.
    """

    text: str
    is_problem: bool = True


def compare_nodes(nodes: Sequence[Node]) -> list[Finding]:
    """Return what is amiss on a cluster.

    Parameters
    ----------
    nodes
        The client first.
    """
    client, *others = nodes
    findings = _compare_python(client, others)
    findings += _compare_code(client, others)
    for name in (*SHAPING, *OTHERS):
        findings += _compare_package(name, client, others)
    return findings + _judge_failures(others)


def list_problems(findings: Sequence[Finding]) -> list[str]:
    """Return the texts of those that stop a run."""
    return [each.text for each in findings if each.is_problem]


def list_facts(node: Node) -> dict[str, str]:
    """Return what a node has, by name, to be shown."""
    facts = node.facts
    packages = {name: found or "none" for name, found in facts["packages"].items()}
    return {"python": facts["python"], "emotiset": facts["code"] or "none", **packages}


def name_nodes(nodes: Sequence[Node]) -> str:
    """Say which nodes are meant, however many they are.

    Examples
    --------
    >>> scheduler, worker = Node("scheduler", "a", {}), Node("worker", "tcp://b:2", {})
    >>> name_nodes([scheduler, worker])
    'the scheduler and 1 worker (tcp://b:2)'
    """
    workers = [node for node in nodes if node.role == "worker"]
    told = ["the scheduler"] if len(workers) < len(nodes) else []
    if workers:
        others = ", …" if len(workers) > 1 else ""
        plural = "s" if len(workers) > 1 else ""
        told.append(f"{len(workers)} worker{plural} ({workers[0].address}{others})")
    return " and ".join(told)


def _compare_python(client: Node, others: Sequence[Node]) -> list[Finding]:
    wanted = client.facts["python"]
    findings = []
    for found, nodes in _group(others, lambda node: node.facts["python"]).items():
        if found == wanted:
            continue
        is_problem = found.split(".")[:2] != wanted.split(".")[:2]
        findings.append(
            Finding(
                f"Python needs to be {wanted} as on the client, found {found} on "
                f"{name_nodes(nodes)}: install the same",
                is_problem,
            )
        )
    return findings


def _compare_code(client: Node, others: Sequence[Node]) -> list[Finding]:
    findings = []
    for found, nodes in _group(others, lambda node: node.facts["code"]).items():
        if found is None:
            findings.append(
                Finding(
                    "emotiset needs to be on the scheduler and every worker, found "
                    f"none on {name_nodes(nodes)}: install it there, or add --ship-code"
                )
            )
        elif found != client.facts["code"]:
            findings.append(
                Finding(
                    f"emotiset needs to be the code {client.facts['code']} that the "
                    f"client has, found {found} on {name_nodes(nodes)}: install the "
                    "same, or add --ship-code"
                )
            )
    return findings


def _compare_package(name: str, client: Node, others: Sequence[Node]) -> list[Finding]:
    wanted = client.facts["packages"][name]
    found_at = _group(others, lambda node: node.facts["packages"][name])
    findings = []
    for found, nodes in found_at.items():
        where = name_nodes(nodes)
        if found is None:
            text = f"found none on {where}: pip install '{name}=={wanted}' there"
            findings.append(Finding(f"{name} needs to be there, {text}"))
        elif found != wanted:
            # The scheduler hands tasks on and computes nothing.
            computes = any(node.role == "worker" for node in nodes)
            is_problem = name in SHAPING and computes
            why = "; another may change the model" if is_problem else ""
            findings.append(
                Finding(
                    f"{name} needs to be {wanted} as on the client, found {found} on "
                    f"{where}: install the same{why}",
                    is_problem,
                )
            )
    return findings


def _judge_failures(others: Sequence[Node]) -> list[Finding]:
    return [
        Finding(
            "a scheduler should stand the loss of some workers, found that the loss of "
            f"{node.facts['allowed_failures'] + 1} at one block ends the run: "
            "set distributed.scheduler.allowed-failures to 10 where it is started "
            "(DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES=10)",
            is_problem=False,
        )
        for node in others
        if node.role == "scheduler"
        and node.facts["allowed_failures"] is not None
        and node.facts["allowed_failures"] < _ENOUGH_FAILURES
    ]


def _group(nodes: Sequence[Node], key: Callable[[Node], Any]) -> dict[Any, list[Node]]:
    groups: dict[Any, list[Node]] = {}
    for node in nodes:
        groups.setdefault(key(node), []).append(node)
    return groups
