"""From text to rows of a sparse matrix, by the hashing trick.

White space is folded here and nowhere else, so that training and prediction agree.
A feature set is a name in `FEATURE_SETS`, which tells the kernel behind it and what
the kernel needs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from emotiset.config import FeatureConfig, FeatureSet
from emotiset.errors import SchemaError
from emotiset.kernels.mixed import (
    COLUMNS_PER_BYTE,
    COLUMNS_PER_ROW,
    hash_mixed,
    mixed_scratch_sizes,
)
from emotiset.kernels.ngrams import hash_byte4, scratch_sizes

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@dataclass(frozen=True)
class FeatureKernel:
    """How a feature set is computed.

    Attributes
    ----------
    hash_rows
        Takes what `emotiset.kernels.ngrams.hash_byte4` takes.
    scratch_sizes
        From the longest text and the number of columns to the sizes of its scratch.
    columns_per_byte, columns_per_row
        The most that it writes, before equal columns of a row become one.
    is_lower_case
        It wants text in lower case.
    is_normalized
        A row of n ones is divided by the square root of n, so that a long text counts
        as much as a short one.
    """

    hash_rows: Callable[..., None]
    scratch_sizes: Callable[[int, int], tuple[int, int]]
    columns_per_byte: int
    columns_per_row: int
    is_lower_case: bool
    is_normalized: bool


FEATURE_SETS: Final[dict[FeatureSet, FeatureKernel]] = {
    "byte4": FeatureKernel(
        hash_byte4,
        scratch_sizes,
        columns_per_byte=1,
        columns_per_row=1,
        is_lower_case=False,
        is_normalized=False,
    ),
    "mixed": FeatureKernel(
        hash_mixed,
        mixed_scratch_sizes,
        COLUMNS_PER_BYTE,
        COLUMNS_PER_ROW,
        is_lower_case=True,
        is_normalized=True,
    ),
}

Rows = tuple[NDArray[np.uint64], NDArray[np.uint32]]


def hash_features(
    text: pa.Array | pa.ChunkedArray, config: FeatureConfig
) -> "csr_matrix":
    """Return the hashed features of each text as a row.

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
        the order in which they first occur in the text, so not sorted.  A row is of
        ones, or of equal values and of length 1 where the feature set is normalized.

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
    >>> config = FeatureConfig(features="byte4")
    >>> X = hash_features(pa.array(["abcd", "  abcd ", "", None]), config)
    >>> X.shape, X.getnnz(axis=1).tolist(), (X[0] != X[1]).nnz
    ((4, 2097152), [1, 1, 0, 0], 0)
    """
    from scipy.sparse import csr_matrix  # 0.2 s, and training takes rows alone

    indptr, indices = hash_rows(text, config)
    values = np.ones(len(indices), np.float32)
    if is_normalized(config):
        n_columns = (indptr[1:] - indptr[:-1]).astype(np.int64)
        lengths = np.sqrt(np.maximum(n_columns, 1))
        values = np.repeat((1 / lengths).astype(np.float32), n_columns)
    signed = indices.view(np.int32), indptr.view(np.int64)  # what SciPy wants
    return csr_matrix((values, *signed), (len(text), config.n_features))


def is_normalized(config: FeatureConfig) -> bool:
    """Tell whether the rows of a feature set are divided by their length."""
    return config.features != "maps" and FEATURE_SETS[config.features].is_normalized


def hash_rows(text: pa.Array | pa.ChunkedArray, config: FeatureConfig) -> Rows:
    """Return where the ones of each row stand: what kernels take; see `hash_features`.

    Returns
    -------
    indptr, indices : uint64[n_texts + 1], uint32[nnz]
        Row r has its columns in ``indices[indptr[r]:indptr[r + 1]]``.
    """
    offsets, data = text_buffers(text, config)
    return _run_kernel(offsets, data, config)


def _run_kernel(
    offsets: NDArray[np.uint64], data: NDArray[np.uint8], config: FeatureConfig
) -> Rows:
    kernel = FEATURE_SETS[config.features]
    n_rows = len(offsets) - 1
    n_bytes = int(offsets[-1] - offsets[0])
    longest_text = int(np.diff(offsets).max(initial=0))
    n_folded, n_slots = kernel.scratch_sizes(longest_text, config.n_features)
    most = kernel.columns_per_byte * n_bytes + kernel.columns_per_row * n_rows
    indptr = np.empty(n_rows + 1, np.uint64)
    indices = np.empty(most, np.uint32)
    kernel.hash_rows(
        offsets,
        data,
        config.n_features,
        np.empty(n_folded, np.uint8),
        np.empty(n_slots, np.uint32),
        indptr,
        indices,
    )
    return indptr, indices[: indptr[-1]]


def text_buffers(
    text: pa.Array | pa.ChunkedArray, config: FeatureConfig
) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """Return the offsets and bytes of texts in the case that a feature set wants.

    A null has no bytes.
    """
    _check_text(text.type)
    strings = join_strings(text)
    if FEATURE_SETS[config.features].is_lower_case:
        strings = pc.utf8_lower(strings)
    return string_buffers(strings)


def join_strings(text: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return strings as one large array, a null as an empty one."""
    strings = text.cast(pa.large_string())
    if isinstance(strings, pa.ChunkedArray):
        strings = strings.combine_chunks()
    return pc.fill_null(strings, "") if strings.null_count else strings


def string_buffers(strings: pa.Array) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """Return the offsets and bytes of large strings without nulls."""
    # Both read-only, always: for another kind of array numba compiles once more.
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
