"""How good an ensemble is on examples whose polarity is known.

Every metric comes from counts: a `Confusion`, and for each distinct probability the
examples of either polarity.  So the order of the examples changes no digit.  What is
undefined, such as the AUC of examples of one polarity, is None.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from emotiset.config import FeatureConfig, Vote
from emotiset.errors import InputError
from emotiset.learner import Member
from emotiset.schema import NEGATIVE, POSITIVE
from emotiset.voting import decide, score_texts, stack_weights, vote_probability

_Z: Final = 1.959963984540054  # 97.5% quantile of the normal distribution
_CLIP: Final = float(np.finfo(np.float32).eps)  # as scikit-learn does for float32


@dataclass(frozen=True)
class Confusion:
    """Counts of gold polarity against prediction; they merge by addition.

    Attributes
    ----------
    tn, fp, fn, tp
        True or false, negative or positive, by prediction: ``fp`` counts negative
        examples that were predicted positive.

    Examples
    --------
    >>> Confusion(tn=3, fp=1, fn=0, tp=0).macro_recall is None  # no positive example
    True
    """

    tn: int = 0
    fp: int = 0
    fn: int = 0
    tp: int = 0

    def __add__(self, other: "Confusion") -> "Confusion":
        """Return the counts of both."""
        mine, others = asdict(self), asdict(other)
        return Confusion(**{name: mine[name] + others[name] for name in mine})

    @property
    def n(self) -> int:
        """Number of examples."""
        return self.tn + self.fp + self.fn + self.tp

    @property
    def accuracy(self) -> float | None:
        """Share of examples predicted right."""
        return _divide(self.tn + self.tp, self.n)

    @property
    def accuracy_interval(self) -> tuple[float, float] | None:
        """Lower and upper end of the 95% interval of the accuracy; see `wilson`."""
        return wilson(self.tn + self.tp, self.n)

    @property
    def macro_recall(self) -> float | None:
        """Mean of the shares of negatives and of positives predicted right."""
        negative = _divide(self.tn, self.tn + self.fp)
        positive = _divide(self.tp, self.tp + self.fn)
        if negative is None or positive is None:
            return None
        return (negative + positive) / 2

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall of the positive polarity."""
        return _divide(2 * self.tp, 2 * self.tp + self.fp + self.fn)


def count_confusion(
    polarity: NDArray[np.int8], predicted: NDArray[np.int8]
) -> Confusion:
    """Count gold *polarity* against *predicted*, both -1 or 1."""
    cells = 2 * (polarity == POSITIVE) + (predicted == POSITIVE)
    return Confusion(*np.bincount(cells, minlength=4).tolist())


def wilson(n_right: int, n: int) -> tuple[float, float] | None:
    """Return the 95% score interval of a share [1]_; None without examples.

    Examples
    --------
    Unlike the textbook interval it has a width where all are right:

    >>> [round(end, 3) for end in wilson(10, 10)]
    [0.722, 1.0]

    References
    ----------
    .. [1] E. B. Wilson, "Probable inference, the law of succession, and statistical
       inference", JASA 22 (1927), 209-212.
    """
    if n == 0:
        return None
    share, spread = n_right / n, _Z**2 / n
    middle = share + spread / 2
    half = (spread * (share * (1 - share) + spread / 4)) ** 0.5
    low, high = ((middle + sign * half) / (1 + spread) for sign in (-1, 1))
    return max(low, 0.0), min(high, 1.0)


@dataclass(frozen=True)
class Ranking:
    """Examples of either polarity at each distinct probability, lowest first.

    Attributes
    ----------
    probability : float64[n_distinct]
    n_negative, n_positive : int64[n_distinct]
    """

    probability: NDArray[np.float64]
    n_negative: NDArray[np.int64]
    n_positive: NDArray[np.int64]

    @property
    def auc(self) -> float | None:
        """Chance that a positive example ranks over a negative one, ties half [1]_.

        References
        ----------
        .. [1] H. B. Mann, D. R. Whitney, "On a test of whether one of two random
           variables is stochastically larger than the other", 1947.
        """
        n_below = np.cumsum(self.n_negative) - self.n_negative
        twice_won = int(np.sum(self.n_positive * (2 * n_below + self.n_negative)))
        n_pairs = int(self.n_negative.sum()) * int(self.n_positive.sum())
        return _divide(twice_won, 2 * n_pairs)

    @property
    def log_loss(self) -> float | None:
        """Mean log loss in nats, of probabilities kept 2^-23 away from 0 and 1."""
        n = int(self.n_negative.sum() + self.n_positive.sum())
        clipped = np.clip(self.probability, _CLIP, 1 - _CLIP)
        gains = self.n_positive * np.log(clipped) + self.n_negative * np.log1p(-clipped)
        return _divide(-float(gains.sum()), n)


def rank(polarity: NDArray[np.int8], probability: NDArray[np.float32]) -> Ranking:
    """Count the examples of either polarity at each distinct probability."""
    distinct, place = np.unique(probability, return_inverse=True)
    n_all = np.bincount(place, minlength=len(distinct))
    n_positive = np.bincount(place[polarity == POSITIVE], minlength=len(distinct))
    return Ranking(distinct.astype(np.float64), n_all - n_positive, n_positive)


def evaluate_members(
    batches: Iterable[pa.RecordBatch],
    members: Sequence[Member],
    features: FeatureConfig,
    vote: Vote,
) -> dict[str, Any]:
    """Judge members that vote on labeled batches; see `evaluate_scores`.

    Parameters
    ----------
    batches
        With columns ``text``, without lexicon symbols, and ``polarity``.  Read once;
        what is held is a score for each example and member.
    """
    weights = stack_weights(members)
    intercepts = np.array([each.intercept for each in members], np.float64)
    scores = [np.empty((0, len(members)), np.float32)]
    polarity = [np.empty(0, np.int8)]
    for batch in batches:
        scores.append(score_texts(batch["text"], weights, intercepts, features))
        polarity.append(batch["polarity"].to_numpy())
    vote_weights = np.array([each.vote_weight for each in members], np.float64)
    return evaluate_scores(
        np.concatenate(scores), np.concatenate(polarity), vote, vote_weights
    )


def evaluate_scores(
    scores: NDArray[np.float32],
    polarity: NDArray[np.int8],
    vote: Vote,
    vote_weights: NDArray[np.float64],
) -> dict[str, Any]:
    """Judge the vote, each member alone, and the vote of the first members.

    Parameters
    ----------
    scores : float32[n, n_members]
    polarity : int8[n]
        Gold: -1 or 1.
    vote
        How the members' answers become one.
    vote_weights : float64[n_members]

    Returns
    -------
    dict
        Plain JSON values: ``n``, ``accuracy``, ``accuracy_interval`` (95%),
        ``macro_recall``, ``f1`` (of positive), ``auc`` and ``log_loss`` (of the vote's
        probability; nats), ``confusion``, ``member_accuracy`` (each alone),
        ``single_member_accuracy`` (their mean) and ``accuracy_by_members`` (of the
        first member, the first two and so on).

    Raises
    ------
    InputError
        If *polarity* holds anything but -1 and 1, or not one for each row of scores.
    """
    _check_polarity(polarity, len(scores))
    probability = vote_probability(scores, vote, vote_weights)
    n, n_members = scores.shape
    n_right = ((scores > 0) == (polarity == POSITIVE)[:, np.newaxis]).sum(axis=0)
    return {
        **judge_probability(polarity, probability),
        "member_accuracy": [_divide(int(each), n) for each in n_right],
        "single_member_accuracy": _divide(int(n_right.sum()), n * n_members),
        "accuracy_by_members": _find_curve(scores, polarity, vote, vote_weights),
    }


def judge_probability(
    polarity: NDArray[np.int8], probability: NDArray[np.float32]
) -> dict[str, Any]:
    """Judge probabilities of positive; plain JSON values, see `evaluate_scores`.

    Parameters
    ----------
    polarity : int8[n]
        Gold: -1 or 1.
    probability : float32[n]
    """
    confusion = count_confusion(polarity, decide(probability))
    ranking = rank(polarity, probability)
    interval = confusion.accuracy_interval
    return {
        "n": confusion.n,
        "accuracy": confusion.accuracy,
        "accuracy_interval": None if interval is None else list(interval),
        "macro_recall": confusion.macro_recall,
        "f1": confusion.f1,
        "auc": ranking.auc,
        "log_loss": ranking.log_loss,
        "confusion": asdict(confusion),
    }


def _find_curve(
    scores: NDArray[np.float32],
    polarity: NDArray[np.int8],
    vote: Vote,
    vote_weights: NDArray[np.float64],
) -> list[float | None]:
    curve = []
    for size in range(1, scores.shape[1] + 1):
        first = np.ascontiguousarray(scores[:, :size])
        predicted = decide(vote_probability(first, vote, vote_weights[:size]))
        curve.append(count_confusion(polarity, predicted).accuracy)
    return curve


def _check_polarity(polarity: NDArray[np.int8], n: int) -> None:
    if len(polarity) != n:
        raise InputError(
            f"evaluation needs a polarity for each text, found {len(polarity)} for "
            f"{n}: leave none out"
        )
    other = polarity[(polarity != NEGATIVE) & (polarity != POSITIVE)]
    if len(other):
        raise InputError(
            f"evaluation needs polarities {NEGATIVE} and {POSITIVE}, found {other[0]}: "
            "map or drop it"
        )


def _divide(part: float, whole: int) -> float | None:
    return part / whole if whole else None
