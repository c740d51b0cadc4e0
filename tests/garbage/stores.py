"""Stores that call a hook before each operation, which can crash or run something else."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from bokeh_common.storage import Absent, BlobStat, BlobStore, Record, RecordStore
from tests.support.simulated_crash import SimulatedCrash


class CrashAfterWrites:
    """A hook that lets `writes` writes pass and crashes before every later one; None never crashes."""

    def __init__(self, writes: int | None = None) -> None:
        self.left = writes

    def __call__(self, writing: bool) -> None:
        """Count an operation, and crash if it may not take place."""
        if self.left is None or not writing:
            return
        if self.left <= 0:
            raise SimulatedCrash
        self.left -= 1


#: Called before each operation of a store, with True if the operation writes.
Hook = Callable[[bool], None]


class HookedRecords(RecordStore):
    """A record store that calls a hook before each operation."""

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
    """A blob store that calls a hook before each operation."""

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
