"""Random integers for simulated tweets, the same on every machine and version.

NumPy promises the raw output of a bit generator for good, but not what its
`Generator` methods make of it.  So only raw integers are taken, and cut to size
by integer arithmetic.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_HALF = 32  # a raw integer has 64 bits; draws use the upper half


class Draws:
    """One stream of random integers; each call draws for all *n* rows at once.

    Parameters
    ----------
    n
        Rows, and so the length of what each call returns.
    seed
        Any integer from 0.
    stream
        Integers that name the stream; different names give independent streams.

    References
    ----------
    .. [1] D. Lemire, "Fast Random Integer Generation in an Interval", ACM TOMACS
       29(1), 2019: the multiplication in `below`, here without its rejection step,
       which leaves a bias below ``limit / 2**32``.

    Examples
    --------
    >>> Draws(4, seed=7, stream=(0, 1)).below(100)
    array([87, 32, 10,  5])
    >>> Draws(4, seed=7, stream=(0, 2)).below(100)
    array([30, 12, 44, 81])
    """

    def __init__(self, n: int, *, seed: int, stream: Sequence[int]) -> None:
        self.n = n
        # A spawn key, unlike a longer seed, can never run into another seed.
        sequence = np.random.SeedSequence(seed, spawn_key=tuple(stream))
        self._bits = np.random.PCG64(sequence)

    def raw(self, width: int) -> npt.NDArray[np.uint64]:
        """Return 64 random bits each, uint64[n, width]."""
        drawn: npt.NDArray[np.uint64] = self._bits.random_raw(self.n * width)
        return drawn.reshape(self.n, width)

    def below(self, limit: int | Ints) -> Ints:
        """Return integers from 0 to *limit* - 1, int64[n]; 0 where *limit* is 0.

        Parameters
        ----------
        limit
            At most ``2**31``; one for all rows, or int64[n].
        """
        upper = (self._bits.random_raw(self.n) >> _HALF).astype(np.int64)
        return (upper * limit) >> _HALF

    def happens(self, share: float) -> Bools:
        """Return True for about a *share* of the rows, bool[n]; 0 is never, 1 always.

        The bits drawn do not depend on *share*, so with a larger share the same
        rows are True, and more.
        """
        upper = self._bits.random_raw(self.n) >> _HALF
        return upper < np.uint64(round(share * (1 << _HALF)))

    def choose(self, weights: Sequence[int]) -> Ints:
        """Return indices into *weights*, each as often as it weighs, int64[n]."""
        bounds = np.cumsum(weights)
        return np.searchsorted(bounds, self.below(int(bounds[-1])), side="right")
