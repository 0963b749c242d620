"""Calibration against SciPy's optimum, frequencies, and scikit-learn's curve."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import minimize
from sklearn.calibration import calibration_curve

from emotiset.calibration import (
    NOT_CALIBRATED,
    Calibration,
    Side,
    count_confidence,
    fit_calibration,
    merge_counts,
    shift_prior,
)
from emotiset.errors import ConfigError
from emotiset.evaluate import evaluate_scores
from emotiset.kernels.calibration import fit_slope
from emotiset.ranking import ECE_BINS
from emotiset.voting import decide, vote_confidence, vote_probability

VOTES = ["majority", "weighted", "mean"]


def draw(n, log_odds, seed=0):
    """Return confidences, and polarities that are as likely as *log_odds* says."""
    rng = np.random.default_rng(seed)
    confidence = (3 * rng.normal(size=n)).astype(np.float32)
    likely = 1 / (1 + np.exp(-log_odds(confidence.astype(float))))
    polarity = np.where(rng.random(n) < likely, 1, -1).astype(np.int8)
    return confidence, polarity


def brute_ece(probability, polarity):
    """Return the calibration error, bin by bin of scikit-learn's curve."""
    found, expected = calibration_curve(
        polarity == 1, probability, n_bins=ECE_BINS, strategy="uniform"
    )
    edges = np.linspace(0, 1, ECE_BINS + 1)
    counts, _ = np.histogram(probability, edges)
    return float(np.abs(found - expected) @ counts[counts > 0] / len(probability))


@pytest.mark.parametrize("exponent", [0.5, 1.0, 1.4])
@pytest.mark.parametrize("slope", [0.1, 1.0, 3.0])
def test_fit_calibration__finds_the_curve_that_drew_the_labels(slope, exponent):
    confidence, polarity = draw(
        60_000, lambda c: slope * np.sign(c) * np.abs(c) ** exponent
    )
    found = fit_calibration(count_confidence(confidence, polarity), 0.5)
    assert found.n_examples == 60_000
    fresh, gold = draw(
        60_000, lambda c: slope * np.sign(c) * np.abs(c) ** exponent, seed=1
    )
    assert brute_ece(found.apply(fresh).astype(float), gold) < 0.012


def test_fit_calibration__each_side_has_its_own_curve():
    confidence, polarity = draw(40_000, lambda c: np.where(c > 0, 2 * c, c / 4))
    found = fit_calibration(count_confidence(confidence, polarity), 0.5)
    fitted = found.apply(np.array([-2, 2], np.float32))
    np.testing.assert_allclose(fitted, 1 / (1 + np.exp([0.5, -4.0])), atol=0.03)


@pytest.mark.parametrize("exponent", [0.5, 1.0])
def test_fit_slope__is_the_optimum_that_scipy_finds(exponent):
    rng = np.random.default_rng(2)
    log_size = np.log(rng.random(50) * 4 + 0.01)
    n = rng.integers(1, 100, 50).astype(float)
    right = np.floor(n * rng.random(50) ** 0.3)

    def loss(log_slope):
        odds = np.exp(log_slope[0] + exponent * log_size)
        return right @ np.logaddexp(0, -odds) + (n - right) @ np.logaddexp(0, odds)

    found, total = fit_slope(log_size, n, right, exponent)
    judge = minimize(loss, [0.0], method="Nelder-Mead", options={"xatol": 1e-9})
    assert found == pytest.approx(judge.x[0], abs=1e-4)
    assert total == pytest.approx(judge.fun, rel=1e-9)


@settings(max_examples=50, deadline=None)  # the first call compiles
@given(
    arrays(np.float32, 60, elements=st.floats(-(2.0**90), 2.0**90, width=32)),
    st.integers(0, 2**32),
)
def test_apply__keeps_the_side_and_rises(confidence, seed):
    polarity = np.random.default_rng(seed).choice(np.int8([-1, 1]), 60)
    found = fit_calibration(count_confidence(confidence, polarity), 0.5)
    if found.positive is None:
        return
    probability = found.apply(confidence)
    assert ((probability >= 0) & (probability <= 1)).all()
    assert ((probability > 0.5) == (confidence > 0)).all()
    in_order = probability[np.argsort(confidence, kind="stable")]
    assert (np.diff(in_order) >= 0).all()


@pytest.mark.parametrize("vote", VOTES)
def test_vote_probability__calibrated_gives_the_same_answers(vote):
    rng = np.random.default_rng(3)
    scores = rng.choice(np.float32([-2, -1, -1e-30, 0, 1e-30, 1, 2]), (2000, 5))
    weights = rng.random(5)
    calibration = Calibration(Side(0.3, 0.7), Side(-1.0, 1.2))
    plain = vote_probability(scores, vote, weights)
    calibrated = vote_probability(scores, vote, weights, calibration)
    assert np.array_equal(decide(plain), decide(calibrated))


@pytest.mark.parametrize("vote", VOTES)
@pytest.mark.parametrize("n_members", [1, 5])
def test_evaluate_scores__overconfident_members_become_honest(vote, n_members):
    rng = np.random.default_rng(4)
    truth = rng.normal(size=(40_000, 1))
    polarity = np.where(rng.random(40_000) < 1 / (1 + np.exp(-truth[:, 0])), 1, -1)
    scores = (4 * truth + 3 * rng.normal(size=(40_000, n_members))).astype(np.float32)
    polarity, weights = polarity.astype(np.int8), np.ones(n_members)
    confidence = vote_confidence(scores[:20_000], vote, weights)
    calibration = fit_calibration(
        count_confidence(confidence, polarity[:20_000]), prior=0.5
    )
    rest = scores[20_000:], polarity[20_000:], vote, weights
    before, after = evaluate_scores(*rest), evaluate_scores(*rest, calibration)
    assert after["ece"] < 0.02 < before["ece"]
    assert after["accuracy"] == before["accuracy"]
    assert after["log_loss"] < before["log_loss"]
    probability = vote_probability(*rest[:1], vote, weights, calibration)
    judge = brute_ece(probability.astype(float), rest[1])
    assert after["ece"] == pytest.approx(judge, abs=1e-6)


def test_count_confidence__cut_and_order_change_nothing():
    confidence, polarity = draw(5000, lambda c: c)
    whole = count_confidence(confidence, polarity)
    assert whole.sum() == 5000
    order = np.random.default_rng(5).permutation(5000)
    for cuts in ([1, 2], [7, 2500], [4999]):
        parts = np.split(order, cuts)
        merged = merge_counts(
            count_confidence(confidence[part], polarity[part]) for part in parts
        )
        assert np.array_equal(merged, whole)


def test_fit_calibration__too_few_or_none():
    none = merge_counts([])
    assert fit_calibration(none, 0.5) == NOT_CALIBRATED
    one_side = count_confidence(np.ones(100, np.float32), np.ones(100, np.int8))
    found = fit_calibration(one_side, 0.25)
    assert (found.positive, found.n_examples, found.prior) == (None, 0, 0.25)
    with pytest.raises(ConfigError, match="no calibration"):
        found.apply(np.ones(1, np.float32))


def test_fit_calibration__all_right_is_not_certain():
    confidence = np.repeat(np.float32([-1, 1]), 30)
    polarity = np.sign(confidence).astype(np.int8)
    found = fit_calibration(count_confidence(confidence, polarity), 0.5)
    assert found.apply(np.float32([1]))[0] == pytest.approx(31 / 32, abs=0.003)


def test_fit_calibration__all_wrong_stays_on_its_side():
    confidence = np.repeat(np.float32([-1, 1]), 30)
    polarity = -np.sign(confidence).astype(np.int8)
    found = fit_calibration(count_confidence(confidence, polarity), 0.5)
    probability = found.apply(np.float32([-1, 1]))
    assert probability[0] <= 0.5 < probability[1] < 0.51


@given(
    arrays(np.float32, 20, elements=st.floats(0, 1, width=32)),
    st.floats(0.01, 0.99),
    st.floats(0.01, 0.99),
)
def test_shift_prior__moves_the_log_odds(probability, trained, wanted):
    found = shift_prior(probability, trained, wanted).astype(float)
    inside = (probability > 1e-6) & (probability < 1 - 1e-6)
    p = probability[inside].astype(float)
    odds = p / (1 - p) * (wanted / (1 - wanted)) / (trained / (1 - trained))
    np.testing.assert_allclose(found[inside], odds / (1 + odds), rtol=1e-5)
    assert ((found >= 0) & (found <= 1)).all()


def test_shift_prior__same_share_changes_no_bit():
    probability = np.random.default_rng(6).random(1000).astype(np.float32)
    for share in (0.5, 0.25, 0.3):
        assert np.array_equal(shift_prior(probability, share, share), probability)


@pytest.mark.parametrize(
    "change",
    [
        {"positive": None},
        {"prior": 0.0},
        {"prior": float("nan")},
        {"n_examples": -1},
    ],
)
def test_calibration__refuses_what_no_fit_gives(change):
    sides = {"negative": Side(0.0, 1.0), "positive": Side(0.0, 1.0)}
    with pytest.raises(ConfigError):
        Calibration(**{**sides, **change})


@pytest.mark.parametrize(
    "numbers", [(float("nan"), 1), (0, 0), (0, -1), (1e9, 1), (0, float("inf"))]
)
def test_side__refuses_what_no_fit_gives(numbers):
    with pytest.raises(ConfigError):
        Side(*numbers)
