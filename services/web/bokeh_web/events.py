"""What changes about a plot while somebody looks at it, as server-sent events (WHATWG HTML, 9.2).

A stream holds a thread of the server, so there are few. Who gets none, or wants none, is told at once what
has changed since they were told last, and when to ask again: nothing is missed either way. A stream looks
every other second what there is, in the name of whoever listens: nothing has to be told between processes,
and who may no longer see the plot hears no more of it.
"""

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from bokeh_common.errors import CloudError
from bokeh_common.http.draining import DRAINING

#: In a process; it has sixteen threads.
MOST_STREAMS = 4

LOOK_SECONDS = 2.0

#: Browsers come again when a stream ends; so one that is left open does not stay for ever.
STREAM_SECONDS = 300.0

RETRY_MILLISECONDS = 3000

#: For who holds no stream, and asks again instead.
ASK_MILLISECONDS = 10_000

View = Mapping[str, Any]


class Listening(msgspec.Struct):
    """How events are listened to."""

    since: Annotated[
        str | None, Meta(description="The id of the last event; as the header `Last-Event-ID`.")
    ] = None
    wait: Annotated[
        bool, Meta(description="Whether to wait for events; 0 for those since `since` alone.")
    ] = True


class Streams:
    """The streams of a process."""

    def __init__(self, most: int = MOST_STREAMS) -> None:
        """Say how many there may be at a time."""
        self._free = threading.BoundedSemaphore(most)

    def open(self, look: Callable[[], View], since: str | None, wait: bool) -> "Stream":
        """Begin a stream, which must be closed.

        Args:
            look: returns what a page shows of the plot at the moment.
            since: the `state_of` what the listener knows; None for what there is.
            wait: whether to stay for more, as long as there is room.

        Raises:
            CloudError: as `look`.
        """
        first = look()
        before = state_of(first) if since is None else since
        if wait and self._free.acquire(blocking=False):
            return Stream(_events(look, first, before), self._free.release)
        return Stream(_at_once(first, before), lambda: None)


class Stream:
    """Blocks of events, and what is done when nobody listens any more."""

    def __init__(self, blocks: Iterator[bytes], closed: Callable[[], None]) -> None:
        self._blocks = blocks
        self._closed = closed
        self._open = True

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._blocks)

    def close(self) -> None:
        """Make room for another one."""
        if self._open:
            self._open = False
            self._closed()


def state_of(view: View) -> str:
    """Return what changes whenever a page would show something else: the version, and a hash of the data."""
    columns = json.dumps(view["columns"], sort_keys=True).encode()
    return f"{view['version']}-{hashlib.sha256(columns).hexdigest()[:16]}"


def _events(look: Callable[[], View], view: View, before: str) -> Iterator[bytes]:
    """Yield events as they happen; a comment every other second shows who is gone."""
    end = time.monotonic() + STREAM_SECONDS
    yield _retry(RETRY_MILLISECONDS) + _change(view, before)
    while time.monotonic() < end and not DRAINING.wait(LOOK_SECONDS):
        before = state_of(view)
        try:
            view = look()
        except CloudError:
            return
        yield _change(view, before) or b":\n\n"


def _at_once(view: View, before: str) -> Iterator[bytes]:
    yield _retry(ASK_MILLISECONDS) + _change(view, before)


def _retry(milliseconds: int) -> bytes:
    return f"retry: {milliseconds}\n\n".encode()


def _change(view: View, before: str) -> bytes:
    """Return the event that leads from a state to what there is; nothing where they are the same."""
    state, version = state_of(view), view["version"]
    if state == before:
        return b""
    kind = "data" if before.startswith(f"{version}-") else "version"
    return f"event: {kind}\nid: {state}\ndata: {json.dumps({'version': version})}\n\n".encode()
