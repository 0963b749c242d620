"""Averaged SGD against a dense twin that keeps every iterate."""

import math
import re

import numba
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from emotiset.kernels.averaged import (
    CHANGES,
    GAIN,
    TABLE_WIDTH,
    WEIGHT,
    average_weights,
    averaged_logistic,
)
from emotiset.kernels.sgd import Progress

Floats = NDArray[np.float64]


def _examples(
    n_rows: int = 80, n_features: int = 24, seed: int = 0
) -> tuple[csr_matrix, NDArray[np.int8], NDArray[np.float32]]:
    """Draw rows, polarities and gains; the first row is empty."""
    rng = np.random.default_rng(seed)
    dense = rng.random((n_rows, n_features)) < 0.3
    dense[0] = False
    noise = rng.normal(size=n_rows)
    polarity = np.where(dense @ rng.normal(size=n_features) + noise > 0, 1, -1)
    gains = rng.random(n_features).astype(np.float32) * 2
    return csr_matrix(dense.astype(np.float32)), polarity.astype(np.int8), gains


def _table(gains: NDArray[np.float32]) -> NDArray[np.float32]:
    table = np.zeros((len(gains), TABLE_WIDTH), np.float32)
    table[:, GAIN] = gains
    return table


def _fit(
    X: csr_matrix,
    polarity: NDArray[np.int8],
    gains: NDArray[np.float32],
    settings: tuple[float, float, bool],
    epochs: int = 1,
) -> tuple[NDArray[np.float32], float, Progress]:
    table, progress = _table(gains), Progress()
    for _ in range(epochs):
        rows = X.indptr, X.indices, polarity, table
        progress = averaged_logistic(*rows, progress, *settings)
    weights = np.empty(len(gains), np.float32)
    average_weights(table, progress.total_scale, progress.step, weights)
    return weights, progress.total_intercept / progress.step, progress


def _slow_twin(
    X: csr_matrix,
    polarity: NDArray[np.int8],
    gains: NDArray[np.float32],
    settings: tuple[float, float, bool],
    epochs: int,
) -> tuple[Floats, float, float, int]:
    # Columns are scaled by the root of their gain, as naive Bayes does it, and the
    # weights multiplied by it in the end.
    eta0, alpha, normalize = settings
    roots = np.sqrt(gains.astype(np.float64))
    w, b, loss, n_correct = np.zeros(X.shape[1]), 0.0, 0.0, 0
    all_w, all_b = [], []
    rows = [*zip(X.toarray().astype(float), polarity.tolist(), strict=True)] * epochs
    for step, (row, sign) in enumerate(rows):
        length = math.sqrt(max(row.sum(), 1)) if normalize else 1.0
        x = row * roots / length
        margin = sign * (float(x @ w) + b)
        n_correct += margin > 0
        loss += math.log1p(math.exp(-margin))
        eta = eta0 / (1 + alpha * eta0 * step)
        push = eta * sign / (1 + math.exp(margin))
        w = (1 - eta * alpha) * w + push * x
        b += push * (0.01 if normalize else 1.0)
        all_w.append(w)
        all_b.append(b)
    return np.mean(all_w, axis=0) * roots, float(np.mean(all_b)), loss, n_correct


# The last one shrinks the scale below its least value every few steps.
@pytest.mark.parametrize(
    "settings",
    [(0.5, 0.0, True), (3.0, 1e-3, True), (0.1, 0.01, False), (90.0, 0.01, True)],
)
def test_averaged_logistic__agrees_with_slow_twin(
    settings: tuple[float, float, bool],
) -> None:
    X, polarity, gains = _examples()
    weights, intercept, progress = _fit(X, polarity, gains, settings, epochs=3)
    expected = _slow_twin(X, polarity, gains, settings, 3)
    size = np.abs(expected[0]).max()
    np.testing.assert_allclose(weights, expected[0], rtol=1e-4, atol=1e-5 * size)
    assert intercept == pytest.approx(expected[1], rel=1e-4)
    assert progress.total_loss == pytest.approx(expected[2], rel=1e-4)
    assert (progress.step, progress.n_correct) == (240, expected[3])


def test_averaged_logistic__scale_is_folded_into_the_weights() -> None:
    X, polarity, gains = _examples(n_rows=2000)
    settings = 0.5, 0.1, True
    weights, _, progress = _fit(X, polarity, gains, settings)
    expected, *_ = _slow_twin(X, polarity, gains, settings, 1)
    assert 1e-9 <= progress.scale < 1
    np.testing.assert_allclose(weights, expected, rtol=1e-3, atol=1e-5)


def test_averaged_logistic__same_bits_however_cut() -> None:
    X, polarity, gains = _examples(n_rows=400)
    settings = 0.5, 0.1, True
    whole_table, table = _table(gains), _table(gains)
    rows = X.indptr, X.indices, polarity, whole_table
    whole = averaged_logistic(*rows, Progress(), *settings)
    progress = Progress()
    for start, stop in [(0, 1), (1, 1), (1, 250), (250, 400)]:
        part = X[start:stop]
        rows = part.indptr, part.indices, polarity[start:stop], table
        progress = averaged_logistic(*rows, progress, *settings)
    assert table.tobytes() == whole_table.tobytes()
    assert progress == whole


def test_averaged_logistic__no_gain_no_change() -> None:
    X, polarity, gains = _examples()
    gains[::2] = 0
    table = _table(gains)
    rows = X.indptr, X.indices, polarity, table
    averaged_logistic(*rows, Progress(), 1.0, 1e-3, True)
    assert not table[::2, [WEIGHT, CHANGES]].any()
    assert table[1::2, WEIGHT].all()


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")
def test_averaged_logistic__no_fused_multiply_and_no_libm() -> None:
    # Compiled anew: code from the folder of kernels cannot be looked at.
    first, second = (
        numba.njit(nogil=True, error_model="numpy")(kernel.py_func)
        for kernel in (averaged_logistic, average_weights)
    )
    X, polarity, gains = _examples()
    table = _table(gains)
    first(X.indptr, X.indices, polarity, table, Progress(), 0.5, 0.1, True)
    second(table, 1.0, 1, np.empty(len(gains), np.float32))
    for kernel in (first, second):
        assert kernel.signatures
        for assembly in kernel.inspect_asm().values():
            assert not re.search(r"\bv?fn?m(add|sub|la|ls)", assembly)
            assert not re.search(r"\b(exp|exp2|log|log1p|pow|ldexp|frexp)\b", assembly)
