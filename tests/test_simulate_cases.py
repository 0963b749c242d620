"""Simulated ads, surveys and papers: what is called the best is what happens."""

import hashlib
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from emotiset.errors import ConfigError
from emotiset.simulate.ads import N_LIVE, simulate_ads
from emotiset.simulate.documents import HEIGHT, KINDS, WIDTH, draw_document
from emotiset.simulate.survey import N_QUESTIONS, simulate_survey


def assert_frequencies(best: np.ndarray, happened: np.ndarray, n_bins: int) -> None:
    """In each bin of equally many, as much happens as was foretold: within 4 sigma."""
    for part in np.array_split(np.argsort(best, kind="stable"), n_bins):
        spread = np.sqrt((best[part] * (1 - best[part])).sum())
        assert abs(best[part].sum() - happened[part].sum()) < 4 * spread


def test_simulate_ads__best_is_how_often_clicks_happen() -> None:
    log = pa.concat_tables([simulate_ads(day, 40_000) for day in (1, 4, 300)])
    clicked, best = log["clicked"].to_numpy(), log["best"].to_numpy()
    assert 0.017 < clicked.mean() < 0.023
    assert_frequencies(best, clicked, 20)


def test_simulate_ads__few_users_see_much_and_most_see_little() -> None:
    users = pc.struct_field(simulate_ads(1, 40_000)["features"].combine_chunks(), 0)
    seen = np.sort(users.value_counts().field("counts").to_numpy())[::-1]
    assert seen[:20].sum() > 0.08 * 40_000
    assert np.mean(seen < 5) > 0.8


def test_simulate_ads__each_day_has_its_time_and_new_ads() -> None:
    first, second = simulate_ads(1, 9000), simulate_ads(2, 9000)
    for day, log in ((4, first), (5, second)):
        assert set(pc.day(log["time"]).to_pylist()) == {day}
        assert log["time"].to_pylist() == sorted(log["time"].to_pylist())
        hours = pc.struct_field(log["features"], "hour").to_pylist()
        assert hours == [str(hour) for hour in pc.hour(log["time"]).to_pylist()]
    ads = [
        {row["ad"] for row in log["features"].to_pylist()} for log in (first, second)
    ]
    assert len(ads[0]) == len(ads[1]) == N_LIVE
    assert len(ads[1] - ads[0]) == 12


def test_simulate_ads__offers_of_a_request_differ_in_the_ad_alone() -> None:
    rows = simulate_ads(3, 50, offers=7)["features"].to_pylist()
    for start in range(0, 350, 7):
        offers = rows[start : start + 7]
        assert len({row["ad"] for row in offers}) == 7
        for name in ("user", "site", "device", "hour", "position"):
            assert len({row[name] for row in offers}) == 1


@pytest.mark.parametrize(
    "simulate",
    [
        lambda **how: simulate_ads(2, 999, **how),
        lambda **how: simulate_survey(999, **how),
    ],
)
def test_simulate__same_seed_same_rows(simulate: Any) -> None:
    assert simulate().equals(simulate(seed=0))
    assert not simulate().equals(simulate(seed=1))


def test_simulate__rows_are_pinned() -> None:
    # Whoever changes them changes what the use cases promise: then write it down.
    found = [
        hashlib.sha256(repr(table.to_pylist()).encode()).hexdigest()[:16]
        for table in (simulate_ads(5, 500, seed=3), simulate_survey(500, seed=3))
    ]
    assert found == ["c84966a03b2319c3", "54a476b092a18792"]


@pytest.mark.parametrize(
    "call",
    [
        lambda: simulate_ads(0, 1),
        lambda: simulate_ads(367, 1),
        lambda: simulate_ads(1, -1),
        lambda: simulate_ads(1, 1, offers=N_LIVE + 1),
        lambda: simulate_survey(1, gaps=0.6),
        lambda: simulate_survey(1, seed=-1),
        lambda: draw_document("poem", 0),
    ],
)
def test_simulate__nonsense_is_refused(call: Any) -> None:
    with pytest.raises(ConfigError, match=r"needs? .*, found"):
        call()


def test_simulate__none_are_none() -> None:
    assert simulate_ads(1, 0).num_rows == simulate_survey(0).num_rows == 0


def test_simulate_survey__best_is_how_often_people_renew() -> None:
    people = simulate_survey(20_000)
    renews = pc.equal(people["renews"], "yes").to_numpy(zero_copy_only=False)
    best = people["best"].to_numpy()
    assert_frequencies(best, renews, 20)
    assert np.mean((best > 0.5) == renews) > 0.7


def test_simulate_survey__gaps_are_as_many_as_asked() -> None:
    for gaps in (0.0, 0.2, 0.5):
        answers = simulate_survey(2000, gaps=gaps)["answers"].combine_chunks()
        columns = [answers.field(f"q{i + 1}") for i in range(N_QUESTIONS)]
        found = np.mean([column.null_count for column in columns]) / 2000
        assert found == pytest.approx(gaps, abs=0.03)


@pytest.mark.parametrize("kind", KINDS)
def test_draw_document__papers_of_a_kind_differ(kind: str) -> None:
    first, again, other = (draw_document(kind, number) for number in (1, 1, 2))
    assert first.size == (WIDTH, HEIGHT)
    assert first.mode == "L"
    assert first.tobytes() == again.tobytes() != other.tobytes()
    ink = np.mean(np.asarray(first) < 100)
    assert 0.003 < ink < 0.2
