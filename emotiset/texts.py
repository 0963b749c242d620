"""What a caller may hand in as texts, made Arrow strings."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from emotiset.errors import InputError

_TEXT_TYPES: Final = (pa.string(), pa.large_string(), pa.string_view(), pa.null())

Answers = TypeVar("Answers")


def split_texts(texts: Iterable[str | None], n_rows: int) -> Iterator[pa.Array]:
    """Yield *texts* in order, at most *n_rows* at a time.

    Parameters
    ----------
    texts
        Any iterable of str, a NumPy array, an Arrow array or chunked array, or what
        offers itself to Arrow, such as a series of pandas or Polars.
    n_rows
        Rows of a yielded array, at least 1.

    Yields
    ------
    pa.StringArray
        A null is an empty text.

    Raises
    ------
    InputError
        If *texts* are no texts, or a single str.

    Examples
    --------
    >>> [batch.to_pylist() for batch in split_texts(["a", None, "b"], 2)]
    [['a', ''], ['b']]
    """
    column = _convert(texts)
    for batch in pa.table([column], ["text"]).to_batches(n_rows):
        text = batch["text"]
        if pa.types.is_large_string(text.type):
            # A copy: the cast refuses rows that lie beyond 2 GiB of a larger array.
            text = text.take(pa.array(np.arange(len(text))))
        yield pc.fill_null(pc.cast(text, pa.string()), "")


def is_bag(texts: object) -> bool:
    """Tell a Dask bag, which is answered lazily, from texts that are here."""
    return hasattr(texts, "map_partitions") and hasattr(texts, "npartitions")


def map_bag(bag: Any, ask: Callable[..., Answers], *how: Any, **more: Any) -> Answers:
    """Return the bag of what *ask* says of each partition of texts.

    Its type is said to be that of the answers, so that who asks need not name a bag's.
    """
    answers: Answers = bag.map_partitions(_AskPartition(ask, how, more))
    return answers


@dataclass(frozen=True)
class _AskPartition:
    ask: Callable[..., Any]
    how: tuple[Any, ...]
    more: Mapping[str, Any]

    def __call__(self, texts: Iterable[str | None]) -> list[Any]:
        answers: list[Any] = list(self.ask(list(texts), *self.how, **self.more))
        return answers


def _convert(texts: Iterable[str | None]) -> pa.Array | pa.ChunkedArray:
    if isinstance(texts, str | bytes):
        raise _error(f"one {type(texts).__name__}", "put it in brackets")
    n_dimensions = getattr(texts, "ndim", 1)
    if n_dimensions != 1:
        raise _error(f"{n_dimensions} dimensions", "give one column")
    try:
        if hasattr(texts, "__arrow_c_stream__"):
            column = pa.chunked_array(texts)
        else:
            column = pa.array(texts, from_pandas=True)
    except (pa.ArrowException, TypeError, UnicodeError) as error:
        raise _error(" ".join(str(error).split()), "give str alone") from None
    if len(column) == 0:
        return pa.array([], pa.string())
    is_coded = pa.types.is_dictionary(column.type)
    kind = column.type.value_type if is_coded else column.type
    if kind not in _TEXT_TYPES:
        raise _error(str(column.type), "give str, decode bytes")
    return column


def _error(found: str, advice: str) -> InputError:
    return InputError(f"a list of texts is needed, found {found}: {advice}")
