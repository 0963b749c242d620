"""A simulated survey: many answers a person, some missing, and one that they foretell.

People are of a few kinds.  A kind answers each question, or leaves it out, by chances
of its own, and independently of its other answers; so the chance of a person's last
answer, given all the others and the gaps, is known by Bayes' rule, and no model can
better it.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from emotiset.errors import ConfigError
from emotiset.simulate.draws import Draws, Ints

Floats = npt.NDArray[np.float64]

N_QUESTIONS: Final = 30
ANSWERS: Final = ("never", "seldom", "sometimes", "often", "always")

_SURVEY_STREAM: Final = 5
_KINDS: Final = (30, 25, 20, 15, 10)  # percent of the people
_RENEWS: Final = (5, 18, 55, 85, 95)  # percent of each kind
_AGES: Final = ("18-27", "28-37", "38-47", "48-57", "58-67", "68-77")
_DECADES: Final = (16, 20, 20, 18, 14, 12)  # percent of the people, whatever the kind
_MOST: Final = 1 << 14  # of the weights of answers


@dataclass(frozen=True)
class _Chances:
    """Of each kind: of each answer to each question, and of leaving it out.

    Attributes
    ----------
    answer : float64[n_kinds, N_QUESTIONS, n_answers]
    gap : float64[n_kinds, N_QUESTIONS]
    """

    answer: Floats
    gap: Floats


def simulate_survey(n: int, *, gaps: float = 0.2, seed: int = 0) -> pa.Table:
    """Return what *n* people answered.

    Parameters
    ----------
    n
        People.
    gaps
        Share of answers that are missing, 0 to 0.5; some kinds leave out more.
    seed
        Another seed is other people of the same kinds.

    Returns
    -------
    pa.Table
        ``answers``, a struct of ``age`` and q1, q2, ..., null where missing;
        ``renews``, yes or no; and ``best``, the chance of yes given the rest.

    Raises
    ------
    ConfigError
        If a number is out of range.

    Examples
    --------
    >>> person = simulate_survey(1)["answers"][0].as_py()
    >>> person["q1"], person["q2"], person["age"]
    (None, 'sometimes', '58-67')
    """
    if n < 0 or not 0 <= gaps <= 0.5 or seed < 0:
        raise ConfigError(
            "a simulated survey needs no negative number and gaps of 0 to 0.5, found "
            f"{n=}, {gaps=}, {seed=}"
        )
    draws = Draws(n, seed=seed, stream=(_SURVEY_STREAM, 0))
    chances = _find_chances(gaps)
    kind = draws.choose(_KINDS)
    age = pa.array(draws.choose(_DECADES))
    renews = draws.below(100) < np.array(_RENEWS)[kind]
    drawn, is_gap = _draw_answers(draws, kind, chances)
    names = pa.array(ANSWERS)
    answers = {"age": pa.array(_AGES).take(age)} | {
        f"q{i + 1}": names.take(pa.array(drawn[:, i], mask=is_gap[:, i]))
        for i in range(N_QUESTIONS)
    }
    struct = pa.StructArray.from_arrays(list(answers.values()), list(answers))
    return pa.table(
        {
            "answers": struct,
            "renews": pa.array(["no", "yes"]).take(pa.array(renews.astype(np.int8))),
            "best": _find_best(drawn, is_gap, chances),
        }
    )


def _draw_answers(
    draws: Draws, kind: Ints, chances: _Chances
) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Return each person's answers, also those left out, and which these are."""
    drawn = np.empty((len(kind), N_QUESTIONS), np.int64)
    is_gap = np.empty((len(kind), N_QUESTIONS), bool)
    ends = chances.answer.cumsum(axis=2)[:, :, :-1]
    for i in range(N_QUESTIONS):
        part, gap = (draws.below(1 << 31) / (1 << 31) for _ in range(2))
        drawn[:, i] = (part[:, None] >= ends[kind, i]).sum(axis=1)
        is_gap[:, i] = gap < chances.gap[kind, i]
    return drawn, is_gap


def _find_best(drawn: Ints, is_gap: npt.NDArray[np.bool_], chances: _Chances) -> Floats:
    """Return the chance of yes: that of each kind, weighed by how well it fits."""
    fit = np.tile(np.array(_KINDS) / 100, (len(drawn), 1))
    for i in range(N_QUESTIONS):
        answered = chances.answer[:, i, drawn[:, i]].T * (1 - chances.gap[:, i])
        fit *= np.where(is_gap[:, i, None], chances.gap[:, i], answered)
    # A product and a sum, no dot product: BLAS differs between machines.
    best: Floats = (fit * (np.array(_RENEWS) / 100)).sum(axis=1) / fit.sum(axis=1)
    return best


@lru_cache(maxsize=8)
def _find_chances(gaps: float) -> _Chances:
    """Return chances; each kind's own differ from what all have in common."""
    shape = len(_KINDS), N_QUESTIONS, len(ANSWERS)
    common, own, left_out = (
        Draws(int(np.prod(size)), seed=0, stream=(_SURVEY_STREAM, 1, i))
        .below(_MOST)
        .reshape(size)
        for i, size in enumerate((shape[1:], shape, shape[:2]))
    )
    weights = common + 2 * own + _MOST // 4
    gap = gaps * (0.5 + left_out / _MOST)
    return _Chances(weights / weights.sum(axis=2, keepdims=True), gap)
