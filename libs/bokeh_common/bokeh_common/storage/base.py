"""The two interfaces behind which all state lives: small JSON records, and immutable bytes.

What both promise:

* *Atomic per key.* A call is done completely or not at all, and what it did is seen by every later call of
  any thread, process or machine. Calls on one key at the same time happen in some order. There is no order
  and no transaction across keys: write bytes first and the record that names them last; delete in the reverse
  order.
* *Durable.* When `put` or `delete` returns, the change outlives a crash of this process, and one of the
  server or its machine up to what `traits.lost_seconds` says.
* *Thread-safe.* One store may be used by all threads of a process, and after a fork by the child.
* *Bounded in time.* A call ends within its time-out, with `Unavailable` where the medium does not answer.

Keys are 1 to 512 characters, any Unicode but NUL and lone surrogates, compared by their UTF-8 bytes (which is
the order of code points). "/" means nothing beyond prefixes. A store sees the keys of its own namespace only.

Errors, of `bokeh_common.errors`, that any method raises:

* `Invalid`: the key, the range, the limit or the value cannot be; nothing was changed.
* `Unavailable`: the medium is down, slow, full or read-only. A change may have happened or not, but never in
  part: ask again, or repeat the call.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, TypeAlias

from bokeh_common.errors import Conflict, NotFound

#: What JSON can hold: dict with str keys, list, str, int, finite float, bool, None. A recursive type would
#: say so to the type checker, at the price of a cast at every use.
JSON: TypeAlias = Any


class Absent(Enum):
    """The type of `ABSENT`."""

    ABSENT = "absent"


#: For `if_match`: the key must not exist.
ABSENT: Final = Absent.ABSENT


@dataclass(frozen=True, slots=True)
class Record:
    """A JSON document.

    Attributes:
        key: its key.
        value: what it holds.
        etag: opaque; differs for every `put` there ever was of this key, also of an equal value.
    """

    key: str
    value: JSON
    etag: str


@dataclass(frozen=True, slots=True)
class BlobStat:
    """What is known about a blob without reading it.

    Attributes:
        key: its key.
        size: bytes.
        touched: POSIX seconds, UTC, by the medium's clock, of the last `put` or `touch`.
        etag: opaque; differs for every `put` and `touch` there ever was of this key.
    """

    key: str
    size: int
    touched: float
    etag: str


@dataclass(frozen=True, slots=True)
class Traits:
    """What backends differ in.

    Attributes:
        lost_seconds: how old a confirmed change may be and still be lost when what stores it crashes; `inf`
            where nothing is ever made durable.
        touch_seconds: the resolution of `BlobStat.touched`.
        maps: whether `BlobStore.view` maps bytes, and so takes no memory of this process.
    """

    lost_seconds: float = 0.0
    touch_seconds: float = 0.0
    maps: bool = False


class RecordStore(ABC):
    """JSON documents by key. Compare-and-swap by etag is the only means of concurrency."""

    traits: Traits = Traits()

    @abstractmethod
    def get(self, key: str) -> Record:
        """Return a record.

        Raises:
            NotFound: there is none.
        """

    @abstractmethod
    def put(self, key: str, value: JSON, if_match: str | Absent | None = None) -> str:
        """Store a record and return its new etag.

        Args:
            key: its key.
            value: at most 16 MiB as JSON. Tuples come back as lists, keys of a dict as str.
            if_match: an etag, and the record must still have it; `ABSENT`, and there must be no record; None,
                and whatever is there is replaced. Of several callers with the same `if_match` exactly one
                wins.

        Raises:
            Conflict: `if_match` does not hold; nothing was changed.
            Invalid: the value is not JSON (NaN and infinities are not).
            TooLarge: the value is over 16 MiB.
            Unavailable: also when the connection broke so that it is unknown whether `if_match` held.
        """

    @abstractmethod
    def delete(self, key: str, if_match: str | None = None) -> None:
        """Delete a record; one that is absent is deleted already.

        Args:
            key: its key.
            if_match: an etag, and the record must be there and still have it. Of several callers with the
                same etag, be it to `put` or to `delete`, exactly one wins.

        Raises:
            Conflict: `if_match` does not hold; nothing was changed.
            Unavailable: also when the connection broke so that it is unknown whether `if_match` held.
        """

    def find(self, keys: Sequence[str]) -> list[Record | None]:
        """Return records, None for those that are not there; each as it was at some moment meanwhile."""
        return [_found(self, key) for key in keys]

    def discard(self, pairs: Sequence[tuple[str, str]]) -> list[bool]:
        """Delete the records that still have these etags; return which ones were deleted.

        Each is deleted or not for itself, in this order; `Unavailable` may leave some done and some not.
        """
        return [_discarded(self, *pair) for pair in pairs]

    @abstractmethod
    def keys(self, prefix: str = "", after: str = "", limit: int = 1000) -> list[tuple[str, str]]:
        """Return the keys and etags of the records that `list` returns, without reading their values."""

    @abstractmethod
    def list(self, prefix: str = "", after: str = "", limit: int = 1000) -> list[Record]:
        """Return the first records, in the order of their keys.

        Args:
            prefix: what keys begin with.
            after: keys are greater than this; the last key of a page gives the next page. It need not exist.
            limit: 1 to 10000. Fewer come back only when there are no more.

        Records that are there from before the first page until after the last are listed exactly once, with a
        value that they had meanwhile. Whether records that come or go meanwhile are listed is undefined.
        """


class BlobStore(ABC):
    """Bytes by key, of any size, streamed in bounded memory; meant for content that never changes."""

    traits: Traits = Traits()

    @abstractmethod
    def put(self, key: str, data: Iterable[bytes]) -> BlobStat:
        """Store a blob, all of it or nothing.

        Args:
            key: its key. A blob that is there is replaced at once when all bytes have arrived, and read until
                then. Of several writers at the same time one wins, with all of its bytes.
            data: blocks of any size, read once. An exception of it comes through, and nothing is stored.
        """

    @abstractmethod
    def get(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Return the bytes from `start` to before `end`, in blocks of about 1 MiB, none of them empty.

        A range that goes beyond the blob ends with the blob; one that lies beyond it is empty. What was begun
        is finished with the bytes of that moment, or with `Unavailable` where the blob was deleted or got
        other content: never with a mixture. Exhaust the iterator, drop it, or call its `close`.

        Raises:
            NotFound: there is none; raised by this call, not by the first `next`.
            Invalid: `start` or `end` is negative.
        """

    def view(self, key: str) -> memoryview:
        """Return all bytes of a blob, for reading here and there in it.

        They stay readable when the blob is deleted, and take memory of this process where the medium cannot
        map them.

        Raises:
            NotFound: there is none.
        """
        return memoryview(b"".join(self.get(key)))

    @abstractmethod
    def stat(self, key: str) -> BlobStat:
        """Return size and time.

        Raises:
            NotFound: there is none.
        """

    @abstractmethod
    def touch(self, key: str) -> None:
        """Set the blob's time to now, so that who collects garbage by age leaves it alone.

        The time alone may be lost when the medium's machine loses power.

        Raises:
            NotFound: there is none.
        """

    @abstractmethod
    def delete(self, key: str, if_match: str | None = None) -> None:
        """Delete a blob; one that is absent is deleted already.

        Args:
            key: its key.
            if_match: an etag, and the blob must be there and still have it: nobody put or touched it.

        Raises:
            Conflict: `if_match` does not hold; nothing was changed.
            Unavailable: also when the connection broke so that it is unknown whether `if_match` held.
        """

    def discard(self, pairs: Sequence[tuple[str, str]]) -> list[bool]:
        """Delete the blobs that still have these etags; as `RecordStore.discard`."""
        return [_discarded(self, *pair) for pair in pairs]

    @abstractmethod
    def keys(self, prefix: str = "", after: str = "", limit: int = 1000) -> list[str]:
        """Return the keys of the blobs that `list` returns, without looking at each."""

    @abstractmethod
    def list(self, prefix: str = "", after: str = "", limit: int = 1000) -> list[BlobStat]:
        """Return the first blobs, in the order of their keys; as `RecordStore.list`."""


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
