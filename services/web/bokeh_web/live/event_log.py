"""The recent events of a plot, which all of its listeners read."""

import asyncio
from collections import deque

#: Listeners that have not read so many events, or bytes, are too slow, and have to reconnect.
MAX_EVENTS = 512
MAX_BYTES = 8 << 20


class EventLog:
    """Events in order, each of them made once. A listener has read those before a number."""

    def __init__(self) -> None:
        self._events: deque[bytes] = deque()
        self._first = 0
        self._size = 0
        self._more = asyncio.Event()

    @property
    def end(self) -> int:
        """The number of the next event."""
        return self._first + len(self._events)

    def append(self, event: bytes) -> None:
        """Add an event, and wake the listeners."""
        self._events.append(event)
        self._size += len(event)
        while len(self._events) > MAX_EVENTS or (self._size > MAX_BYTES and len(self._events) > 1):
            self._size -= len(self._events.popleft())
            self._first += 1
        self.wake()

    def wake(self) -> None:
        """Wake the listeners, also if there is nothing new."""
        more, self._more = self._more, asyncio.Event()
        more.set()

    async def wait(self) -> None:
        """Wait until the listeners are woken."""
        await self._more.wait()

    def read(self, start: int) -> bytes | None:
        """Return the events from a number on, in one piece; None if some of them are gone."""
        if start < self._first:
            return None
        count = self.end - start
        if count == 1:
            return self._events[-1]
        return b"".join(list(self._events)[-count:]) if count else b""
