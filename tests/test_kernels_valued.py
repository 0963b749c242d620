"""SGD on rows of any values, against the same in NumPy and against the other kernel."""

import numpy as np
import pytest
from scipy.sparse import random_array
from scipy.special import expit

from emotiset.kernels.valued import averaged_sgd


def fit(rows, polarity, order, epochs=2, eta0=0.3, alpha=0.01):
    held = np.zeros((2, rows.shape[1]))
    intercept = averaged_sgd(
        rows.indptr.astype(np.int64),
        rows.indices.astype(np.uint32),
        rows.data,
        polarity,
        order,
        epochs,
        eta0,
        alpha,
        held,
    )
    return held[1], intercept


def fit_slowly(X, polarity, order, epochs, eta0, alpha):
    """Every step in full: no scale held apart, each iterate added to the sum."""
    weights, intercept = np.zeros(X.shape[1]), 0.0
    iterates = []
    for step, row in enumerate(np.tile(order, epochs)):
        x, sign = X[row], polarity[row]
        pull = sign * expit(-sign * (weights @ x + intercept))
        eta = eta0 / (1 + alpha * eta0 * step)
        weights = (1 - eta * alpha) * weights + eta * pull * x
        intercept += eta * pull
        iterates.append(np.append(weights, intercept))
    mean = np.mean(iterates, axis=0)
    return mean[:-1], mean[-1]


@pytest.mark.parametrize(
    ("epochs", "eta0", "alpha"),
    [(1, 0.3, 0.0), (3, 0.3, 0.01), (40, 1.0, 0.9), (2, 1e-3, 1e-6)],
)
def test_averaged_sgd__is_the_mean_of_plain_steps(epochs, eta0, alpha):
    rng = np.random.default_rng(0)
    rows = random_array((60, 12), density=0.3, rng=rng, format="csr") * 4
    rows.data -= 2
    polarity = rng.choice([-1, 1], 60).astype(np.int8)
    order = rng.permutation(60)[:50].astype(np.int64)
    found = fit(rows, polarity, order, epochs, eta0, alpha)
    expected = fit_slowly(rows.toarray(), polarity, order, epochs, eta0, alpha)
    assert found[0] == pytest.approx(expected[0], rel=1e-9, abs=1e-12)
    assert found[1] == pytest.approx(expected[1], rel=1e-9, abs=1e-12)


def test_averaged_sgd__only_the_rows_in_order_count():
    rng = np.random.default_rng(0)
    rows = random_array((9, 4), density=0.7, rng=rng, format="csr")
    polarity = np.where(np.arange(9) % 2, 1, -1).astype(np.int8)
    order = np.array([3, 0, 5], np.int64)
    few = rows[order]
    alone = fit(few, polarity[order], np.arange(3, dtype=np.int64))
    found = fit(rows, polarity, order)
    assert found[0].tobytes() == alone[0].tobytes()
    assert found[1] == alone[1]
