"""Jinja filters and other functions that format numbers, times and names for readers."""

import re
from datetime import UTC, datetime

from bokeh_web.pages.browser_names import browser_name

UNITS = ("bytes", "KB", "MB", "GB", "TB")

#: Of integers in forms and queries. Python itself raises for strings of more than 4300 digits.
MAX_DIGITS = 9

#: Characters that some file systems do not allow, or that would end the quoted file name in a header.
_NOT_IN_FILE_NAMES = re.compile(r'[\x00-\x1f\x7f"*/:<>?\\|]')
MAX_FILE_NAME_LENGTH = 200  # characters, without the extension


def size(count: int) -> str:
    """Format a number of bytes: `1.2 MB`."""
    value, unit = float(count), 0
    while value >= 999.5 and unit < len(UNITS) - 1:
        value, unit = value / 1000, unit + 1
    digits = 1 if unit and value < 99.95 else 0
    return f"{value:.{digits}f} {UNITS[unit]}"


def file_name(name: str, extension: str) -> str:
    """Return the file name of a download: `name` without characters that file systems or headers forbid."""
    return _NOT_IN_FILE_NAMES.sub("_", name)[:MAX_FILE_NAME_LENGTH] + extension


def number(count: int) -> str:
    """Format a count: `12,345`."""
    return f"{count:,}"


def day(text: str) -> str:
    """Format the date of an RFC 3339 time: `24 Nov 2026`."""
    time = datetime.fromisoformat(text)
    return f"{time.day} {time:%b %Y}"


def ago(text: str, now: datetime | None = None) -> str:
    """Format how long ago an RFC 3339 time was, `5 minutes ago`; the date, if it is more than 30 days."""
    seconds = ((now or datetime.now(UTC)) - datetime.fromisoformat(text)).total_seconds()
    for length, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        count = int(seconds // length)
        if count >= 1:
            return day(text) if count > 30 else f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def minute(text: str) -> str:
    """Format the minute of an RFC 3339 time: `24 Nov 2026, 09:05 UTC`."""
    return f"{day(text)}, {datetime.fromisoformat(text).astimezone(UTC):%H:%M} UTC"


def device_code(text: str) -> str:
    """Format the code of a device login as programs show it, however it was typed: `ABCD-EFGH`."""
    letters = "".join(char for char in text.upper() if char.isalpha())
    return f"{letters[:4]}-{letters[4:]}"


def plural(count: int, noun: str) -> str:
    """Format a count with its noun: `1 plot`, `2 plots`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def parse_positive_integer(text: str) -> int | None:
    """Parse an integer from 1 to 999,999,999; return None for any other text."""
    return int(text) or None if text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS else None


FILTERS = {
    "size": size,
    "number": number,
    "day": day,
    "minute": minute,
    "ago": ago,
    "device_code": device_code,
    "plural": plural,
    "browser": browser_name,
}
