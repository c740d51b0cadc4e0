# ruff: noqa: D102 - what the methods do is said once, on the interface in base.py
"""Records that refer to other things, written so that nothing which they refer to is collected as garbage.

A record that gets new references is written twice. First it says beside its old value what it is about to
refer to: readers go on to see the old value, but who looks for references sees both. Then the writer
touches all that it refers to, which a collector that has looked before cannot miss: it deletes only what
nobody has touched. Then the new value takes its place, if nobody has written the record meanwhile. So at no
moment, and wherever the writer stops for good, is there a value that refers to something that may be
deleted.

What a writer has left that stopped in between is withdrawn by who finds it when it is old, again by
compare-and-swap: a writer that was only slow then finds its second write refused.
"""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace

from bokeh_common.errors import Conflict, NotFound
from bokeh_common.storage.base import ABSENT, JSON, Absent, Record, RecordStore

_MARK = "$staged"
_NOTHING = {"$nothing": True}


class StagedRecords(RecordStore):
    """A record store whose records may be between two values; all but `put_referring` see the older one."""

    def __init__(self, records: RecordStore, clock: Callable[[], float] = time.time) -> None:
        self._records = records
        self._clock = clock
        self.traits = records.traits

    def get(self, key: str) -> Record:
        shown = settled(self._records.get(key))
        if shown is None:
            raise NotFound(f"There is no record {key!r}.")
        return shown

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
            found += [shown for record in page if (shown := settled(record))]
            if len(page) < limit - len(found) or not page:
                break
            after = page[-1].key
        return found

    def put_referring(
        self,
        key: str,
        value: JSON,
        if_match: str | Absent,
        refers: Iterable[str],
        hold: Callable[[], None],
    ) -> str:
        """Store a record that refers to what its old value did not, and return its new etag.

        Args:
            key: its key.
            value: what it will hold.
            if_match: as in `put`; not None.
            refers: the keys of what it newly refers to.
            hold: touches all of that, and raises when something is gone; nothing is changed then.

        Raises:
            Conflict: the record is not as `if_match` demands, or was written meanwhile.
        """
        known = self._absent(key) if if_match is ABSENT else if_match
        old = _NOTHING if if_match is ABSENT else self._shown(key)
        note = {"refers": sorted(refers), "at": self._clock()}
        staged = self._records.put(key, {_MARK: note, "value": old}, known)
        try:
            hold()
        except BaseException:
            with suppress(Conflict):
                self._withdraw(key, old, staged)
            raise
        return self._records.put(key, value, if_match=staged)

    def withdraw(self, key: str, etag: str) -> bool:
        """Give a record back its older value; False when it changed since `etag`, or is not between two."""
        try:
            record = self._records.get(key)
            if record.etag != etag or not is_staged(record):
                return False
            self._withdraw(key, record.value["value"], etag)
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
            if settled(record) is None:
                raise NotFound(f"There is no record {key!r}.")
            with suppress(Conflict):  # it was written meanwhile, or deleted: look again
                self._records.put(key, record.value, if_match=record.etag)
                return

    def _shown(self, key: str) -> JSON:
        try:
            return self.get(key).value
        except NotFound:
            raise Conflict(f"The record {key!r} has changed.") from None

    def _withdraw(self, key: str, old: JSON, etag: str) -> None:
        if old == _NOTHING:
            self._records.delete(key, if_match=etag)
        else:
            self._records.put(key, old, if_match=etag)

    def _absent(self, key: str) -> str | Absent:
        """Return the condition that a record is not there for readers."""
        try:
            record = self._records.get(key)
        except NotFound:
            return ABSENT
        if settled(record) is not None:
            raise Conflict(f"There is a record {key!r} already.")
        return record.etag


def settled(record: Record) -> Record | None:
    """Return a record of the store below as readers see it; None where there is nothing for them."""
    if not is_staged(record):
        return record
    old = record.value["value"]
    return None if old == _NOTHING else replace(record, value=old)


def is_staged(record: Record) -> bool:
    """Tell whether a record of the store below is between two values."""
    return isinstance(record.value, dict) and _MARK in record.value


def staged_refers(record: Record) -> tuple[list[str], float]:
    """Return what a record is about to refer to, and since when (POSIX seconds by its writer's clock)."""
    note = record.value[_MARK]
    return list(note["refers"]), float(note["at"])
