"""The recent events of a plot, which all of its listeners read."""

import asyncio
import time
from collections import deque

from bokeh_web.live.event_memory import MAX_BLOCK, EventMemory

#: Listeners that have not read so many events, or bytes, or for so long, are too slow and have to reconnect.
MAX_EVENTS = 512
MAX_BYTES = 8 << 20
MAX_SECONDS = 30.0


class EventLog:
    """Events in order, each of them made once. A listener has read those before a number."""

    def __init__(self, memory: EventMemory) -> None:
        self._memory = memory
        self._events: deque[tuple[float, bytes]] = deque()
        self._first = 0
        self._size = 0
        self._more = asyncio.Event()

    @property
    def end(self) -> int:
        """The number of the next event."""
        return self._first + len(self._events)

    def append(self, event: bytes) -> None:
        """Add an event, and wake the listeners."""
        self._events.append((time.monotonic(), event))
        self._size += len(event)
        self._memory.acquire(event)
        while len(self._events) > MAX_EVENTS or (self._size > MAX_BYTES and len(self._events) > 1):
            self._drop()
        self.wake()

    def drop_old(self) -> None:
        """Drop events that listeners have had enough time to read."""
        oldest = time.monotonic() - MAX_SECONDS
        while self._events and self._events[0][0] < oldest:
            self._drop()

    def clear(self) -> None:
        """Drop all events."""
        while self._events:
            self._drop()

    def wake(self) -> None:
        """Wake the listeners, also if there is nothing new."""
        more, self._more = self._more, asyncio.Event()
        more.set()

    async def wait(self) -> None:
        """Wait until the listeners are woken."""
        await self._more.wait()

    def read(self, start: int) -> tuple[bytes, int] | None:
        """Return events from a number on, and the number after them; None if some of them are gone.

        These are one event, or as many as fit into a block.
        """
        if start < self._first:
            return None
        events: list[bytes] = []
        size = 0
        for number in range(start - self._first, len(self._events)):
            event = self._events[number][1]
            size += len(event)
            if events and size > MAX_BLOCK:
                break
            events.append(event)
        return events[0] if len(events) == 1 else b"".join(events), start + len(events)

    def _drop(self) -> None:
        event = self._events.popleft()[1]
        self._first += 1
        self._size -= len(event)
        self._memory.release(event)
