"""The two storage interfaces, through which all state is stored: small JSON records, and immutable blobs.

Both guarantee:

* *Atomicity per key.* A call is executed completely or not at all, and its effect is visible to every later
  call of any thread, process or machine. Concurrent calls on one key happen in some order. There are no
  transactions and there is no order across keys: write bytes first and the record that refers to them last;
  delete in the reverse order.
* *Durability.* When `put` or `delete` returns, the change survives a crash of this process. It survives a
  crash of the server or its machine, except for what `traits.lost_seconds` says.
* *Thread safety.* A store may be used by all threads of a process, and by a child after a fork.
* *Bounded time.* A call ends within its timeout, with `Unavailable` if the backend does not respond.

Keys are strings of 1 to 512 Unicode characters except NUL and lone surrogates, ordered by their UTF-8 bytes
(which is the order of code points). "/" has no meaning beyond prefixes. A store sees the keys of its
namespace only.

Errors, of `bokeh_common.errors`, that every method may raise:

* `Invalid`: the key, range, limit or value is not valid; nothing was changed.
* `Unavailable`: the backend is down, slow, full or read-only. A change may have been made, but never in part:
  read the key, or repeat the call.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, TypeAlias

from bokeh_common.errors import Conflict, NotFound

#: A value that JSON can represent: dict with str keys, list, str, int, finite float, bool or None. A
#: recursive type would need a cast at every use.
JSON: TypeAlias = Any


class Absent(Enum):
    """The type of `ABSENT`."""

    ABSENT = "absent"


#: A value for `if_match`: the key must not exist.
ABSENT: Final = Absent.ABSENT


@dataclass(frozen=True, slots=True)
class Record:
    """A JSON document.

    Attributes:
        key: its key.
        value: its value.
        etag: opaque; different after every `put` of this key, also if the value is equal.
    """

    key: str
    value: JSON
    etag: str


@dataclass(frozen=True, slots=True)
class BlobStat:
    """The metadata of a blob.

    Attributes:
        key: its key.
        size: in bytes.
        touched: the time of the last `put` or `touch`, in POSIX seconds by the clock of the backend.
        etag: opaque; different after every `put` and `touch` of this key.
    """

    key: str
    size: int
    touched: float
    etag: str


@dataclass(frozen=True, slots=True)
class BackendTraits:
    """The properties in which backends differ.

    Attributes:
        lost_seconds: a crash of the backend may lose confirmed changes that are at most this old; `inf` if it
            does not persist anything.
        touch_seconds: the resolution of `BlobStat.touched`.
        memory_mapped: whether `BlobStore.view` maps files, and so does not take memory of this process.
    """

    lost_seconds: float = 0.0
    touch_seconds: float = 0.0
    memory_mapped: bool = False


class RecordStore(ABC):
    """JSON documents by key. Concurrent writers are synchronized by compare-and-swap of etags only."""

    traits: BackendTraits = BackendTraits()

    @abstractmethod
    def get(self, key: str) -> Record:
        """Return a record.

        Raises:
            NotFound: the record does not exist.
        """

    @abstractmethod
    def put(self, key: str, value: JSON, if_match: str | Absent | None = None) -> str:
        """Store a record and return its new etag.

        Args:
            key: its key.
            value: at most 16 MiB as JSON. Tuples are read as lists, and keys of dicts as strings.
            if_match: an etag that the record must still have; `ABSENT` if the record must not exist; None to
                replace it unconditionally. Of several callers with the same `if_match`, exactly one succeeds.

        Raises:
            Conflict: `if_match` does not hold; nothing was changed.
            Invalid: JSON cannot represent the value (nor can it represent NaN and infinities).
            TooLarge: the value is over 16 MiB.
            Unavailable: also if the connection broke, so that it is unknown whether `if_match` held.
        """

    @abstractmethod
    def delete(self, key: str, if_match: str | None = None) -> None:
        """Delete a record. Without `if_match`, it need not exist.

        Args:
            key: its key.
            if_match: an etag; the record must exist and still have it. Of several callers with the same etag,
                of `put` as well as `delete`, exactly one succeeds.

        Raises:
            Conflict: `if_match` does not hold; nothing was changed.
            Unavailable: also if the connection broke, so that it is unknown whether `if_match` held.
        """

    def get_many(self, keys: Sequence[str]) -> list[Record | None]:
        """Return records, and None for those that do not exist. They are not read at the same instant."""
        return [_found(self, key) for key in keys]

    def delete_unchanged(self, pairs: Sequence[tuple[str, str]]) -> list[bool]:
        """Delete the records that still have these etags; return for each whether it was deleted.

        They are deleted one by one, in this order. If `Unavailable` is raised, some of them may be deleted.
        """
        return [_discarded(self, *pair) for pair in pairs]

    @abstractmethod
    def keys(self, prefix: str = "", after: str = "", limit: int = 1000) -> list[tuple[str, str]]:
        """Return the keys and etags of the records that `list` returns, without reading their values."""

    @abstractmethod
    def list(self, prefix: str = "", after: str = "", limit: int = 1000) -> list[Record]:
        """Return the first records in the order of their keys.

        Args: prefix: all keys begin with it. after: all keys are greater than it. The last key of a page
            gives the next page; it need not exist. limit: 1 to 10000. Fewer are returned only if there are no
            more.

        Records that exist while all pages are read are listed exactly once, with a value that they had in
        that time. Whether records that are created or deleted in that time are listed is undefined.
        """


class BlobStore(ABC):
    """Bytes by key, of any size, streamed in bounded memory; intended for content that never changes."""

    traits: BackendTraits = BackendTraits()

    @abstractmethod
    def put(self, key: str, data: Iterable[bytes]) -> BlobStat:
        """Store a blob completely, or not at all.

        Args: key: its key. An existing blob is replaced once all bytes have been received, and can be read
            until
                then. Of several concurrent writers one wins, with all of its bytes.
            data: blocks of any size, iterated once. If it raises an exception, nothing is stored.
        """

    @abstractmethod
    def get(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Return the bytes `start <= i < end`, in blocks of at most 1 MiB, none of them empty.

        A range that exceeds the blob is cut off at its end; one that begins beyond the end is empty. If the
        blob is deleted or replaced while it is read, the iterator yields the old bytes to the end or raises
        `Unavailable`; it never mixes contents. Exhaust the iterator, drop it, or call its `close`.

        Raises:
            NotFound: the blob does not exist; raised by this call, not by the first `next`.
            Invalid: `start` or `end` is negative.
        """

    def view(self, key: str) -> memoryview:
        """Return all bytes of a blob, for random access.

        They stay readable if the blob is deleted. They take memory of this process, unless
        `traits.memory_mapped`.

        Raises:
            NotFound: the blob does not exist.
        """
        return memoryview(b"".join(self.get(key)))

    @abstractmethod
    def stat(self, key: str) -> BlobStat:
        """Return the metadata of a blob.

        Raises:
            NotFound: the blob does not exist.
        """

    @abstractmethod
    def touch(self, key: str) -> None:
        """Set the blob's time to now, which protects it from garbage collection.

        If the machine of the backend loses power, the new time may be lost.

        Raises:
            NotFound: the blob does not exist.
        """

    @abstractmethod
    def delete(self, key: str, if_match: str | None = None) -> None:
        """Delete a blob. Without `if_match`, it need not exist.

        Args:
            key: its key.
            if_match: an etag; the blob must exist and still have it, so it was neither replaced nor touched.

        Raises:
            Conflict: `if_match` does not hold; nothing was changed.
            Unavailable: also if the connection broke, so that it is unknown whether `if_match` held.
        """

    def delete_unchanged(self, pairs: Sequence[tuple[str, str]]) -> list[bool]:
        """Delete the blobs that still have these etags, like `RecordStore.delete_unchanged`."""
        return [_discarded(self, *pair) for pair in pairs]

    @abstractmethod
    def keys(self, prefix: str = "", after: str = "", limit: int = 1000) -> list[str]:
        """Return the keys of the blobs that `list` returns, without their metadata."""

    @abstractmethod
    def list(self, prefix: str = "", after: str = "", limit: int = 1000) -> list[BlobStat]:
        """Return the first blobs in the order of their keys, like `RecordStore.list`."""


def _found(store: RecordStore, key: str) -> Record | None:
    try:
        return store.get(key)
    except NotFound:
        return None


def _discarded(store: RecordStore | BlobStore, key: str, etag: str) -> bool:
    try:
        store.delete(key, if_match=etag)
    except Conflict:
        return False
    return True
