"""How often a column stands in examples of either polarity, and what that makes of it.

Counts are integers, so they add up over any cut of the sample to the same.
"""

import numpy as np

from emotiset.kernels._jit import jitable, njit
from emotiset.kernels._math import log

# Columns that counts tell nothing of still learn a little.  Measured: accuracy 0.8244
# instead of 0.8214, and 0.744 instead of 0.740 on tweets of another source.
GAIN_FLOOR = 0.25

_N_LOGS = 4096  # of the integers below, looked up: most counts are small


@njit("learn")
def count_columns(indptr, indices, polarity, counts):
    """Add the rows of each polarity that hold a column.

    Parameters
    ----------
    indptr, indices : uint64[n_rows + 1], uint32[nnz]
        Row r has the columns ``indices[indptr[r]:indptr[r + 1]]``, each once.
    polarity : int8[n_rows]
        -1 or +1.
    counts : int32[n_features, 2]
        Added to: negative, positive.
    """
    for row in range(len(polarity)):
        side = np.uint64(polarity[row] > 0)
        for k in range(np.uint64(indptr[row]), np.uint64(indptr[row + 1])):
            counts[np.uint32(indices[k]), side] += np.int32(1)


@njit("learn")
def write_gains(counts, gains):
    """Write the square of each column's log-count ratio, and a floor more.

    The ratio is ``log((p + 1) / P) - log((q + 1) / Q)`` where p and q are the positive
    and negative examples of the column and P and Q the sums of ``p + 1`` and
    ``q + 1`` over all columns [1]_.

    Parameters
    ----------
    counts : int32[n_features, 2]
        Negative, positive.
    gains : float32[n_features]
        Overwritten.

    References
    ----------
    .. [1] S. Wang, C. Manning, "Baselines and Bigrams: Simple, Good Sentiment and Topic
       Classification", ACL 2012, section 2.1.
    """
    logs = np.zeros(_N_LOGS)
    for number in range(1, _N_LOGS):
        logs[number] = log(float(number))
    total_negative, total_positive = len(counts), len(counts)
    for column in range(len(counts)):
        total_negative += counts[column, 0]
        total_positive += counts[column, 1]
    between = log(float(total_positive)) - log(float(total_negative))
    for column in range(len(counts)):
        negative = _look_up(logs, counts[column, 0] + 1)
        positive = _look_up(logs, counts[column, 1] + 1)
        ratio = positive - negative - between
        gains[column] = ratio * ratio + GAIN_FLOOR


@jitable
def _look_up(logs, number):
    return logs[number] if number < len(logs) else log(float(number))
