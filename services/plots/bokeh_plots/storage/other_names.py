"""The other names of plots: a plot that is renamed keeps its record, and is found by each name that it had.

The record `ids/{user}/{name}` has the name under which the plot is stored. It is written before the plot's
record lists the name, so a name may be found here that no plot lists, and that is then free: the writer
stopped, or has not finished. Such a name is left alone for `PENDING_SECONDS`, in case its writer is about to
finish.
"""

import time
from typing import Any

from bokeh_common.errors import Conflict, NotFound
from bokeh_common.storage import ABSENT, Absent, RecordStore
from bokeh_common.storage.two_phase_records import TwoPhaseRecordStore

PENDING_SECONDS = 60


class OtherNames:
    """The names of plots that are not the names under which they are stored."""

    def __init__(self, records: TwoPhaseRecordStore, raw_records: RecordStore) -> None:
        self._records = records
        self._raw_records = raw_records

    def find(self, user: str, name: str) -> tuple[dict[str, Any], str | Absent]:
        """Return what is recorded for a name, and the etag; nothing and `ABSENT` if there is nothing."""
        try:
            record = self._records.get(key_of(user, name))
        except NotFound:
            return {}, ABSENT
        return dict(record.value), record.etag

    def claim(self, user: str, name: str, stored: str, etag: str | Absent) -> None:
        """Record a name of the plot that is stored as `stored`.

        Args:
            user: the account.
            name: the new name.
            stored: the name under which the plot is stored.
            etag: as `find` returned it before the caller found that the name is free.

        Raises:
            Conflict: another request uses the name.
        """
        value = {"user_id": user, "name": stored, "at": time.time()}
        self._records.put(key_of(user, name), value, if_match=etag)
        if self._exists(f"plots/{user}/{name}"):  # perhaps only announced
            self._records.delete(key_of(user, name))
            raise _in_progress()

    def require_free(self, user: str, name: str) -> None:
        """Raise `Conflict` if a plot that is being renamed may get a name."""
        if is_pending(self.find(user, name)[0]):
            raise _in_progress()

    def confirm(self, user: str, name: str, stored: str) -> None:
        """Touch the record of a name, so that it is not collected; `Conflict` if it is another plot's."""
        value, etag = self.find(user, name)
        if value.get("name") != stored or isinstance(etag, Absent):
            raise _in_progress()
        self._records.put(key_of(user, name), value, if_match=etag)

    def _exists(self, key: str) -> bool:
        try:
            self._raw_records.get(key)
        except NotFound:
            return False
        return True


def key_of(user: str, name: str) -> str:
    """Return the key of the record of a name."""
    return f"ids/{user}/{name}"


def _in_progress() -> Conflict:
    return Conflict("Another plot gets this name at the moment; try again.")


def is_pending(value: dict[str, Any]) -> bool:
    """Return whether the writer of a name may still be about to finish."""
    return time.time() - float(value.get("at", 0)) < PENDING_SECONDS
