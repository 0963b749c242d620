"""A simulated log of ads that were shown, of which the chance of each click is known.

The odds of a click are a product: of ad, user, site, device, hour and position, of how
a segment of users likes a category of ads, and of how tired they are of an ad.  So the
log-odds are a sum, which a linear model learns, but for three things that make it hard:
clicks are rare, most users and ads are seldom seen, and each day brings new ads.
Products and quotients alone make the odds, so the log is the same on every machine.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from emotiset.errors import ConfigError
from emotiset.simulate.draws import Draws, Ints

Floats = npt.NDArray[np.float64]

N_USERS: Final = 20_000
N_LIVE: Final = 100  # ads at a time
N_NEW: Final = 12  # ads a day, which replace the oldest
N_SITES: Final = 200
N_SEGMENTS: Final = 8
N_CATEGORIES: Final = 12
DEVICES: Final = ("phone", "desktop", "tablet")
LAST_DAY: Final = 366

_AD_STREAM: Final = 4
_BASE_ODDS: Final = 1 / 60  # which makes clicks 2% of what is shown
_FIRST_DAY: Final = 1_451_865_600_000  # day 1 is 4 January 2016, a Monday
_DAY, _HOUR = 86_400_000, 3_600_000  # milliseconds
_TRAFFIC: Final = tuple(map(int, "211112467778987778999864"))  # by the hour
_POSITION_ODDS: Final = np.array([1.6, 1.0, 0.7, 0.5])
_TIRING: Final = 0.06  # a day; the odds are divided by 1 + this * age


@dataclass(frozen=True)
class _World:
    """What the odds are multiplied by; the same for every seed."""

    user: Floats
    ad: Floats
    site: Floats
    device: Floats
    hour: Floats
    liking: Floats  # [N_SEGMENTS, N_CATEGORIES]


def simulate_ads(day: int, n: int, *, offers: int = 1, seed: int = 0) -> pa.Table:
    """Return what was shown on one day, or could have been.

    Parameters
    ----------
    day
        From 1; each brings new ads, and people tire of the others.
    n
        Requests: a user on a page.
    offers
        Ads for each request, different ones; as many rows, one after the other.
    seed
        Another seed is another log of the same users and ads.

    Returns
    -------
    pa.Table
        By time: ``time``; ``features``, a struct of strings; ``clicked``, 0 or 1; and
        ``best``, the chance of that click, which no model can better.

    Raises
    ------
    ConfigError
        If a number is out of range.

    Examples
    --------
    >>> log = simulate_ads(1, 1000)
    >>> log["features"][0].as_py()["hour"], log.num_rows
    ('0', 1000)
    """
    if not (1 <= day <= LAST_DAY and n >= 0 and 1 <= offers <= N_LIVE and seed >= 0):
        raise ConfigError(
            f"simulated ads need a day of 1 to {LAST_DAY}, 1 to {N_LIVE} offers and no "
            f"negative number, found {day=}, {n=}, {offers=}, {seed=}"
        )
    draws = Draws(n, seed=seed, stream=(_AD_STREAM, day))
    hour = np.sort(draws.choose(_TRAFFIC))
    time = np.sort(hour * _HOUR + draws.below(_HOUR))
    user, site = _draw_skewed(draws, N_USERS, 3), _draw_skewed(draws, N_SITES, 2)
    device, position = draws.choose((6, 3, 1)), draws.choose((4, 3, 2, 1))
    # 37 has no divisor in common with 100: all live ads, the frequent ones of any age.
    place = (_draw_skewed(draws, N_LIVE, 2)[:, None] * 37 + np.arange(offers)) % N_LIVE
    ad = (day * N_NEW + place).ravel()
    numbers = {"user": user, "site": site, "device": device, "hour": time // _HOUR}
    shown = {name: np.repeat(each, offers) for name, each in numbers.items()}
    shown |= {"position": np.repeat(position, offers), "ad": ad}
    odds = _find_odds(day, **shown)
    best = odds / (1 + odds)
    chance = Draws(n * offers, seed=seed, stream=(_AD_STREAM, day, 1)).below(1 << 31)
    return pa.table(
        {
            "time": pa.array(
                np.repeat(_FIRST_DAY + (day - 1) * _DAY + time, offers),
                pa.timestamp("ms", tz="UTC"),
            ),
            "features": _name_features(**shown),
            "clicked": (chance < best * (1 << 31)).astype(np.int8),
            "best": best,
        }
    )


def _draw_skewed(draws: Draws, limit: int, power: int) -> Ints:
    """Return integers below *limit*, int64[n]: x and less are (x / limit)^(1/power)."""
    part = draws.below(1 << 31) / (1 << 31)
    product = np.full(draws.n, float(limit))
    for _ in range(power):
        product *= part
    return product.astype(np.int64)


def _find_odds(
    day: int, user: Ints, ad: Ints, site: Ints, device: Ints, hour: Ints, position: Ints
) -> Floats:
    world = _make_world()
    age = (day * N_NEW + N_LIVE - 1 - ad) // N_NEW
    odds = _BASE_ODDS * world.user[user] * world.ad[ad] * world.site[site]
    odds *= world.device[device] * world.hour[hour] * _POSITION_ODDS[position]
    odds *= world.liking[user % N_SEGMENTS, ad % N_CATEGORIES]
    return odds / (1 + _TIRING * age)


@lru_cache(maxsize=1)
def _make_world() -> _World:
    sizes: dict[str, tuple[int, float]] = {
        "user": (N_USERS, 3),
        "ad": (LAST_DAY * N_NEW + N_LIVE, 4),
        "site": (N_SITES, 2),
        "device": (len(DEVICES), 1.5),
        "hour": (24, 1.5),
        "liking": (N_SEGMENTS * N_CATEGORIES, 8),
    }
    drawn = {
        name: _draw_factors(Draws(n, seed=0, stream=(_AD_STREAM, 0, i)), limit)
        for i, (name, (n, limit)) in enumerate(sizes.items())
    }
    liking = drawn.pop("liking").reshape(N_SEGMENTS, N_CATEGORIES)
    return _World(**drawn, liking=liking)


def _draw_factors(draws: Draws, limit: float) -> Floats:
    """Return numbers from 1 / *limit* to *limit*, as often below 1 as above."""
    up, down = (draws.below(1 << 16) / (1 << 16) for _ in range(2))
    factors: Floats = (1 + (limit - 1) * up) / (1 + (limit - 1) * down)
    return factors


def _name_features(
    user: Ints, ad: Ints, site: Ints, device: Ints, hour: Ints, position: Ints
) -> pa.StructArray:
    named = {
        "user": _spell("u", user),
        "segment": _spell("s", user % N_SEGMENTS),
        "ad": _spell("a", ad),
        "category": _spell("c", ad % N_CATEGORIES),
        "site": _spell("w", site),
        "device": pa.array(DEVICES).take(pa.array(device)),
        "hour": _spell("", hour),
        "position": _spell("p", position),
    }
    return pa.StructArray.from_arrays(list(named.values()), list(named))


def _spell(prefix: str, number: Ints) -> pa.StringArray:
    """Return names such as u17."""
    n_names = int(number.max(initial=-1)) + 1
    names = pa.array([f"{prefix}{i}" for i in range(n_names)], pa.string())
    return names.take(pa.array(number))
