"""Counts of labels merge as whole numbers, whatever the cut."""

import datetime
from collections import Counter

import numpy as np
import pyarrow as pa

from emotiset.lexicon import load_lexicon
from emotiset.schema import TIME
from emotiset.tally import Tally, count_days, count_symbols, merge_tallies

UTC = datetime.UTC


def test_count_days__agrees_with_datetime():
    rng = np.random.default_rng(0)
    start = datetime.datetime(1969, 12, 30, tzinfo=UTC)
    times = [
        None if i % 17 == 0 else start + datetime.timedelta(hours=int(hours))
        for i, hours in enumerate(rng.integers(0, 200, 300))
    ]
    polarity = rng.choice(np.array([-1, 1], np.int8), 300)
    found = count_days(pa.array(times, TIME), pa.array(polarity))
    days = [time.date().isoformat() if time else "" for time in times]
    expected = Counter(zip(days, polarity.tolist(), strict=True))
    assert set(found) == set(days)
    for day, counts in found.items():
        assert counts == (expected[day, -1], expected[day, 1])


def test_count_days__far_away_and_none():
    far = [datetime.datetime(y, 6, 5, tzinfo=UTC) for y in (1, 1582, 9999)]
    found = count_days(pa.array(far, TIME), pa.array([1, 1, -1], pa.int8()))
    assert list(found) == ["0001-06-05", "1582-06-05", "9999-06-05"]
    assert count_days(pa.array([], TIME), pa.array([], pa.int8())) == {}


def test_count_symbols__nulls_have_none():
    lexicon = load_lexicon()
    found = count_symbols(pa.array([0, 1, 0, None], pa.int16()), lexicon)
    first, second = (symbol.text for symbol in lexicon.symbols[:2])
    assert found == {first: 2, second: 1}


def test_merge_tallies__adds_symbols_and_days():
    parts = [
        Tally(by_symbol={":)": 1}, by_day={"2020-01-01": (1, 2)}),
        Tally(by_symbol={":)": 2, ":(": 1}, by_day={"2020-01-01": (0, 1), "": (1, 0)}),
    ]
    for order in (parts, parts[::-1]):
        merged = merge_tallies(order)
        assert merged.by_symbol == {":)": 3, ":(": 1}
        assert merged.by_day == {"2020-01-01": (1, 3), "": (1, 0)}
