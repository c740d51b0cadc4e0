"""A cache of chunks, pyramids and column readers, bounded in bytes."""

import threading
from collections.abc import Callable
from typing import Any

from cachetools import LRUCache

#: What each entry counts in addition to its own bytes. This bounds the number of mapped files, of which Linux
#: allows a process 65,530: a cache of 256 MiB holds at most 16,384 of them.
ENTRY_BYTES = 16 << 10


class Cache:
    """A thread-safe cache that evicts the least recently used entries."""

    def __init__(self, limit: int) -> None:
        """Create an empty cache of at most `limit` bytes."""
        self.limit = limit
        self._lock = threading.Lock()
        self._entries: LRUCache[Any, tuple[Any, int]] = LRUCache(
            max(limit, 1), getsizeof=lambda pair: pair[1]
        )

    def get(self, key: Any) -> Any | None:
        """Return the cached value; None if there is none."""
        with self._lock:
            entry = self._entries.get(key)
        return entry and entry[0]

    def put(self, key: Any, value: Any, size: int) -> Any:
        """Cache `value`, which takes `size` bytes of memory, if it fits; return it."""
        with self._lock:
            if size + ENTRY_BYTES <= self.limit:
                self._entries[key] = (value, size + ENTRY_BYTES)
        return value

    def get_or_create(self, key: Any, create: Callable[[], Any], size: Callable[[Any], int]) -> Any:
        """Return the cached value, or create and cache it; two threads may both create it."""
        found = self.get(key)
        if found is not None:
            return found
        created = create()
        return self.put(key, created, size(created))
