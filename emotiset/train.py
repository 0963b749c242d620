"""Train an ensemble from raw input: the table of contents of the whole job.

``python -m emotiset.train`` is the command ``emotiset train``.  Nothing that a
worker needs is defined here: run as a program this module is ``__main__``, and
workers would get copies that are not the imported ones.
"""

if __name__ == "__main__":  # before the imports, which take a while
    from emotiset.cli import run

    run("train")

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from dask.distributed import Client

from emotiset.atomic import check_outputs
from emotiset.cluster import ClusterConfig, connect
from emotiset.config import TrainConfig
from emotiset.errors import BadDataError, ConfigError, InputError
from emotiset.families import find_families
from emotiset.kernels._cache import Family
from emotiset.labeling import check_labels
from emotiset.lexicon import Lexicon, load_lexicon
from emotiset.nodes import check_access, check_learner, check_nodes
from emotiset.outputs import write_rejects, write_sample
from emotiset.partition import Tally
from emotiset.pools import parse_pools
from emotiset.progress import Progress, Stopwatch, ignore
from emotiset.result import TrainResult, find_versions, make_result
from emotiset.resuming import Keeping
from emotiset.sources import Block, Seen, find_blocks, find_paths
from emotiset.sources.storage import is_url
from emotiset.stages import Stages
from emotiset.training import Outcomes, train_pools
from emotiset.waiting import tell_losses
from emotiset.work_folder import WorkFolder

SIMULATED = "simulated:200000"

_TEXTS_KEPT = 200_000


def train(
    inputs: Sequence[str | Path] = (SIMULATED,),
    config: TrainConfig | None = None,
    client: Client | ClusterConfig | None = None,
    *,
    progress: Progress = ignore,
    sample_out: str | Path | None = None,
    rejects_out: str | Path | None = None,
    other_outputs: Sequence[str | Path] = (),
    work_dir: str | Path | None = None,
    verify_inputs: bool = False,
    keep_texts: bool = False,
) -> TrainResult:
    """Train a voting ensemble on what the inputs hold.

    Parameters
    ----------
    inputs
        Files, folders or globs; ``simulated:N`` stands for N simulated tweets.
    config
        Settings; the defaults suit tweets in English.
    client
        Where to work.  None: a local cluster of one process a core, started once the
        inputs are found and closed at the end; a `ClusterConfig` says otherwise.  A
        script that starts one needs the guard ``if __name__ == "__main__":``.
    progress
        Is told how far each stage is.
    sample_out
        Parquet file for the labeled sample; see `emotiset.outputs.write_sample`.
    rejects_out
        JSON lines file for the records that could not be read.
    other_outputs
        Files that the caller will write: found out beforehand that they can be
        written, and that none of them is an input.
    work_dir
        Folder or URL that client and workers share: finished blocks and members are
        kept there, and those of earlier runs are taken from there.
    verify_inputs
        Know inputs by a hash of what they hold, not by their size and time.
    keep_texts
        Hand back up to 200,000 of the held-out texts too, for a report.

    Returns
    -------
    TrainResult
        The ensemble, and the summary of how it came about.

    Raises
    ------
    InputError
        If the inputs cannot be read, or hold too little to learn from.
    BadDataError
        If more than ``max_bad_fraction`` of the records are unreadable.
    ClusterError
        If the cluster cannot be reached, or loses the work.
    OutputError
        If an output cannot be written; found before the work begins.

    Examples
    --------
    >>> tweets = ["simulated:3000?emoticon_share=0.5"]
    >>> with Client(processes=False, dashboard_address=":0") as client:
    ...     result = train(tweets, TrainConfig(n_features=1024), client)
    >>> result.ensemble.n_members, sum(result.summary["funnel"].values())
    (1, 3000)
    """
    config = config or TrainConfig()
    clock = Stopwatch()
    with clock.time("plan"):
        pools = parse_pools(config.languages)  # where an unknown code is found
        has_maps = config.features_column is not None  # in which no symbol stands
        lexicon = Lexicon(()) if has_maps else load_lexicon(config.lexicon)
        blocks = find_blocks(inputs, config)
        check_outputs([sample_out, rejects_out, *other_outputs], find_paths(blocks))
        keeping = open_work_folder(work_dir, config, verify_inputs=verify_inputs)
        needed = find_families(config, blocks)
    with open_client(client, clock, needed) as opened, tell_losses("run"):
        check_cluster(opened, client, blocks, keeping, clock)
        check_learner(opened, config.learner)
        patience = find_patience(client)
        stages = Stages(opened, config, progress, clock, patience, keeping)
        labeled = stages.label(blocks, lexicon, keep_rejects=rejects_out is not None)
        if rejects_out is not None:
            write_rejects(rejects_out, labeled.tally.rejects)
        check_tally(labeled.tally, config)
        check_labels(labeled.tally.labels, config)
        found = train_pools(
            stages,
            labeled,
            pools,
            keep_parts=sample_out is not None,
            keep_texts=_TEXTS_KEPT if keep_texts else 0,
        )
        if sample_out is not None:
            parts = [each.parts for each in found.outcomes]
            write_sample(sample_out, parts, config)
    result = make_result(found, labeled.tally, inputs, config, lexicon, clock)
    if keeping is not None:
        work = describe_work(keeping.folder, len(blocks), labeled.tally, found)
        result.summary["work"] = work
    return result


def open_work_folder(
    url: str | Path | None, config: TrainConfig, *, verify_inputs: bool
) -> Keeping | None:
    """Return where finished work is kept; find out that it can be written."""
    if url is not None and not str(url).strip():
        raise ConfigError("--work-dir needs the name of a folder, found none: name one")
    if url is None:
        if verify_inputs:
            raise ConfigError(
                "--verify-inputs needs a --work-dir to compare with, found none: name "
                "one or leave it out"
            )
        return None
    folder = name_work_folder(url, config.storage_options)
    folder.prepare()
    return Keeping(folder, find_versions(), verify_inputs)


def name_work_folder(url: str | Path, options: Mapping[str, Any]) -> WorkFolder:
    """Return the folder that a path or URL names; *options* are those of its URL."""
    name = str(url) if is_url(str(url)) else str(Path(url).absolute())
    return WorkFolder(name, dict(options) if is_url(name) else {})


def describe_work(
    folder: WorkFolder, n_blocks: int, tally: Tally, found: Outcomes
) -> dict[str, str | int]:
    """Return what was reused, for the summary."""
    return {
        "folder": folder.url,
        "blocks_reused": tally.n_reused,
        "blocks_read": n_blocks - tally.n_reused,
        "blocks_remade": tally.n_remade,
        "members_reused": found.n_reused,
        "members_trained": len(found.members) - found.n_reused,
    }


def check_tally(tally: Tally, config: TrainConfig) -> None:
    """Raise where nothing, or too little, of the input could be read."""
    seen = sum(tally.sources.values(), Seen())
    reasons = "; ".join(
        f"{reject.source}, {reject.where}: {reject.reason}"
        for reject in tally.rejects[:1]
    )
    if seen.n_lost == seen.n_records:
        raise InputError(
            f"training needs text, found none in {seen.n_records} records"
            f"{f' ({reasons})' if reasons else ''}: check the inputs and --format"
        )
    if seen.n_bad > config.max_bad_fraction * seen.n_records:
        worst = max(tally.sources, key=lambda name: tally.sources[name].n_bad)
        in_worst = tally.sources[worst]
        raise BadDataError(
            f"at most {config.max_bad_fraction:.0%} of the records may be unreadable, "
            f"found {seen.n_bad} of {seen.n_records} looked at, most in {worst} "
            f"({in_worst.n_bad} of {in_worst.n_records}; {reasons}): look at --rejects "
            "FILE, or raise --max-bad-fraction"
        )


def check_cluster(
    opened: Client,
    client: Client | ClusterConfig | None,
    blocks: Sequence[Block],
    keeping: Keeping | None,
    clock: Stopwatch,
) -> None:
    """Raise where workers that were not started here do not see what is seen here."""
    if isinstance(client, Client) or (client is not None and client.is_remote):
        folder = None if keeping is None else keeping.folder
        with clock.time("check"):
            check_access(opened, blocks, folder)


def find_patience(client: Client | ClusterConfig | None) -> float:
    """Return how many seconds the cluster may be without a worker."""
    settings = client if isinstance(client, ClusterConfig) else ClusterConfig()
    return settings.worker_timeout


@contextmanager
def open_client(
    client: Client | ClusterConfig | None,
    clock: Stopwatch,
    families: Iterable[Family],
) -> Iterator[Client]:
    """Give the caller's client, or one of our own that is closed at the end.

    *families* are of the kernels that its workers are going to call.
    """
    if isinstance(client, Client):
        check_nodes(client)
        yield client
        return
    with ExitStack() as stack:
        with clock.time("start"):
            connected = connect(client or ClusterConfig(), families=families)
            opened = stack.enter_context(connected)
        yield opened
