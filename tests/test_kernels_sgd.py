"""Both learners against dense twins, finite differences and scikit-learn."""

import math
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numba
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.svm import LinearSVC

from emotiset.kernels.sgd import Progress, pegasos, sgd_logistic

Floats = NDArray[np.float64]
Fit = Callable[[csr_matrix, NDArray[np.int8], Floats, Progress], Progress]


def _examples(
    n_rows: int = 60, n_features: int = 24, seed: int = 0
) -> tuple[csr_matrix, NDArray[np.int8]]:
    """Draw binary rows whose polarity depends on them; the first row is empty."""
    rng = np.random.default_rng(seed)
    dense = rng.random((n_rows, n_features)) < 0.3
    dense[0] = False
    noise = rng.normal(size=n_rows)
    polarity = np.where(dense @ rng.normal(size=n_features) + noise > 0, 1, -1)
    return csr_matrix(dense.astype(np.float32)), polarity.astype(np.int8)


def _logistic(eta0: float, alpha: float, normalize: bool = False) -> Fit:
    return lambda X, polarity, weights, progress: sgd_logistic(
        X.indptr, X.indices, polarity, weights, progress, eta0, alpha, normalize
    )


def _pegasos(alpha: float, normalize: bool = False) -> Fit:
    return lambda X, polarity, weights, progress: pegasos(
        X.indptr, X.indices, polarity, weights, progress, alpha, normalize
    )


def _fit(
    fit: Fit, X: csr_matrix, polarity: NDArray[np.int8], epochs: int = 1
) -> tuple[Floats, float, Progress]:
    weights, progress = np.zeros(X.shape[1]), Progress()
    for _ in range(epochs):
        progress = fit(X, polarity, weights, progress)
    return progress.scale * weights, progress.scale * progress.intercept, progress


def _with_constant(X: csr_matrix) -> Floats:
    dense = X.toarray().astype(np.float64)
    return np.hstack([dense, np.ones((len(dense), 1))])


def _normalized(X: csr_matrix) -> csr_matrix:
    """Divide each row by its length."""
    lengths = np.sqrt(np.maximum(X.getnnz(axis=1), 1))
    return csr_matrix(X.toarray().astype(np.float64) / lengths[:, None])


def _slow_logistic(
    X: csr_matrix,
    polarity: NDArray[np.int8],
    eta0: float,
    alpha: float,
    epochs: int,
    steps: Floats | float = 1.0,
) -> tuple[Floats, float, int]:
    """Take steps in dense vectors; *steps* are those of the columns, the constant last.

    A step shrinks every weight alike.
    """
    w, total, n_correct = np.zeros(X.shape[1] + 1), 0.0, 0
    rows = [*zip(_with_constant(X), polarity.tolist(), strict=True)] * epochs
    for step, (x, sign) in enumerate(rows):
        margin = sign * float(x @ w)
        n_correct += margin > 0
        total += math.log1p(math.exp(-margin))
        gradient = -sign * x * steps / (1 + math.exp(margin)) + alpha * w
        w = w - eta0 / (1 + alpha * eta0 * step) * gradient
    return w, total, n_correct


def _slow_pegasos(
    X: csr_matrix, polarity: NDArray[np.int8], alpha: float, epochs: int
) -> tuple[list[float], float, int]:
    # As printed in the paper, figure 1, in exact arithmetic: a margin of 1 or 0 falls
    # on the same side.
    dense = _with_constant(X).astype(int).tolist()
    w, total, n_correct = [Fraction(0)] * (X.shape[1] + 1), Fraction(0), 0
    rows = [*zip(dense, polarity.tolist(), strict=True)] * epochs
    for t, (x, sign) in enumerate(rows, start=1):
        margin = sign * sum(a * b for a, b in zip(x, w, strict=True))
        n_correct += margin > 0
        total += max(Fraction(0), 1 - margin)
        eta = 1 / (Fraction(alpha) * t)
        push = eta * sign if margin < 1 else Fraction(0)
        w = [
            (1 - eta * Fraction(alpha)) * b + push * a
            for a, b in zip(x, w, strict=True)
        ]
    return [float(b) for b in w], float(total), n_correct


# The last pair shrinks the scale below its least value every few steps.
@pytest.mark.parametrize(
    ("eta0", "alpha"), [(0.1, 0.0), (0.1, 1e-3), (1.0, 0.1), (0.95, 0.99), (90.0, 0.01)]
)
def test_sgd_logistic__agrees_with_slow_twin(eta0: float, alpha: float) -> None:
    X, polarity = _examples()
    weights, intercept, progress = _fit(_logistic(eta0, alpha), X, polarity, epochs=3)
    expected, total_loss, n_correct = _slow_logistic(X, polarity, eta0, alpha, 3)
    np.testing.assert_allclose([*weights, intercept], expected, rtol=1e-9, atol=1e-9)
    assert progress.total_loss == pytest.approx(total_loss, rel=1e-9)
    assert (progress.step, progress.n_correct) == (180, n_correct)


def test_sgd_logistic__normalized_rows_agree_with_slow_twin() -> None:
    X, polarity = _examples()
    fit = _logistic(2.0, 1e-3, normalize=True)
    weights, intercept, progress = _fit(fit, X, polarity, epochs=2)
    steps = np.array([*np.ones(X.shape[1]), 0.01])
    expected, total_loss, n_correct = _slow_logistic(
        _normalized(X), polarity, 2.0, 1e-3, 2, steps
    )
    np.testing.assert_allclose([*weights, intercept], expected, rtol=1e-9, atol=1e-9)
    assert progress.total_loss == pytest.approx(total_loss, rel=1e-9)
    assert progress.n_correct == n_correct


def test_pegasos__normalized_rows_are_a_sum_over_margins_below_1() -> None:
    X, polarity = _examples()
    weights, intercept, _ = _fit(_pegasos(0.1, normalize=True), X, polarity)
    total = np.zeros(X.shape[1] + 1)
    steps = np.array([*np.ones(X.shape[1]), 0.01])
    for t, (x, sign) in enumerate(
        zip(_with_constant(_normalized(X)), polarity, strict=True)
    ):
        if t == 0 or sign * (x @ total) / (0.1 * t) < 1:
            total += sign * x * steps
    np.testing.assert_allclose([*weights, intercept], total / 6.0, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("alpha", [1e-4, 0.0123, 0.37, 0.99])
def test_pegasos__agrees_with_slow_twin(alpha: float) -> None:
    X, polarity = _examples()
    weights, intercept, progress = _fit(_pegasos(alpha), X, polarity, epochs=3)
    expected, total_loss, n_correct = _slow_pegasos(X, polarity, alpha, 3)
    np.testing.assert_allclose([*weights, intercept], expected, rtol=1e-9, atol=1e-9)
    assert progress.total_loss == pytest.approx(total_loss, rel=1e-9)
    assert (progress.step, progress.n_correct) == (180, n_correct)


def test_sgd_logistic__scale_is_folded_into_the_weights() -> None:
    X, polarity = _examples(n_rows=2000)
    weights, intercept, progress = _fit(_logistic(0.5, 0.1), X, polarity)
    expected, _, _ = _slow_logistic(X, polarity, 0.5, 0.1, 1)
    assert 1e-9 <= progress.scale < 1
    np.testing.assert_allclose([*weights, intercept], expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("row", [1, 2, 3])
def test_sgd_logistic__step_follows_the_gradient(row: int) -> None:
    X, polarity = _examples()
    x, sign = _with_constant(X)[row], int(polarity[row])
    eta0, alpha = 0.01, 0.2
    before = np.random.default_rng(row).normal(size=X.shape[1] + 1)

    def objective(w: Floats) -> float:
        return math.log(1 + math.exp(-sign * float(x @ w))) + alpha / 2 * float(w @ w)

    step = 1e-6 * np.eye(len(before))
    gradient = [(objective(before + h) - objective(before - h)) / 2e-6 for h in step]

    weights = before[:-1].copy()
    progress = _logistic(eta0, alpha)(
        X[row], polarity[row : row + 1], weights, Progress(intercept=before[-1])
    )
    after = progress.scale * np.array([*weights, progress.intercept])
    np.testing.assert_allclose((before - after) / eta0, gradient, rtol=1e-6, atol=1e-8)


def test_sgd_logistic__agrees_with_scikit_learn_without_shrinking() -> None:
    X, polarity = _examples(n_rows=300)
    weights, intercept, _ = _fit(_logistic(0.05, 0.0), X, polarity, epochs=2)
    judge = SGDClassifier(
        loss="log_loss",
        alpha=0.0,
        learning_rate="constant",
        eta0=0.05,
        shuffle=False,
        max_iter=2,
        tol=None,
    ).fit(X.toarray().astype(np.float64), polarity)
    np.testing.assert_allclose(weights, judge.coef_[0], rtol=1e-9, atol=1e-12)
    assert intercept == pytest.approx(judge.intercept_[0], rel=1e-9)


def _objective(
    loss: Any, alpha: float, X: csr_matrix, polarity: NDArray[np.int8], w: Floats
) -> float:
    margin = polarity * (_with_constant(X) @ w)
    return float(loss(margin).mean() + alpha / 2 * (w @ w))


def test_sgd_logistic__comes_to_the_minimum() -> None:
    X, polarity = _examples(n_rows=200)
    alpha = 0.05
    weights, intercept, _ = _fit(_logistic(0.5, alpha), X, polarity, epochs=300)
    judge = LogisticRegression(
        C=1 / (alpha * 200), solver="liblinear", intercept_scaling=1, tol=1e-9
    ).fit(X, polarity)

    judged = np.array([*judge.coef_[0], *judge.intercept_])

    def loss(margin: Floats) -> Floats:
        return np.logaddexp(0, -margin)

    best = _objective(loss, alpha, X, polarity, judged)
    found = _objective(loss, alpha, X, polarity, np.array([*weights, intercept]))
    assert best - 1e-9 <= found < best * 1.001


def test_pegasos__comes_to_the_minimum() -> None:
    X, polarity = _examples(n_rows=200)
    alpha = 0.05
    weights, intercept, _ = _fit(_pegasos(alpha), X, polarity, epochs=300)
    judge = LinearSVC(
        C=1 / (alpha * 200), loss="hinge", intercept_scaling=1, tol=1e-9, max_iter=10**6
    ).fit(X, polarity)

    judged = np.array([*judge.coef_[0], *judge.intercept_])

    def loss(margin: Floats) -> Floats:
        return np.maximum(0, 1 - margin)

    best = _objective(loss, alpha, X, polarity, judged)
    found = _objective(loss, alpha, X, polarity, np.array([*weights, intercept]))
    assert best - 1e-9 <= found < best * 1.005


@pytest.mark.parametrize("fit", [_logistic(0.5, 0.1), _pegasos(0.01)])
def test_learners__same_bits_however_cut(fit: Fit) -> None:
    X, polarity = _examples(n_rows=400)
    whole_weights, whole = np.zeros(X.shape[1]), Progress()
    whole = fit(X, polarity, whole_weights, whole)
    weights, progress = np.zeros(X.shape[1]), Progress()
    for start, stop in [(0, 1), (1, 1), (1, 250), (250, 400)]:
        progress = fit(X[start:stop], polarity[start:stop], weights, progress)
    assert weights.tobytes() == whole_weights.tobytes()
    assert progress == whole


@pytest.mark.parametrize("fit", [_logistic(0.1, 0.1), _pegasos(0.1)])
def test_learners__score_of_zero_is_not_correct(fit: Fit) -> None:
    empty = csr_matrix((1, 4), dtype=np.float32)
    for sign in (-1, 1):
        progress = fit(empty, np.array([sign], np.int8), np.zeros(4), Progress())
        assert (progress.step, progress.n_correct) == (1, 0)
        assert progress.intercept * sign > 0


def test_pegasos__holds_whole_numbers() -> None:
    X, polarity = _examples(n_rows=400)
    weights = np.zeros(X.shape[1])
    pegasos(X.indptr, X.indices, polarity, weights, Progress(), 0.003, False)
    assert np.array_equal(weights, np.round(weights))
    assert np.abs(weights).max() > 1


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")
@pytest.mark.parametrize(
    ("kernel", "rates"), [(sgd_logistic, (0.1, 0.1, True)), (pegasos, (0.1, True))]
)
def test_learners__no_fused_multiply_and_no_libm(
    kernel: Any, rates: tuple[float, ...]
) -> None:
    # Compiled anew: code from the folder of kernels cannot be looked at.
    kernel = numba.njit(nogil=True, error_model="numpy")(kernel.py_func)
    X, polarity = _examples(n_rows=2)
    weights = np.zeros(X.shape[1])
    kernel(X.indptr, X.indices, polarity, weights, Progress(), *rates)
    assert kernel.signatures
    for assembly in kernel.inspect_asm().values():
        assert not re.search(r"\bv?fn?m(add|sub|la|ls)", assembly)
        assert not re.search(r"\b(exp|exp2|log|log1p|pow|ldexp|frexp)\b", assembly)
    for code in kernel.inspect_llvm().values():
        assert not re.search(r"\bf(add|sub|mul|div) (fast|reassoc|contract)", code)
