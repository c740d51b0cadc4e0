"""Stores that crash, or let something else happen, between any two of their operations."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from bokeh_common.storage import Absent, BlobStat, BlobStore, Record, RecordStore


class Crash(BaseException):
    """The process is gone: no handler of errors may know it."""


class Fuse:
    """Counts writes, and lets the process crash before the n-th; nothing is written after it."""

    def __init__(self, writes: int | None = None) -> None:
        self.left = writes

    def __call__(self, writing: bool) -> None:
        """Take note of an operation."""
        if self.left is None or not writing:
            return
        if self.left <= 0:
            raise Crash
        self.left -= 1


Hook = Callable[[bool], None]


class HookedRecords(RecordStore):
    """Records with a hook before each operation, which is told whether that writes."""

    def __init__(self, store: RecordStore, hook: Hook) -> None:
        self._store = store
        self._hook = hook
        self.traits = store.traits

    def get(self, key: str) -> Record:
        self._hook(False)
        return self._store.get(key)

    def put(self, key: str, value: Any, if_match: str | Absent | None = None) -> str:
        self._hook(True)
        return self._store.put(key, value, if_match)

    def delete(self, key: str, if_match: str | None = None) -> None:
        self._hook(True)
        self._store.delete(key, if_match)

    def keys(self, prefix: str = "", after: str = "", limit: int = 1000) -> list[tuple[str, str]]:
        self._hook(False)
        return self._store.keys(prefix, after, limit)

    def list(self, prefix: str = "", after: str = "", limit: int = 1000) -> list[Record]:
        self._hook(False)
        return self._store.list(prefix, after, limit)


class HookedBlobs(BlobStore):
    """Blobs with a hook before each operation, which is told whether that writes."""

    def __init__(self, store: BlobStore, hook: Hook) -> None:
        self._store = store
        self._hook = hook
        self.traits = store.traits

    def put(self, key: str, data: Iterable[bytes]) -> BlobStat:
        self._hook(True)
        return self._store.put(key, data)

    def get(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        self._hook(False)
        return self._store.get(key, start, end)

    def stat(self, key: str) -> BlobStat:
        self._hook(False)
        return self._store.stat(key)

    def touch(self, key: str) -> None:
        self._hook(True)
        self._store.touch(key)

    def delete(self, key: str, if_match: str | None = None) -> None:
        self._hook(True)
        self._store.delete(key, if_match)

    def keys(self, prefix: str = "", after: str = "", limit: int = 1000) -> list[str]:
        self._hook(False)
        return self._store.keys(prefix, after, limit)

    def list(self, prefix: str = "", after: str = "", limit: int = 1000) -> list[BlobStat]:
        self._hook(False)
        return self._store.list(prefix, after, limit)
