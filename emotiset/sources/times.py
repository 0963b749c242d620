"""When a tweet was posted: text of two notations to UTC, a column at a time."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from emotiset.schema import TIME, scalar

_Int64 = npt.NDArray[np.int64]

_MONTHS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
_CLOCK: Final = r"(?P<hour>\d\d):(?P<minute>\d\d)"
# API v1.1: Wed Sep 28 02:35:11 +0000 2011
_TWITTER: Final = (
    r"^[A-Z][a-z]{2} (?P<month>[A-Z][a-z]{2}) (?P<day>\d\d) "
    + _CLOCK
    + r":(?P<second>\d\d) (?P<zone>[+-]\d{4}) (?P<year>\d{4})$"
)
_ISO: Final = (
    r"^(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)(?:[T ]"
    + _CLOCK
    + r"(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?"
    r" ?(?P<zone>Z|UTC|[+-]\d\d(?::?\d\d)?)?)?$"
)
_DAY: Final = 86_400
_MICRO: Final = 1_000_000
# Outside of the years 1900 to 2199 a time is a mistake.
_FIRST: Final = -25_567 * _DAY * _MICRO
_END: Final = 84_006 * _DAY * _MICRO


def parse_times(text: pa.Array) -> pa.Array:
    """Read a column of times.

    Parameters
    ----------
    text : string
        ``Wed Sep 28 02:35:11 +0000 2011`` or ISO 8601, from the day alone to
        fractions of a second.  Without a zone it is UTC.

    Returns
    -------
    pa.Array of timestamp[us, UTC]
        Null where the text is null or is no such time.

    Examples
    --------
    >>> times = ["2011-09-28T04:35:11+02:00", "2011-02-29", "soon"]
    >>> parse_times(pa.array(times)).cast(pa.int64())[0].as_py()
    1317177311000000
    >>> parse_times(pa.array(times)).null_count
    2
    """
    # Times repeat in a stream, so each is read once.
    encoded = text.dictionary_encode()
    trimmed = pc.utf8_trim_whitespace(encoded.dictionary)
    times = _parse_twitter(trimmed)
    if times.null_count:
        times = pc.coalesce(times, _parse_iso(trimmed))
    return times.take(encoded.indices)


def clip_times(times: pa.Array) -> pa.Array:
    """Make times outside of the years 1900 to 2199 null.

    Parameters
    ----------
    times : timestamp[us, UTC]
        Any values, also such as Python cannot represent.
    """
    micros = times.cast(pa.int64())
    first, end = scalar(_FIRST, pa.int64()), scalar(_END, pa.int64())
    is_sane = pc.and_(pc.greater_equal(micros, first), pc.less(micros, end))
    return pc.if_else(is_sane, times, scalar(None, TIME))


def _parse_iso(text: pa.Array) -> pa.Array:
    found = pc.extract_regex(text, _ISO)
    return _assemble(found, _numbers(found, "month"))


def _parse_twitter(text: pa.Array) -> pa.Array:
    found = pc.extract_regex(text, _TWITTER)
    month = pc.index_in(found.field("month"), value_set=pa.array(_MONTHS))
    month = pc.fill_null(month, scalar(-1, pa.int32())).to_numpy().astype(np.int64) + 1
    return _assemble(found, month)


def _assemble(found: pa.Array, month: _Int64) -> pa.Array:
    """Make times of the groups of a match; null where a part is out of range."""
    year, day = _numbers(found, "year"), _numbers(found, "day")
    hour, minute = _numbers(found, "hour"), _numbers(found, "minute")
    second = _numbers(found, "second")
    days, is_date = _to_days(year, month, day)
    zone, is_zone = _to_offsets(found.field("zone"))
    is_clock = (hour < 24) & (minute < 60) & (second <= 60)  # 60 is a leap second

    seconds = days * _DAY + hour * 3600 + minute * 60 + second - zone
    micros = seconds * _MICRO + _fractions(found)
    is_time = found.is_valid().to_numpy(zero_copy_only=False)
    is_time &= is_date & is_zone & is_clock
    return clip_times(pa.array(micros, mask=~is_time).cast(TIME))


def _numbers(found: pa.Array, group: str) -> _Int64:
    return _to_numbers(found.field(group))


def _to_numbers(digits: pa.Array) -> _Int64:
    """Return digits as numbers, 0 where there are none."""
    padded = pc.utf8_lpad(digits, width=1, padding="0")
    filled = padded.cast(pa.int64()).fill_null(scalar(0, pa.int64()))
    numbers: _Int64 = filled.to_numpy()
    return numbers


def _fractions(found: pa.Array) -> _Int64 | int:
    """Return the fraction of a second in microseconds, cut off behind them."""
    if found.type.get_field_index("fraction") < 0:
        return 0
    padded = pc.utf8_rpad(found.field("fraction"), width=6, padding="0")
    return _to_numbers(pc.utf8_slice_codeunits(padded, 0, 6))


def _to_days(year: _Int64, month: _Int64, day: _Int64) -> tuple[_Int64, Any]:
    """Return days since 1970 and whether there is such a day."""
    months = (year - 1970) * 12 + month - 1
    first, end = _month_starts(months), _month_starts(months + 1)
    is_date = (month >= 1) & (month <= 12) & (day >= 1) & (day <= end - first)
    return first + day - 1, is_date


def _month_starts(months: _Int64) -> _Int64:
    days = months.astype("datetime64[M]").astype("datetime64[D]")
    starts: _Int64 = days.astype(np.int64)
    return starts


def _to_offsets(zone: pa.Array) -> tuple[_Int64, Any]:
    """Return the offset of a zone in seconds and whether there is such a zone."""
    digits = pc.replace_substring_regex(zone, pattern="[^0-9]", replacement="")
    hours = _to_numbers(pc.utf8_slice_codeunits(digits, 0, 2))
    minutes = _to_numbers(pc.utf8_slice_codeunits(digits, 2, 4))
    is_west = pc.starts_with(zone, pattern="-")
    is_west = is_west.fill_null(scalar(False, pa.bool_()))
    sign = np.where(is_west.to_numpy(zero_copy_only=False), -1, 1)
    return sign * (hours * 3600 + minutes * 60), (hours < 24) & (minutes < 60)
