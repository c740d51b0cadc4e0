"""Errors that all backends share.

Their messages name keys, files and addresses. They are for the operator: clients get `public` instead.
"""

from bokeh_common.errors import Conflict, Invalid, NotFound, Unavailable
from bokeh_common.storage.interfaces import ABSENT, Absent


class ObjectNotFound(NotFound):
    """A record or a blob does not exist."""

    public = "Something that this needs is not stored any more. Reload the page, or send it again."


class ObjectChanged(Conflict):
    """A record or a blob is not the one that a conditional write expects."""

    public = "Another request changed this at the same time. Read it again, and repeat the request."


class StorageUnavailable(Unavailable):
    """The storage does not respond, or does not do what it should."""

    public = "The storage of this server cannot be used at the moment; try again soon."


class InvalidKey(Invalid):
    """No object can have this key."""

    public = "A name or an id is too long, or has characters that cannot be stored; choose another one."


def record_not_found(key: str) -> ObjectNotFound:
    """Return the error of a record that does not exist."""
    return ObjectNotFound(f"There is no record {key!r}.")


def blob_not_found(key: str) -> ObjectNotFound:
    """Return the error of a blob that does not exist."""
    return ObjectNotFound(f"There is no blob {key!r}.")


def record_conflict(key: str, if_match: str | Absent | None = None) -> str:
    """Return the message of a conditional write of a record whose condition does not hold."""
    return f"There is a record {key!r} already." if if_match is ABSENT else f"The record {key!r} has changed."


def blob_conflict(key: str) -> str:
    """Return the message of a conditional deletion of a blob whose condition does not hold."""
    return f"The blob {key!r} has changed."
