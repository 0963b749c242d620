"""McNemar's test against exact fractions and against statsmodels."""

from dataclasses import replace
from fractions import Fraction
from math import comb

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar

from emotiset.comparing import Pairing, compare_models, pair_up
from emotiset.polyglot import Polyglot
from emotiset.sklearn import EmotisetClassifier


def exact(n_first, n_second):
    """Add up the chance of every split that is no likelier than the one found."""
    n = n_first + n_second
    chances = [Fraction(comb(n, k), 2**n) for k in range(n + 1)]
    return float(sum(each for each in chances if each <= chances[n_first]))


@given(st.integers(0, 60), st.integers(0, 60))
def test_p_value__is_the_exact_sum(n_first, n_second):
    found = Pairing(200, n_first, n_second).p_value
    assert found == pytest.approx(exact(n_first, n_second), rel=1e-9)


@pytest.mark.parametrize("cells", [(0, 0), (5, 0), (12, 30), (732, 489), (40_000, 300)])
def test_p_value__agrees_with_statsmodels(cells):
    table = [[100, cells[0]], [cells[1], 50]]
    expected = 1.0 if cells == (0, 0) else mcnemar(table, exact=True).pvalue
    assert Pairing(50_000, *cells).p_value == pytest.approx(expected, rel=1e-9)


def test_pair_up__counts_where_two_differ_and_adds_up():
    rng = np.random.default_rng(0)
    first, second = rng.random((2, 1000)) < 0.7
    whole = pair_up(first, second)
    assert whole == pair_up(first[:300], second[:300]) + pair_up(
        first[300:], second[300:]
    )
    told = whole.to_dict()
    assert told["difference"] == pytest.approx(first.mean() - second.mean())
    assert told["n"] == 1000


def test_pair_up__nothing_to_compare():
    nothing = np.empty(0, bool)
    told = pair_up(nothing, nothing).to_dict()
    assert (told["difference"], told["p_value"]) == (None, 1.0)


def test_compare_models__a_language_without_an_ensemble_is_wrong():
    made = EmotisetClassifier(n_features=1024).fit(["good", "bad"], [1, -1]).ensemble_
    english = replace(made, language="en")
    several = Polyglot((english, replace(made, language="es")))
    columns = {
        "text": ["good", "bad", "good", "bad"],
        "polarity": pa.array([1, 1, 1, 1], pa.int8()),
        "lang": ["en", "en", "es", "fr"],
    }
    texts = pa.table(columns)
    found = compare_models(several, Polyglot((english,)), texts)
    assert (found.n, found.n_first, found.n_second) == (4, 1, 0)
    found = compare_models(several, made, texts)  # which takes any language
    assert (found.n, found.n_first, found.n_second) == (4, 0, 0)
