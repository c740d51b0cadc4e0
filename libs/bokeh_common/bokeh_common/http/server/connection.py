"""Limits of connections that uvicorn does not have: sizes and times of heads, and speeds of readers.

* A head has at most `MAX_HEAD` bytes, and its first line `MAX_REQUEST_LINE`; so have trailers and the
  framing of a chunk.
* A head must be received within `BOKEH_CLOUD_REQUEST_SECONDS` from when it is waited for.
* A response must be read at `BOKEH_CLOUD_SLOWEST` bytes per second, with so many seconds of grace, without
  a longer pause.
* If a response is sent before the body of its request was received, the connection is closed in two steps
  (RFC 9112, 9.6), since closing it at once would reset it before the client has read the response.
* A request that is not valid is rejected after the responses to earlier requests, never inside of them.
* A connection that is opened just before the server stops gets a response to its first request.
* Trailers are ignored, protocols are not changed, and nothing is read while pipelined requests are queued.

The limits of bodies, which an application can explain in its response, are in `served_app`.
"""

import asyncio
import socket
import sys
from collections import deque
from contextvars import copy_context

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from bokeh_common.http.server.process_settings import min_bytes_per_second, request_seconds
from bokeh_common.http.server.running_requests import CONNECTION, RUNNING
from bokeh_common.http.server.transports import LingeringTransport, PipelineFlowControl

#: Bytes of a request's first line, which may contain a thousand object ids (25 KB).
MAX_REQUEST_LINE = 1 << 16

MAX_HEAD = 1 << 17  # bytes
SWEEP_SECONDS = 0.5
FIRST_REQUEST_SECONDS = 0.5  # for the first request on a new connection, while the server stops
MAX_UNSENT = 1 << 17  # bytes
TCP_NOTSENT_LOWAT = getattr(socket, "TCP_NOTSENT_LOWAT", 25)  # the number on Linux (tcp(7))

_CLOSE = b"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_BAD_REQUEST = b"HTTP/1.1 400 Bad Request" + _CLOSE
_TIMEOUT = b"HTTP/1.1 408 Request Timeout" + _CLOSE
_LINE_TOO_LONG = b"HTTP/1.1 414 URI Too Long" + _CLOSE
_HEAD_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large" + _CLOSE
_VERSION_NOT_SUPPORTED = b"HTTP/1.1 505 HTTP Version Not Supported" + _CLOSE


class BoundedConnection(HttpToolsProtocol):
    """The connection of a client, with limits."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn names the type
        """Start the clock for the first request."""
        _bound_send_buffer(transport)
        super().connection_made(LingeringTransport(transport, self.is_body_unread))
        self.flow = PipelineFlowControl(self.transport, self.pipeline)
        self.head: int | None = 0  # bytes received; None while a request is processed
        self.framing = 0  # bytes received since the last head or part of a body
        self.unanswered = deque[RequestResponseCycle]()
        self.is_last = False  # whether the next request is the last one, since the server stops
        self.rejection: bytes | None = None  # the last response of the connection, after which it is closed
        self.deadline = self.loop.time() + _SWEEPER.seconds
        self.slow: tuple[float, int] | None = None  # since when, and how much had been sent then
        self.progress = (0.0, -1)  # when something was sent for the last time, and how much so far
        self.context = copy_context()
        _SWEEPER.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the requests of the client."""
        _SWEEPER.discard(self)
        for cycle in self.unanswered:
            cycle.disconnected = True
        super().connection_lost(exc)
        RUNNING.cancel(self)

    def data_received(self, data: bytes) -> None:
        """Parse received bytes, unless the connection is being closed."""
        if not self.is_open():
            return
        if self.head is None and not self.is_busy():
            self.head, self.deadline = 0, self.loop.time() + _SWEEPER.seconds
        if self.head is not None:
            self.head += len(data)
        self.framing += len(data)
        super().data_received(data)
        if self.is_open():
            self._check_size()

    def on_message_begin(self) -> None:
        """Start the clock for a request."""
        super().on_message_begin()
        self.scope["extensions"] = {CONNECTION: self}  # type: ignore[dict-item]  # one of this project
        if self.head is None:
            self.head, self.deadline = 1, self.loop.time() + _SWEEPER.seconds

    def on_headers_complete(self) -> None:
        """Start the request."""
        self.head, self.framing = None, 0
        if not self.is_open():
            return
        if error := self._find_error():
            self.reject(error)
            return
        self.expect_100_continue &= self.parser.get_http_version() != "1.0"  # RFC 9110, 10.1.1
        super().on_headers_complete()
        self.unanswered.append(self.cycle)
        self.cycle.keep_alive &= not self.is_last
        self.headers = []  # for trailers, which could replace headers that were checked
        if self.parser.should_upgrade():
            self.cycle.keep_alive = False  # the parser does not read on

    def on_body(self, body: bytes) -> None:
        """Pass on a part of the body, unless the request was rejected."""
        self.framing = 0
        if self.is_open():
            super().on_body(body)

    def shutdown(self) -> None:
        """Close the connection after the request in progress; a new one may still get its first request.

        The client may have sent that already: closing the connection would reset it.
        """
        self.is_last = True
        if self.cycle is not None or not self.is_open():
            super().shutdown()
        else:
            self.loop.call_later(FIRST_REQUEST_SECONDS, self._close_unused)

    def _close_unused(self) -> None:
        if self.cycle is None and not self.transport.is_closing():
            self.transport.close()

    def on_message_complete(self) -> None:
        """End the body, unless the request was rejected."""
        if self.is_open():
            super().on_message_complete()
            if self.parser.should_upgrade():
                self.rejection = b""
        if not self.is_busy():
            self.head = 0  # what was received was the rest of an unread body

    def on_response_complete(self) -> None:
        """Start the next request, or close the connection."""
        self.unanswered.popleft()
        # A queued request would start with the context variables of the one before it.
        self.context.copy().run(super().on_response_complete)
        self.flow.resume_reading()
        if self.rejection is not None and not self.is_busy():
            self.hang_up(self.rejection)

    def send_400_response(self, msg: str) -> None:
        """Reject what cannot be parsed."""
        self.reject(_BAD_REQUEST)

    def reject(self, response: bytes) -> None:
        """Read nothing more; close the connection after earlier responses and this one."""
        self.rejection = response
        if self.is_busy() and self.cycle.more_body:
            self._drop_last_request()
        if not self.is_busy():
            self.hang_up(self.rejection)

    def hang_up(self, response: bytes = b"") -> None:
        """Close the connection, after a response of this module."""
        if response:
            self.transport.write(response)
        self.transport.close()

    def is_open(self) -> bool:
        """Return whether more requests are accepted."""
        return self.rejection is None and not self.transport.is_closing()

    def is_busy(self) -> bool:
        """Return whether a request is being processed."""
        return bool(self.unanswered)

    def is_body_unread(self) -> bool:
        """Return whether the client may still be sending a body, or what was rejected."""
        return bool(self.rejection) or (self.cycle is not None and self.cycle.more_body)

    def check(self, now: float) -> None:
        """Close the connection if its client is too slow; called twice per second."""
        if self.is_busy():
            self.deadline = now + _SWEEPER.seconds  # of a pipelined request, which is not answered yet
        elif self.head is not None and now > self.deadline and not self.transport.is_closing():
            self.hang_up(_TIMEOUT if self.head else b"")
        pending = self.transport.get_write_buffer_size()
        if not pending:
            self.slow = None
            return
        sent = self.transport.written - pending  # type: ignore[attr-defined]  # LingeringTransport
        since, before = self.slow = self.slow or (now, sent)
        if sent != self.progress[1]:
            self.progress = now, sent
        longest = _SWEEPER.seconds + (sent - before) / _SWEEPER.min_speed
        if now - since > longest or now - self.progress[0] > _SWEEPER.seconds:
            self.transport.abort()

    def _find_error(self) -> bytes:
        """Return the response to a head that is not valid, or nothing."""
        version, names = self.parser.get_http_version(), [name for name, _ in self.headers]
        if version not in ("1.0", "1.1"):
            return _VERSION_NOT_SUPPORTED
        if len(self.url) > MAX_REQUEST_LINE:
            return _LINE_TOO_LONG
        if names.count(b"host") > 1 or (version == "1.1" and b"host" not in names):
            return _BAD_REQUEST  # RFC 9112, 3.2; others might use another one of them
        if self.parser.should_upgrade() and (b"content-length" in names or b"transfer-encoding" in names):
            return _BAD_REQUEST  # the parser would read its body as the next request
        return b""

    def _check_size(self) -> None:
        if self.head is not None and len(self.url or b"") > MAX_REQUEST_LINE:
            self.reject(_LINE_TOO_LONG)
        elif self.framing > MAX_HEAD:
            self.reject(_HEAD_TOO_LARGE)

    def _drop_last_request(self) -> None:
        """Drop a request whose body is not valid."""
        self.unanswered.pop().disconnected = True
        if self.pipeline:
            self.pipeline.popleft()
            return
        if self.cycle.response_started:
            self.rejection = b""
        RUNNING.cancel(self)


def _bound_send_buffer(transport: asyncio.Transport) -> None:
    """Bound the bytes that the kernel accepts but has not sent, which are megabytes for a slow reader."""
    connection = transport.get_extra_info("socket")
    if (
        sys.platform == "linux"
        and connection is not None
        and connection.family in {socket.AF_INET, socket.AF_INET6}
    ):
        connection.setsockopt(socket.IPPROTO_TCP, TCP_NOTSENT_LOWAT, MAX_UNSENT)


class _Sweeper:
    """Checks all connections of the process regularly."""

    def __init__(self) -> None:
        self.seconds, self.min_speed = request_seconds(), min_bytes_per_second()
        self._connections: set[BoundedConnection] = set()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, connection: BoundedConnection) -> None:
        self._connections.add(connection)
        if self._timer is None:
            self._start(asyncio.get_running_loop())

    def discard(self, connection: BoundedConnection) -> None:
        self._connections.discard(connection)

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = loop.call_later(SWEEP_SECONDS, self._sweep, loop)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        for connection in list(self._connections):
            connection.check(now)
        if self._connections:
            self._start(loop)


_SWEEPER = _Sweeper()
