"""Texts that many trainings see, hashed once for each set of features.

What a search hands to scikit-learn instead of the texts.  It is indexed as an array
and read as texts; `TextHasher` and `EmotisetClassifier` find the hashed rows in it.
Hashing learns nothing, so a row is the same in every fold.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from emotiset.config import FeatureConfig
from emotiset.features import Rows, hash_rows, make_matrix
from emotiset.labeling import strip_symbols
from emotiset.lexicon import load_lexicon
from emotiset.texts import split_texts

_BATCH_ROWS: Final = 16_384
_MOST_KEPT: Final = 4  # sets of features; some 700 bytes for each tweet and set


class _Store:
    """All texts, and their hashed rows for the sets of features seen last.

    Sent to another process it takes the texts along alone.
    """

    def __init__(self, parts: list[pa.Array]) -> None:
        self.parts = parts
        self._kept: OrderedDict[Any, pa.Array] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, config: FeatureConfig, *, strip: bool) -> pa.Array:
        """Return the columns of each text, as a list array."""
        with self._lock:
            key = (config, strip)
            if key not in self._kept:
                self._kept[key] = self._hash(config, strip=strip)
                if len(self._kept) > _MOST_KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return self._kept[key]

    def _hash(self, config: FeatureConfig, *, strip: bool) -> pa.Array:
        offsets, columns = [np.zeros(1, np.int64)], []
        for part in self.parts:
            text = strip_symbols(part, load_lexicon()) if strip else part
            indptr, indices = hash_rows(text, config)
            offsets.append(offsets[-1][-1] + indptr[1:].astype(np.int64))
            columns.append(pa.array(indices))
        values = pa.chunked_array(columns, pa.uint32()).combine_chunks()
        return pa.LargeListArray.from_arrays(pa.array(np.concatenate(offsets)), values)

    def __getstate__(self) -> list[pa.Array]:
        return self.parts

    def __setstate__(self, parts: list[pa.Array]) -> None:
        self.__init__(parts)  # type: ignore[misc]


class SharedTexts:
    """Some of the texts of a store.

    Parameters
    ----------
    store
    rows : int64[n]
        Which, in order.

    Examples
    --------
    >>> texts = share_texts(["so good", "so bad", "well"])
    >>> list(texts[np.array([2, 0]), ...]), len(texts), texts[1]
    (['well', 'so good'], 3, 'so bad')
    """

    def __init__(self, store: _Store, rows: NDArray[np.int64]) -> None:
        self._store = store
        self._rows = rows

    @property
    def shape(self) -> tuple[int]:
        """How many there are."""
        return (len(self._rows),)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._rows)

    def __getitem__(self, key: Any) -> Any:
        """Return one text, or those at an array of places."""
        if isinstance(key, tuple):
            key = key[0]
        rows = self._rows[key]
        if rows.ndim == 0:
            return self[[key]].text()[0].as_py()
        return SharedTexts(self._store, rows)

    def __iter__(self) -> Iterator[str]:
        """Yield each text."""
        yield from self.text().to_pylist()

    def __arrow_array__(self, type: pa.DataType | None = None) -> pa.Array:
        """Return the texts as Arrow has them."""
        return self.text() if type is None else self.text().cast(type)

    def text(self) -> pa.Array:
        """Return the texts."""
        parts = pa.chunked_array(self._store.parts, pa.string())
        text = parts.take(pa.array(self._rows))
        return pc.fill_null(text, "").combine_chunks()

    def lists(self, config: FeatureConfig, *, strip: bool) -> pa.Array:
        """Return the columns of each text, as `emotiset.hashed.append_rows` takes them.

        Parameters
        ----------
        config
            Feature set and number of columns.
        strip
            Whether the lexicon's symbols are taken out first.
        """
        found = self._store.find(config, strip=strip)
        return found.take(pa.array(self._rows))

    def matrix(self, config: FeatureConfig, *, strip: bool) -> csr_matrix:
        """Return what `TextHasher` makes of the texts."""
        lists = self.lists(config, strip=strip)
        offsets = lists.offsets.to_numpy()
        indices = lists.values.to_numpy()[offsets[0] : offsets[-1]].copy()
        rows: Rows = ((offsets - offsets[0]).astype(np.uint64), indices)
        return make_matrix(rows, config)


def share_texts(texts: Iterable[str | None]) -> SharedTexts:
    """Return texts that trainings can share.

    Raises
    ------
    InputError
        If they are no texts.
    """
    store = _Store(list(split_texts(texts, _BATCH_ROWS)))
    n_rows = sum(map(len, store.parts))
    return SharedTexts(store, np.arange(n_rows, dtype=np.int64))
