"""The events of one plot, made once for all of its listeners in this process."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import Context

from bokeh_common.errors import NotFound
from bokeh_web.live.event_log import EventLog
from bokeh_web.live.event_memory import EventMemory
from bokeh_web.live.events import Changes, event_of
from bokeh_web.live.rights import Check, Rights, RightsChecker

log = logging.getLogger(__name__)

#: Comments at this interval show closed connections.
COMMENT_SECONDS = 2.0

#: How often a plot is looked at without a notice: if the other services send notices, and if they do not.
NOTIFIED_SECONDS = 10.0
UNNOTIFIED_SECONDS = 0.5

#: The pause after an event, for each listener and at least: many appends become one event, rather than fill
#: the event loop.
SECONDS_PER_LISTENER = 75e-6
MIN_PAUSE_SECONDS = 0.01

#: How long a feed goes on without listeners, which reconnect now and then.
IDLE_SECONDS = 30.0

#: Returns the changes of the plot since a state, and up to another one.
Fetch = Callable[[str, str | None], Awaitable[Changes]]


class PlotFeed:
    """Looks at a plot when it may have changed, and writes the events into a log.

    Attributes:
        state: of the plot, after the last event.
        log: the events.
        sources: the ids of the live sources.
        is_ended: whether the plot was deleted.
        rights: of the listeners, by their credential.
    """

    def __init__(
        self, fetch: Fetch, checker: RightsChecker, is_notified: Callable[[], bool], memory: EventMemory
    ) -> None:
        """Create a feed, which has to be opened.

        Args:
            fetch: returns changes.
            checker: checks the rights of listeners.
            is_notified: whether notices of changes arrive at present.
            memory: counts the bytes of events.
        """
        self.state = ""
        self.log = EventLog(memory)
        self.sources: frozenset[str] = frozenset()
        self.is_ended = False
        self.rights: dict[str | None, Rights] = {}
        self._fetch = fetch
        self._checker = checker
        self._is_notified = is_notified
        self._memory = memory
        self._visibility = ""
        self._started = self._completed = 0
        self._lock = asyncio.Lock()
        self._notice = asyncio.Event()
        self._used = self._commented = self._looked = time.monotonic()
        self._task: asyncio.Task[None] | None = None

    @property
    def listeners(self) -> int:
        """How many listeners there are."""
        return sum(rights.listeners for rights in self.rights.values())

    async def open(self) -> None:
        """Start following the plot, unless that has been done.

        Raises:
            CloudError: there is no such plot, or it cannot be read.
        """
        self._used = time.monotonic()
        if not self.state:
            await self.look()
        if self._task is None or self._task.done():
            # Its requests are not those of the client whose request this is.
            self._task = asyncio.create_task(self._run(), context=Context())

    def notify(self) -> None:
        """Look soon, as the plot has probably changed."""
        self._notice.set()

    async def look(self) -> None:
        """Write an event if the plot has changed.

        If others ask for a look as well while one is in progress, all of them get the same next one.

        Raises:
            CloudError: as the plots service.
        """
        asked = self._started
        async with self._lock:
            if self._completed > asked:
                return
            self._started = number = self._started + 1
            before = self.state
            try:
                found = await self._fetch(before, None)
            except NotFound:
                self.end()
                raise
            self.state, self.sources = found["state"], frozenset(found["live"])
            if self._visibility not in {"", found["visibility"]}:
                self._checker.suspend(self.rights.values())
            self._visibility = found["visibility"]
            if before and before != self.state:
                self.log.append(event_of(found, before, self.state, self._memory.available))
            self._completed = number

    def join(self, credential: str | None, check: Check, user: str, checked: int) -> Rights:
        """Add a listener, and return its rights.

        Args:
            credential: of the listener.
            check: raises `CloudError` unless the listener may see the plot.
            user: the account of the credential.
            checked: `RightsChecker.changes` before it was checked.
        """
        rights = self.rights.get(credential)
        if rights is None or rights.is_ended:
            rights = self.rights[credential] = Rights(check, user, self.log.wake)
            self._checker.add(rights)
        if checked != self._checker.changes:
            self._checker.suspend([rights])
        rights.listeners += 1
        return rights

    def leave(self, credential: str | None, rights: Rights) -> None:
        """Remove a listener."""
        self._used = time.monotonic()
        rights.listeners -= 1
        if not rights.listeners:
            self._checker.remove(rights)
            if self.rights.get(credential) is rights:
                del self.rights[credential]

    def end(self) -> None:
        """End the streams of all listeners."""
        self.is_ended = True
        self.log.wake()

    @property
    def is_idle(self) -> bool:
        """Whether there has been no listener for a while."""
        return not self.rights and self._used < time.monotonic() - IDLE_SECONDS

    async def _run(self) -> None:
        while not self.is_ended and not self.is_idle:
            await self._wait()
            if self._notice.is_set():
                self._notice.clear()
                await self._try_to_look()
            if self._commented <= time.monotonic() - COMMENT_SECONDS:
                self._commented = time.monotonic()
                self.log.drop_old()
                self.log.wake()
            await asyncio.sleep(max(MIN_PAUSE_SECONDS, SECONDS_PER_LISTENER * self.listeners))
        self.log.clear()

    async def _wait(self) -> None:
        """Wait for a notice, or until it is time to look without one, or for a comment."""
        seconds = NOTIFIED_SECONDS if self._is_notified() else UNNOTIFIED_SECONDS
        with suppress(TimeoutError):
            await asyncio.wait_for(self._notice.wait(), min(seconds, COMMENT_SECONDS))
        if self._looked <= time.monotonic() - seconds:
            self._notice.set()

    async def _try_to_look(self) -> None:
        self._looked = time.monotonic()
        try:
            await self.look()
        except NotFound:
            self.end()
        except Exception as error:  # noqa: BLE001  # all listeners depend on this task
            log.warning("The changes of a plot could not be read: %r", error)
            await asyncio.sleep(UNNOTIFIED_SECONDS)
            self._notice.set()
