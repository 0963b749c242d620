"""From text to rows of a sparse matrix, by the hashing trick.

White space is folded here and nowhere else, so that training and prediction agree.
A feature set is a name in `FEATURE_SETS` and a kernel behind it.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from emotiset.config import FeatureConfig, FeatureSet
from emotiset.errors import SchemaError
from emotiset.kernels.ngrams import hash_byte4, scratch_sizes

# Every kernel takes what `hash_byte4` takes.
FEATURE_SETS: Final[dict[FeatureSet, Callable[..., None]]] = {"byte4": hash_byte4}


def hash_features(
    text: pa.Array | pa.ChunkedArray, config: FeatureConfig
) -> csr_matrix:
    """Return the hashed features of each text as a row of ones.

    Parameters
    ----------
    text
        Strings of any Arrow type.  A null is a row without features, as is an empty
        text or one of white space alone.
    config
        Feature set and number of columns.

    Returns
    -------
    csr_matrix
        float32[n_texts, n_features] with int32 indices.  Each column once in a row, in
        the order in which they first occur in the text, so not sorted.  8 bytes for
        each byte of text, at most.

    Raises
    ------
    SchemaError
        If *text* does not hold strings.

    References
    ----------
    .. [1] K. Weinberger, A. Dasgupta, J. Langford, A. Smola, J. Attenberg, "Feature
       Hashing for Large Scale Multitask Learning", ICML 2009.

    Examples
    --------
    >>> X = hash_features(pa.array(["abcd", "  abcd ", "", None]), FeatureConfig())
    >>> X.shape, X.getnnz(axis=1).tolist(), (X[0] != X[1]).nnz
    ((4, 1048576), [1, 1, 0, 0], 0)
    """
    offsets, data = string_buffers(text)
    indptr, indices = _hash_rows(offsets, data, config)
    values = np.ones(len(indices), np.float32)
    return csr_matrix((values, indices, indptr), (len(text), config.n_features))


def _hash_rows(
    offsets: NDArray[np.uint64], data: NDArray[np.uint8], config: FeatureConfig
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    n_rows = len(offsets) - 1
    n_bytes = int(offsets[-1] - offsets[0])
    longest_text = int(np.diff(offsets).max(initial=0))
    n_folded, n_slots = scratch_sizes(longest_text, config.n_features)
    indptr = np.empty(n_rows + 1, np.uint64)
    indices = np.empty(n_bytes + n_rows, np.uint32)
    FEATURE_SETS[config.features](
        offsets,
        data,
        config.n_features,
        np.empty(n_folded, np.uint8),
        np.empty(n_slots, np.uint32),
        indptr,
        indices,
    )
    # The kernel's columns are unsigned, SciPy's are not.
    return indptr.view(np.int64), indices[: indptr[-1]].view(np.int32)


def string_buffers(
    text: pa.Array | pa.ChunkedArray,
) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """Return the offsets and the bytes of strings; of a null, no bytes."""
    # Both read-only, always: for another kind of array numba compiles once more.
    _check_text(text.type)
    strings = text.cast(pa.large_string())
    if isinstance(strings, pa.ChunkedArray):
        strings = strings.combine_chunks()
    if strings.null_count:
        strings = pc.fill_null(strings, "")
    _, where, bytes_ = strings.buffers()
    offsets = np.zeros(len(strings) + 1, np.uint64)
    if len(strings):
        found = np.frombuffer(where, np.uint64, strings.offset + len(strings) + 1)
        offsets = found[strings.offset :]
    data = np.frombuffer(bytes_, np.uint8) if bytes_ else np.empty(0, np.uint8)
    offsets.flags.writeable = False
    data.flags.writeable = False
    return offsets, data


def _check_text(kind: pa.DataType) -> None:
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    is_text = (
        pa.types.is_string(value)
        or pa.types.is_large_string(value)
        or pa.types.is_string_view(value)
        or pa.types.is_null(value)
    )
    if not is_text:
        raise SchemaError(f"hash_features needs text, found {kind}: cast it first")
