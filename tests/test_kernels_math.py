"""The project's own exp and log against mpmath, and free of the C library's."""

import math
import random
import re
from collections.abc import Callable

import mpmath
import numba
import numpy as np
import pytest

from emotiset.kernels._math import exp, log, log1p_exp, logistic

mpmath.mp.prec = 120

_RNG = random.Random(1)
_SCORES = [
    *(_RNG.uniform(-687, 687) for _ in range(500)),
    *(_RNG.uniform(-40, 40) for _ in range(500)),
    *(_RNG.uniform(-1, 1) for _ in range(500)),
    *(_RNG.choice([-1, 1]) * 10 ** _RNG.uniform(-300, 0) for _ in range(200)),
    *(k * math.log(2) / 2 for k in range(-60, 61)),  # where the reduction changes
    *(_RNG.uniform(-0.89, -0.87) for _ in range(100)),  # where log1p_exp changes
    *(_RNG.uniform(0.87, 0.89) for _ in range(100)),
]
_POSITIVE = [
    *(math.exp(_RNG.uniform(-700, 700)) for _ in range(500)),
    *(_RNG.uniform(0.5, 2) for _ in range(500)),
    *(1 + _RNG.choice([-1, 1]) * 10 ** _RNG.uniform(-15, -1) for _ in range(500)),
    *(2.0**k for k in range(-1022, 1024, 31)),
    *(math.sqrt(2) * 2.0**k for k in range(-60, 61)),
]


def _worst_error(
    function: Callable[[float], float],
    judge: Callable[[mpmath.mpf], mpmath.mpf],
    points: list[float],
) -> float:
    worst = 0.0
    for point in points:
        right = judge(mpmath.mpf(point))
        error = abs(mpmath.mpf(function(point)) - right)
        worst = max(worst, float(error / abs(right)) if right else float(error))
    return worst


def test_exp__agrees_with_mpmath() -> None:
    assert _worst_error(exp, mpmath.exp, _SCORES) < 3e-16


def test_log__agrees_with_mpmath() -> None:
    assert _worst_error(log, mpmath.log, _POSITIVE) < 1e-15


def test_log1p_exp__agrees_with_mpmath() -> None:
    assert (
        _worst_error(log1p_exp, lambda x: mpmath.log1p(mpmath.exp(x)), _SCORES) < 1e-15
    )


def test_logistic__agrees_with_mpmath() -> None:
    assert _worst_error(logistic, lambda x: 1 / (1 + mpmath.exp(-x)), _SCORES) < 1e-15


def test_functions__at_the_ends() -> None:
    infinity = float("inf")
    assert (exp(-infinity), exp(infinity)) == (0.0, infinity)
    assert (exp(-687.0001), exp(709.0001)) == (0.0, infinity)
    assert 0 < exp(-687.0) < exp(709.0) < infinity
    assert (log1p_exp(-infinity), log1p_exp(infinity)) == (0.0, infinity)
    assert (logistic(-infinity), logistic(infinity)) == (0.0, 1.0)
    assert all(math.isnan(each(math.nan)) for each in (exp, log1p_exp, logistic))


def test_functions__return_plain_floats() -> None:
    for function in (exp, log, log1p_exp, logistic):
        assert type(function(0.5)) is float


def test_functions__never_fall_where_they_should_rise() -> None:
    points = [k / 64 for k in range(-64 * 60, 64 * 60)]
    for function in (exp, log1p_exp, logistic):
        values = [function(point) for point in points]
        assert values == sorted(values)


# Not the project's `njit`: code from the folder of kernels cannot be looked at.
@numba.njit(nogil=True, error_model="numpy")
def _all_four(points, found):
    for i in range(len(points)):
        found[i, 0] = exp(points[i])
        found[i, 1] = log(abs(points[i]) + 1e-300)
        found[i, 2] = log1p_exp(points[i])
        found[i, 3] = logistic(points[i])


def test_functions__same_bits_compiled_and_not() -> None:
    points = np.array(_SCORES)
    found = np.empty((len(points), 4))
    _all_four(points, found)
    expected = [
        [exp(x), log(abs(x) + 1e-300), log1p_exp(x), logistic(x)] for x in _SCORES
    ]
    assert found.tobytes() == np.array(expected).tobytes()


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")
def test_functions__no_fused_multiply_and_no_libm() -> None:
    _all_four(np.zeros(1), np.empty((1, 4)))
    (assembly,) = _all_four.inspect_asm().values()
    assert not re.search(r"\bv?fn?m(add|sub|la|ls)", assembly)
    assert not re.search(r"\b(exp|exp2|log|log1p|pow|ldexp|frexp)\b", assembly)
