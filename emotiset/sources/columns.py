"""Which column of a table holds what: named by the user, or by a common name."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from emotiset.config import SourceConfig
from emotiset.errors import InputError
from emotiset.sources.blocks import shorten

# The first that is there is taken: what names its content best comes first.
TEXT_NAMES: Final = (
    *("full_text", "tweet_text", "text", "tweet", "content", "body", "message"),
    *("sentence", "post", "comment", "review"),
)
LANG_NAMES: Final = ("lang", "language", "tweet_language", "tweet_lang")
TIME_NAMES: Final = (
    *("created_at", "tweet_created_at", "tweet_time", "timestamp", "datetime"),
    *("date", "time"),
)
ID_NAMES: Final = ("id_str", "tweet_id_str", "tweet_id", "status_id", "id")
_RETWEET_NAMES: Final = ("is_retweet",)

_YES: Final = ("true", "t", "yes", "y", "1")
_MAX_NAMES_SHOWN: Final = 20


@dataclass(frozen=True)
class Columns:
    """Positions of the columns of a table; None where there is none."""

    text: int
    lang: int | None
    created_at: int | None
    id: int | None
    is_retweet: int | None
    label: int | None
    kept: tuple[int, ...] = ()

    def positions(self) -> list[int]:
        """Return the positions of those that are there, but for the kept ones."""
        return [each for each in astuple(self)[:-1] if each is not None]


def find_columns(names: Sequence[str], config: SourceConfig, path: str) -> Columns:
    """Find the columns that a run needs.

    Parameters
    ----------
    names
        Names of all columns; case and blanks around them do not matter.
    config
        Names that the user gave.
    path
        File, for the message.

    Raises
    ------
    InputError
        If a column that the user named is not there, or none has a name that is
        common for a text.

    Examples
    --------
    >>> columns = find_columns(["ID", " Tweet_Text", "text"], SourceConfig(), "a.csv")
    >>> columns.text, columns.id, columns.lang
    (1, 0, None)
    """
    if config.features_column is not None:
        named, option = config.features_column, "--features-column"
        text = _find_one(names, named, (), option, path)
    else:
        text = _find_one(names, config.text_column, TEXT_NAMES, "--text-column", path)
    if text is None:
        raise InputError(
            f"a table needs a text column ({', '.join(TEXT_NAMES[:4])}, ...), found "
            f"{list_names(names)} in {shorten(path)}: name it with --text-column, or "
            "say --format text if this is no table"
        )
    return Columns(
        text,
        _find_one(names, config.lang_column, LANG_NAMES, "--lang-column", path),
        _find_one(names, config.time_column, TIME_NAMES, "--time-column", path),
        _find_one(names, config.id_column, ID_NAMES, "--id-column", path),
        _find_one(names, None, _RETWEET_NAMES, "", path),
        _find_one(names, config.label_column, (), "--label-column", path),
        tuple(_find_kept(names, name, path) for name in config.keep_columns),
    )


def has_text_name(names: Sequence[str], config: SourceConfig) -> bool:
    """Return whether a column can be taken for the text without asking."""
    named = config.content_column
    wanted = [named] if named is not None else TEXT_NAMES
    folded = {fold_name(name) for name in names}
    return any(fold_name(name) in folded for name in wanted)


def fold_name(name: str) -> str:
    """Return a column name as it is compared."""
    return name.strip().casefold()


def list_names(names: Sequence[str]) -> str:
    r"""Return column names for a message of one line.

    Examples
    --------
    >>> list_names(["a", "b\n"]), list_names([])
    ('columns a, b', 'no column')
    """
    if not names:
        return "no column"
    shown = [" ".join(name.split())[:40] or "''" for name in names[:_MAX_NAMES_SHOWN]]
    others = len(names) - len(shown)
    more = f" and {others} more" if others else ""
    return f"column{'s' * (len(names) > 1)} {', '.join(shown)}{more}"


def missing_column(
    name: str, option: str, names: Sequence[str], path: str
) -> InputError:
    """Return the error for a column that the user named and that is not there."""
    return InputError(
        f"{option} needs a column of the input, found {list_names(names)} in "
        f"{shorten(path)}, not {name!r}: name one of those"
    )


def read_flags(text: pa.Array) -> pa.Array:
    """Read a column of yes and no; all but true, t, yes, y and 1 is no."""
    folded = pc.utf8_lower(pc.utf8_trim_whitespace(text))
    return pc.is_in(folded, value_set=pa.array(_YES))


def _find_kept(names: Sequence[str], name: str, path: str) -> int:
    found = _find_one(names, name, (), "--keep-columns", path)
    assert found is not None  # a named column is found, or an error
    return found


def _find_one(
    names: Sequence[str],
    named: str | None,
    common: Sequence[str],
    option: str,
    path: str,
) -> int | None:
    folded = [fold_name(name) for name in names]
    if named is None:
        return next((folded.index(name) for name in common if name in folded), None)
    exact = [name.strip() for name in names]
    if named.strip() in exact:
        return exact.index(named.strip())
    if fold_name(named) in folded:
        return folded.index(fold_name(named))
    raise missing_column(named, option, names, path)
