"""What the command ``train`` does with its options: run, write, tell."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from emotiset.config import TrainConfig
from emotiset.errors import CutShortError

if TYPE_CHECKING:
    from emotiset.cluster import ClusterConfig

# Modules that load Dask, Arrow or numba are imported when they are needed.
_NO_INPUT: Final = (
    "no input given: training on 200,000 simulated tweets, whose text is made "
    "up; the model shows how it works and is of no other use"
)


@dataclass(frozen=True)
class Outputs:
    """Files that a run writes; None: it does not."""

    model: Path
    summary: Path | None
    report: Path | None
    sample: Path | None
    rejects: Path | None

    def list_own(self) -> list[Path]:
        """Return those that the command writes itself, after training."""
        return [each for each in (self.model, self.summary, self.report) if each]


def run_training(
    inputs: list[str] | None,
    config: TrainConfig,
    cluster: "ClusterConfig",
    outputs: Outputs,
    quiet: bool,
    keeping: dict[str, Any],
) -> None:
    """Train, write the outputs, and tell what was done."""
    from emotiset.atomic import check_outputs
    from emotiset.console import print_note, show_progress
    from emotiset.display import print_summary
    from emotiset.evidence import find_evidence
    from emotiset.lean import pass_pandas_by
    from emotiset.outputs import write_summary
    from emotiset.report import check_can_report, write_report
    from emotiset.train import SIMULATED, train

    pass_pandas_by()
    check_outputs([*outputs.list_own(), outputs.sample, outputs.rejects])
    if outputs.report is not None:
        check_can_report()
    if not inputs and not quiet:
        print_note(_NO_INPUT)
    start = time.perf_counter()
    with show_progress(quiet=quiet) as progress:
        result = train(
            inputs or [SIMULATED],
            config,
            cluster,
            progress=progress,
            sample_out=outputs.sample,
            rejects_out=outputs.rejects,
            other_outputs=outputs.list_own(),
            keep_texts=outputs.report is not None,
            **keeping,
        )
    result.ensemble.save(outputs.model)
    with tell_saved(outputs.model):
        told = add_total(result.summary, time.perf_counter() - start)
        if outputs.summary is not None:
            write_summary(outputs.summary, told)
        if not quiet:
            print_summary(told, str(outputs.model))
        if outputs.report is not None:
            evidence = find_evidence(result.ensemble, result.texts)
            write_report(outputs.report, told, evidence, model=outputs.model.name)


def add_total(summary: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Return a summary with what the whole command took, writing the model too."""
    total = {**summary["seconds"], "total": round(seconds, 3)}
    return {**summary, "seconds": total}


@contextmanager
def tell_saved(model: Path) -> Iterator[None]:
    """Say of an interrupt that it came when the model was written already.

    Raises
    ------
    CutShortError
        In place of the interrupt.

    Examples
    --------
    >>> with tell_saved(Path("model.parquet")):
    ...     raise KeyboardInterrupt
    Traceback (most recent call last):
    ...
    emotiset.errors.CutShortError: interrupted; model.parquet was written, what comes \
after it was not
    """
    try:
        yield
    except KeyboardInterrupt:
        raise CutShortError(
            f"interrupted; {model} was written, what comes after it was not"
        ) from None


def show_plan(inputs: list[str] | None, config: TrainConfig) -> None:
    """Print what a run would do."""
    from emotiset.display import print_plan
    from emotiset.preview import preview
    from emotiset.train import SIMULATED

    print_plan(preview(inputs or [SIMULATED], config))
