"""Clients that disconnect at any time leave nothing behind: no memory, task, file or socket."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from itertools import repeat
from pathlib import Path

import falcon.asgi
import pytest
from falcon.asgi import Request, Response

from bokeh_common.http import received_body
from bokeh_common.http.block_stream import IN_FLIGHT, BlockStream
from bokeh_common.http.received_body import ReceivedBody, receive_body
from bokeh_common.http.server import connection as module
from bokeh_common.http.server.running_requests import RUNNING
from tests.support.bounded_server import CHUNKED, GET, PUT, bounded_server
from tests.support.waiting import wait_until

CLIENTS = 30
BLOCK = bytes(1 << 16)


class Resource:
    """Receives bodies, and streams blocks or events."""

    async def on_get(self, req: Request, resp: Response) -> None:
        """Stream 16 MiB."""
        resp.stream = await BlockStream.start(lambda: repeat(BLOCK, 256))

    async def on_get_events(self, req: Request, resp: Response) -> None:
        """Stream events, without an end."""
        resp.content_type, resp.stream = "text/event-stream", events()

    async def on_put(self, req: Request, resp: Response) -> None:
        """Receive a body."""
        with await receive_body(req):
            await asyncio.sleep(0.01)

    async def on_get_broken(self, req: Request, resp: Response) -> None:
        """Fail after the response has started."""
        resp.stream = await BlockStream.start(broken_blocks)


async def events() -> AsyncIterator[bytes]:
    while True:
        yield b": \n\n"
        await asyncio.sleep(0.01)


def broken_blocks() -> Iterator[bytes]:
    yield BLOCK
    raise OSError("the storage is broken")


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    app = falcon.asgi.App()
    for path, suffix in (("/", None), ("/events", "events"), ("/broken", "broken")):
        app.add_route(path, Resource(), suffix=suffix)
    with bounded_server(app) as port:
        yield port


@pytest.fixture(autouse=True)
def small_bodies_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(received_body, "MAX_BODY_IN_MEMORY", 1 << 18)


def held() -> tuple[int, ...]:
    """Return what the process holds for its clients."""
    tasks = RUNNING._tasks, RUNNING._event_streams, module._SWEEPER._connections
    files = list(Path("/proc/self/fd").iterdir())
    return IN_FLIGHT.total, ReceivedBody._in_memory, *map(len, tasks), len(files)


def abort(port: int, sent: bytes, read: int, reset: bool) -> None:
    """Send bytes, read some, and disconnect."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(sent)
        if read:
            connection.recv(read)
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize("reset", [False, True], ids=["close", "reset"])
@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (b"GET / HT", 0),
        (GET % b"", 0),
        (GET % b"", 1000),
        (GET % b"" * 3 + GET % b"events" * 3, 1000),
        (GET % b"events", 0),
        (GET % b"events", 1000),
        (GET % b"broken", 1000),
        (PUT % (b"", 1 << 20) + BLOCK * 2, 0),
        (PUT % (b"", 1 << 20) + BLOCK * 8, 0),
        (PUT % (b"", 1 << 19) + BLOCK * 8, 0),
        (CHUNKED % b"" + b"80000\r\n" + BLOCK * 7, 0),
        (CHUNKED % b"" + b"80000\r\n" + BLOCK * 8 + b"nonsense", 0),
    ],
)
def test_aborted_requests_leave_nothing(port: int, sent: bytes, read: int, reset: bool) -> None:
    abort(port, GET % b"", 1000, False)  # starts the threads
    wait_until(lambda: not any(held()[:-1]))
    before = held()
    for _ in range(CLIENTS):
        abort(port, sent, read, reset)
    # There may be fewer files, since closed connections of earlier tests linger.
    wait_until(lambda: not any(held()[:-1]) and held()[-1] <= before[-1])
