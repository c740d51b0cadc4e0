"""The name of a time zone, as columns store it: an IANA name, or an offset such as `+02:00`."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d\d):?(\d\d)")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+/-]{0,63}")


def zone_name(zone: tzinfo | str, times: Any) -> str:
    """Return the name of a time zone.

    A zone that has no IANA name gets its offset, or UTC if its offset is not the same at all of these times
    or is no multiple of a minute. The points in time are the same in either case.

    Args:
        zone: of zoneinfo, pytz, dateutil or datetime; or a name or offset, as in polars and pyarrow.
        times: of the column, as datetime64 in UTC.
    """
    name = zone if isinstance(zone, str) else _iana_name(zone)
    if name and is_iana_name(name):
        return name
    if isinstance(zone, str):
        found = _OFFSET.fullmatch(zone)
        return "{}{}:{}".format(*found.groups()) if found else "UTC"
    offset = zone.utcoffset(None)
    offsets = [offset] if offset is not None else _offsets(zone, times)
    return format_offset(offsets[0]) if len(offsets) == 1 else "UTC"


def is_iana_name(name: str) -> bool:
    """Return whether a name is in the IANA time zone database."""
    if not _NAME.fullmatch(name):
        return False
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        return False
    return True


def format_offset(offset: timedelta | None) -> str:
    """Return an offset from UTC as `+HH:MM`; UTC if there is none or it is no multiple of a minute."""
    minutes, rest = divmod((offset or timedelta()).total_seconds(), 60)
    if rest or not minutes:
        return "UTC"
    hours, left = divmod(abs(int(minutes)), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02}:{left:02}"


def _iana_name(zone: tzinfo) -> str | None:
    """Return the name that zoneinfo, pytz or dateutil have for a zone; None if it has none."""
    name = getattr(zone, "key", None) or getattr(zone, "zone", None)
    path = str(getattr(zone, "_filename", None) or "")  # of dateutil, which has no public name
    return name or path.rpartition("zoneinfo/")[2] or None


def _offsets(zone: tzinfo, times: Any) -> list[timedelta | None]:
    """Return the different offsets of a zone at some times."""
    seconds: Iterable[Any] = np.unique(times[~np.isnat(times)].astype("M8[s]")).tolist()
    return list({_offset_at(zone, moment) for moment in seconds})


def _offset_at(zone: tzinfo, moment: datetime) -> timedelta | None:
    return moment.replace(tzinfo=UTC).astimezone(zone).utcoffset()
