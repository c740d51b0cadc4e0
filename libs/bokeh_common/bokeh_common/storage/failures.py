"""Error messages that all backends share."""

from bokeh_common.errors import NotFound
from bokeh_common.storage.interfaces import ABSENT, Absent


def record_not_found(key: str) -> NotFound:
    """Return the error of a record that does not exist."""
    return NotFound(f"There is no record {key!r}.")


def blob_not_found(key: str) -> NotFound:
    """Return the error of a blob that does not exist."""
    return NotFound(f"There is no blob {key!r}.")


def record_conflict(key: str, if_match: str | Absent | None = None) -> str:
    """Return the message of a conditional write of a record whose condition does not hold."""
    return f"There is a record {key!r} already." if if_match is ABSENT else f"The record {key!r} has changed."


def blob_conflict(key: str) -> str:
    """Return the message of a conditional deletion of a blob whose condition does not hold."""
    return f"The blob {key!r} has changed."
