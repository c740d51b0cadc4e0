"""Numbers, times and names as people read them."""

import re
from datetime import UTC, datetime

UNITS = ("bytes", "KB", "MB", "GB", "TB")

#: Of a number that makes sense; Python itself refuses to read one of more than 4300.
DIGITS = 9

#: What no file may be called on some system, or what would end the quotes around the name in a header.
_NOT_IN_FILES = re.compile(r'[\x00-\x1f\x7f"*/:<>?\\|]')
MOST_OF_NAME = 200  # characters


def size(count: int) -> str:
    """Write a number of bytes: `1.2 MB`."""
    value, unit = float(count), 0
    while value >= 999.5 and unit < len(UNITS) - 1:
        value, unit = value / 1000, unit + 1
    digits = 1 if unit and value < 99.95 else 0
    return f"{value:.{digits}f} {UNITS[unit]}"


def file_name(name: str, ending: str) -> str:
    """Return what a download is called: `name` without what file systems, and quotes of a header, forbid."""
    return _NOT_IN_FILES.sub("_", name)[:MOST_OF_NAME] + ending


def number(count: int) -> str:
    """Write a count: `12,345`."""
    return f"{count:,}"


def day(text: str) -> str:
    """Write the day of an RFC 3339 time: `24 Nov 2026`."""
    time = datetime.fromisoformat(text)
    return f"{time.day} {time:%b %Y}"


def ago(text: str, now: datetime | None = None) -> str:
    """Write how long ago an RFC 3339 time was: `5 minutes ago`; the day, beyond a month."""
    seconds = ((now or datetime.now(UTC)) - datetime.fromisoformat(text)).total_seconds()
    for length, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        count = int(seconds // length)
        if count >= 1:
            return day(text) if count > 30 else f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def plural(count: int, noun: str) -> str:
    """Write a count with its noun: `1 plot`, `2 plots`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def whole(text: str) -> int | None:
    """Read a number from 1 to 999,999,999 as people type it; None where it is none."""
    return int(text) or None if text.isascii() and text.isdigit() and len(text) <= DIGITS else None


FILTERS = {"size": size, "number": number, "day": day, "ago": ago, "plural": plural}
