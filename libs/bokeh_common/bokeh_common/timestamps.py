"""Times as stored records and the API have them: RFC 3339, in UTC, such as `2027-01-31T12:00:00Z`."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bokeh_common.errors import Invalid

Clock = Callable[[], datetime]

#: The latest time that can be written.
LATEST = datetime.max.replace(tzinfo=UTC)


def now() -> datetime:
    """Return the current time, in UTC."""
    return datetime.now(UTC)


def format_timestamp(time: datetime, timespec: str = "seconds") -> str:
    """Format a time; `timespec` is the resolution, as in `datetime.isoformat`."""
    return time.astimezone(UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


def current_timestamp() -> str:
    """Return the current time, formatted to the millisecond."""
    return format_timestamp(now(), "milliseconds")


def format_hour(time: datetime) -> str:
    """Format a time to the hour, which shows that a credential is in use without tracking its user."""
    return format_timestamp(time.replace(minute=0, second=0))


def parse_timestamp(text: str) -> datetime:
    """Parse a time.

    Raises:
        ValueError: it is not a time, or has no offset from UTC.
    """
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(f"{text!r} has no offset from UTC")
    return time


def add_clamped(time: datetime, span: timedelta) -> datetime:
    """Return the time that is a span after another one, at most `LATEST`."""
    try:
        return time + span
    except OverflowError:
        return LATEST


def is_past(text: str | None, moment: datetime) -> bool:
    """Return whether a formatted time is not after `moment`; None stands for never."""
    return text is not None and parse_timestamp(text) <= moment


def parse_expiry(text: str | None, moment: datetime) -> datetime | None:
    """Parse an expiry time given by a client; None stands for never.

    Raises:
        Invalid: it is not a time, or not after `moment`.
    """
    if text is None:
        return None
    try:
        time = parse_timestamp(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid("'expires' must be a time with an offset, such as 2027-01-31T12:00:00Z.") from None
    if time <= moment:
        raise Invalid("'expires' is in the past.")
    return time
