"""The ASGI application that the server runs: an app of this project within the limits of a server.

* A body must be received at `BOKEH_CLOUD_SLOWEST` bytes per second, with `BOKEH_CLOUD_REQUEST_SECONDS` of
  grace, and without a longer pause; otherwise the response is 408.
* Requests stop when their client disconnects, and event streams when the server stops.
* While the process drains, and after a response to an unread body, connections are closed.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from bokeh_common.errors import RequestTimeout
from bokeh_common.http.server.draining import DRAINING, FRONT_DRAIN_PERIODS, SignalHandlers
from bokeh_common.http.server.process_settings import min_bytes_per_second, request_seconds
from bokeh_common.http.server.running_requests import CONNECTION, RUNNING

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

#: Bytes; the rest of a shorter body is received in order to keep the connection.
MAX_UNREAD = 1 << 16

#: Bytes of a large body that are sent at once, since each call waits for the event loop.
MAX_PIECE = 1 << 20

_CONNECTION_CLOSE = (b"connection", b"close")
_ADVICE = "The body was not received in time; send it again, in smaller pieces if it is large."


class ServedApp:
    """An ASGI application around another one."""

    def __init__(self, app: ASGIApp, drain_periods: int = FRONT_DRAIN_PERIODS) -> None:
        """Serve an app; see `draining` for `drain_periods`."""
        self._app = app
        self._timeout, self._min_speed = request_seconds(), min_bytes_per_second()
        self._handlers = SignalHandlers(RUNNING.cancel_event_streams, drain_periods)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Process a request, or the start and end of the server."""
        if scope["type"] == "lifespan":
            self._handlers.install()
            await self._app(scope, receive, send)
        else:
            await _Request(self._app, scope, receive, send, self._timeout, self._min_speed).run()


class _Request:
    """A request in progress."""

    def __init__(
        self, app: ASGIApp, scope: Scope, receive: Receive, send: Send, timeout: float, min_speed: float
    ) -> None:
        self._app, self._scope, self._receive, self._send = app, scope, receive, send
        self._timeout, self._min_speed = timeout, min_speed
        self._waited, self._received = 0.0, 0
        self._unread = _body_length(scope)  # None if it is not known
        self._is_first = True
        self._task = asyncio.current_task()
        self._is_event_stream = False

    async def run(self) -> None:
        connection, task = self._scope.get("extensions", {}).get(CONNECTION), self._task
        if connection is None or task is None:
            await self._app(self._scope, self.receive, self.send)
            return
        RUNNING.add(connection, task)
        try:
            await self._app(self._scope, self.receive, self.send)
        except asyncio.CancelledError:
            await self._end()
        finally:
            RUNNING.remove(connection, task)

    async def receive(self) -> Message:
        """Return the next part of the body."""
        if self._is_first:
            # Falcon reads before it calls a responder, which may reject the request without its body.
            self._is_first = False
            return {"type": "http.request", "body": b"", "more_body": self._unread != 0}
        started = time.monotonic()
        left = min(self._timeout, self._timeout + self._received / self._min_speed - self._waited)
        try:
            async with asyncio.timeout(left):
                message = await self._receive()
        except TimeoutError:
            self._unread = None
            raise RequestTimeout(_ADVICE) from None
        self._waited += time.monotonic() - started
        self._count(message)
        return message

    async def send(self, message: Message) -> None:
        """Send a part of the response."""
        if message["type"] == "http.response.start":
            headers = message["headers"] = list(message.get("headers", ()))
            if DRAINING.is_set() or self._unread is None or self._unread > MAX_UNREAD:
                headers.append(_CONNECTION_CLOSE)
            if any(
                value.startswith(b"text/event-stream") for name, value in headers if name == b"content-type"
            ):
                self._is_event_stream = True
                if self._task is not None:
                    RUNNING.add_event_stream(self._task)
        body = message.get("body", b"")
        if len(body) > MAX_PIECE:
            message = {**message, "body": await self._send_pieces(memoryview(body))}
        await self._send(message)

    async def _send_pieces(self, body: memoryview) -> memoryview:
        """Send a large body in pieces but for the last one, which is returned: the server copies each."""
        while len(body) > MAX_PIECE:
            await self._send({"type": "http.response.body", "body": body[:MAX_PIECE], "more_body": True})
            body = body[MAX_PIECE:]
        return body

    def _count(self, message: Message) -> None:
        size = len(message.get("body", b""))
        self._received += size
        if not message.get("more_body", False):
            self._unread = 0
        elif self._unread is not None:
            self._unread -= size

    async def _end(self) -> None:
        """End a response whose client has disconnected, or an event stream."""
        if self._is_event_stream:
            await self._send({"type": "http.response.body", "more_body": False})


def _body_length(scope: Scope) -> int | None:
    """Return the Content-Length of a request; 0 without a body, and None if its length is unknown."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value)
        if name == b"transfer-encoding":
            return None
    return 0
