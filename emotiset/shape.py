"""How a run is cut: into how many runs, ranges of keys, and tasks in all.

None of it reaches a result: it bounds what a task holds and what the scheduler does.
"""

from typing import Final

# A block yields about 100 kB of labeled rows, so a run of 32 is worth a task.  More
# runs make the matrices of runs by ranges and of runs by members larger, fewer the
# runs: at a billion tweets a run holds some 100 MB.
_LEAST_BLOCKS_PER_RUN: Final = 32
_MOST_RUNS: Final = 256
MEMBERS_PER_TASK: Final = 4  # that score together; each holds 25 MB at 2^21 columns
_PAIRS_PER_RANGE: Final = 2_000_000  # which take about 100 MB while they are sorted


def choose_run_size(n_blocks: int, *, is_dense: bool = False) -> int:
    """Return how many blocks are merged into a run.

    Where the rows are *dense*, as with a label column, a block fills a run by itself.

    Examples
    --------
    >>> choose_run_size(100), choose_run_size(10_000), choose_run_size(9, is_dense=True)
    (32, 40, 1)
    """
    least = 1 if is_dense else _LEAST_BLOCKS_PER_RUN
    return max(least, -(-n_blocks // _MOST_RUNS))


def choose_ranges(n_labeled: int) -> int:
    """Return into how many ranges of key space the keys of labeled tweets are cut."""
    return -(-max(n_labeled, 1) // _PAIRS_PER_RANGE)


def count_tasks(n_blocks: int, n_labeled: int, n_members: int) -> int:
    """Return the most tasks of a run, by the formula in the README.

    Parameters
    ----------
    n_blocks, n_members
        One language, neither ``--work-dir`` nor ``--folds``.
    n_labeled
        Tweets, before copies collapse.

    Examples
    --------
    >>> count_tasks(10_000, 10_000_000, 11)
    15349
    """
    n_runs = -(-n_blocks // choose_run_size(n_blocks))
    n_ranges = choose_ranges(n_labeled)
    of_runs = n_runs * (n_ranges + n_members + 5)
    n_groups = -(-n_members // MEMBERS_PER_TASK)
    of_members = 6 * n_members + n_members // 3 + 2 * n_groups
    return n_blocks + of_runs + 2 * n_ranges + of_members + 14
