"""From text to the members' scores, and from scores to one answer.

A member votes by the sign of its score; where that is 0 it gives half its vote to
either side.  Three votes make one answer of many, and each says what its probability
means:

============  ====================================================================
``majority``  share of the members that vote positive
``weighted``  share of the vote weight of the members that vote positive
``mean``      logistic function of the mean score
============  ====================================================================

A calibrated ensemble maps the log-odds of that share, or the mean score, to how often
such an answer is right; see `emotiset.calibration`.

An even vote falls to the sign of the mean score, and a mean of exactly 0 to negative.
Where positive wins, the probability is above 0.5 by at least its last bit; elsewhere
it is at most 0.5.  So ``argmax`` of the probabilities of negative and positive, which
takes the first of equals, always agrees with the answer.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from emotiset.calibration import NOT_CALIBRATED, Calibration
from emotiset.config import FeatureConfig, Vote
from emotiset.features import hash_rows, is_normalized
from emotiset.kernels.calibration import (
    log_odds_of_shares,
    mean_scores,
    round_means,
)
from emotiset.kernels.map_sgd import score_maps
from emotiset.kernels.votes import logistic_of, mean_votes, score_rows, share_votes
from emotiset.layout import lay_side_by_side
from emotiset.learner import Member
from emotiset.map_features import hash_maps
from emotiset.schema import ABSTAINED, NEGATIVE, POSITIVE
from emotiset.scorer import Scorer, score_by


def stack_weights(members: Sequence[Member]) -> NDArray[np.float32]:
    """Lay the weights of *members* side by side.

    Returns
    -------
    float32[n_features, n_members]
        C-contiguous: what one column of a feature matrix adds to every member's
        score is read from one place.
    """
    return lay_side_by_side([member.weights for member in members])


def stack_members(members: Sequence[Member]) -> dict[str, Any]:
    """Lay all that is of one member beside that of the others.

    Returns
    -------
    dict
        Attributes of `emotiset.ensemble.Ensemble`.
    """
    return {
        "weights": stack_weights(members),
        "intercepts": np.array([each.intercept for each in members], np.float64),
        "vote_weights": np.array([each.vote_weight for each in members], np.float64),
        "n_examples": np.array([each.n_examples for each in members], np.int64),
        "scorers": tuple(each.scorer for each in members if each.scorer is not None),
    }


def score_texts(
    text: pa.Array,
    weights: NDArray[np.float32],
    intercepts: NDArray[np.float64],
    features: FeatureConfig,
    scorers: Sequence[Scorer] = (),
) -> NDArray[np.float32]:
    """Return the score that each member gives each text.

    Parameters
    ----------
    text
        Strings without lexicon symbols.
    weights : float32[n_features, n_members]
    intercepts : float64[n_members]
    features
        How the members were trained to see text.
    scorers
        Of members that have no weights.

    Returns
    -------
    float32[len(text), n_members]
        Unbounded; log-odds of positive for members trained on log loss.
    """
    if scorers:
        return score_by(scorers, text, features)
    weights, intercepts = as_kernels_want(weights), as_kernels_want(intercepts)
    scores = np.empty((len(text), len(intercepts)), np.float32)
    if features.features == "maps":
        score_maps(*hash_maps(text, features), weights, intercepts, scores)
        return scores
    indptr, indices = hash_rows(text, features)
    normalize = is_normalized(features)
    score_rows(indptr, indices, weights, intercepts, scores, normalize)
    return scores


def vote_probability(
    scores: NDArray[np.float32],
    vote: Vote,
    vote_weights: NDArray[np.float64],
    calibration: Calibration = NOT_CALIBRATED,
) -> NDArray[np.float32]:
    """Return the probability of positive that a vote gives each row.

    Parameters
    ----------
    scores : float32[n, n_members]
        Finite.
    vote
        See the table of this module.
    vote_weights : float64[n_members]
        Not negative; only a ``weighted`` vote looks at them.  Where all are 0 every
        vote is even.
    calibration
        What the vote's own probability is replaced by; never its side of 0.5.

    Returns
    -------
    float32[n]

    Examples
    --------
    One of two members votes positive; the mean score is below 0, then above:

    >>> scores = np.array([[1, -2], [2, -1]], np.float32)
    >>> vote_probability(scores, "majority", np.ones(2)).tolist()
    [0.5, 0.5000000596046448]
    """
    if calibration.is_fitted:
        return calibration.apply(vote_confidence(scores, vote, vote_weights))
    if vote == "majority":
        vote_weights = np.ones_like(vote_weights)
    scores, vote_weights = as_kernels_want(scores), as_kernels_want(vote_weights)
    probability = np.empty(len(scores), np.float32)
    if vote == "mean":
        mean_votes(scores, probability)
    else:
        share_votes(scores, vote_weights, probability)
    return probability


def vote_confidence(
    scores: NDArray[np.float32], vote: Vote, vote_weights: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return how clear the vote on each row is: what a calibration maps.

    Parameters
    ----------
    scores, vote, vote_weights
        As for `vote_probability`.

    Returns
    -------
    float32[n]
        Mean score, or log-odds of the share; above 0 exactly where positive wins.
    """
    confidence = np.empty(len(scores), np.float32)
    if vote == "mean":
        mean_scores(as_kernels_want(scores), confidence)
    else:
        share = vote_probability(scores, vote, vote_weights)
        log_odds_of_shares(share, confidence)
    return confidence


def mean_probability(
    means: NDArray[np.float64], calibration: Calibration = NOT_CALIBRATED
) -> NDArray[np.float32]:
    """Return the probability of positive that the ``mean`` vote gives mean scores.

    Parameters
    ----------
    means : float64[n]
        Finite.
    calibration
        As for `vote_probability`.

    Returns
    -------
    float32[n]

    Examples
    --------
    A mean that rounds to 0.5 is still told from none:

    >>> mean_probability(np.array([1e-30, 0])).tolist()
    [0.5000000596046448, 0.5]
    """
    to_fill = np.empty(len(means), np.float32)
    if calibration.is_fitted:
        round_means(as_kernels_want(means), to_fill)
        return calibration.apply(to_fill)
    logistic_of(as_kernels_want(means), to_fill)
    return to_fill


def decide(
    probability: NDArray[np.float32], abstain: float | None = None
) -> NDArray[np.int8]:
    """Return the polarity that each probability of positive stands for.

    Parameters
    ----------
    probability : float32[n]
        Of positive.
    abstain
        Where neither polarity has at least this probability, there is none: 0.

    Examples
    --------
    >>> probability = np.array([0.2, 0.5, 0.8], np.float32)
    >>> decide(probability).tolist(), decide(probability, abstain=0.6).tolist()
    ([-1, -1, 1], [-1, 0, 1])
    """
    is_positive = probability > np.float32(0.5)
    polarity = np.where(is_positive, np.int8(POSITIVE), np.int8(NEGATIVE))
    if abstain is not None:
        clearest = np.maximum(probability, 1 - probability)
        polarity[clearest < np.float32(abstain)] = ABSTAINED
    return polarity


def as_kernels_want(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array read-only and C-contiguous: for others numba compiles anew."""
    fixed = np.ascontiguousarray(array).view()
    fixed.flags.writeable = False
    return fixed
