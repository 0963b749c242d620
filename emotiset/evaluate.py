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

from emotiset.calibration import NOT_CALIBRATED, Calibration
from emotiset.config import FeatureConfig, Vote
from emotiset.curves import find_reliability, find_roc
from emotiset.errors import InputError
from emotiset.learner import Member
from emotiset.ranking import rank
from emotiset.schema import NEGATIVE, POSITIVE
from emotiset.voting import decide, score_texts, stack_members, vote_probability

_Z: Final = 1.959963984540054  # 97.5% quantile of the normal distribution


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


def evaluate_members(
    batches: Iterable[pa.RecordBatch],
    members: Sequence[Member],
    features: FeatureConfig,
    vote: Vote,
    calibration: Calibration = NOT_CALIBRATED,
) -> dict[str, Any]:
    """Judge members that vote on labeled batches; see `evaluate_scores`.

    Parameters
    ----------
    batches
        As for `score_batches`.
    """
    scores, polarity = score_batches(batches, members, features)
    vote_weights = np.array([each.vote_weight for each in members], np.float64)
    return evaluate_scores(scores, polarity, vote, vote_weights, calibration)


def score_batches(
    batches: Iterable[pa.RecordBatch],
    members: Sequence[Member],
    features: FeatureConfig,
) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Score labeled batches.

    Parameters
    ----------
    batches
        With columns ``text``, without lexicon symbols, and ``polarity``.  Read once;
        what is held is a score for each example and member.
    members, features
        Who scores, and how they were trained to see text.

    Returns
    -------
    scores : float32[n, n_members]
    polarity : int8[n]
    """
    stacked = stack_members(members)
    model = stacked["weights"], stacked["intercepts"], features, stacked["scorers"]
    scores = [np.empty((0, len(members)), np.float32)]
    polarity = [np.empty(0, np.int8)]
    for batch in batches:
        scores.append(score_texts(batch["text"], *model))
        polarity.append(batch["polarity"].to_numpy())
    return np.concatenate(scores), np.concatenate(polarity)


def evaluate_scores(
    scores: NDArray[np.float32],
    polarity: NDArray[np.int8],
    vote: Vote,
    vote_weights: NDArray[np.float64],
    calibration: Calibration = NOT_CALIBRATED,
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
    calibration
        What maps the vote to a probability.

    Returns
    -------
    dict
        Plain JSON values: ``n``, ``accuracy``, ``accuracy_interval`` (95%),
        ``macro_recall``, ``f1`` (of positive), ``auc``, ``log_loss`` (of the vote's
        probability; nats), ``ece``, ``base_log_loss``, ``average_precision`` and
        ``mean_probability`` (see `emotiset.ranking.Ranking`), ``confusion``,
        ``member_accuracy`` (each alone), ``single_member_accuracy`` (their mean),
        ``accuracy_by_members`` (of the first member, the first two and so on),
        ``roc`` and ``reliability`` (see `emotiset.curves`).

    Raises
    ------
    InputError
        If *polarity* holds anything but -1 and 1, or not one for each row of scores.
    """
    _check_polarity(polarity, len(scores))
    probability = vote_probability(scores, vote, vote_weights, calibration)
    ranking = rank(polarity, probability)
    n, n_members = scores.shape
    n_right = ((scores > 0) == (polarity == POSITIVE)[:, np.newaxis]).sum(axis=0)
    return {
        **judge_probability(polarity, probability),
        "member_accuracy": [_divide(int(each), n) for each in n_right],
        "single_member_accuracy": _divide(int(n_right.sum()), n * n_members),
        "accuracy_by_members": _find_curve(scores, polarity, vote, vote_weights),
        "roc": find_roc(ranking),
        "reliability": find_reliability(ranking),
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
        "ece": ranking.ece,
        "base_log_loss": ranking.base_log_loss,
        "average_precision": ranking.average_precision,
        "mean_probability": ranking.mean_probability,
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
