"""gunicorn's threaded worker, with no thread for who is slow: requests are received by its loop.

gunicorn gives a thread to each connection that has sent a byte, and the thread then waits for the rest for as
long as it takes: as many clients as there are threads, who send half a request each, and nobody else is
answered. Here a thread gets

* a request whose head is there, with all of its body where that is small;
* of larger bodies (uploads) so many that half of the threads are left for the others.

Who has not sent that much in `BOKEH_CLOUD_REQUEST_SECONDS` is hung up on; so is who needs that long more
for an upload, or for reading an answer, than at `BOKEH_CLOUD_SLOWEST` bytes a second.
"""

import errno
import os
import re
import socket
import struct
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers.gthread import ThreadWorker

from bokeh_common.environment import number
from bokeh_common.errors import TooSlow

#: Bytes of a body that are received before a thread is given to it; a gateway that buffers does as much.
SMALL = 1 << 16

#: Bytes of a head; its first line may have 64 KiB, see `processes.REQUEST_LINE`.
MOST_HEAD = 1 << 17

RECEIVED = 1 << 17  # bytes at once
LARGE = 1 << 18  # bytes of a block that is worth a call of its own
SWEEP_SECONDS = 0.5
PARTING_SECONDS = 2.0  # as gunicorn has it

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*\r\n", re.IGNORECASE)
_UNKNOWN = re.compile(rb"\r\n(transfer-encoding|expect):", re.IGNORECASE)

_LATE = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


def patience_seconds() -> float:
    """Return for how long one may send or take nothing (`BOKEH_CLOUD_REQUEST_SECONDS`); raises `Invalid`."""
    return number(os.environ, "BOKEH_CLOUD_REQUEST_SECONDS", 20, least=1)


def slowest() -> float:
    """Return the bytes a second that a client must send or take (`BOKEH_CLOUD_SLOWEST`); raises `Invalid`."""
    return number(os.environ, "BOKEH_CLOUD_SLOWEST", 4096, least=1)


@dataclass
class Arrival:
    """What has come of a request."""

    deadline: float
    data: bytearray = field(default_factory=bytearray)
    _head: int = -1  # where it ends
    _seen: int = 0

    @property
    def is_endless(self) -> bool:
        """Whether the head is longer than any may be."""
        return self._head < 0 and len(self.data) > MOST_HEAD

    def is_whole(self) -> bool:
        """Whether a thread can do something with it."""
        if self._head < 0:
            self._head = self.data.find(b"\r\n\r\n", max(0, self._seen - 3))
            self._seen = len(self.data)
        return self._head >= 0 and len(self.data) - self._head - 4 >= min(self._awaited, SMALL)

    @property
    def is_upload(self) -> bool:
        """Whether a thread will have to wait for more of it."""
        return self._awaited > SMALL or _UNKNOWN.search(self._lines) is not None

    @property
    def _awaited(self) -> int:
        if _UNKNOWN.search(self._lines):
            return 0  # chunks say their length as they come; 100-continue is asked for before the body
        found = _LENGTH.search(self._lines)
        return int(found[1]) if found else 0

    @property
    def _lines(self) -> bytearray:
        return self.data[: self._head + 2]


class PatientSocket(socket.socket):
    """A connection on which nobody is waited for for ever."""

    def __init__(self, connection: socket.socket, patience: float, least: float) -> None:
        super().__init__(fileno=connection.detach())
        self._patience, self._least = patience, least
        # Of the kernel, not of Python, whose time-outs are for a whole `sendall`.
        limit = struct.pack("ll", int(patience), int(patience % 1 * 1e6))
        self.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        self.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        """Send all; `BrokenPipeError` when the other end takes too long, as if it were gone."""
        view = memoryview(data).cast("B") if len(data) else memoryview(b"")
        end = time.monotonic() + self._patience + len(view) / self._least
        while view:
            try:
                view = view[self.send(view, flags) :]
            except BlockingIOError:
                raise BrokenPipeError(errno.EPIPE, "the client does not read") from None
            if view and time.monotonic() > end:
                raise BrokenPipeError(errno.EPIPE, "the client reads too slowly")


class PatientUnreader(SocketUnreader):
    """The rest of a request, which must come at some pace."""

    def __init__(self, connection: PatientSocket, patience: float, least: float) -> None:
        super().__init__(connection)
        self._patience, self._least = patience, least
        self._waited, self._received = 0.0, 0

    def read(self, size: int | None = None, read_ahead: int | None = None) -> bytes:
        """Return so many bytes; `TooSlow`. A large block comes in one go, and is not copied together."""
        if size is not None and size >= LARGE:
            read_ahead = None  # what is received beyond the block would be copied aside
            if not self.buf.seek(0, os.SEEK_END):
                data = self._paced(partial(self.sock.recv, size, socket.MSG_WAITALL))
                if len(data) == size:
                    return data
                self.buf.write(data)
        return bytes(super().read(size, read_ahead))  # type: ignore[call-arg]  # newer than its stubs

    def chunk(self, size_hint: int | None = None) -> bytes:
        """Return the next bytes; `TooSlow`."""
        return self._paced(partial(super().chunk, size_hint))  # type: ignore[call-arg]  # newer than its stubs

    def _paced(self, receive: Callable[[], bytes]) -> bytes:
        before = time.monotonic()
        try:
            data = receive()
        except BlockingIOError:
            raise TooSlow(_ADVICE) from None
        self._waited += time.monotonic() - before
        self._received += len(data)
        if self._waited > self._patience + self._received / self._least:
            raise TooSlow(_ADVICE)
        return data


_ADVICE = "The body came too slowly, or not at all; send it again, in smaller pieces if it is large."


class ReceivingWorker(ThreadWorker):
    """Gives threads to requests that have arrived."""

    def __init__(self, *args: Any, **how: Any) -> None:
        super().__init__(*args, **how)
        self._patience, self._least = patience_seconds(), slowest()
        self._arriving: dict[Any, Arrival] = {}
        self._uploading: set[Any] = set()
        self._waiting: deque[Any] = deque()  # uploads that have no thread yet
        self._parting: dict[Any, float] = {}  # answered, with when they are closed at the latest
        self._swept = 0.0

    def enqueue_req(self, conn: Any) -> None:
        """Receive a request; a thread gets it when it is there. `conn` may be a new one or not."""
        if self.cfg.is_ssl:  # its bytes say nothing before a thread has shaken hands
            super().enqueue_req(conn)
            return
        arrival = Arrival(time.monotonic() + self._patience)
        if conn.initialized:
            arrival.data += conn.parser.unreader.take_buffered()
        else:
            conn.sock = PatientSocket(conn.sock, self._patience, self._least)
        conn.sock.setblocking(False)
        self._arriving[conn] = arrival
        if not arrival.data:  # mostly it is there already
            self._receive(conn, arrival)
        if arrival.is_whole():
            self._begin(conn, arrival)
        else:
            self.poller.register(conn.sock, EVENT_READ, partial(self._on_bytes, conn))

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Keep the connection or close it, and let the next upload have its turn."""
        if conn in self._uploading:
            self._uploading.discard(conn)
            if self._waiting:
                self._upload(self._waiting.popleft())
        if self.cfg.is_ssl or fs.cancelled() or fs.exception() or fs.result():
            super().finish_request(conn, fs)
        else:
            self._part(conn)

    def murder_pending(self) -> None:
        """Close connections whose requests do not come."""
        super().murder_pending()
        now = time.monotonic()
        if now < self._swept + SWEEP_SECONDS:
            return
        self._swept = now
        for conn, arrival in [item for item in self._arriving.items() if item[1].deadline < now]:
            self._hang_up(conn, _LATE if arrival.data else b"")
        for conn in [conn for conn, deadline in self._parting.items() if deadline < now]:
            self._parted(conn)

    def _part(self, conn: Any) -> None:
        """Close a connection when its client does (RFC 9112, 9.6); gunicorn has all others wait for that."""
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._close(conn)
            return
        self._parting[conn] = time.monotonic() + PARTING_SECONDS
        self.poller.register(conn.sock, EVENT_READ, partial(self._on_last_bytes, conn))

    def _on_last_bytes(self, conn: Any, _: object) -> None:
        if self._received(conn) == b"":
            self._parted(conn)

    def _parted(self, conn: Any) -> None:
        del self._parting[conn]
        self.poller.unregister(conn.sock)
        self._close(conn)

    def _close(self, conn: Any) -> None:
        self.nr_conns -= 1
        conn.close()

    def _cap_keepalive(self, deadline: float) -> None:
        super()._cap_keepalive(deadline)  # type: ignore[misc]  # newer than its stubs
        for arrival in self._arriving.values():
            arrival.deadline = min(arrival.deadline, deadline)

    def _on_bytes(self, conn: Any, _: object) -> None:
        arrival = self._arriving[conn]
        if not self._receive(conn, arrival):
            self._hang_up(conn)
        elif arrival.is_whole():
            self.poller.unregister(conn.sock)
            self._begin(conn, arrival)
        elif arrival.is_endless:
            self._hang_up(conn, _LONG)

    def _receive(self, conn: Any, arrival: Arrival) -> bool:
        """Take what is there; whether there can be more."""
        data = self._received(conn)
        arrival.data += data or b""
        return data != b""

    def _received(self, conn: Any) -> bytes | None:
        """Return what is there; None without anything, b"" at the end."""
        try:
            return bytes(conn.sock.recv(RECEIVED))
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def _begin(self, conn: Any, arrival: Arrival) -> None:
        del self._arriving[conn]
        conn.data_ready = True
        conn.init()
        conn.parser.unreader = PatientUnreader(conn.sock, self._patience, self._least)
        conn.parser.unreader.unread(bytes(arrival.data))
        if not arrival.is_upload:
            super().enqueue_req(conn)
        elif len(self._uploading) < max(1, self.cfg.threads // 2):
            self._upload(conn)
        else:
            self._waiting.append(conn)

    def _upload(self, conn: Any) -> None:
        self._uploading.add(conn)
        super().enqueue_req(conn)

    def _hang_up(self, conn: Any, answer: bytes = b"") -> None:
        del self._arriving[conn]
        self.poller.unregister(conn.sock)
        if answer:
            _say(conn.sock, answer)
        self._close(conn)


def _say(connection: socket.socket, answer: bytes) -> None:
    try:
        connection.send(answer)
    except OSError:
        return  # who does not listen need not be told
