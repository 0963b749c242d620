"""Labels of any kind as polarities, and back."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d

from emotiset.schema import NEGATIVE, POSITIVE


def to_polarity(y: Any) -> tuple[NDArray[Any], NDArray[np.int8]]:
    """Return the two classes, sorted, and which of them each label is.

    Parameters
    ----------
    y : array of n labels
        0 and 1, -1 and 1, strings: any two values that can be sorted.

    Returns
    -------
    classes : array of 2 labels
        What counts as negative, then what counts as positive.
    polarity : int8[n]

    Raises
    ------
    ValueError
        If there are not two classes.

    Examples
    --------
    >>> classes, polarity = to_polarity(["no", "yes", "no"])
    >>> classes.tolist(), polarity.tolist()
    (['no', 'yes'], [-1, 1, -1])
    """
    y = column_or_1d(y, warn=True)
    check_classification_targets(y)
    classes, which = np.unique(y, return_inverse=True)
    if len(classes) > 2:
        raise ValueError(
            "Only binary classification is supported. The type of the target is "
            f"{type_of_target(y)}: found {len(classes)} classes, keep two"
        )
    if len(classes) < 2:
        found = f"one class, {classes[0]!r}" if len(classes) else "no label"
        raise ValueError(f"two classes are needed, found {found}: add the other")
    return classes, np.where(which == 1, POSITIVE, NEGATIVE).astype(np.int8)
