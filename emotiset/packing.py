"""Members' weights laid out so that prediction is quick, with the same answers.

Each weight is rounded to a whole number of steps; `emotiset.kernels.packed` adds those
up, and goes back to the weights themselves for the few rows that lie so near to where
an answer changes that the rounding could tell.  So polarities are those of the exact
scores, always, and a probability is off by what 32 bits leave of a weight, which no
float32 shows.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from emotiset.config import FeatureConfig, Vote
from emotiset.features import hash_rows, is_normalized
from emotiset.kernels.packed import (
    BIAS,
    MEMBERS_PER_WORD,
    mean_scores,
    member_scores,
)
from emotiset.voting import as_kernels_want

_BLOCK: Final = 64
_UNITS_OF_MEAN: Final = 2**31 - 1
_UNITS_OF_MEMBER: Final = BIAS - 1


@dataclass(frozen=True, eq=False)
class PackedWeights:
    """The weights of all members that one vote needs.

    Attributes
    ----------
    bits, ranks : uint64[n_blocks], uint32[n_blocks]
        Which columns have a row of the table, and where.
    table : int32[n_rows] or uint64[n_rows, n_words]
        Weights in steps: their mean, or all of them.
    steps : float64[1] or float64[n_members]
    largest
        The largest weight, without its sign.
    """

    bits: NDArray[np.uint64]
    ranks: NDArray[np.uint32]
    table: NDArray[np.int32] | NDArray[np.uint64]
    steps: NDArray[np.float64]
    largest: float

    @classmethod
    def pack(cls, weights: NDArray[np.float32], vote: Vote) -> Self:
        """Pack the weights of an ensemble.

        Parameters
        ----------
        weights : float32[n_features, n_members]
        vote
            ``mean`` needs no more than the mean of the members' weights.
        """
        is_used = np.asarray(weights.any(axis=1))
        used = weights[is_used].astype(np.float64)
        padded = np.zeros(-(-len(is_used) // _BLOCK) * _BLOCK, np.bool_)
        padded[: len(is_used)] = is_used
        counts = padded.reshape(-1, _BLOCK).sum(axis=1)
        table, steps = _pack_mean(used) if vote == "mean" else _pack_words(used)
        return cls(
            bits=as_kernels_want(np.packbits(padded, bitorder="little").view("<u8")),
            ranks=as_kernels_want((np.cumsum(counts) - counts).astype(np.uint32)),
            table=as_kernels_want(table),
            steps=as_kernels_want(steps),
            largest=float(np.abs(used).max(initial=0)),
        )


def mean_of_texts(
    text: pa.Array,
    packed: PackedWeights,
    model: tuple[NDArray[np.float32], NDArray[np.float64]],
    features: FeatureConfig,
    cuts: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the mean score of each text.

    Parameters
    ----------
    text
        Strings without lexicon symbols.
    packed
        Of the ``mean`` vote.
    model
        Weights, float32[n_features, n_members], and intercepts, float64[n_members].
    features
        How the members were trained to see text.
    cuts : float64[n_cuts]
        Scores at which an answer changes; each text is on the side of them on which
        its exact score is.

    Returns
    -------
    float64[len(text)]
    """
    rows = hash_rows(text, features)
    means = np.empty(len(text))
    mean_scores(
        *rows,
        (packed.bits, packed.ranks),
        packed.table,
        float(packed.steps[0]),
        _as_model(model, packed),
        as_kernels_want(cuts),
        means,
        _make_hits(rows[0]),
        is_normalized(features),
    )
    return means


def members_of_texts(
    text: pa.Array,
    packed: PackedWeights,
    model: tuple[NDArray[np.float32], NDArray[np.float64]],
    features: FeatureConfig,
) -> NDArray[np.float32]:
    """Return scores of all members, each with its exact sign; see `mean_of_texts`.

    Returns
    -------
    float32[len(text), n_members]
    """
    rows = hash_rows(text, features)
    scores = np.empty((len(text), len(model[1])), np.float32)
    member_scores(
        *rows,
        (packed.bits, packed.ranks),
        packed.table,
        packed.steps,
        _as_model(model, packed),
        scores,
        _make_hits(rows[0]),
        is_normalized(features),
    )
    return scores


def _as_model(
    model: tuple[NDArray[np.float32], NDArray[np.float64]], packed: PackedWeights
) -> tuple[NDArray[np.float32], NDArray[np.float64], float]:
    weights, intercepts = model
    return as_kernels_want(weights), as_kernels_want(intercepts), packed.largest


def _make_hits(indptr: NDArray[np.uint64]) -> NDArray[np.uint32]:
    return np.empty(int(np.diff(indptr).max(initial=0)) + 1, np.uint32)


def _pack_mean(
    weights: NDArray[np.float64],
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    mean = np.zeros(len(weights))
    for member in range(weights.shape[1]):  # in this order on every CPU
        mean += weights[:, member]
    mean /= weights.shape[1]
    step = max(np.abs(mean).max(initial=0) / _UNITS_OF_MEAN, np.finfo(float).tiny)
    return np.rint(mean / step).astype(np.int32), np.array([step])


def _pack_words(
    weights: NDArray[np.float64],
) -> tuple[NDArray[np.uint64], NDArray[np.float64]]:
    n_rows, n_members = weights.shape
    largest = np.abs(weights).max(axis=0, initial=0)
    steps = np.maximum(largest / _UNITS_OF_MEMBER, np.finfo(float).tiny)
    n_words = -(-n_members // MEMBERS_PER_WORD)
    units = np.full((n_rows, n_words * MEMBERS_PER_WORD), BIAS, "<u2")
    units[:, :n_members] += np.rint(weights / steps).astype(np.int16).view(np.uint16)
    return units.view("<u8"), steps
