"""Find out what would go wrong before it does: programs, cluster, inputs, outputs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from emotiset.atomic import check_outputs
from emotiset.cluster import ClusterConfig, connect
from emotiset.config import SourceConfig
from emotiset.errors import EmotisetError
from emotiset.nodes import look_at_files, look_at_nodes
from emotiset.preflight import Finding, Node, compare_nodes, list_problems
from emotiset.sources import Block, plan_blocks
from emotiset.train import name_work_folder
from emotiset.work_folder import WorkFolder

_MANY_FILES = 64


@dataclass
class Diagnosis:
    """What is there, and what is amiss.

    Attributes
    ----------
    nodes
        Client, scheduler and workers; none where the cluster could not be reached.
    findings
        What is amiss.
    """

    nodes: list[Node] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        """What would make a run fail, or give another model."""
        return list_problems(self.findings)


def examine(
    inputs: Sequence[str],
    config: SourceConfig,
    cluster: ClusterConfig,
    output: str | Path | None = None,
    work_dir: str | None = None,
) -> Diagnosis:
    """Look at all that a training run needs, and train nothing.

    Parameters
    ----------
    inputs
        As for training; may be empty.
    config
        How they are read.
    cluster
        Where a run would work.
    output
        Where the model would go.
    work_dir
        Folder or URL where workers would keep finished blocks.
    """
    diagnosis = Diagnosis()
    diagnosis.findings += check_requirements()
    blocks: list[Block] = []
    if inputs:
        _try(diagnosis, lambda: blocks.extend(plan_blocks(inputs, config)))
    if output is not None:
        _try(diagnosis, lambda: check_outputs([output]))
    folder = None
    if work_dir is not None:
        folder = name_work_folder(work_dir, config.storage_options)
        _try(diagnosis, folder.prepare)
    _try(
        diagnosis,
        lambda: _examine_cluster(diagnosis, cluster, blocks, folder),
    )
    return diagnosis


def check_requirements() -> list[Finding]:
    """Return which of the packages that this one asks for are missing or too old."""
    findings = []
    for line in metadata.requires("emotiset") or []:
        wanted = Requirement(line)
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
            continue
        try:
            found = metadata.version(wanted.name)
        except metadata.PackageNotFoundError:
            found = "none"
        if found == "none" or not wanted.specifier.contains(found, prereleases=True):
            findings.append(
                Finding(
                    f"{wanted.name} {wanted.specifier} is needed, found {found}: pip "
                    f"install --upgrade '{wanted.name}{wanted.specifier}'"
                )
            )
    return findings


def _examine_cluster(
    diagnosis: Diagnosis,
    cluster: ClusterConfig,
    blocks: Sequence[Block],
    folder: WorkFolder | None,
) -> None:
    with connect(cluster, check=False, families=()) as client:
        diagnosis.nodes = look_at_nodes(client)
        compared = compare_nodes(diagnosis.nodes)
        diagnosis.findings += compared
        if list_problems(compared):  # what follows needs the package there
            return
        seen = look_at_files(client, blocks, folder, n_files=_MANY_FILES)
        diagnosis.findings += seen


def _try(diagnosis: Diagnosis, check: Callable[[], object]) -> None:
    try:
        check()
    except EmotisetError as error:
        diagnosis.findings.append(Finding(str(error)))
