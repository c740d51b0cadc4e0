"""Times as people write them and as the API takes them: RFC 3339, in UTC."""

import re
from datetime import UTC, datetime, timedelta

from .errors import CloudError

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
SPAN = re.compile(r"(\d{1,5})([mhdw])")

Expiry = str | datetime | timedelta


def moment(expires: Expiry, now: datetime | None = None) -> str:
    """Return when something ends, as the API takes it.

    Args:
        expires: a span ("30m", "12h", "7d", "2w", or a timedelta), a date ("2027-01-31", the end of that day)
            or a time; times without an offset are local ones.
        now: from when a span counts; the present without it.

    Raises:
        CloudError: it is none of these.
    """
    if isinstance(expires, timedelta):
        return _stamp((now or datetime.now(UTC)) + expires)
    if isinstance(expires, datetime):
        return _stamp(expires)
    if span := SPAN.fullmatch(expires):
        return moment(timedelta(**{UNITS[span[2]]: int(span[1])}), now)
    try:
        time = datetime.fromisoformat(expires)
    except ValueError:
        raise CloudError(
            f"{expires!r} is no time: use a span (30m, 12h, 7d, 2w), a date (2027-01-31) or a time "
            "(2027-01-31T12:00)."
        ) from None
    return _stamp(time + timedelta(days=1) if len(expires) == len("2027-01-31") else time)


def _stamp(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
