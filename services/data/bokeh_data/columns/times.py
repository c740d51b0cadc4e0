"""Times that users write: ISO 8601, with or without an offset from UTC, as numbers of units.

A time without an offset is the wall clock of the column's time zone, or UTC if it has none. Where clocks are
set back, it is the first of the two times.
"""

import math
import re
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from bokeh_common.errors import Invalid

#: The maximum number of characters of a time.
MAX_LENGTH = 64

UNITS = ("s", "ms", "us", "ns", "ps", "fs", "as")

#: Units per second, of those that have a fixed length.
PER_SECOND = {unit: Fraction(1000**i) for i, unit in enumerate(UNITS)}
PER_SECOND |= {
    "m": Fraction(1, 60), "h": Fraction(1, 3600), "D": Fraction(1, 86400), "W": Fraction(1, 604800),
}  # fmt: skip

_TIME = re.compile(
    r"(?P<date>[-+]?\d{4,6}(?:-\d\d){0,2})"
    r"(?:[T ](?P<clock>\d\d(?::\d\d){0,2})(?:\.(?P<fraction>\d+))?"
    r"(?:(?P<hours>[+-]\d\d)(?::?(?P<minutes>\d\d))?)?)?(?P<utc>Z)?",
    re.ASCII,
)
_FIXED_ZONE = re.compile(r"([+-]\d\d):(\d\d)", re.ASCII)
_EPOCH = datetime(1970, 1, 1)
_YEARS = (datetime(1, 1, 2), datetime(9999, 12, 30))  # a day less at either end, for the offset


def parse_time(text: str, unit: str, zone: str | None) -> Any:
    """Return a time as a number of units since 1970, in UTC; a `Fraction` if it lies between two of them.

    Args:
        text: ISO 8601, such as `2026-01-31`, `2026-01-31T12:00` or `2026-01-31 12:00:00.5+01:00`.
        unit: of NumPy.
        zone: of the column; None if it has none.

    Raises:
        ValueError: the text is not a time.
        Invalid: this machine does not know the time zone.
    """
    found = _TIME.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if found is None:
        raise ValueError(f"{text[:MAX_LENGTH]!r} is not a time in ISO 8601, such as 2026-01-31T12:00")
    clock = found["clock"]
    time = np.datetime64(f"{found['date']}T{clock}" if clock else found["date"])
    if found["hours"]:
        offset = _offset(found["hours"], found["minutes"] or "00")
    else:
        offset = timedelta() if found["utc"] else _zone_offset(time, zone)
    fraction = Fraction(int(found["fraction"] or 0), 10 ** len(found["fraction"] or ""))
    return _in_units(int(time_in_units(time, "s")) - int(offset.total_seconds()) + fraction, unit)


def time_in_units(time: np.datetime64, unit: str) -> Any:
    """Return a time as a number of units, without overflow; a `Fraction` if it lies between two of them.

    If months or years are involved, the fraction is arbitrary.

    Raises:
        ValueError: the time is NaT.
    """
    if np.isnat(time):
        raise ValueError("NaT is not a time")
    own = np.datetime_data(time.dtype)[0]
    if own not in PER_SECOND:  # a month or a year
        time, own = time.astype("M8[s]"), "s"
    if unit in PER_SECOND:
        return int(time.astype(np.int64)) / PER_SECOND[own] * PER_SECOND[unit]
    truncated = time.astype(f"M8[{unit}]")
    return int(truncated.astype(np.int64)) + (0 if truncated == time else Fraction(1, 2))


def _in_units(seconds: Fraction, unit: str) -> Any:
    if unit in PER_SECOND:
        units = seconds * PER_SECOND[unit]
        return int(units) if units == int(units) else units
    units = time_in_units(np.datetime64(math.floor(seconds), "s"), unit)
    return units + Fraction(1, 2) if units == int(units) and seconds != int(seconds) else units


def _zone_offset(time: np.datetime64, zone: str | None) -> timedelta:
    """Return the offset of a time zone at a time of its wall clock."""
    if zone is None or zone == "UTC":
        return timedelta()
    if fixed := _FIXED_ZONE.fullmatch(zone):
        return _offset(fixed[1], fixed[2])
    try:
        known = ZoneInfo(zone)
    except (OSError, ValueError, KeyError):
        message = (
            f"This server does not know the time zone {zone!r}; write the time with an offset, as +02:00."
        )
        raise Invalid(message) from None
    seconds = int(time_in_units(time, "s"))
    earliest, latest = ((limit - _EPOCH) // timedelta(seconds=1) for limit in _YEARS)
    wall_clock = _EPOCH + timedelta(seconds=min(max(seconds, earliest), latest))
    return wall_clock.replace(tzinfo=known).utcoffset() or timedelta()


def _offset(hours: str, minutes: str) -> timedelta:
    size = timedelta(hours=int(hours[1:]), minutes=int(minutes))
    return -size if hours[0] == "-" else size
