"""Parses times at which share links and API keys expire, into those that the API takes: RFC 3339, in UTC."""

import re
from datetime import UTC, date, datetime, time, timedelta

from bokeh_cloud.errors import CloudError

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
DURATION = re.compile(r"(\d{1,5})([mhdw])")

Expiry = str | date | datetime | timedelta
HOW = "a duration (30m, 12h, 7d, 2w), a date (2027-01-31) or a time (2027-01-31T12:00)"


def parse_expiry(expires: Expiry, now: datetime | None = None) -> str:
    """Return a time as the API takes it.

    Args:
        expires: a duration ("30m", "12h", "7d", "2w", or a timedelta), a date ("2027-01-31", or a date; until
            the end of that day) or a time (a string or a datetime); times without an offset are local.
        now: when a duration begins; None for the present.

    Raises:
        CloudError: a string is none of these.
        TypeError: it is not a string, a date, a datetime or a timedelta.
    """
    if isinstance(expires, timedelta):
        return _to_rfc3339((now or datetime.now(UTC)) + expires)
    if isinstance(expires, datetime):
        return _to_rfc3339(expires)
    if isinstance(expires, date):
        return _to_rfc3339(datetime.combine(expires, time.min) + timedelta(days=1))
    if not isinstance(expires, str):
        raise TypeError(
            f"expires must be {HOW}, or a timedelta, date or datetime, not {type(expires).__name__}."
        )
    return _parse_text(expires, now)


def _parse_text(expires: str, now: datetime | None) -> str:
    if duration := DURATION.fullmatch(expires):
        return parse_expiry(timedelta(**{UNITS[duration[2]]: int(duration[1])}), now)
    try:
        if len(expires) == len("2027-01-31"):
            return parse_expiry(date.fromisoformat(expires))
        return _to_rfc3339(datetime.fromisoformat(expires))
    except ValueError:
        raise CloudError(f"{expires!r} is not a time: use {HOW}.") from None


def _to_rfc3339(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
