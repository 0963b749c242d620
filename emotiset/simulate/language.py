"""The language model of simulated tweets: how common a word is, and how telling.

Words come in pairs of opposites.  Which pairs a text uses does not depend on what
it feels like, its *tone*; which word of each pair does.  A pair *leans* by s: the
word that fits the tone is used with probability (1 + s) / 2, so it is evidence of
log((1 + s) / (1 - s)) for the tone, and the sum over the words is all there is to
know.  The tweet's polarity, which its symbol shows, is the tone but for a share of
`NOISE`.  Thus the best possible accuracy is known.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from emotiset.errors import ConfigError
from emotiset.schema import NEGATIVE, POSITIVE
from emotiset.simulate.draws import Bools, Draws, Ints
from emotiset.simulate.render import join_segments
from emotiset.simulate.words import N_ENDINGS, N_STEM_WORDS, spell_english

NOISE: Final = 0.06  # symbols that do not say what the words say: irony, habit
MOST_WORDS: Final = 19
_FEWEST_WORDS: Final = 4

_N_STEMS: Final = N_STEM_WORDS // 2  # pairs of stems
_N_PAIRS: Final = _N_STEMS * N_ENDINGS
_N_FUNCTION_PAIRS: Final = 64
_LOG2_CELLS: Final = 20

# How far pairs lean, as parts of _WHOLE.  Chosen so that logistic regression on byte
# 4-grams learns as it does on real tweets: benchmarks/simulate.py shows the curve.
_WHOLE: Final = 1 << 15
_STRONG: Final = _WHOLE * 95 // 100
_WEAK: Final = _WHOLE * 15 // 100
_FUNCTION: Final = _WHOLE * 25 // 100

_TEXTS_AT_ONCE: Final = 1 << 14
_TEXT_STREAM: Final = 1


@dataclass(frozen=True)
class Wording:
    """Drawn words of *n* texts, not yet spelled.

    Attributes
    ----------
    polarity, tone : int8[n]
        What the symbol says, and what the words say; -1 or +1.
    pair : int32[n, MOST_WORDS]
        Pair of opposites, the most frequent first.
    side : int32[n, MOST_WORDS]
        0 for the positive word of the pair, 1 for the negative.
    is_used : bool[n, MOST_WORDS]
        False beyond the end of a text.
    """

    polarity: npt.NDArray[np.int8]
    tone: npt.NDArray[np.int8]
    pair: npt.NDArray[np.int32]
    side: npt.NDArray[np.int32]
    is_used: Bools


def draw_wording(draws: Draws, *, positive_share: float = 0.5) -> Wording:
    """Draw the words of texts.

    Parameters
    ----------
    draws
        Source of the random integers.
    positive_share
        Share of texts with positive polarity.
    """
    polarity = np.where(draws.happens(positive_share), POSITIVE, NEGATIVE)
    tone = np.where(draws.happens(NOISE), -polarity, polarity)
    n_words = _FEWEST_WORDS + draws.below(9) + draws.below(8)
    raw = draws.raw(MOST_WORDS)
    pair = _pair_of_cell().take((raw >> (64 - _LOG2_CELLS)).view(np.int64))
    chance = _WHOLE + tone[:, None] * _leaning().take(pair)  # of 2 * _WHOLE
    side = (raw & (2 * _WHOLE - 1)).view(np.int64) >= chance
    return Wording(
        polarity=polarity.astype(np.int8),
        tone=tone.astype(np.int8),
        pair=pair,
        side=side.astype(np.int32),
        is_used=np.arange(MOST_WORDS) < n_words[:, None],
    )


@lru_cache(maxsize=1)
def _pair_of_cell() -> npt.NDArray[np.int32]:
    """Return 2**20 equally likely pairs, each as often as its share says.

    Shares follow the law of Zipf and Mandelbrot, 1 / (rank + 2.7).
    """
    weights = (1 << 36) // (10 * np.arange(_N_PAIRS, dtype=np.int64) + 27)
    total = np.cumsum(weights)
    ends = (total << _LOG2_CELLS) // total[-1]
    return np.repeat(np.arange(_N_PAIRS, dtype=np.int32), np.diff(ends, prepend=0))


@lru_cache(maxsize=1)
def _leaning() -> Ints:
    """Return how far each pair leans, int64[_N_PAIRS], in parts of `_WHOLE`.

    Some pairs are strong, fewer the rarer they are; the others are weak.  A stem
    leans alike with every ending.
    """
    draws = Draws(_N_STEMS, seed=0, stream=(_TEXT_STREAM, 0))
    rank = np.arange(_N_STEMS)
    is_strong = draws.below(1000) * (150 + rank) < 700 * 150
    weak = draws.below(np.where(rank < _N_FUNCTION_PAIRS, _FUNCTION, _WEAK))
    is_content = rank >= _N_FUNCTION_PAIRS
    return np.tile(np.where(is_strong & is_content, _STRONG, weak), N_ENDINGS)


def find_log_odds(wording: Wording) -> npt.NDArray[np.float64]:
    """Return the log-odds of positive polarity that the words give, float64[n].

    Polarities are taken to be equally frequent, as in a balanced sample.  No
    classifier that sees only the words does better than the sign of this.
    """
    tone = _tone_log_odds(wording)
    favor, against = (1 - NOISE) * np.exp(tone), NOISE * np.exp(tone)
    log_odds: npt.NDArray[np.float64] = np.log((favor + NOISE) / (against + 1 - NOISE))
    return log_odds


def _tone_log_odds(wording: Wording) -> npt.NDArray[np.float64]:
    leaning = _leaning()
    evidence = np.log((_WHOLE + leaning) / (_WHOLE - leaning))[wording.pair]
    evidence *= (1 - 2 * wording.side) * wording.is_used
    total: npt.NDArray[np.float64] = evidence.sum(axis=1)
    return total


def best_accuracy(*, n_texts: int = 1 << 18, seed: int = 0) -> float:
    """Return the accuracy that no classifier can beat, on equal polarities.

    It is the mean over texts of the probability of the likelier polarity, by Monte
    Carlo; the error is below ``0.2 / sqrt(n_texts)``, 0.0004 by default.

    Parameters
    ----------
    n_texts
        Texts drawn.
    seed
        Of the drawing; any answers the same but for the error.

    Notes
    -----
    Texts are English ones of usual length, as `labeled_texts` gives them.  In the
    simulated stream a few are shorter; `emotiset.labeling` drops most of them.

    Examples
    --------
    >>> round(best_accuracy(), 2)
    0.84
    """
    total = 0.0
    for n, draws in _parts(n_texts, seed):
        log_odds = find_log_odds(draw_wording(draws))[:n]
        total += float((1 / (1 + np.exp(-np.abs(log_odds)))).sum())
    return total / n_texts


def labeled_texts(
    n: int, *, seed: int = 0
) -> tuple[pa.Array, npt.NDArray[np.int8], npt.NDArray[np.float64]]:
    """Return English texts of the simulated stream's language, without the stream.

    Parameters
    ----------
    n
        Texts.  More texts of the same seed begin with the same ones.
    seed
        Changes the texts, never the language.

    Returns
    -------
    text : pa.StringArray
        Words alone: no symbols, links or mentions.
    polarity : int8[n]
        -1 or +1, equally likely.
    log_odds : float64[n]
        Of positive polarity, given the words; the best possible score.

    Raises
    ------
    ConfigError
        If *n* or *seed* is negative.

    Examples
    --------
    >>> text, polarity, log_odds = labeled_texts(0)
    >>> len(text), len(polarity), len(log_odds)
    (0, 0, 0)
    """
    if n < 0 or seed < 0:
        raise ConfigError(
            f"labeled_texts needs n and seed of at least 0, found {n} and {seed}"
        )
    texts, polarities, scores = [], [], []
    for n_wanted, draws in _parts(n, seed):
        wording = draw_wording(draws)
        texts.append(_spell(wording)[:n_wanted])
        polarities.append(wording.polarity[:n_wanted])
        scores.append(find_log_odds(wording)[:n_wanted])
    return (
        pa.concat_arrays([pa.array([], pa.binary()), *texts]).cast(pa.string()),
        np.concatenate([np.empty(0, np.int8), *polarities]),
        np.concatenate([np.empty(0), *scores]),
    )


def _parts(n: int, seed: int) -> list[tuple[int, Draws]]:
    """Return how many texts are wanted of each part, and its draws."""
    return [
        (
            min(n - start, _TEXTS_AT_ONCE),
            Draws(_TEXTS_AT_ONCE, seed=seed, stream=(_TEXT_STREAM, 1 + part)),
        )
        for part, start in enumerate(range(0, n, _TEXTS_AT_ONCE))
    ]


def _spell(wording: Wording) -> pa.Array:
    segments = _text_segments()
    words = 1 + 2 * wording.pair + wording.side
    words[:, 1:] += len(segments) // 2  # there with a gap before
    return join_segments(segments, np.where(wording.is_used, words, 0))


@lru_cache(maxsize=1)
def _text_segments() -> pa.Array:
    words = spell_english()
    return pa.array(["", *words, *(f" {word}" for word in words)], pa.binary())
