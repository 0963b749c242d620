"""The Dask graph that tells identical feature maps apart."""

from collections.abc import Sequence
from operator import getitem
from typing import Any

from dask.delayed import Delayed

from emotiset.graph import make_task
from emotiset.map_keys import number_twins
from emotiset.partition import number_run, split_run_twins
from emotiset.sampling import Rule


def number_rows(
    runs: Sequence[Any], n_ranges: int, rule: Rule, seed: int
) -> list[Delayed]:
    """Count identical rows over all runs; put the numbers into their keys.

    Returns
    -------
    list of Delayed
        One `Run` for each.  16 bytes move for each row, range by range of key space,
        and 8 back.
    """
    splits = [make_task(split_run_twins, run, n_ranges, seed) for run in runs]
    counts = [
        make_task(number_twins, [make_task(getitem, split, i) for split in splits])
        for i in range(n_ranges)
    ]
    numbers = [
        [make_task(getitem, count, i) for count in counts] for i in range(len(runs))
    ]
    return [
        make_task(number_run, run, mine, rule, seed)
        for run, mine in zip(runs, numbers, strict=True)
    ]
