# ruff: noqa: D102 - what the methods do is said once, on `Room`
"""What a garbage collector has to know of a store: what there is, what it refers to, and how to delete it.

A *room* is the things of one kind: records or blobs with a common prefix. Things are named by their keys.
What they refer to is named by its service, too: `data:columns/ada/9f3c...`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bokeh_common.errors import Conflict, NotFound
from bokeh_common.storage.base import BlobStore, Record, RecordStore
from bokeh_common.storage.staged import StagedRecords, is_staged, settled, staged_refers

Refers = list[str]


class Thing(NamedTuple):
    """Something that a store holds; where a page leaves out what takes a look at each, it is None.

    Attributes:
        key: its key.
        etag: differs after every change and touch.
        size: bytes that deleting it frees; records count as none.
        touched: POSIX seconds of its last change or touch.
        keep: whether it stays although nothing refers to it.
        refers: what it refers to.
        staged: since when a record is between two values (POSIX seconds), if it is.
    """

    key: str
    etag: str | None = None
    size: int = 0
    touched: float = 0.0
    keep: bool = False
    refers: Refers | None = None
    staged: float | None = None


class Room(ABC):
    """The things of one kind."""

    @abstractmethod
    def page(self, prefix: str, after: str, limit: int) -> Sequence[Thing]:
        """Return the first things whose keys begin with a prefix, in the order of their keys."""

    @abstractmethod
    def lines(self, prefix: str, after: str, limit: int) -> list[str]:
        """Return the keys of a page, those of records with a tab and the etag: blobs never change."""

    @abstractmethod
    def keys(self, prefix: str, after: str, limit: int) -> list[str]:
        """Return the keys of a page."""

    @abstractmethod
    def inspect(self, keys: Sequence[str]) -> list[Thing | None]:
        """Look at things one by one; None for those that are gone."""

    @abstractmethod
    def refers(self, keys: Sequence[str]) -> Refers:
        """Return what these things refer to; those that are gone refer to nothing."""

    def withdraw(self, things: Sequence[tuple[str, str]]) -> list[bool]:
        """End the writes that were left halfway, of records that still have these etags."""
        return [False for _ in things]

    def verify(self, keys: Sequence[str]) -> list[bool]:
        """Tell which things are as they were written: those that are gone are, too."""
        return [True for _ in keys]

    @abstractmethod
    def quarantine(self, keys: Sequence[str]) -> list[bool]:
        """Move things out of the way, to keys that begin with `quarantine/`; tell which were there."""

    @abstractmethod
    def collect(self, things: Sequence[tuple[str, str]]) -> list[bool]:
        """Delete the things that still have these etags, and tell which ones were deleted."""


def _nothing(_: str, __: bytes) -> Refers:
    return []


def _anything(_: str, __: Iterator[bytes]) -> bool:
    return True


@dataclass(frozen=True)
class Blobs(Room):
    """Blobs.

    Attributes:
        store: where they are.
        prefix: what their keys begin with.
        read: returns what a blob refers to, of its key and its bytes.
        good: tells whether a blob is as it was written.
    """

    store: BlobStore
    prefix: str
    read: Callable[[str, bytes], Refers] = _nothing
    good: Callable[[str, Iterator[bytes]], bool] = _anything

    def page(self, prefix: str, after: str, limit: int) -> Sequence[Thing]:
        return [Thing(key) for key in self.store.keys(self.prefix + prefix, after, limit)]

    def lines(self, prefix: str, after: str, limit: int) -> list[str]:
        return self.keys(prefix, after, limit)

    def keys(self, prefix: str, after: str, limit: int) -> list[str]:
        return self.store.keys(self.prefix + prefix, after, limit)

    def inspect(self, keys: Sequence[str]) -> list[Thing | None]:
        return [self._inspect(key) for key in keys]

    def refers(self, keys: Sequence[str]) -> Refers:
        return [name for key in keys for name in self._refers(key)]

    def collect(self, things: Sequence[tuple[str, str]]) -> list[bool]:
        return self.store.discard(things)

    def verify(self, keys: Sequence[str]) -> list[bool]:
        return [self._is_good(key) for key in keys]

    def quarantine(self, keys: Sequence[str]) -> list[bool]:
        return [self._quarantine(key) for key in keys]

    def _is_good(self, key: str) -> bool:
        try:
            return self.good(key, self.store.get(key))
        except NotFound:
            return True

    def _quarantine(self, key: str) -> bool:
        try:
            self.store.put(f"quarantine/{key}", self.store.get(key))
        except NotFound:
            return False
        self.store.delete(key)
        return True

    def _inspect(self, key: str) -> Thing | None:
        try:
            stat = self.store.stat(key)
        except NotFound:
            return None
        return Thing(key, stat.etag, stat.size, stat.touched)

    def _refers(self, key: str) -> Refers:
        try:
            return self.read(key, bytes(self.store.view(key)))
        except NotFound:
            return []


class About(NamedTuple):
    """What is to be known of a record: as in `Thing`."""

    refers: Sequence[str] = ()
    touched: float = 0.0
    keep: bool = False


@dataclass(frozen=True)
class Records(Room):
    """Records, with their values.

    Attributes:
        store: the store below any `StagedRecords`: what is about to be referred to counts.
        prefix: what their keys begin with.
        about: tells what is to be known of a record, as readers see it.
    """

    store: RecordStore
    prefix: str
    about: Callable[[Record], About]

    def page(self, prefix: str, after: str, limit: int) -> Sequence[Thing]:
        return [self._thing(record) for record in self.store.list(self.prefix + prefix, after, limit)]

    def lines(self, prefix: str, after: str, limit: int) -> list[str]:
        return ["\t".join(pair) for pair in self.store.keys(self.prefix + prefix, after, limit)]

    def keys(self, prefix: str, after: str, limit: int) -> list[str]:
        return [key for key, _ in self.store.keys(self.prefix + prefix, after, limit)]

    def inspect(self, keys: Sequence[str]) -> list[Thing | None]:
        return [self._thing(record) if record else None for record in self.store.find(keys)]

    def refers(self, keys: Sequence[str]) -> Refers:
        found = [self._thing(record).refers or [] for record in self.store.find(keys) if record]
        return [name for names in found for name in names]

    def collect(self, things: Sequence[tuple[str, str]]) -> list[bool]:
        return self.store.discard(things)

    def withdraw(self, things: Sequence[tuple[str, str]]) -> list[bool]:
        """Withdraw the second value of records that still have these etags, and tell of which it was done."""
        staged = StagedRecords(self.store)
        return [staged.withdraw(*pair) for pair in things]

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

    def _thing(self, record: Record) -> Thing:
        if not is_staged(record):
            refers, touched, keep = self.about(record)
            return Thing(record.key, record.etag, 0, touched, keep, list(refers))
        shown = settled(record)
        refers, touched, keep = self.about(shown) if shown else About(keep=True)
        coming, since = staged_refers(record)
        return Thing(record.key, record.etag, 0, touched, keep, [*refers, *coming], since)
