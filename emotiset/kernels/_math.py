"""Exponential and logarithm from + - x / alone.

The C library and NumPy choose their `exp` and `log` by the type of CPU, and the
choices differ in the last bits; a model must not.  The four operations are rounded
the same way everywhere, so what is built of them in a fixed order is too.

Called from a kernel these functions are compiled into it; called from Python they
run as they stand and give the same bits.
"""

import math

import numpy as np

from emotiset.kernels._jit import jitable

_LOG2_E = 1.4426950408889634
_LN2 = 0.6931471805599453
# ln 2 in two parts: the first has 41 bits, so that its product with an exponent,
# which has 11 at most, is exact.
_LN2_HIGH = float.fromhex("0x1.62e42fefa3p-1")
_LN2_LOW = 2.8235290563031577e-13
_SQRT2 = 1.4142135623730951

# Adding and taking away 1.5 x 2^52 rounds a smaller number to a whole one.
_ROUNDER = 1.5 * 2.0**52

# 2^k is _FINE[k mod 32] * _COARSE[k div 32 + 31], for every k that `exp` needs.  One
# table of all would cost more to compile than the rest of this module.
_FINE = np.array([math.ldexp(1.0, k) for k in range(32)])
_COARSE = np.array([math.ldexp(1.0, 32 * k) for k in range(-31, 32)])


@jitable
def exp(x):
    """Return e to the power of *x*.

    Writes x as ``k ln 2 + r`` with ``|r| <= ln(2) / 2`` and sums the Taylor series
    of e^r up to r^13, whose remainder is below 1e-17.

    Parameters
    ----------
    x : float
        Below -687 the result is 0 and above 709 infinite: subnormal numbers are
        left out because a CPU can be told to flush them.

    Returns
    -------
    float
        Relative error below 3e-16.

    Examples
    --------
    >>> exp(0.0), exp(-709.0), exp(710.0)
    (1.0, 0.0, inf)
    """
    if not x >= -687.0:
        return 0.0 if x < 0.0 else x  # else NaN
    if x > 709.0:
        return np.inf
    k = (x * _LOG2_E + _ROUNDER) - _ROUNDER
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    # Even and odd powers apart: two short chains of operations, not a long one.
    q = r * r
    even = 1 / 479001600.0
    even = even * q + 1 / 3628800.0
    even = even * q + 1 / 40320.0
    even = even * q + 1 / 720.0
    even = even * q + 1 / 24.0
    even = even * q + 1 / 2.0
    odd = 1 / 6227020800.0
    odd = odd * q + 1 / 39916800.0
    odd = odd * q + 1 / 362880.0
    odd = odd * q + 1 / 5040.0
    odd = odd * q + 1 / 120.0
    odd = odd * q + 1 / 6.0
    power = 1.0 + (r + (q * even + r * q * odd))
    exponent = int(k)
    return float(power * _FINE[exponent & 31] * _COARSE[(exponent >> 5) + 31])


@jitable
def log(x):
    """Return the natural logarithm of *x*.

    Writes x as ``2^k m`` with m near 1 and uses
    ``ln m = 2 artanh((m - 1) / (m + 1))``.

    Parameters
    ----------
    x : float
        Positive, finite, not subnormal.

    Returns
    -------
    float
        Relative error below 1e-15.

    Examples
    --------
    >>> log(1.0), round(log(1e300), 12)
    (0.0, 690.775527898214)
    """
    k = 0
    m = x
    while m > _SQRT2:
        m *= 0.5
        k += 1
    while m < 0.5 * _SQRT2:
        m *= 2.0
        k -= 1
    return k * _LN2_HIGH + (k * _LN2_LOW + _two_artanh((m - 1.0) / (m + 1.0)))


@jitable
def log1p_exp(x):
    """Return ``log(1 + exp(x))``, neither overflowing nor losing small values.

    Parameters
    ----------
    x : float
        Any number.

    Returns
    -------
    float
        Relative error below 1e-15; 0 below -687.

    Examples
    --------
    >>> log1p_exp(1000.0), log1p_exp(-40.0) == exp(-40.0)
    (1000.0, True)
    """
    e = exp(-abs(x))
    if e < _SQRT2 - 1.0:
        small = _two_artanh(e / (2.0 + e))
    else:
        small = _LN2 + _two_artanh((e - 1.0) / (e + 3.0))
    return small + x if x > 0.0 else small


@jitable
def logistic(x):
    """Return ``1 / (1 + exp(-x))``, the probability that a log-odds *x* stands for.

    Parameters
    ----------
    x : float
        Any number.

    Returns
    -------
    float
        From 0 to 1; relative error below 1e-15.

    Examples
    --------
    >>> logistic(0.0), logistic(-1000.0), logistic(1000.0)
    (0.5, 0.0, 1.0)
    """
    e = exp(-abs(x))
    return (1.0 if x >= 0.0 else e) / (1.0 + e)


@jitable
def _two_artanh(s):
    # 2 artanh(s) = 2 s (1 + s^2 / 3 + s^4 / 5 + ...); |s| <= 0.1716 here, so ten
    # terms leave a remainder below 1e-17.
    q = s * s
    total = 1 / 19.0
    total = total * q + 1 / 17.0
    total = total * q + 1 / 15.0
    total = total * q + 1 / 13.0
    total = total * q + 1 / 11.0
    total = total * q + 1 / 9.0
    total = total * q + 1 / 7.0
    total = total * q + 1 / 5.0
    total = total * q + 1 / 3.0
    return 2.0 * (s + s * (q * total))
