"""The gates on cases worked by hand."""

from dataclasses import replace

import pytest

from emotiset.comparing import Pairing
from emotiset.errors import GateError, InputError
from emotiset.gates import (
    DEFAULT_LIMITS,
    Limits,
    Profile,
    check_jumps,
    check_not_worse,
    find_jumps,
    take_profiles,
)

DAY = Profile(
    read=10_000,
    bins={"no_symbol": 8_000, "other_language": 500, "unreadable": 0},
    labeled=1_500,
    positive=900,
    languages={"en": 1_200, "es": 300},
)
STEADY = [DAY] * 5


def names(
    profile: Profile, past: list[Profile], limits: Limits = DEFAULT_LIMITS
) -> list[str]:
    return [each.name for each in find_jumps(profile, past, limits)]


def test_find_jumps__same_day_again_is_quiet() -> None:
    assert names(DAY, STEADY) == []


def test_find_jumps__needs_three_runs() -> None:
    empty = Profile(0, {}, 0, 0, {})
    assert names(empty, [DAY, DAY]) == []
    assert "records" in names(empty, [DAY, DAY, DAY])


@pytest.mark.parametrize(
    ("read", "is_far"), [(4_999, True), (5_000, False), (20_000, False), (20_001, True)]
)
def test_find_jumps__volume_may_double_or_halve(read: int, is_far: bool) -> None:
    # The shares stay as they are.
    day = Profile(read, {}, read, read // 2, {"en": read})
    past = [Profile(10_000, {}, 10_000, 5_000, {"en": 10_000})] * 3
    assert names(day, past) == (["records"] if is_far else [])


def test_find_jumps__share_beyond_chance() -> None:
    # Usually 900 of 1,500 are positive: 0.6.  Chance: sqrt(0.6 * 0.4 / 1500) = 0.01265;
    # five times that is 0.0632.  So 994 of 1,500 (0.6627) pass and 995 (0.6633) do not.
    assert names(replace(DAY, positive=994), STEADY) == []
    assert names(replace(DAY, positive=995), STEADY) == ["positive labels"]
    assert names(replace(DAY, positive=806), STEADY) == []
    assert names(replace(DAY, positive=805), STEADY) == ["positive labels"]


def test_find_jumps__share_that_varies_may_vary() -> None:
    # 0.5, 0.6, 0.7 of very many: their median is 0.6, the median distance from it 0.1,
    # times 1.4826 a sigma, and five sigmas 0.7413: nothing is far.
    past = [Profile(10**9, {}, 10**9, n * 10**8, {}) for n in (5, 6, 7)]
    assert names(Profile(10**9, {}, 10**9, 0, {}), past) == []
    # 0.59, 0.6, 0.61: five sigmas are 0.0741.
    past = [Profile(10**9, {}, 10**9, n * 10**7, {}) for n in (59, 60, 61)]
    assert names(Profile(10**9, {}, 10**9, 674 * 10**6, {}), past) == []
    assert names(Profile(10**9, {}, 10**9, 675 * 10**6, {}), past) == [
        "positive labels"
    ]


def test_find_jumps__two_points_are_always_allowed() -> None:
    past = [Profile(10**9, {"retweet": 10**7}, 0, 0, {})] * 4  # 1% of them
    assert names(Profile(10**9, {"retweet": 299 * 10**5}, 0, 0, {}), past) == []
    assert names(Profile(10**9, {"retweet": 301 * 10**5}, 0, 0, {}), past) == [
        "bin retweet"
    ]


def test_find_jumps__what_is_new_and_what_is_gone() -> None:
    bins = {"no_symbol": 8_000, "unreadable": 500}
    shifted = replace(DAY, bins=bins, languages={"en": 1_200, "fr": 300})
    assert names(shifted, STEADY) == [
        "bin other_language",
        "bin unreadable",
        "language es",
        "language fr",
    ]


def test_find_jumps__languages_are_parts_of_all_that_are_told() -> None:
    # 1,200 of 3,000 labeled in some language are English: 0.4, and chance five times
    # sqrt(0.4 * 0.6 / 3000) = 0.0447; then 1,066 (0.3553) pass, 1,065 (0.355) do not.
    usual = replace(DAY, languages={"en": 1_200, "other": 1_800})
    for n, found in ((1_066, []), (1_065, ["language en", "language other"])):
        day = replace(DAY, languages={"en": n, "other": 3_000 - n})
        assert names(day, [usual] * 3) == found


def test_find_jumps__only_the_last_runs_count() -> None:
    large = replace(DAY, read=10**6, bins={"no_symbol": 850_000})
    past = [large] * 20 + [DAY] * 3
    assert "records" in names(DAY, past)
    assert names(DAY, past, Limits(n_runs=3)) == []


def test_check_jumps__tells_all_in_one_line() -> None:
    check_jumps(DAY, STEADY)
    odd = replace(DAY, read=30_000, positive=1_500)
    with pytest.raises(GateError) as caught:
        check_jumps(odd, STEADY)
    text = str(caught.value)
    assert "30,000 records, usually 5,000 to 20,000" in text
    assert "positive labels 100.0%, usually 53.7% to 66.3%" in text
    assert "\n" not in text
    assert caught.value.exit_code == 5


def test_check_not_worse__is_mcnemars() -> None:
    # 2 against 10: twice the chance of at most 2 of 12, 2 * 79 / 4096 = 0.0386.
    check_not_worse(Pairing(100, 10, 2))
    check_not_worse(Pairing(100, 3, 10))  # 2 * 378 / 8192 = 0.0923
    check_not_worse(Pairing(100, 0, 0))
    with pytest.raises(GateError, match=r"p = 0\.039"):
        check_not_worse(Pairing(100, 2, 10))
    check_not_worse(Pairing(100, 2, 10), level=0.01)


def test_take_profiles__gives_back_what_was_told() -> None:
    lines = [{"profile": DAY.to_dict()}, {"action": "rolled back"}]
    assert take_profiles(lines) == [DAY]
    with pytest.raises(InputError, match="mend the line"):
        take_profiles([{"profile": {"read": "many"}}])
