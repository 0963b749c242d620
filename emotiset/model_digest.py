"""A digest of all that a model file says, kept in the file itself.

Parquet's checksums tell a damaged page; this tells a number that was changed and
written anew, or a file whose numbers and metadata do not belong together.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emotiset.layout import take_apart

DIGEST: Final = "digest"  # key in the metadata


def find_digest(
    document: Mapping[str, Any],
    weights: NDArray[np.float32],
    others: Sequence[NDArray[Any]],
) -> str:
    """Return the SHA-256 of a model, in hexadecimal digits, on any machine the same.

    Parameters
    ----------
    document
        Plain JSON values; what stands under `DIGEST` is passed over.
    weights : float32[n_features, n_members]
    others
        Arrays of n_members numbers.

    Examples
    --------
    >>> weights = np.zeros((2, 1), np.float32)
    >>> first = find_digest({"seed": 1}, weights, [])
    >>> first == find_digest({"seed": 1, "digest": first}, weights, [])
    True
    >>> first == find_digest({"seed": 2}, weights, [])
    False
    """
    whole = begin_digest(document)
    for column in take_apart(weights):
        add_to_digest(whole, column)
    for each in others:
        add_to_digest(whole, each)
    digest: str = whole.hexdigest()
    return digest


def begin_digest(document: Mapping[str, Any]) -> Any:
    """Return a hash of the metadata, to which the numbers are to be added."""
    told = {name: value for name, value in document.items() if name != DIGEST}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode())


def add_to_digest(whole: Any, numbers: NDArray[Any]) -> None:
    """Add the weights of a member, then of the next; then the other arrays."""
    whole.update(_to_little_endian(numbers).data)


def _to_little_endian(array: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(array, array.dtype.newbyteorder("<")).view(np.uint8)
