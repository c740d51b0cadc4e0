# ruff: noqa: D102 - the methods are documented on `Keyspace`
"""Keyspaces: what the garbage collector needs to know about stored objects, and how it deletes them.

A *keyspace* contains all objects of one kind: records or blobs whose keys share a prefix. An object is named
by its key. A reference is the key of another object, preceded by its service: `data:columns/ada/9f3c...`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bokeh_common.errors import Conflict, NotFound
from bokeh_common.storage.interfaces import BlobStore, Record, RecordStore
from bokeh_common.storage.two_phase_records import (
    TwoPhaseRecordStore,
    announced_references,
    committed,
    is_pending,
)

References = list[str]


class StoredObject(NamedTuple):
    """A stored object. Pages of blobs have keys only; all other attributes are then at their defaults.

    Attributes:
        key: its key.
        etag: differs after every change and touch.
        size: bytes that are freed by deleting it; 0 for records.
        touched: POSIX seconds of its last change or touch.
        keep: whether it is kept although nothing refers to it.
        references: the objects that it refers to.
        pending_since: when an unfinished two-phase write of it began (POSIX seconds); None without one.
    """

    key: str
    etag: str | None = None
    size: int = 0
    touched: float = 0.0
    keep: bool = False
    references: References | None = None
    pending_since: float | None = None


class Keyspace(ABC):
    """All objects of one kind."""

    @abstractmethod
    def page(self, prefix: str, after: str, limit: int) -> Sequence[StoredObject]:
        """Return the first objects whose keys begin with a prefix, in the order of their keys."""

    @abstractmethod
    def lines(self, prefix: str, after: str, limit: int) -> list[str]:
        """Return the keys of a page; those of records, which may change, with a tab and the etag."""

    @abstractmethod
    def keys(self, prefix: str, after: str, limit: int) -> list[str]:
        """Return the keys of a page."""

    @abstractmethod
    def inspect(self, keys: Sequence[str]) -> list[StoredObject | None]:
        """Return objects with all their attributes; None for those that do not exist."""

    @abstractmethod
    def references(self, keys: Sequence[str]) -> References:
        """Return the references of these objects; those that do not exist have none."""

    def abort(self, objects: Sequence[tuple[str, str]]) -> list[bool]:
        """Abort unfinished two-phase writes of records that still have these etags; return which."""
        return [False for _ in objects]

    def verify(self, keys: Sequence[str]) -> list[bool]:
        """Return for each object whether it is intact; one that does not exist is."""
        return [True for _ in keys]

    @abstractmethod
    def quarantine(self, keys: Sequence[str]) -> list[bool]:
        """Move objects to keys that begin with `quarantine/`; return which of them existed."""

    @abstractmethod
    def collect(self, objects: Sequence[tuple[str, str]]) -> list[bool]:
        """Delete the objects that still have these etags; return which of them were deleted."""


def _no_references(_: str, __: bytes) -> References:
    return []


def _always_intact(_: str, __: Iterator[bytes]) -> bool:
    return True


@dataclass(frozen=True)
class BlobKeyspace(Keyspace):
    """A keyspace of blobs.

    Attributes:
        store: contains the blobs.
        prefix: the prefix of their keys.
        references_of: returns the references of a blob, from its key and bytes.
        is_intact: returns whether a blob has the content that was written, from its key and blocks of bytes.
    """

    store: BlobStore
    prefix: str
    references_of: Callable[[str, bytes], References] = _no_references
    is_intact: Callable[[str, Iterator[bytes]], bool] = _always_intact

    def page(self, prefix: str, after: str, limit: int) -> Sequence[StoredObject]:
        return [StoredObject(key) for key in self.store.keys(self.prefix + prefix, after, limit)]

    def lines(self, prefix: str, after: str, limit: int) -> list[str]:
        return self.keys(prefix, after, limit)

    def keys(self, prefix: str, after: str, limit: int) -> list[str]:
        return self.store.keys(self.prefix + prefix, after, limit)

    def inspect(self, keys: Sequence[str]) -> list[StoredObject | None]:
        return [self._inspect(key) for key in keys]

    def references(self, keys: Sequence[str]) -> References:
        return [name for key in keys for name in self._references(key)]

    def collect(self, objects: Sequence[tuple[str, str]]) -> list[bool]:
        return self.store.delete_unchanged(objects)

    def verify(self, keys: Sequence[str]) -> list[bool]:
        return [self._verify(key) for key in keys]

    def quarantine(self, keys: Sequence[str]) -> list[bool]:
        return [self._quarantine(key) for key in keys]

    def _verify(self, key: str) -> bool:
        try:
            return self.is_intact(key, self.store.get(key))
        except NotFound:
            return True

    def _quarantine(self, key: str) -> bool:
        try:
            self.store.put(f"quarantine/{key}", self.store.get(key))
        except NotFound:
            return False
        self.store.delete(key)
        return True

    def _inspect(self, key: str) -> StoredObject | None:
        try:
            stat = self.store.stat(key)
        except NotFound:
            return None
        return StoredObject(key, stat.etag, stat.size, stat.touched)

    def _references(self, key: str) -> References:
        try:
            return self.references_of(key, bytes(self.store.view(key)))
        except NotFound:
            return []


class ObjectInfo(NamedTuple):
    """The attributes of a `StoredObject` that depend on the value of a record."""

    references: Sequence[str] = ()
    touched: float = 0.0
    keep: bool = False


@dataclass(frozen=True)
class RecordKeyspace(Keyspace):
    """A keyspace of records.

    Attributes:
        store: contains the records. It is the store below any `TwoPhaseRecordStore`, as announced references
            count too.
        prefix: the prefix of their keys.
        describe: returns the info of a record whose value is the committed one.
    """

    store: RecordStore
    prefix: str
    describe: Callable[[Record], ObjectInfo]

    def page(self, prefix: str, after: str, limit: int) -> Sequence[StoredObject]:
        return [self._object(record) for record in self.store.list(self.prefix + prefix, after, limit)]

    def lines(self, prefix: str, after: str, limit: int) -> list[str]:
        return ["\t".join(pair) for pair in self.store.keys(self.prefix + prefix, after, limit)]

    def keys(self, prefix: str, after: str, limit: int) -> list[str]:
        return [key for key, _ in self.store.keys(self.prefix + prefix, after, limit)]

    def inspect(self, keys: Sequence[str]) -> list[StoredObject | None]:
        return [self._object(record) if record else None for record in self.store.get_many(keys)]

    def references(self, keys: Sequence[str]) -> References:
        found = [self._object(record).references or [] for record in self.store.get_many(keys) if record]
        return [name for names in found for name in names]

    def collect(self, objects: Sequence[tuple[str, str]]) -> list[bool]:
        return self.store.delete_unchanged(objects)

    def abort(self, objects: Sequence[tuple[str, str]]) -> list[bool]:
        store = TwoPhaseRecordStore(self.store)
        return [store.abort(*pair) for pair in objects]

    def quarantine(self, keys: Sequence[str]) -> list[bool]:
        return [self._quarantine(key) for key in keys]

    def _quarantine(self, key: str) -> bool:
        try:
            record = self.store.get(key)
            self.store.put(f"quarantine/{key}", record.value)
            self.store.delete(key, if_match=record.etag)
        except (NotFound, Conflict):
            return False
        return True

    def _object(self, record: Record) -> StoredObject:
        if not is_pending(record):
            references, touched, keep = self.describe(record)
            return StoredObject(record.key, record.etag, 0, touched, keep, list(references))
        current = committed(record)
        references, touched, keep = self.describe(current) if current else ObjectInfo(keep=True)
        announced, since = announced_references(record)
        return StoredObject(record.key, record.etag, 0, touched, keep, [*references, *announced], since)
