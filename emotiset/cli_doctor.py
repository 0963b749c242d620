"""The command that looks for what would go wrong."""

from pathlib import Path
from typing import Annotated

import typer

from emotiset.cli_options import (
    BlockSize,
    Format,
    MemoryLimit,
    Scheduler,
    SchedulerFile,
    ShipCode,
    StorageOption,
    TextColumn,
    Threads,
    TlsCaFile,
    TlsCert,
    TlsKey,
    Workers,
    WorkerTimeout,
)
from emotiset.cli_settings import make_cluster_config, make_source_config
from emotiset.errors import ClusterError


def doctor(
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            help="What a run would read.", metavar="INPUT", show_default=False
        ),
    ] = None,
    format: Format = None,
    text_column: TextColumn = None,
    block_size: BlockSize = None,
    storage_option: StorageOption = None,
    scheduler: Scheduler = None,
    scheduler_file: SchedulerFile = None,
    workers: Workers = None,
    threads: Threads = None,
    memory_limit: MemoryLimit = None,
    tls_ca_file: TlsCaFile = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    worker_timeout: WorkerTimeout = None,
    ship_code: ShipCode = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Where the model would go.")
    ] = None,
    work_dir: Annotated[
        str | None,
        typer.Option(help="Folder or URL that workers would write to."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Look for what would make a run fail, and say what to do.

    Compares Python, emotiset and what it needs on client, scheduler and workers, and
    tries the inputs and outputs from where a run uses them.  Exits with 4 where a run
    would fail or give another model.
    """
    options = dict(locals())
    cluster = make_cluster_config(options, will_work=False)
    source = make_source_config(options)
    from emotiset.display import print_diagnosis, print_json
    from emotiset.doctor import examine

    diagnosis = examine(inputs or [], source, cluster, output, work_dir)
    if json:
        print_json(diagnosis)
    else:
        print_diagnosis(diagnosis)
    n_problems = len(diagnosis.problems)
    if n_problems:
        raise ClusterError(
            "a run needs all of this to be well, found "
            f"{n_problems} problem{'s' if n_problems > 1 else ''}: do as told above"
        )
