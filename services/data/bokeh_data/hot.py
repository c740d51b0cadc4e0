"""Blobs that are read again and again, near at hand: mapped where the storage can, otherwise in memory."""

import threading
from collections.abc import Callable
from typing import Any

from cachetools import LRUCache

#: What an entry counts for besides its own bytes. It bounds the number of mappings, of which a process of
#: Linux may have 65,530: 16,384 of them at 256 MiB.
ENTRY_BYTES = 16 << 10


class Hot:
    """A cache bounded in bytes; what was used least recently goes first."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._lock = threading.Lock()
        self._found: LRUCache[Any, tuple[Any, int]] = LRUCache(max(limit, 1), getsizeof=lambda pair: pair[1])

    def get(self, key: Any) -> Any | None:
        """Return what is at hand; None otherwise."""
        with self._lock:
            found = self._found.get(key)
        return found and found[0]

    def keep(self, key: Any, value: Any, size: int) -> Any:
        """Keep `value`, of `size` bytes in memory, if it fits; return it."""
        with self._lock:
            if size + ENTRY_BYTES <= self.limit:
                self._found[key] = (value, size + ENTRY_BYTES)
        return value

    def of(self, key: Any, make: Callable[[], Any], size: Callable[[Any], int]) -> Any:
        """Return what is at hand, or else make and keep it; two threads may both make it."""
        found = self.get(key)
        if found is not None:
            return found
        made = make()
        return self.keep(key, made, size(made))
