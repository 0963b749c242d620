"""Which ensembles a run trains: one for each pool of languages."""

from dataclasses import dataclass
from itertools import pairwise

from emotiset.errors import ConfigError
from emotiset.language import ANY, parse_languages


@dataclass(frozen=True)
class Pool:
    """Languages that share one ensemble.

    Attributes
    ----------
    name
        Canonical codes in order, joined by ``+``; or ``any``.
    codes
        The same as a set; None for ``any``.
    """

    name: str
    codes: frozenset[str] | None


def parse_pools(setting: str) -> tuple[Pool, ...]:
    """Return the pools that *setting* names, each of which gets an ensemble.

    Parameters
    ----------
    setting
        Pools joined by ``,``; each as `parse_languages` takes it.

    Returns
    -------
    tuple of Pool
        In the order of their names, so the order in *setting* is of no account.

    Raises
    ------
    ConfigError
        If a code is unknown or in two pools: a text has one language, and that has
        to name one ensemble.

    Examples
    --------
    >>> [pool.name for pool in parse_pools("pt+gl, in,en-GB")]
    ['en', 'gl+pt', 'id']
    >>> parse_pools("en,en+es")
    Traceback (most recent call last):
    ...
    emotiset.errors.ConfigError: --language needs each code in one place, found 'en' \
twice: take one out
    """
    pools = [_make_pool(parse_languages(part)) for part in setting.split(",")]
    if len(pools) > 1 and any(pool.codes is None for pool in pools):
        raise ConfigError(
            f"--language needs 'any' to stand alone, found {setting!r}: leave out "
            "'any' or the other codes"
        )
    codes = sorted(code for pool in pools for code in pool.codes or ())
    for code, following in pairwise(codes):
        if code == following:
            raise ConfigError(
                f"--language needs each code in one place, found {code!r} twice: take "
                "one out"
            )
    return tuple(sorted(pools, key=lambda pool: pool.name))


def unite_codes(setting: str) -> frozenset[str] | None:
    """Return the codes of all pools that *setting* names; None for ``any``.

    Examples
    --------
    >>> sorted(unite_codes("en,pt+gl"))
    ['en', 'gl', 'pt']
    """
    codes: frozenset[str] = frozenset()
    for pool in parse_pools(setting):
        if pool.codes is None:
            return None
        codes |= pool.codes
    return codes


def _make_pool(codes: frozenset[str] | None) -> Pool:
    return Pool(ANY if codes is None else "+".join(sorted(codes)), codes)
