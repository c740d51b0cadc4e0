"""Draining: before a process shuts down, it still serves requests, but fails its readiness check.

1. After SIGTERM, `/health/ready` is 503 and responses have `Connection: close`, so that gateways and services
   use other processes. All requests are still served, on new connections too, until there was none for
   `BOKEH_CLOUD_DRAIN_SECONDS`, or for at most three to six times as long: if all services are shut down at
   once, requests in progress in one service still need another one, which therefore drains for longer.
2. The server stops: event streams end at once, other requests are finished within
   `BOKEH_CLOUD_GRACE_SECONDS`.

A second SIGTERM ends draining.
"""

import asyncio
import math
import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from bokeh_common.environment import read_float
from bokeh_common.http.server.process_settings import grace_seconds

#: Set when the process starts draining; never cleared.
DRAINING = threading.Event()

#: The maximum time of draining, in multiples of the drain seconds: services that others call outlast these.
FRONT_DRAIN_PERIODS = 3
MIDDLE_DRAIN_PERIODS = 5
MAX_DRAIN_PERIODS = 6

OnStop = Callable[[], object]


class LastRequest:
    """The time of the last request to this process, on the monotonic clock."""

    time = 0.0

    def record(self) -> None:
        """Record a request."""
        self.time = time.monotonic()


LAST_REQUEST = LastRequest()


def drain_seconds() -> float:
    """Return how long a draining process serves requests after the last one (`BOKEH_CLOUD_DRAIN_SECONDS`).

    In this time, clients notice that it is not ready; the gateway checks that every second. Raises `Invalid`.
    """
    return read_float(os.environ, "BOKEH_CLOUD_DRAIN_SECONDS", 3)


def stop_seconds() -> int:
    """Return how long a process may take to drain and to finish requests, before it is killed; `Invalid`.

    A storage that does not respond can keep a thread, and the process with it, for longer.
    """
    return math.ceil((1 + MAX_DRAIN_PERIODS) * drain_seconds()) + grace_seconds() + 1


async def wait_until_idle(periods: int) -> None:
    """Wait until there was no request for `drain_seconds`, at most for `periods` times that."""
    started, seconds = time.monotonic(), drain_seconds()
    deadline = started + periods * seconds
    while (left := min(max(started, LAST_REQUEST.time) + seconds, deadline) - time.monotonic()) > 0:
        await asyncio.sleep(left)


class SignalHandlers:
    """Handlers of signals that drain the process before the server's own handlers stop it."""

    def __init__(self, on_stop: OnStop, periods: int) -> None:
        """Create handlers.

        Args:
            on_stop: is called on the event loop when the server begins to stop.
            periods: the maximum time of draining, in multiples of `drain_seconds`.
        """
        self._on_stop = on_stop
        self._periods = periods
        self._servers: Any = None
        self._interrupted = False
        self._loop: asyncio.AbstractEventLoop

    def install(self) -> None:
        """Replace the handlers of SIGTERM and SIGINT, from the event loop in the main thread."""
        if threading.current_thread() is not threading.main_thread():
            return  # a server in a thread, as in tests, is stopped by other means
        self._loop = asyncio.get_running_loop()
        self._servers = signal.getsignal(signal.SIGTERM)
        signal.signal(signal.SIGTERM, self._handle_term)
        signal.signal(signal.SIGINT, self._handle_interrupt)
        # gunicorn sends SIGQUIT to its workers when it is interrupted itself.
        self._loop.add_signal_handler(signal.SIGQUIT, self._stop, signal.SIGTERM, None)

    def _handle_term(self, number: int, frame: FrameType | None) -> None:
        if DRAINING.is_set() or not drain_seconds():
            self._stop_soon(number, frame)
            return
        DRAINING.set()
        self._loop.call_soon_threadsafe(self._start_draining, number)

    def _handle_interrupt(self, number: int, frame: FrameType | None) -> None:
        # A second one ends the requests in progress. The server ends itself with the signal that it got,
        # and gunicorn warns of all but SIGTERM.
        self._stop_soon(number if self._interrupted else signal.SIGTERM, frame)
        self._interrupted = True

    def _start_draining(self, number: int) -> None:
        self._task = asyncio.ensure_future(self._drain(number))

    async def _drain(self, number: int) -> None:
        await wait_until_idle(self._periods)
        self._stop(number, None)

    def _stop_soon(self, number: int, frame: FrameType | None) -> None:
        self._loop.call_soon_threadsafe(self._stop, number, frame)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        DRAINING.set()
        self._on_stop()
        if callable(self._servers):
            self._servers(number, frame)
