"""Events for listeners that know an older state of a plot, made when they ask.

Listeners choose the state that they say they know. So what they ask for must not delay the feeds, and is kept
for no longer than it takes to send it.
"""

import asyncio
from collections.abc import Awaitable, Callable

from bokeh_web.live.event_memory import EventMemory
from bokeh_web.live.events import Changes, event_of

#: Events that are made at the same time.
MAX_REQUESTS = 8

#: Returns the changes of a plot, by its id, since a state, and up to another one.
FetchChanges = Callable[[str, str, str | None], Awaitable[Changes]]

#: A plot, the state that a listener knows, and the state that it gets to; None for the current one.
Key = tuple[str, str, str | None]


class MissedEvents:
    """Makes events; listeners that ask for the same at the same time get the same."""

    def __init__(self, fetch: FetchChanges, memory: EventMemory) -> None:
        """Create no events yet.

        Args:
            fetch: returns the changes of a plot.
            memory: counts the bytes of events.
        """
        self._fetch = fetch
        self._memory = memory
        self._turns = asyncio.Semaphore(MAX_REQUESTS)
        self._running: dict[Key, asyncio.Task[bytes]] = {}

    async def find(self, plot: str, since: str, until: str | None = None) -> bytes:
        """Return the event between two states; empty if they are the same.

        Raises:
            CloudError: there is no such plot, or it cannot be read.
        """
        if since == until:
            return b""
        key = plot, since, until
        task = self._running.get(key)
        if task is None:
            task = self._running[key] = asyncio.create_task(self._make(*key))
            task.add_done_callback(lambda done: self._end(key, done))
        return await asyncio.shield(task)

    async def _make(self, plot: str, since: str, until: str | None) -> bytes:
        async with self._turns:
            changes = await self._fetch(plot, since, until)
        return event_of(changes, since, until or changes["state"], self._memory.available)

    def _end(self, key: Key, task: asyncio.Task[bytes]) -> None:
        del self._running[key]
        if not task.cancelled():
            task.exception()  # which is not lost if all listeners have gone
