"""Times as the records and the API write them: RFC 3339, in UTC."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bokeh_common.errors import Invalid

Clock = Callable[[], datetime]

LATEST = datetime.max.replace(tzinfo=UTC)


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def stamp(time: datetime) -> str:
    """Write a time, to the second."""
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def hour_of(time: datetime) -> str:
    """Write a time coarsely: enough to see that a key is in use, too little to follow its user."""
    return stamp(time.replace(minute=0, second=0))


def parsed(text: str) -> datetime:
    """Read a time; `ValueError` when it is none, or has no offset."""
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(f"{text!r} has no offset from UTC")
    return time


def later(moment: datetime, span: timedelta) -> datetime:
    """Return the time a span after a moment; the last that can be written where that is beyond."""
    try:
        return moment + span
    except OverflowError:
        return LATEST


def past(text: str | None, moment: datetime) -> bool:
    """Whether the time that is written is not after `moment`; None never comes."""
    return text is not None and parsed(text) <= moment


def expiry(text: str | None, moment: datetime) -> datetime | None:
    """Read the time at which something shall expire; None for never.

    Raises:
        Invalid: it is no time, or not after `moment`.
    """
    if text is None:
        return None
    try:
        time = parsed(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid("'expires' must be a time with an offset, such as 2027-01-31T12:00:00Z.") from None
    if time <= moment:
        raise Invalid("'expires' is in the past.")
    return time
