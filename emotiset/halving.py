"""Successive halving: many settings on little of the sample, the best of them on more.

Most settings are so much worse than the best that a small sample tells [1]_.  So all
are tried on a small part of the sample, and of each round only the best go on to the
next, whose part is as many times as large.  The settings as given go on whatever they
score, so that the gain is told on the same examples.

References
----------
.. [1] K. Jamieson, A. Talwalkar, "Non-stochastic best arm identification and
   hyperparameter optimization", AISTATS 2016.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from emotiset.kept import Scores
from emotiset.resampling import Mean, find_mean
from emotiset.search_space import SearchConfig

LEAST_EXAMPLES: Final = 2_000  # of a part of the sample, for its scores to say much
_DIGITS: Final = 9  # by which scores are compared: the last bits may differ by CPU


@dataclass(frozen=True)
class Round:
    """How many settings are tried, on which part of the sample."""

    n_trials: int
    taken: int
    of: int


@dataclass
class Trial:
    """Settings that are tried.

    Attributes
    ----------
    number
        From 1, in the order of the draw; 1 are the settings as given.
    settings
        What is tried, and what was found where nothing was set.
    round
        The last in which it was tried, from 1; 0: none yet.
    scores
        Of each fold of that round.
    """

    number: int
    settings: Mapping[str, Any]
    round: int = 0
    scores: list[Scores] = field(default_factory=list)

    @property
    def n_examples(self) -> int:
        """Examples that it was tried on: each judged once, and trained on else."""
        return sum(each.n_test for each in self.scores)

    def find_mean(self, score: str) -> Mean:
        """Return the mean of a score over the folds, with its 95% interval."""
        share = self.n_examples / sum(each.n_train for each in self.scores)
        return find_mean([getattr(each, score) for each in self.scores], share)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain JSON values."""
        told: dict[str, Any] = {
            "trial": self.number,
            "round": self.round,
            "n_examples": self.n_examples,
        }
        for score in ("log_loss", "accuracy"):
            mean, low, high = self.find_mean(score)
            told[score] = {
                "mean": mean,
                "interval": [low, high],
                "folds": [getattr(each, score) for each in self.scores],
            }
        return {**told, "settings": dict(self.settings)}


def plan_rounds(n_trials: int, n_examples: int, halving: int) -> list[Round]:
    """Return the rounds of a search.

    Parameters
    ----------
    n_trials
        Settings to try.
    n_examples
        Of the whole sample.
    halving
        One in so many goes on, to a part of the sample as many times as large.

    Examples
    --------
    >>> [(each.n_trials, each.of) for each in plan_rounds(18, 90_000, 3)]
    [(18, 9), (6, 3), (2, 1)]
    >>> [(each.n_trials, each.of) for each in plan_rounds(18, 9_000, 3)]
    [(18, 3), (6, 1)]
    >>> [(each.n_trials, each.of) for each in plan_rounds(18, 90_000, 1)]
    [(18, 1)]
    """
    of = 1
    if halving > 1:
        while of * halving <= min(n_trials, n_examples // LEAST_EXAMPLES):
            of *= halving
    rounds = []
    while of > 1:
        rounds.append(Round(n_trials, 1, of))
        n_trials, of = -(-n_trials // halving), of // halving
    return [*rounds, Round(n_trials, 1, 1)]


def rank_trials(trials: Sequence[Trial], search: SearchConfig) -> list[Trial]:
    """Return trials, the best first: by round, then score; the earlier of equals."""
    sign = 1 if search.score == "log_loss" else -1

    def place(trial: Trial) -> tuple[float, float, int]:
        score = round(sign * trial.find_mean(search.score).mean, _DIGITS)
        return -trial.round, score, trial.number

    return sorted(trials, key=place)


def choose_next(ranked: Sequence[Trial], n: int) -> list[Trial]:
    """Return those that go on: the *n* best, and the settings as given, by number."""
    chosen = list(ranked[:n])
    chosen += [trial for trial in ranked[n:] if trial.number == 1]
    return sorted(chosen, key=lambda trial: trial.number)
