"""From canonical feature maps to rows of a sparse matrix, by the hashing trick.

What `emotiset.features` is for texts; the form of a map is told in `emotiset.maps`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from emotiset.config import FeatureConfig
from emotiset.features import join_strings, string_buffers
from emotiset.kernels.hashing import hash_rows
from emotiset.kernels.map_hashing import count_words, hash_words
from emotiset.maps.words import escape_name

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


class MapRows(NamedTuple):
    """Rows of a sparse matrix, as kernels take them.

    Attributes
    ----------
    indptr, indices : uint64[n + 1], uint32[nnz]
        Row r has the columns ``indices[indptr[r]:indptr[r + 1]]``, each once.
    values : float32[nnz]
        What stands there.
    """

    indptr: NDArray[np.uint64]
    indices: NDArray[np.uint32]
    values: NDArray[np.float32]


def hash_map_features(text: pa.Array, config: FeatureConfig) -> "csr_matrix":
    """Return the hashed features of each canonical feature map as a row.

    Returns
    -------
    csr_matrix
        float32[n, n_features].

    Examples
    --------
    A category is a one, a number itself, and a cross the product of both:

    >>> maps = pa.array(["ad=a1 price:2.5"])
    >>> config = FeatureConfig(features="maps", cross=(("ad", "price"),))
    >>> sorted(hash_map_features(maps, config).data.tolist())
    [1.0, 2.5, 2.5]
    """
    from scipy.sparse import csr_matrix  # 0.2 s, and training takes rows alone

    indptr, indices, values = hash_maps(text, config)
    signed = indices.view(np.int32), indptr.view(np.int64)  # what SciPy wants
    return csr_matrix((values, *signed), (len(text), config.n_features))


def hash_maps(text: pa.Array | pa.ChunkedArray, config: FeatureConfig) -> MapRows:
    """Return the rows of canonical feature maps: what kernels take.

    Parameters
    ----------
    text
        Canonical forms; a null is a row without features.
    config
        Number of columns, and what is crossed.
    """
    offsets, data = string_buffers(join_strings(text))
    crosses = _hash_crosses(config.cross)
    counts = np.zeros((len(offsets) - 1, 2), np.int64)
    count_words(offsets, data, crosses, counts)
    longest, widest = counts.max(axis=0, initial=1).tolist()
    names, hashes = np.empty((2, longest), np.uint64)
    n_slots = 1 << (2 * widest).bit_length()
    nnz = int(counts[:, 1].sum())
    indptr = np.zeros(len(offsets), np.uint64)
    out = np.empty(nnz, np.uint32), np.empty(nnz, np.float32)
    hash_words(
        offsets,
        data,
        crosses,
        config.n_features,
        (names, hashes, np.empty(longest)),
        np.zeros(n_slots, np.int64),
        indptr,
        out,
    )
    top = int(indptr[-1])
    return MapRows(indptr, out[0][:top], out[1][:top])


def _hash_crosses(cross: Sequence[tuple[str, str]]) -> NDArray[np.uint64]:
    names = [escape_name(name).encode() for pair in cross for name in pair]
    lengths = [len(name) for name in names]
    offsets = np.array([0, *np.cumsum(lengths)], np.int32)
    data = np.frombuffer(b"".join(names), np.uint8).view()
    offsets.flags.writeable = data.flags.writeable = False
    hashes = np.empty(len(names), np.uint64)
    hash_rows(offsets, data, np.uint64(0), hashes)
    return hashes.reshape(-1, 2)
