"""Whether one model is better than another on the same texts, or only luckier."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.stats import binomtest

from emotiset.polyglot import Model, Polyglot


@dataclass(frozen=True)
class Pairing:
    """Of which texts one model of two was right alone; pairings merge by addition.

    Attributes
    ----------
    n
        Texts that both judged.
    n_first, n_second
        Texts that only the first, only the second judged right.
    """

    n: int = 0
    n_first: int = 0
    n_second: int = 0

    def __add__(self, other: "Pairing") -> "Pairing":
        """Return the counts of both."""
        return Pairing(
            self.n + other.n,
            self.n_first + other.n_first,
            self.n_second + other.n_second,
        )

    @property
    def p_value(self) -> float:
        """Chance of so uneven a split between equals, both sides: exact McNemar [1]_.

        References
        ----------
        .. [1] Q. McNemar, "Note on the sampling error of the difference between
           correlated proportions or percentages", Psychometrika 12 (1947), 153-157.

        Examples
        --------
        >>> Pairing(n=100, n_first=8, n_second=2).p_value
        0.109375
        """
        n = self.n_first + self.n_second
        return float(binomtest(self.n_first, n).pvalue) if n else 1.0

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; ``difference`` is of the accuracies."""
        return {
            "n": self.n,
            "only_first_right": self.n_first,
            "only_second_right": self.n_second,
            "difference": (self.n_first - self.n_second) / self.n if self.n else None,
            "p_value": self.p_value,
        }


def pair_up(is_right: NDArray[np.bool_], is_other_right: NDArray[np.bool_]) -> Pairing:
    """Count where two models differ.

    Parameters
    ----------
    is_right, is_other_right : bool[n]
        Whether the first and the second model judged each text right.
    """
    return Pairing(
        len(is_right),
        int(np.count_nonzero(is_right & ~is_other_right)),
        int(np.count_nonzero(~is_right & is_other_right)),
    )


def compare_models(first: Model, second: Model, texts: pa.Table) -> Pairing:
    """Let two models answer the same texts, and count where they differ.

    Parameters
    ----------
    first, second
        A text in a language that one of several ensembles lacks is wrong for it.
    texts
        With columns ``text``, ``polarity`` and ``lang``, as `emotiset.schema.KEYED`.
    """
    return pair_up(_is_right(first, texts), _is_right(second, texts))


def _is_right(model: Model, texts: pa.Table) -> NDArray[np.bool_]:
    text = texts["text"].combine_chunks()
    if isinstance(model, Polyglot):
        answer = model.predict(text, codes=texts["lang"].combine_chunks())
    else:
        answer = model.predict(text)
    is_right: NDArray[np.bool_] = answer == texts["polarity"].to_numpy()
    return is_right
