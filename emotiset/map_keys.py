"""Keys of examples that are feature maps: each row is an example of its own.

A row is known by its features, its class and its time; see `emotiset.keys` for what a
key decides.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from emotiset.kernels.hashing import mix64
from emotiset.keys import Keys, hash_texts, stream

_MAP_STREAM = 4  # beside those of `emotiset.keys` and `emotiset.holdback`


def make_map_keys(batch: pa.RecordBatch, seed: int) -> Keys:
    """Return a hash of each row of a batch with the columns of `LABELED`, uint64[n]."""
    salt = stream(seed, _MAP_STREAM)
    key = hash_texts(batch["text"], salt)
    posted = pc.fill_null(batch["created_at"].cast(pa.int64()), -1).to_numpy()
    key = mix64(key ^ posted.view(np.uint64))
    return mix64(key + batch["polarity"].to_numpy().astype(np.int64).view(np.uint64))
