"""Whether new data look like those before, and whether a new model may replace one.

What is looked at is shares: of the records in each bin of the funnel, of positive among
the labeled, of each language.  A share jumps where it is farther from the median of
the last runs than they usually are from it and than chance allows for so many records.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Final

import msgspec

from emotiset.comparing import Pairing
from emotiset.errors import GateError, InputError

_MAD_TO_SIGMA: Final = 1.4826  # of a normal distribution


@dataclass(frozen=True)
class Profile:
    """What the records of one run are, counted.

    Attributes
    ----------
    read
        All records.
    bins
        Of these, those that carry no label, by the bin that they fell into.
    labeled, positive
        Texts with a label, copies included, and those of them that are positive.
    languages
        Texts with a label by language, those left out for theirs too.
    """

    read: int
    bins: Mapping[str, int]
    labeled: int
    positive: int
    languages: Mapping[str, int]

    def shares(self) -> dict[str, tuple[int, int]]:
        """Return what is compared: by name a count, and that of which it is a part.

        Examples
        --------
        >>> day = Profile(100, {"no_symbol": 80}, 20, 9, {"en": 15, "es": 5})
        >>> day.shares()["bin no_symbol"], day.shares()["positive labels"]
        ((80, 100), (9, 20))
        """
        told = {f"bin {name}": (n, self.read) for name, n in self.bins.items()}
        told["positive labels"] = self.positive, self.labeled
        whole = sum(self.languages.values())
        told |= {f"language {k}": (n, whole) for k, n in self.languages.items()}
        return told

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, told: Any) -> "Profile":
        """Return what `to_dict` told.

        Raises
        ------
        InputError
            If it is something else.
        """
        try:
            return msgspec.convert(told, cls)
        except msgspec.ValidationError as error:
            raise InputError(
                f"a history needs the profiles of its runs, found another value "
                f"({error}): mend the line, or begin a new history"
            ) from None


@dataclass(frozen=True)
class Limits:
    """How far is a jump.

    Attributes
    ----------
    volume
        Records may be so many times more or fewer than usual.
    share
        A share may always differ by so much.
    sigmas
        And by so many standard deviations: of the last runs among each other, and of
        chance.
    n_runs
        How many of the last runs tell what is usual.
    least_runs
        Fewer tell nothing.
    """

    volume: float = 2.0
    share: float = 0.02
    sigmas: float = 5.0
    n_runs: int = 14
    least_runs: int = 3


DEFAULT_LIMITS: Final = Limits()


@dataclass(frozen=True)
class Jump:
    """Something that is far from usual; for people."""

    name: str
    found: float
    lowest: float
    highest: float

    def __str__(self) -> str:
        """Say it in a few words."""
        if self.name == "records":
            return (
                f"{self.found:,.0f} records, usually {self.lowest:,.0f} to "
                f"{self.highest:,.0f}"
            )
        return (
            f"{self.name} {self.found:.1%}, usually {max(self.lowest, 0):.1%} to "
            f"{min(self.highest, 1):.1%}"
        )


def take_profiles(lines: Iterable[Mapping[str, Any]]) -> list[Profile]:
    """Return the profiles in lines of a history."""
    told = [each["profile"] for each in lines if "profile" in each]
    return [Profile.from_dict(each) for each in told]


def find_jumps(
    profile: Profile, past: Sequence[Profile], limits: Limits = DEFAULT_LIMITS
) -> list[Jump]:
    """Return what of *profile* is far from what the last runs had.

    Parameters
    ----------
    profile
        Of new data.
    past
        Of earlier runs, the last one last.
    limits
        How far is far.

    Returns
    -------
    list of Jump
        Empty where there are too few runs to compare with.

    Examples
    --------
    >>> usual = [Profile(n, {}, n, n // 2, {"en": n}) for n in (90, 100, 98)]
    >>> found = find_jumps(Profile(20, {}, 20, 10, {"en": 20}), usual)
    >>> [str(each) for each in found]
    ['20 records, usually 49 to 196']
    """
    past = past[-limits.n_runs :]
    if len(past) < limits.least_runs:
        return []
    usual = median(each.read for each in past)
    found = [
        Jump("records", profile.read, usual / limits.volume, usual * limits.volume)
    ]
    earlier = [each.shares() for each in past]
    now = profile.shares()
    for name in sorted(set(now).union(*earlier)):
        is_bin = name.startswith("bin ")
        whole = profile.read if is_bin else sum(profile.languages.values())
        counts = now.get(name, (0, whole))
        shares = [_share(*each.get(name, (0, 0))) for each in earlier]
        found.append(_compare(name, counts, shares, limits))
    return [each for each in found if not each.lowest <= each.found <= each.highest]


def check_jumps(
    profile: Profile, past: Sequence[Profile], limits: Limits = DEFAULT_LIMITS
) -> None:
    """Raise `GateError`, telling each, where `find_jumps` finds some."""
    jumps = find_jumps(profile, past, limits)
    if jumps:
        raise GateError(
            "new data need to look like those of the last runs, found "
            f"{'; '.join(map(str, jumps))}: accept them, or mend the input"
        )


def check_not_worse(pairing: Pairing, level: float = 0.05) -> None:
    """Raise `GateError` where a challenger is worse than the champion.

    What is compared is answers, so of a class that is rare it tells little.

    Parameters
    ----------
    pairing
        The challenger first, the champion second.
    level
        Chance to refuse one that is as good.

    Examples
    --------
    >>> check_not_worse(Pairing(n=100, n_first=2, n_second=8))  # by luck, perhaps
    >>> check_not_worse(Pairing(n=100, n_first=2, n_second=20))
    Traceback (most recent call last):
    ...
    emotiset.errors.GateError: a challenger needs to be no worse than the champion, \
found it right alone 2 times and wrong alone 20 of 100 (p = 0.00012): the champion stays
    """
    if pairing.n_first < pairing.n_second and pairing.p_value < level:
        raise GateError(
            "a challenger needs to be no worse than the champion, found it right alone "
            f"{pairing.n_first} times and wrong alone {pairing.n_second} of "
            f"{pairing.n} (p = {pairing.p_value:.2g}): the champion stays"
        )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _compare(
    name: str, counts: tuple[int, int], past: Sequence[float], limits: Limits
) -> Jump:
    usual = median(past)
    spread = _MAD_TO_SIGMA * median(abs(each - usual) for each in past)
    chance = usual * (1 - usual) / max(counts[1], 1)
    far = max(limits.share, limits.sigmas * (spread**2 + chance) ** 0.5)
    return Jump(name, _share(*counts), usual - far, usual + far)
