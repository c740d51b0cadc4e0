"""The event streams of a process: one feed for each plot that is followed, and a coroutine for each listener.

A feed looks at its plot when the plots or the data service has sent a notice of a change, and now and then
without one. A listener that wants no stream gets what has changed since its last event and when to ask again,
so no change is missed.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Annotated

import msgspec
from msgspec import Meta

from bokeh_common.errors import Unavailable
from bokeh_common.http.auth.revocations import RevocationListener, register_cache
from bokeh_common.http.change_notices import plot_topic, register_listener, source_topic, subscribe
from bokeh_web.live.event_memory import EventMemory
from bokeh_web.live.events import COMMENT, POLL_MILLISECONDS, RECONNECT_MILLISECONDS, Changes, retry_after
from bokeh_web.live.missed_events import FetchChanges, MissedEvents
from bokeh_web.live.plot_feed import PlotFeed
from bokeh_web.live.rights import Check, Rights, RightsChecker

#: In a process.
MAX_STREAMS = 4000

#: Browsers reconnect when a stream ends, so streams move on to processes that were started later.
STREAM_SECONDS = 300.0

#: Looks at plots at the same time.
MAX_LOOKS = 8


class EventsQuery(msgspec.Struct):
    """The query parameters of an event stream."""

    since: Annotated[
        Annotated[str, Meta(max_length=2000)] | None,
        Meta(description="The id of the last event; as the header `Last-Event-ID`."),
    ] = None
    wait: Annotated[
        bool, Meta(description="Whether to wait for events; 0 for those since `since` alone.")
    ] = True


@dataclass(frozen=True)
class Listener:
    """Who follows a plot.

    Attributes:
        plot: the id of the plot.
        check: raises `CloudError` unless the listener may see it.
        credential: the `Authorization` header; None for visitors.
        user: the account of the credential; empty for visitors.
        is_pinned: whether the credential opens one version only, which does not change.
    """

    plot: str
    check: Check
    credential: str | None = None
    user: str = ""
    is_pinned: bool = False


class EventStreams:
    """The event streams of a process."""

    def __init__(
        self,
        fetch: FetchChanges,
        redis_url: str | None = None,
        is_one_process: bool = False,
        max_streams: int = MAX_STREAMS,
        memory: EventMemory | None = None,
    ) -> None:
        """Listen to notices of changes and revocations.

        Args:
            fetch: returns the changes of a plot.
            redis_url: the Redis over which other processes publish notices; None if they do not.
            is_one_process: whether the services that change plots and data are in this process.
            max_streams: how many streams there may be at the same time.
            memory: counts the bytes of events.
        """
        self._fetch = fetch
        self._max_streams = max_streams
        self._is_one_process = is_one_process
        self._count = 0
        self._memory = memory or EventMemory()
        self._missed = MissedEvents(fetch, self._memory)
        self._feeds: dict[str, PlotFeed] = {}
        self._checker = RightsChecker()
        self._looks = asyncio.Semaphore(MAX_LOOKS)
        self._loop: asyncio.AbstractEventLoop | None = None
        register_listener(self)
        register_cache(self)
        self._subscription = subscribe(redis_url, self) if redis_url else None
        self._revocations = RevocationListener(redis_url, self.forget) if redis_url else None

    def notice(self, topic: str | None) -> None:
        """Look soon at the plots of a topic, or at all; called on any thread."""
        self._call(self._notify, topic)

    def forget(self, user: str | None = None) -> None:
        """Check the rights of an account, or of all listeners, again; called on any thread."""
        self._call(self._checker.revoked, user)

    async def open(self, listener: Listener, since: str | None, wait: bool) -> AsyncIterator[bytes]:
        """Return a stream of blocks of events, which counts as open once it is iterated.

        Args:
            listener: who asks.
            since: the state that the listener knows; None for the current one.
            wait: whether to keep the stream open for later events.

        Raises:
            Unavailable: this process has too many streams.
            CloudError: the listener may not see the plot.
        """
        if wait and self._count >= self._max_streams:
            raise Unavailable(
                f"This process has {self._count} event streams already, the maximum. Try again soon, or ask "
                "for the events since your last one with wait=0."
            )
        checked = self._checker.changes
        await listener.check()
        if listener.is_pinned:
            return self._respond_once(b"")
        if not wait:
            event = await self._missed.find(listener.plot, since or "")
            return self._respond_once(b"" if since is None else event)
        feed = self._find_feed(listener.plot)
        is_followed = bool(feed.state)
        await feed.open()
        if not is_followed:
            await listener.check()  # the visibility may have changed before the first look of the feed
        if since != feed.state:
            await feed.look()  # the listener may know a newer state
        state, start = feed.state, feed.log.end
        missed = b"" if since is None else await self._missed.find(listener.plot, since, state)
        return self._stream(feed, listener, missed, start, checked)

    def _find_feed(self, plot: str) -> PlotFeed:
        self._loop = asyncio.get_running_loop()
        for name in [name for name, feed in self._feeds.items() if feed.is_ended or feed.is_idle]:
            del self._feeds[name]
        feed = self._feeds.get(plot)
        if feed is None:
            feed = PlotFeed(partial(self._look, plot), self._checker, self._is_notified, self._memory)
            self._feeds[plot] = feed
        return feed

    async def _look(self, plot: str, since: str, until: str | None) -> Changes:
        async with self._looks:
            return await self._fetch(plot, since, until)

    async def _stream(
        self, feed: PlotFeed, listener: Listener, event: bytes, start: int, checked: int
    ) -> AsyncIterator[bytes]:
        """Yield events as they happen, and a comment now and then, which shows closed connections."""
        self._count += 1
        rights = feed.join(listener.credential, listener.check, listener.user, checked)
        try:
            for block in self._memory.blocks(event, retry_after(RECONNECT_MILLISECONDS)):
                yield block
            async for event in _events(feed, rights, start):
                for block in self._memory.blocks(event):
                    yield block
                    if rights.is_ended:
                        return
        finally:
            feed.leave(listener.credential, rights)
            self._count -= 1

    async def _respond_once(self, event: bytes) -> AsyncIterator[bytes]:
        for block in self._memory.blocks(event, retry_after(POLL_MILLISECONDS)):
            yield block

    def _is_notified(self) -> bool:
        return self._is_one_process or (self._subscription is not None and self._subscription.is_connected)

    def _notify(self, topic: str | None) -> None:
        for plot, feed in self._feeds.items():
            if topic is None or topic == plot_topic(plot) or topic in map(source_topic, feed.sources):
                feed.notify()

    def _call(self, function: Callable[[str | None], object], argument: str | None) -> None:
        """Call a function on the event loop, unless there is none yet, or it is closed."""
        if self._loop is not None:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(function, argument)


async def _events(feed: PlotFeed, rights: Rights, position: int) -> AsyncIterator[bytes]:
    """Yield the events of a feed from a position on, until the listener has to reconnect."""
    end = time.monotonic() + STREAM_SECONDS * random.uniform(0.8, 1.2)  # noqa: S311  # no secret
    while time.monotonic() < end and not (feed.is_ended or rights.is_ended):
        if position == feed.log.end or rights.is_suspended:
            await feed.log.wait()
        if feed.is_ended or rights.is_ended:
            return
        if rights.is_suspended:
            yield COMMENT
            continue
        found = feed.log.read(position)
        if found is None:
            return
        event, position = found
        yield event or COMMENT
