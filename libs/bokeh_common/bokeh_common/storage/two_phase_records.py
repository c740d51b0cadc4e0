# ruff: noqa: D102 - the methods are documented on the interface in interfaces.py
"""Two-phase writes: records get new references in a way that no referenced object is collected as garbage.

A record that gets new references is written twice. The first write keeps the old value and announces the new
references beside it: readers still see the old value, but the garbage collector sees both sets of references.
The writer then touches all objects that it is going to refer to; a collector that has listed them before
notices this, as it deletes only objects that were not touched since. The second write replaces the record by
the new value, unless the record was changed in between. So no value ever refers to an object that may be
deleted, wherever the writer stops.

If a writer stops between the two writes, the collector aborts the write after some time, by compare-and-swap.
If that writer was only slow, its second write fails.
"""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace

from bokeh_common.errors import Conflict, NotFound
from bokeh_common.storage.failures import ObjectChanged, record_conflict, record_not_found
from bokeh_common.storage.interfaces import ABSENT, JSON, Absent, Record, RecordStore

_PENDING_MEMBER = "$staged"  # names a member of stored records, as do "refers" and "at" in it
_ABSENT_VALUE = {"$nothing": True}


class TwoPhaseRecordStore(RecordStore):
    """A record store with two-phase writes; readers see the old value of a record until it is replaced."""

    def __init__(self, records: RecordStore, clock: Callable[[], float] = time.time) -> None:
        self._records = records
        self._clock = clock
        self.traits = records.traits

    def get(self, key: str) -> Record:
        current = committed(self._records.get(key))
        if current is None:
            raise record_not_found(key)
        return current

    def put(self, key: str, value: JSON, if_match: str | Absent | None = None) -> str:
        if if_match is ABSENT:
            return self._records.put(key, value, self._absent(key))
        return self._records.put(key, value, if_match)

    def delete(self, key: str, if_match: str | None = None) -> None:
        self._records.delete(key, if_match)

    def keys(self, prefix: str = "", after: str = "", limit: int = 1000) -> list[tuple[str, str]]:
        return [(record.key, record.etag) for record in self.list(prefix, after, limit)]

    def list(self, prefix: str = "", after: str = "", limit: int = 1000) -> list[Record]:
        found: list[Record] = []
        while len(found) < limit:
            page = self._records.list(prefix, after, limit - len(found))
            found += [current for record in page if (current := committed(record))]
            if len(page) < limit - len(found) or not page:
                break
            after = page[-1].key
        return found

    def put_with_references(
        self,
        key: str,
        value: JSON,
        if_match: str | Absent,
        references: Iterable[str],
        pin: Callable[[], None],
    ) -> str:
        """Store a record whose value has new references, and return its new etag.

        Args:
            key: its key.
            value: the new value.
            if_match: as in `put`; not None.
            references: the new references.
            pin: touches all objects that these name; if it raises, the record is not changed.

        Raises:
            Conflict: `if_match` does not hold, or the record was changed in between.
        """
        announced = self.announce(key, if_match, references)
        try:
            pin()
        except BaseException:
            announced.abort()
            raise
        return announced.commit(value)

    def announce(self, key: str, if_match: str | Absent, references: Iterable[str]) -> "AnnouncedWrite":
        """Announce new references of a record: the first of the two writes, for callers that pin themselves.

        The caller touches all objects that these name, and then commits the write that is returned, or aborts
        it. The arguments are those of `put_with_references`.

        Raises:
            Conflict: `if_match` does not hold.
        """
        condition = self._absent(key) if if_match is ABSENT else if_match
        old = _ABSENT_VALUE if if_match is ABSENT else self._current_value(key)
        note = {"refers": sorted(references), "at": self._clock()}
        etag = self._records.put(key, {_PENDING_MEMBER: note, "value": old}, condition)
        return AnnouncedWrite(self._records, key, old, etag)

    def abort(self, key: str, etag: str) -> bool:
        """Abort an unfinished write; return False if there is none, or the record changed since `etag`."""
        try:
            record = self._records.get(key)
            if record.etag != etag or not is_pending(record):
                return False
            _restore(self._records, key, record.value["value"], etag)
        except (NotFound, Conflict):
            return False
        return True

    def touch(self, key: str) -> None:
        """Give a record a new etag.

        Raises:
            NotFound: there is none.
        """
        while True:
            record = self._records.get(key)
            if committed(record) is None:
                raise record_not_found(key)
            with suppress(Conflict):  # it was changed or deleted meanwhile: read it again
                self._records.put(key, record.value, if_match=record.etag)
                return

    def _current_value(self, key: str) -> JSON:
        try:
            return self.get(key).value
        except NotFound:
            raise ObjectChanged(record_conflict(key)) from None

    def _absent(self, key: str) -> str | Absent:
        """Return the `if_match` under which there is no record as readers see it."""
        try:
            record = self._records.get(key)
        except NotFound:
            return ABSENT
        if committed(record) is not None:
            raise ObjectChanged(record_conflict(key, ABSENT))
        return record.etag


@dataclass(frozen=True)
class AnnouncedWrite:
    """The second half of a two-phase write.

    Attributes:
        records: the underlying store.
        key: the key of the record.
        old: the value that readers see until the write is committed.
        etag: the etag of the announcement.
    """

    records: RecordStore
    key: str
    old: JSON
    etag: str

    def commit(self, value: JSON) -> str:
        """Replace the record by its new value, and return its new etag.

        Raises:
            Conflict: the record was changed since the announcement.
        """
        return self.records.put(self.key, value, if_match=self.etag)

    def abort(self) -> None:
        """Withdraw the announcement, unless the record was changed since."""
        with suppress(Conflict):
            _restore(self.records, self.key, self.old, self.etag)


def committed(record: Record) -> Record | None:
    """Return a record of the underlying store as readers see it; None if they see none."""
    if not is_pending(record):
        return record
    old = record.value["value"]
    return None if old == _ABSENT_VALUE else replace(record, value=old)


def _restore(records: RecordStore, key: str, old: JSON, etag: str) -> None:
    if old == _ABSENT_VALUE:
        records.delete(key, if_match=etag)
    else:
        records.put(key, old, if_match=etag)


def is_pending(record: Record) -> bool:
    """Return whether a record of the underlying store has an unfinished two-phase write."""
    return isinstance(record.value, dict) and _PENDING_MEMBER in record.value


def announced_references(record: Record) -> tuple[list[str], float]:
    """Return the announced references of a record, and since when (POSIX seconds, by the writer's clock)."""
    note = record.value[_PENDING_MEMBER]
    return list(note["refers"]), float(note["at"])
