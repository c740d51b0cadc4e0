"""Locks of the sources and chunks that a process changes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from cachetools import LRUCache


class Locks:
    """A lock for each thing, so that the threads of a process do not make each other try again."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: LRUCache[tuple[str, ...], threading.Lock] = LRUCache(10_000)

    @contextmanager
    def of(self, *name: str) -> Iterator[None]:
        """Hold the lock of a thing."""
        with self._guard:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            yield
