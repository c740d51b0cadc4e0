"""Parses times at which share links and API keys expire, into those that the API takes: RFC 3339, in UTC."""

import re
from datetime import UTC, datetime, timedelta

from bokeh_cloud.errors import CloudError

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
DURATION = re.compile(r"(\d{1,5})([mhdw])")

Expiry = str | datetime | timedelta


def parse_expiry(expires: Expiry, now: datetime | None = None) -> str:
    """Return a time as the API takes it.

    Args:
        expires: a duration ("30m", "12h", "7d", "2w", or a timedelta), a date ("2027-01-31", until the end of
            that day) or a time; times without an offset are local.
        now: when a duration begins; None for the present.

    Raises:
        CloudError: it is none of these.
    """
    if isinstance(expires, timedelta):
        return _to_rfc3339((now or datetime.now(UTC)) + expires)
    if isinstance(expires, datetime):
        return _to_rfc3339(expires)
    if duration := DURATION.fullmatch(expires):
        return parse_expiry(timedelta(**{UNITS[duration[2]]: int(duration[1])}), now)
    try:
        time = datetime.fromisoformat(expires)
    except ValueError:
        raise CloudError(
            f"{expires!r} is not a time: use a duration (30m, 12h, 7d, 2w), a date (2027-01-31) or a time "
            "(2027-01-31T12:00)."
        ) from None
    return _to_rfc3339(time + timedelta(days=1) if len(expires) == len("2027-01-31") else time)


def _to_rfc3339(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
