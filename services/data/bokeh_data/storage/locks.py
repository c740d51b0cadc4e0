"""Locks of the sources and chunks that a process is changing."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from cachetools import LRUCache

MAX_LOCKS = 10_000


class Locks:
    """A lock for each name, so that the threads of a process do not fail each other's compare-and-swap."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: LRUCache[tuple[str, ...], threading.Lock] = LRUCache(MAX_LOCKS)

    @contextmanager
    def acquire(self, *name: str) -> Iterator[None]:
        """Hold the lock of a name."""
        with self._guard:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            yield
