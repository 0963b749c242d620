"""How many examples are drawn, and the exact keys at which the draw ends.

Of each group (a side of the split, a polarity) the lowest keys are drawn.  The
counts of the ranges of key space say in which range the last one lies; one look
inside that range gives the key.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from emotiset.config import TrainConfig
from emotiset.errors import OnePolarityError, TooFewError
from emotiset.keys import Keys
from emotiset.sampling import GROUPS, POLARITIES, Group
from emotiset.schema import NEGATIVE, POSITIVE


@dataclass(frozen=True)
class Cutoff:
    """The last key drawn of one polarity, and how many of its copies are."""

    key: int
    n_at_key: int


def choose_sizes(found: Mapping[Group, int], config: TrainConfig) -> dict[Group, int]:
    """Return how many of each group are drawn.

    Of each polarity the same number: as many as asked for, or as the rarer one has.
    Observations, whose classes are known, are all taken unless a number is asked for.

    Raises
    ------
    OnePolarityError
        If a polarity has no example to train on.
    TooFewError
        If a polarity has fewer than ``per_class``, or ``test_after`` holds out none.
    """
    n_found = {polarity: found[False, polarity] for polarity in POLARITIES}
    _check_enough(n_found, config.per_class)
    takes_all = config.label_column is not None and config.per_class is None
    n_late = [found[True, polarity] for polarity in POLARITIES]
    n_test = sum(n_late) if takes_all else min(n_late)
    if config.test_after is not None and not n_test:
        of = "" if takes_all else "of both polarities "
        raise TooFewError(
            f"--test-after {config.test_after} needs examples {of}from that day on, "
            "found none: choose an earlier day, or name the column of times with "
            "--time-column"
        )
    if takes_all:
        return dict(found)
    rarer = min(n_found.values())
    n_train = rarer if config.per_class is None else config.per_class
    fraction = config.held_out_fraction
    if config.test_after is None:
        n_test = min(n_test, round(n_train * fraction / (1 - fraction)))
    return {(side, polarity): n_test if side else n_train for side, polarity in GROUPS}


def find_range(counts: Sequence[int], n: int) -> tuple[int, int]:
    """Find the range that holds the n-th lowest key.

    Parameters
    ----------
    counts
        Keys in each range, in the order of key space.
    n
        At least 1 and at most their sum.

    Returns
    -------
    where : int
        Number of the range.
    rank : int
        The key is the rank-th lowest in there, from 1.

    Examples
    --------
    >>> find_range([3, 0, 2], 4)
    (2, 1)
    """
    ends = np.cumsum(counts)
    where = int(np.searchsorted(ends, n))
    return where, n - int(ends[where] - counts[where])


def find_cutoff(keys: Keys, rank: int) -> Cutoff:
    """Return the cutoff that takes just the *rank* lowest of ascending *keys*."""
    key = keys[rank - 1]
    return Cutoff(int(key), rank - int(np.searchsorted(keys, key)))


# Examples that a member needs for a vote to be worth more than its larger part.  What a
# vote mends is mostly the noise of the last step, of which an average has little;
# measured by ``benchmarks/members.py``.
_EXAMPLES_PER_MEMBER: Final[dict[str, int]] = {
    "averaged": 1_000_000,
    "logistic": 50_000,
    "pegasos": 50_000,
}


def choose_members(n_train: int, config: TrainConfig) -> int:
    """Return the number asked for, or the one for a sample of *n_train* tweets.

    That is an odd number, so that a majority is never tied, and up to the 11 from which
    on the paper's accuracy no longer rises.

    Examples
    --------
    >>> averaged, paper = TrainConfig(), TrainConfig(features="byte4")
    >>> [choose_members(n, averaged) for n in (100, 150_000, 3_000_000, 100_000_000)]
    [1, 1, 3, 11]
    >>> [choose_members(n, paper) for n in (100, 150_000, 3_000_000)]
    [1, 3, 11]
    """
    if config.members is not None:
        return config.members
    learner = config.resolved_learner(config.features)
    # Of a learner of one's own nothing is known: as many as the paper's.
    size = _EXAMPLES_PER_MEMBER.get(learner, _EXAMPLES_PER_MEMBER["logistic"])
    n_members = min(n_train // size, 11)
    return (max(n_members, 1) - 1) // 2 * 2 + 1


def check_members(n_members: int, sizes: Mapping[Group, int]) -> None:
    """Raise `TooFewError` where some member is sure to lack a polarity."""
    rarer = min(sizes[False, polarity] for polarity in POLARITIES)
    if n_members > rarer:
        raise TooFewError(
            f"--members needs an example of each polarity for each member, found "
            f"{n_members} members and {rarer} examples of the rarer polarity: ask for "
            "fewer members"
        )


def _check_enough(n_found: Mapping[int, int], per_class: int | None) -> None:
    counts = f"{n_found[POSITIVE]} positive and {n_found[NEGATIVE]} negative"
    if not min(n_found.values()):
        raise OnePolarityError(
            f"training needs examples of both polarities, found {counts}: give more "
            "input, or see the funnel for what was dropped"
        )
    if per_class is not None and min(n_found.values()) < per_class:
        raise TooFewError(
            f"--per-class needs {per_class} examples of each polarity, found {counts}: "
            f"ask for {min(n_found.values())} or give more input"
        )
