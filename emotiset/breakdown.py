"""Metrics of parts of what was judged: languages, months, symbols, doubts."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from emotiset.evaluate import count_confusion, judge_probability, wilson
from emotiset.schema import NEGATIVE, POSITIVE
from emotiset.voting import decide

UNKNOWN: Final = "unknown"
OTHERS: Final = "others"
_MAX_GROUPS: Final = 100

_CLASSES: Final = {"negative": NEGATIVE, "neutral": 0, "positive": POSITIVE}


def find_months(created_at: pa.Array) -> pa.Array:
    """Return the month of each time as ``2011-09``; `UNKNOWN` without a time."""
    return pc.fill_null(pc.strftime(created_at, "%Y-%m"), UNKNOWN)


def find_language_groups(lang: pa.Array) -> pa.Array:
    """Return the language code of each row in lower case; `UNKNOWN` without one."""
    plain = pc.utf8_lower(pc.utf8_trim_whitespace(pc.fill_null(lang, "")))
    return pc.if_else(pc.equal(plain, ""), UNKNOWN, plain)


def judge_groups(
    groups: pa.Array | pa.ChunkedArray,
    polarity: NDArray[np.int8],
    probability: NDArray[np.float32],
) -> dict[str, dict[str, Any]]:
    """Judge each group of rows by itself.

    Parameters
    ----------
    groups
        Name of each row's group.
    polarity : int8[n]
        Gold: -1 or 1.
    probability : float32[n]
        Of positive.

    Returns
    -------
    dict
        Metrics by group, in the order of their names; beyond the 100 largest groups
        all rows are in `OTHERS`.
    """
    encoded = pa.array(groups.to_pylist(), pa.string()).dictionary_encode()
    names = encoded.dictionary.to_pylist()
    codes = encoded.indices.to_numpy()
    sizes = np.bincount(codes, minlength=len(names)).tolist()
    largest = sorted(range(len(names)), key=lambda i: (-sizes[i], names[i]))
    shown = {names[i]: codes == i for i in largest[:_MAX_GROUPS]}
    found = {
        name: judge_probability(polarity[mask], probability[mask])
        for name, mask in sorted(shown.items())
    }
    rest = np.isin(codes, largest[_MAX_GROUPS:])
    if rest.any():
        found[OTHERS] = judge_probability(polarity[rest], probability[rest])
    return found


def judge_symbols(
    polarity: NDArray[np.int8],
    stripped: NDArray[np.float32],
    left_in: NDArray[np.float32],
    has_symbol: NDArray[np.bool_],
) -> dict[str, Any]:
    """Judge with the lexicon's symbols taken out of the texts and with them left in.

    Parameters
    ----------
    polarity : int8[n]
        Gold: -1 or 1.
    stripped, left_in : float32[n]
        Probability of positive, without and with the symbols.
    has_symbol : bool[n]
        Rows where these can differ.

    Returns
    -------
    dict
        ``n_with``, and ``taken_out``, ``left_in``: metrics of all rows, and under
        ``with_symbols`` of those that have any.
    """
    told: dict[str, Any] = {"n_with": int(has_symbol.sum())}
    for name, probability in (("taken_out", stripped), ("left_in", left_in)):
        told[name] = {
            **judge_probability(polarity, probability),
            "with_symbols": judge_probability(
                polarity[has_symbol], probability[has_symbol]
            ),
        }
    return told


def judge_doubts(
    gold: NDArray[np.int8], probability: NDArray[np.float32], abstain: float
) -> dict[str, Any]:
    """Judge an answer that may be neither: neutral where no polarity is likely enough.

    Parameters
    ----------
    gold : int8[n]
        -1, 0 or 1.
    probability : float32[n]
        Of positive.
    abstain
        Probability that a polarity needs.

    Returns
    -------
    dict
        ``abstain``; ``coverage``, the share of texts with an answer; ``accuracy`` and
        ``accuracy_interval`` of those among them that have a polarity; ``confusion``,
        gold class by predicted class; ``macro_recall`` and ``macro_f1`` of the
        classes that occur.
    """
    predicted = decide(probability)
    certainty = np.maximum(probability, np.float32(1) - probability)
    predicted[certainty < np.float32(abstain)] = 0
    cells = {
        name: {
            other: int(np.count_nonzero((gold == sign) & (predicted == answer)))
            for other, answer in _CLASSES.items()
        }
        for name, sign in _CLASSES.items()
    }
    is_judged = (gold != 0) & (predicted != 0)
    confusion = count_confusion(gold[is_judged], predicted[is_judged])
    interval = wilson(confusion.tn + confusion.tp, confusion.n)
    n_answered = int(np.count_nonzero(predicted))
    return {
        "abstain": abstain,
        "n": len(gold),
        "coverage": n_answered / len(gold) if len(gold) else None,
        "accuracy": confusion.accuracy,
        "accuracy_interval": None if interval is None else list(interval),
        "confusion": cells,
        **_judge_classes(cells, [name for name in cells if any(cells[name].values())]),
    }


def _judge_classes(
    cells: dict[str, dict[str, int]], present: Sequence[str]
) -> dict[str, float | None]:
    recalls, f1s = [], []
    for name in present:
        n_right, n_gold = cells[name][name], sum(cells[name].values())
        n_predicted = sum(row[name] for row in cells.values())
        recalls.append(n_right / n_gold)
        f1s.append(2 * n_right / (n_gold + n_predicted))
    if not present:
        return {"macro_recall": None, "macro_f1": None}
    n = len(present)
    return {"macro_recall": sum(recalls) / n, "macro_f1": sum(f1s) / n}
