"""What changes about a plot while somebody looks at it, as server-sent events (WHATWG HTML, 9.2).

A stream holds a thread of the server, so there are few; who gets none looks at the page as it is. Each
looks every other second what there is, in the name of whoever listens: nothing has to be told between
processes, and who may no longer see the plot hears no more of it.
"""

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bokeh_common.errors import CloudError, Unavailable
from bokeh_common.http.draining import DRAINING

#: In a process; it has sixteen threads.
MOST_STREAMS = 4

LOOK_SECONDS = 2.0

#: Browsers come again when a stream ends; so one that is left open does not stay for ever.
STREAM_SECONDS = 300.0

RETRY_MILLISECONDS = 3000

View = Mapping[str, Any]


class Streams:
    """The streams of a process."""

    def __init__(self, most: int = MOST_STREAMS) -> None:
        """Say how many there may be at a time."""
        self._free = threading.BoundedSemaphore(most)

    def open(self, look: Callable[[], View]) -> "Stream":
        """Begin a stream, which must be closed.

        Args:
            look: returns what a page shows of the plot at the moment.

        Raises:
            Unavailable: there are as many as there may be.
            CloudError: as `look`.
        """
        first = look()
        if not self._free.acquire(blocking=False):
            raise Unavailable("Many people watch plots at the moment; try again soon, or reload the page.")
        return Stream(look, first, self._free.release)


class Stream:
    """Events, written as they are sent; a comment every other second shows who is gone."""

    def __init__(self, look: Callable[[], View], first: View, closed: Callable[[], None]) -> None:
        self._look = look
        self._closed = closed
        self._open = True
        self._blocks = self._work(first)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._blocks)

    def close(self) -> None:
        """Make room for another one."""
        if self._open:
            self._open = False
            self._closed()

    def _work(self, view: View) -> Iterator[bytes]:
        state, end = _state(view), time.monotonic() + STREAM_SECONDS
        yield f"retry: {RETRY_MILLISECONDS}\n\n".encode()
        while time.monotonic() < end and not DRAINING.wait(LOOK_SECONDS):
            try:
                view = self._look()
            except CloudError:
                return
            before, state = state, _state(view)
            yield b":\n\n" if before == state else _event(view, before.partition("/")[0])


def _state(view: View) -> str:
    columns = json.dumps(view["columns"], sort_keys=True).encode()
    return f"{view['version']}/{hashlib.sha256(columns).hexdigest()}"


def _event(view: View, version_before: str) -> bytes:
    kind = "data" if str(view["version"]) == version_before else "version"
    return f"event: {kind}\ndata: {json.dumps({'version': view['version']})}\n\n".encode()
