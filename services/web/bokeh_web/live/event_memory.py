"""The memory that the events of a process take, in logs and while they are sent to slow listeners."""

from collections import Counter
from collections.abc import Iterator

#: The bytes of all events. If they are used up, further events have no rows, and pages load columns.
MAX_BYTES = 64 << 20

#: A listener gets so many bytes at a time, since each of them may keep these from being freed.
MAX_BLOCK = 1 << 16


class EventMemory:
    """Counts the bytes of events, each of them once, however many listeners it is sent to."""

    def __init__(self, limit: int = MAX_BYTES) -> None:
        """Create an account of no events.

        Args:
            limit: how many bytes there may be.
        """
        self._limit = limit
        self._users: Counter[int] = Counter()
        self.used = 0

    @property
    def available(self) -> int:
        """How many bytes the next event may have."""
        return max(0, self._limit - self.used)

    def acquire(self, event: bytes) -> None:
        """Count an event until it has been released as often as it was acquired."""
        if not self._users[id(event)]:
            self.used += len(event)
        self._users[id(event)] += 1

    def release(self, event: bytes) -> None:
        """Count an event no longer, unless it is still used."""
        self._users[id(event)] -= 1
        if not self._users[id(event)]:
            del self._users[id(event)]
            self.used -= len(event)

    def blocks(self, event: bytes, prefix: bytes = b"") -> Iterator[bytes]:
        """Yield an event in blocks, of which the first begins with `prefix`; it counts until then."""
        self.acquire(event)
        try:
            yield prefix + event[:MAX_BLOCK]
            for start in range(MAX_BLOCK, len(event), MAX_BLOCK):
                yield event[start : start + MAX_BLOCK]
        finally:
            self.release(event)
