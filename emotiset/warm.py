"""What a member has learned before, and how it goes on from there.

A model file holds a member's weights, not how it came to them.  What stands for the
steps of its past is their number: so many examples as the member has learned from,
times a decay.  From that number follow

- for ``averaged``: the past weights count as the iterate after each of those steps, so
  the mean goes over past and new steps, and the step size goes on from there;
- for ``pegasos``: the same, as its weights are a mean over steps in any case;
- for ``logistic``, which keeps the last iterate alone: the step size goes on from
  there; how far the past is forgotten follows from the steps themselves.

With a decay of 1 each example of the past weighs as much as a new one; with 0.5, the
default for ``averaged``, half as much, and a quarter after the next update.  The past
weights are where the learner begins, whatever the decay is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from emotiset.calibration import Calibration
from emotiset.config import FeatureConfig, LearnerConfig
from emotiset.kernels.averaged import WEIGHT
from emotiset.kernels.sgd import Progress
from emotiset.learner import LearnerState, start_learner
from emotiset.map_scaling import MapScale
from emotiset.scaling import Gains

_PIECE_BYTES: Final = 4 << 20  # a graph that is sent should stay well below 10 MB


@dataclass(frozen=True, eq=False)
class Past:
    """What one member has learned before.

    Attributes
    ----------
    weights : float32[n_features]
    intercept
    vote_weight
        What its vote counted.
    n_examples
        Examples that the weights stand for, after decay.
    """

    weights: NDArray[np.float32]
    intercept: float
    vote_weight: float
    n_examples: int


@dataclass(frozen=True, eq=False)
class Pasts:
    """What the members of one ensemble have learned before.

    Attributes
    ----------
    members
    calibration
        Stays where the new examples are too few for another.
    """

    members: tuple[Past, ...]
    calibration: Calibration


def resume_learner(
    past: Past,
    features: FeatureConfig,
    learner: LearnerConfig,
    gains: Gains | MapScale | None,
) -> LearnerState:
    """Return the state of a learner that has a past; see the module.

    Parameters
    ----------
    past
        Of as many weights as *features* has columns.
    features, learner, gains
        As for `emotiset.learner.start_learner`.  *gains* are of new examples: a model
        file holds no counts of columns.

    Returns
    -------
    LearnerState
        Without examples: those it learns from now need both polarities too.
    """
    learner = learner.resolve(features.features)
    state = start_learner(features, learner, gains)
    n_steps = past.n_examples * (learner.epochs or 1)
    weights, scale = state.weights, 1.0
    if learner.learner == "averaged":
        weights[:, WEIGHT] = past.weights
        sums = float(n_steps), n_steps * past.intercept
        progress = Progress(1.0, past.intercept, n_steps, 0, 0.0, *sums)
    else:
        if learner.learner == "pegasos":  # weights are 1 / (alpha * steps) times a sum
            scale = 1 / ((learner.alpha or 0) * max(n_steps, 1))
        weights[:] = past.weights
        weights /= scale
        progress = Progress(scale, past.intercept / scale, n_steps)
    return replace(state, progress=progress)


def pack_past(past: Past) -> list[bytes]:
    """Return what `unpack_past` takes: weights, compressed, in pieces of a few MB.

    Pieces are small enough to be sent as tasks, which Dask repeats where a worker is
    lost with what it held.
    """
    packed = pa.compress(past.weights.tobytes(), codec="zstd", asbytes=True)
    starts = range(0, len(packed), _PIECE_BYTES)
    return [packed[start : start + _PIECE_BYTES] for start in starts]


def unpack_past(pieces: Sequence[bytes], past: Past, n_features: int) -> Past:
    """Return *past*, which came without weights, with those in *pieces*.

    Examples
    --------
    >>> past = Past(np.float32([0.5, 0, -1, 0]), 0.25, 1.0, 10)
    >>> bare = Past(np.empty(0, np.float32), 0.25, 1.0, 10)
    >>> unpack_past(pack_past(past), bare, 4).weights.tolist()
    [0.5, 0.0, -1.0, 0.0]
    """
    data = pa.decompress(b"".join(pieces), 4 * n_features, codec="zstd", asbytes=True)
    weights = np.frombuffer(data, np.float32)
    return Past(weights, past.intercept, past.vote_weight, past.n_examples)
