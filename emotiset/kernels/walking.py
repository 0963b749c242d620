"""Walk py3langid's automaton over texts, and count the features that it tells of.

Each step waits for a load from a table of 39 MB, so texts walk side by side: while
one waits, the others do.  That halves the time of a step.
"""

import numpy as np

from emotiset.kernels._jit import jitable

N_LANES = 8  # texts that walk together
LANE_BYTES = 1024  # longer ones walk alone, so that the room stays small
N_FACTORS = 256  # counts in a tweet are smaller

_BYTE = np.uint32(8)
_HALF = np.uint32(16)
_LOWER_HALF = np.uint32(0xFFFF)


def make_room(likelihoods: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return what `language.identify` works in; numba is long to compile as much."""
    n_features, n_padded = likelihoods.shape
    return (
        np.zeros(n_features, np.int32),  # counts
        np.empty(n_features + 1, np.int32),  # seen
        np.empty(n_padded, np.int32),  # once
        np.empty(n_padded, np.int64),  # scores
        np.empty(N_FACTORS, np.int32),  # factors
        np.empty(N_LANES, np.uint32),  # states
        np.empty(N_LANES, np.int64),  # ends
        np.empty((N_LANES, LANE_BYTES + 1), np.int32),  # found
    )


@jitable
def walk_together(
    offsets, data, first, n_lanes, start, moves, firsts, features, states, found, ends
):
    """Write down the features of some texts that follow each other, in their order.

    Parameters
    ----------
    offsets, data, start, moves, firsts, features
        As `language.identify` takes them.
    first, n_lanes : int
        The texts are ``first`` to ``first + n_lanes - 1``.
    states : uint32[N_LANES]
        Room to work in.
    found : int32[N_LANES, LANE_BYTES + 1]
        Written: features, one row a text, each as often as it occurs.
    ends : int64[N_LANES]
        Written: how many features each row has.

    Returns
    -------
    bool
        False if one of the texts is longer than `LANE_BYTES`; nothing is written then.
    """
    longest = 0
    for lane in range(n_lanes):
        row = first + lane
        longest = max(longest, np.int64(offsets[row + 1]) - np.int64(offsets[row]))
        states[lane], ends[lane] = start, 0
    if longest > LANE_BYTES:
        return False
    for step in range(longest):
        for lane in range(n_lanes):
            at = offsets[first + lane] + step
            if at < offsets[first + lane + 1]:
                state = moves[(states[lane] >> _HALF) << _BYTE | data[at]]
                states[lane] = state
                feature = features[firsts[state >> _HALF] + (state & _LOWER_HALF)]
                found[lane, ends[lane]] = feature  # stays only if there is one
                ends[lane] += feature >= 0
    return True


@jitable
def count_found(found, counts, seen):
    """Count *found* into ``counts``; return how many differ, which are in ``seen``.

    Parameters
    ----------
    found : int32[n]
    counts : int32[n_features]
        Zero before.
    seen : int32[n_features + 1]
        Written, in order of first occurrence.
    """
    n_seen = 0
    for feature in found:
        count = counts[feature]
        seen[n_seen] = feature  # stays only if new: cheaper than a branch
        n_seen += count == 0
        counts[feature] = count + 1
    return n_seen


@jitable
def count_alone(data, begin, end, start, moves, firsts, features, counts, seen):
    """Do both for one text, ``data[begin:end]``, of any length."""
    n_seen = 0
    state = start
    for at in range(begin, end):
        state = moves[(state >> _HALF) << _BYTE | data[at]]
        feature = features[firsts[state >> _HALF] + (state & _LOWER_HALF)]
        if feature >= 0:
            count = counts[feature]
            seen[n_seen] = feature
            n_seen += count == 0
            counts[feature] = count + 1
    return n_seen
