"""The time zone of a column: an IANA name, or an offset such as `+02:00`."""

import re
from functools import lru_cache
from zoneinfo import ZoneInfo

_OFFSET = re.compile(r"[+-]\d\d:\d\d")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+/-]{0,63}")


@lru_cache(1000)
def known_zone(name: str) -> str:
    """Return a time zone if it is an offset or an IANA name, otherwise UTC.

    The points in time, which are stored in UTC, are the same.
    """
    return name if _OFFSET.fullmatch(name) or _is_iana_name(name) else "UTC"


def _is_iana_name(name: str) -> bool:
    if not _NAME.fullmatch(name):
        return False
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        return not _has_database()  # any name may be right then
    return True


@lru_cache(1)
def _has_database() -> bool:
    try:
        ZoneInfo("Europe/Zurich")
    except (OSError, KeyError):
        return False
    return True
