"""Server-sent events (WHATWG HTML, 9.2) about a plot: new versions, and changes of its live data.

A stream is a coroutine that asks the plots service every two seconds, with the listener's own credential.
Processes therefore need not notify each other, and a listener whose access was revoked gets no more events.
The streams of a process take turns at asking, so that thousands of them ask less often rather than overload
the plots service. A listener that wants no stream gets what has changed since its last event and when to ask
again, so no change is missed.
"""

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from bokeh_common.errors import CloudError, Unavailable

#: In a process.
MAX_STREAMS = 4000

POLL_SECONDS = 2.0

#: Of all streams of a process. Each turn lasts at least `TURN_SECONDS`, so there are at most 100 a second.
MAX_TURNS = 4
TURN_SECONDS = 0.04

#: Browsers reconnect when a stream ends, so streams move on to processes that were started later.
STREAM_SECONDS = 300.0

RECONNECT_MILLISECONDS = 3000

#: When listeners without a stream ask again.
POLL_MILLISECONDS = 10_000

View = Mapping[str, Any]

FetchView = Callable[[], Awaitable[View]]


class EventsQuery(msgspec.Struct):
    """The query parameters of an event stream."""

    since: Annotated[
        Annotated[str, Meta(max_length=100)] | None,
        Meta(description="The id of the last event; as the header `Last-Event-ID`."),
    ] = None
    wait: Annotated[
        bool, Meta(description="Whether to wait for events; 0 for those since `since` alone.")
    ] = True


class EventStreams:
    """The event streams of a process."""

    def __init__(self, max_streams: int = MAX_STREAMS) -> None:
        """Limit the number of simultaneous streams."""
        self._max_streams = max_streams
        self._count = 0
        self._turns = asyncio.Semaphore(MAX_TURNS)

    async def open(self, fetch_view: FetchView, since: str | None, wait: bool) -> AsyncIterator[bytes]:
        """Return a stream of blocks of events, which counts as open once it is iterated.

        Args:
            fetch_view: returns the current view of the plot, as the plots service describes it.
            since: the state that the listener knows (`state_of`); None for the current state.
            wait: whether to keep the stream open for later events.

        Raises:
            Unavailable: this process has too many streams.
            CloudError: as `fetch_view`.
        """
        if wait and self._count >= self._max_streams:
            raise Unavailable(
                f"This process has {self._count} event streams already, the maximum. Try again soon, or ask "
                "for the events since your last one with wait=0."
            )
        view = await fetch_view()
        state = state_of(view)
        event = _event(view, state if since is None else since)
        return self._poll(fetch_view, event, state) if wait else _respond_once(event)

    async def _poll(self, fetch_view: FetchView, event: bytes, state: str) -> AsyncIterator[bytes]:
        """Yield events as they happen, and a comment at each poll, which shows closed connections."""
        self._count += 1
        try:
            end = time.monotonic() + STREAM_SECONDS
            yield _retry(RECONNECT_MILLISECONDS) + event
            while time.monotonic() < end:
                await asyncio.sleep(POLL_SECONDS)
                async with self._turns:
                    (event, state), _ = await asyncio.gather(
                        _next(fetch_view, state), asyncio.sleep(TURN_SECONDS)
                    )
                yield event or b":\n\n"
        except CloudError:
            return
        finally:
            self._count -= 1


def state_of(view: View) -> str:
    """Return the version and a hash of the columns, which change whenever a page has to be updated."""
    columns = json.dumps(view["columns"], sort_keys=True).encode()
    return f"{view['version']}-{hashlib.sha256(columns).hexdigest()[:16]}"


async def _next(fetch_view: FetchView, before: str) -> tuple[bytes, str]:
    """Return the event since a state, and the current state; a stream keeps no view while it waits."""
    view = await fetch_view()
    return _event(view, before), state_of(view)


async def _respond_once(event: bytes) -> AsyncIterator[bytes]:
    yield _retry(POLL_MILLISECONDS) + event


def _retry(milliseconds: int) -> bytes:
    return f"retry: {milliseconds}\n\n".encode()


def _event(view: View, before: str) -> bytes:
    """Return the event for a change of state; empty if there was none."""
    state, version = state_of(view), view["version"]
    if state == before:
        return b""
    kind = "data" if before.startswith(f"{version}-") else "version"
    return f"event: {kind}\nid: {state}\ndata: {json.dumps({'version': version})}\n\n".encode()
