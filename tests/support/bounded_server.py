"""Serves an ASGI app within the limits of a server, in a thread, and exchanges bytes with it."""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import uvicorn

from bokeh_common.http.server import connection as module
from bokeh_common.http.server import transports
from bokeh_common.http.server.connection import BoundedConnection
from bokeh_common.http.server.served_app import ASGIApp, ServedApp
from tests.support.ports import free_port

TIMEOUT = 0.6  # seconds
KEEP_ALIVE = 2  # seconds; more than it takes until a connection is found to be too slow
HEADERS = [(b"content-length", b"2")]
GET = b"GET /%b HTTP/1.1\r\nHost: a\r\n\r\n"
CHUNKED = b"PUT /%b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
PUT = b"PUT /%b HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"


class RecordingApp:
    """Waits, reads the body or streams, depending on the path, and records how requests end."""

    def __init__(self) -> None:
        self.ended: list[str] = []
        self.cancelled: list[str] = []
        self.headers: list[tuple[bytes, bytes]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return
        path = scope["path"].strip("/")
        self.headers = scope["headers"]
        try:
            await getattr(self, f"_{path}")(receive, send)
            self.ended.append(path)
        except asyncio.CancelledError:
            self.cancelled.append(path)
            raise

    async def _ok(self, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await send({"type": "http.response.body", "body": b"ok"})

    async def _slow(self, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await asyncio.sleep(0.2)
        await send({"type": "http.response.body", "body": b"o", "more_body": True})
        await asyncio.sleep(0.2)
        await send({"type": "http.response.body", "body": b"k"})

    async def _wait(self, receive: Any, send: Any) -> None:
        await asyncio.sleep(30)

    async def _read(self, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        await self._ok(receive, send)

    async def _endless(self, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send({"type": "http.response.body", "body": bytes(1 << 16), "more_body": True})
            await asyncio.sleep(0)


Server = tuple[RecordingApp, int]


@contextlib.contextmanager
def bounded_server(app: ASGIApp) -> Iterator[int]:
    """Serve an app with short timeouts during the block; yield its port."""
    served, port = ServedApp(app), free_port()
    served._timeout = TIMEOUT
    patch = pytest.MonkeyPatch()
    patch.setattr(module, "_SWEEPER", module._Sweeper())  # a timer belongs to an event loop
    patch.setattr(module._SWEEPER, "seconds", TIMEOUT)
    patch.setattr(transports, "CLOSE_SECONDS", TIMEOUT)
    config = uvicorn.Config(
        served, port=port, http=BoundedConnection, ws="none", lifespan="off", log_level="critical",
        timeout_graceful_shutdown=1, timeout_keep_alive=KEEP_ALIVE,
    )  # fmt: skip
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run)
    thread.start()
    while not running.started:
        time.sleep(0.01)
    try:
        yield port
    finally:
        running.should_exit = True
        thread.join()
        patch.undo()


@contextlib.asynccontextmanager
async def connect(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Connect to the server during the block."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def exchange(port: int, *sent: bytes, pause: float = 0.0) -> bytes:
    """Send bytes, and return everything until the server closes the connection."""
    async with connect(port) as (reader, writer):
        for data in sent:
            writer.write(data)
            await asyncio.sleep(pause)
        async with asyncio.timeout(20 * TIMEOUT):
            return await reader.read()
