"""Hashed examples as SVMLight or LIBSVM files, for other learners.

Reading them is `emotiset.sources.svmlight`.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from emotiset.atomic import write_atomically
from emotiset.config import FeatureConfig
from emotiset.features import hash_features
from emotiset.map_features import hash_map_features

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

SUFFIXES: Final = frozenset({".svm", ".svmlight", ".libsvm"})


def write_svmlight(
    path: str | Path, batches: Iterable[pa.RecordBatch], features: FeatureConfig
) -> None:
    """Write labeled examples, hashed, one a line.

    Parameters
    ----------
    path
        Columns count from 1 there, as LIBSVM wants it; labels are -1 and 1.
    batches
        With the columns ``polarity`` and ``text``: a text, or a canonical feature map.
    features
        How they become columns.

    Examples
    --------
    >>> import tempfile
    >>> batch = pa.record_batch({"polarity": [1, -1], "text": ["a:0.5 b=x", ""]})
    >>> path = Path(tempfile.mkdtemp()) / "sample.svm"
    >>> write_svmlight(path, [batch], FeatureConfig(features="maps", n_features=8))
    >>> path.read_text().splitlines()
    ['1 3:1 5:0.5', '-1']
    """
    with write_atomically(path) as temporary, temporary.open("wb") as file:
        for batch in batches:
            file.write(_write_lines(batch, features))


def _write_lines(batch: pa.RecordBatch, features: FeatureConfig) -> memoryview:
    hash_rows = hash_map_features if features.features == "maps" else hash_features
    X: csr_matrix = hash_rows(batch["text"], features)
    X.sort_indices()
    columns = pa.array(X.indices.astype(np.int64) + 1).cast(pa.string())
    values = pa.array(X.data).cast(pa.string())
    words = pc.binary_join_element_wise(" ", columns, ":", values, "")
    rows = pa.ListArray.from_arrays(pa.array(X.indptr.astype(np.int32)), words)
    labels = batch["polarity"].cast(pa.string())
    lines = pc.binary_join_element_wise(labels, pc.binary_join(rows, ""), "\n", "")
    offsets = np.frombuffer(lines.buffers()[1], np.int32)
    first, last = offsets[lines.offset], offsets[lines.offset + len(lines)]
    return memoryview(lines.buffers()[2] or b"")[first:last]
