"""How one member learns from feature maps; what is held `emotiset.learner` tells."""

import numpy as np
from numpy.typing import NDArray

from emotiset.config import LearnerConfig
from emotiset.hashed import Hashed
from emotiset.kernels.averaged import GAIN, TABLE_WIDTH
from emotiset.kernels.map_sgd import averaged_maps, logistic_maps, pegasos_maps
from emotiset.kernels.sgd import Progress
from emotiset.map_scaling import MapScale

Weights = NDArray[np.float64] | NDArray[np.float32]


def start_maps(
    n: int, learner: LearnerConfig, scale: MapScale
) -> tuple[Weights, Progress]:
    """Return the weights of *n* columns before any example, and the progress.

    The intercept begins where the classes alone would put it: from 0 it would take many
    steps to where few are positive, and the mean of all steps would keep their trace.
    """
    progress = Progress(intercept=scale.intercept)
    if learner.learner != "averaged":
        return np.zeros(n), progress
    table = np.zeros((n, TABLE_WIDTH), np.float32)
    table[:, GAIN] = scale.gains
    return table, progress


def fit_maps(
    hashed: Hashed,
    weights: Weights,
    progress: Progress,
    scale: MapScale,
    learner: LearnerConfig,
) -> Progress:
    """Learn from each row in turn; *weights* are changed in place.

    *learner* is resolved.
    """
    columns = hashed.indptr, hashed.indices, hashed.values
    rows = columns, hashed.polarity, weights, progress
    eta0, alpha = float(learner.eta0 or 0), float(learner.alpha or 0)
    classes = np.array(scale.class_weights)
    if learner.learner == "pegasos":
        return Progress(*pegasos_maps(*rows, scale.gains, alpha, classes))
    if learner.learner == "logistic":
        return Progress(*logistic_maps(*rows, scale.gains, eta0, alpha, classes))
    return Progress(*averaged_maps(*rows, eta0, alpha, classes))
