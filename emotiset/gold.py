"""Labels that people gave: which value of a column, or which file, means what.

No row is lost on the way: it is positive, negative, neutral or without a label, and a
value that stands for none of these is an error.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePath
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from emotiset.errors import ConfigError, InputError
from emotiset.labeling import MINUS_ONES, NEGATIVE_LABELS, POSITIVE_LABELS, ZEROS
from emotiset.schema import NEGATIVE, POSITIVE

NEUTRAL: Final = 0
UNLABELED: Final = 127

_USUAL: Final = {
    POSITIVE: POSITIVE_LABELS,
    NEGATIVE: NEGATIVE_LABELS,
    NEUTRAL: ("neutral",),
}


@dataclass(frozen=True, kw_only=True)
class GoldConfig:
    """What stands for each class.

    Attributes
    ----------
    positive, negative
        Values of the label column; empty: the usual ones, in any case.  Without a
        label column, patterns of file names such as ``pos*.csv``.
    neutral
        The same; rows that have neither polarity.
    by_file
        Whether a row's class is that of its file.
    """

    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()
    neutral: tuple[str, ...] = ()
    by_file: bool = False

    def __post_init__(self) -> None:
        """Check that the values tell the classes apart."""
        if bool(self.positive) != bool(self.negative):
            raise ConfigError(
                "--positive and --negative are needed together, found only one: name "
                "both"
            )
        if self.by_file and not self.positive:
            raise ConfigError(
                "known classes are needed, found no label column: name the column with "
                "--label-column, or files with --positive 'pos*' --negative 'neg*'"
            )
        values = [value.strip() for value in self._named()]
        for value in values:
            if values.count(value) > 1:
                raise ConfigError(
                    f"each label needs one meaning, found {value!r} twice: name it once"
                )

    def _named(self) -> tuple[str, ...]:
        return (*self.positive, *self.negative, *self.neutral)


def find_gold(
    labels: pa.Array,
    source: str,
    config: GoldConfig,
    place: Callable[[str], str] | None = None,
) -> NDArray[np.int8]:
    """Return what each row is.

    Parameters
    ----------
    labels
        Values of the label column, as strings; a null or blank is no label.
    source
        Name of the file that the rows are of.
    config
        What stands for what.
    place
        Says of a label where its row is, for the message.

    Returns
    -------
    int8[n]
        `POSITIVE`, `NEGATIVE`, `NEUTRAL` or `UNLABELED`.

    Raises
    ------
    InputError
        If a label stands for none of these, or the name of the file does not tell.

    Examples
    --------
    >>> find_gold(pa.array(["4", "0", None]), "a.csv", GoldConfig(
    ...     positive=("4",), negative=("0",))).tolist()
    [1, -1, 127]
    """
    if config.by_file:
        return np.full(len(labels), _find_class_of_file(source, config), np.int8)
    plain = pc.utf8_trim_whitespace(pc.fill_null(labels, ""))
    if not config.positive:
        plain = pc.utf8_lower(plain)
    encoded = plain.dictionary_encode()
    values = encoded.dictionary.to_pylist()
    meanings = _find_meanings(config)
    classes = np.array([_look_up(value, meanings, place) for value in values], np.int8)
    found: NDArray[np.int8] = classes[encoded.indices.to_numpy()]
    return found


def check_zeros(seen: Iterable[str], config: GoldConfig) -> None:
    """Raise `InputError` where 0 and -1 are both there and 0 may be neutral.

    Parameters
    ----------
    seen
        All labels of the input.
    config
        Where it names what is negative or neutral there is no doubt.
    """
    found = {label.strip() for label in seen}
    doubtful = not config.positive and not found.isdisjoint(ZEROS)
    named = {value.strip() for value in config.neutral}
    if doubtful and found.intersection(MINUS_ONES) and named.isdisjoint(ZEROS):
        raise InputError(
            "labels need two classes, found 0 and -1, so 0 may be neutral: say so "
            "with --neutral 0"
        )


def _find_meanings(config: GoldConfig) -> dict[str, int]:
    named = {
        **dict.fromkeys(config.positive, POSITIVE),
        **dict.fromkeys(config.negative, NEGATIVE),
        **dict.fromkeys(config.neutral, NEUTRAL),
    }
    meanings = {value.strip(): meaning for value, meaning in named.items()}
    if not config.positive:
        usual = {value: key for key, values in _USUAL.items() for value in values}
        lower = {value.lower(): meaning for value, meaning in meanings.items()}
        meanings = usual | lower
    return {**meanings, "": UNLABELED}


def _look_up(
    label: str, meanings: dict[str, int], place: Callable[[str], str] | None
) -> int:
    if label in meanings:
        return meanings[label]
    known = ", ".join(value for value in meanings if value)
    where = f" {place(label)}" if place is not None else ""
    raise InputError(
        f"labels need to be one of {known}, found {label[:80]!r}{where}: name it with "
        "--positive, --negative or --neutral"
    )


def _find_class_of_file(source: str, config: GoldConfig) -> int:
    name = PurePath(source).name
    patterns: Sequence[tuple[int, tuple[str, ...]]] = (
        (POSITIVE, config.positive),
        (NEGATIVE, config.negative),
        (NEUTRAL, config.neutral),
    )
    found = [
        meaning
        for meaning, values in patterns
        if any(fnmatchcase(name, value.strip()) for value in values)
    ]
    if len(found) != 1:
        told = "none" if not found else "several"
        raise InputError(
            f"without --label-column a file's name has to tell its class, found that "
            f"{name} matches {told} of the patterns: mend --positive, --negative or "
            "--neutral, or name the column"
        )
    return found[0]
