"""The limits of connections, and the order of requests on them, on a server in this process."""

import asyncio
import time
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import pytest

from bokeh_common.http.server import connection as module
from tests.support.bounded_server import (
    GET,
    HEADERS,
    PUT,
    RecordingApp,
    Server,
    bounded_server,
    connect,
    exchange,
)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server with a short timeout, in a thread."""
    app = RecordingApp()
    with bounded_server(app) as port:
        yield app, port


async def statuses(port: int, sent: bytes, count: int) -> list[bytes]:
    """Send requests on one connection; return the statuses of their responses."""
    async with connect(port) as (reader, writer):
        writer.write(sent)
        found = []
        for _ in range(count):
            head = await reader.readuntil(b"\r\n\r\n")
            found.append(head.split()[1])
            await reader.readexactly(2)
        return found


def test_pipelined_requests_are_answered_in_order(server: Server) -> None:
    sent = GET % b"ok" + PUT % (b"read", 3) + b"abc" + GET % b"ok"
    assert asyncio.run(statuses(server[1], sent, 3)) == [b"200"] * 3


def test_a_pipelined_request_does_not_see_the_context_of_the_one_before() -> None:
    """Otherwise it would seem to have reserved memory that is released before it ends."""
    seen, variable = list[int](), ContextVar("request", default=0)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(variable.get())
        variable.set(variable.get() + 1)
        await asyncio.sleep(0.05)  # so that the next request is queued
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await send({"type": "http.response.body", "body": b"ok"})

    with bounded_server(app) as port:
        assert asyncio.run(statuses(port, GET % b"ok" * 3, 3)) == [b"200"] * 3
    assert seen == [0, 0, 0]


def test_the_rest_of_a_small_unread_body_is_skipped(server: Server) -> None:
    sent = PUT % (b"ok", 50_000) + bytes(50_000) + GET % b"ok"
    assert asyncio.run(statuses(server[1], sent, 2)) == [b"200"] * 2


def test_a_response_to_a_large_unread_body_arrives_before_the_connection_is_closed(server: Server) -> None:
    response = asyncio.run(exchange(server[1], PUT % (b"ok", 1 << 30), *[bytes(1 << 18)] * 40))
    assert response.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" in response
    assert response.endswith(b"ok")


def test_pipelined_requests_are_not_read_while_others_are_queued(server: Server) -> None:
    """Each takes many times the memory of its bytes."""

    async def flood() -> int:
        async with connect(server[1]) as (_, writer):
            longest = 0
            for _ in range(40):
                writer.write(GET % b"ok" * 2_000)
                await asyncio.sleep(0.01)
                connections = list(module._SWEEPER._connections)
                longest = max(longest, *(len(connection.pipeline) for connection in connections))
            return longest

    assert asyncio.run(flood()) < 20_000


@pytest.mark.parametrize("sent", [b"", b"\r\n", GET % b"ok" + b"\r\n"])
def test_a_connection_without_a_request_is_closed(server: Server, sent: bytes) -> None:
    asyncio.run(exchange(server[1], sent))


def test_a_body_that_ends_after_the_response_is_not_a_late_head(server: Server) -> None:
    """A client might take a 408 for the response to its next request."""
    response = asyncio.run(exchange(server[1], PUT % (b"ok", 10) + b"abcde", b"fghij", pause=0.1))
    assert response.count(b"HTTP/1.1 ") == 1


def test_a_body_that_stalls_ends_the_request(server: Server) -> None:
    response = asyncio.run(exchange(server[1], PUT % (b"read", 1000) + b"abc"))
    assert b"500" in response.split(b"\r\n", 1)[0]  # an app of falcon responds with 408


def test_100_continue_is_sent_when_the_body_is_read(server: Server) -> None:
    head = b"PUT /%b HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\nExpect: 100-continue\r\n\r\n"

    async def first_line(path: bytes) -> bytes:
        async with connect(server[1]) as (reader, writer):
            writer.write(head % path)
            return await reader.readline()

    assert b" 100 " in asyncio.run(first_line(b"read"))
    assert b" 200 " in asyncio.run(first_line(b"ok"))


def test_100_continue_is_not_sent_to_old_clients(server: Server) -> None:
    head = b"PUT /read HTTP/1.0\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
    assert asyncio.run(exchange(server[1], head + b"abc")).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("path", ["wait", "endless"])
def test_a_request_stops_when_its_client_disconnects(server: Server, path: str) -> None:
    app, port = server

    async def hang_up() -> None:
        async with connect(port) as (_, writer):
            writer.write(GET % path.encode())
            await asyncio.sleep(0.2)
            assert path not in app.cancelled
        for _ in range(100):
            await asyncio.sleep(0.02)
            if path in app.cancelled:
                return
        raise AssertionError(f"{path} still runs")

    app.cancelled.clear()
    asyncio.run(hang_up())


def test_a_client_that_does_not_read_is_disconnected(server: Server) -> None:
    app, port = server

    async def stall() -> None:
        async with connect(port) as (_, writer):
            writer.write(GET % b"endless")
            for _ in range(100):
                await asyncio.sleep(0.1)
                if "endless" in app.cancelled:
                    return
        raise AssertionError("the client is still connected")

    app.cancelled.clear()
    asyncio.run(stall())


async def shut_down_and_send(port: int, before: bytes, after: bytes) -> tuple[bytes, float]:
    """Begin to stop a connection after `before`; return what it sends then, and after how many seconds."""
    async with connect(port) as (reader, writer):
        writer.write(before)
        if before:
            await reader.readuntil(b"ok")
        while len(module._SWEEPER._connections) != 1:
            await asyncio.sleep(0.01)
        [connection] = module._SWEEPER._connections
        started = time.monotonic()
        connection.loop.call_soon_threadsafe(connection.shutdown)
        await asyncio.sleep(0.05)
        writer.write(after)
        async with asyncio.timeout(20):
            return await reader.read(), time.monotonic() - started


def test_a_new_connection_gets_a_response_while_the_server_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was accepted just before, and its request may be on its way."""
    monkeypatch.setattr(module, "FIRST_REQUEST_SECONDS", 10)
    with bounded_server(RecordingApp()) as port:
        received, seconds = asyncio.run(shut_down_and_send(port, b"", GET % b"ok"))
    assert received.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" in received.lower()
    assert seconds < 5, "the connection is closed after the response"


def test_connections_without_a_request_are_closed_when_the_server_stops() -> None:
    with bounded_server(RecordingApp()) as port:
        received, seconds = asyncio.run(shut_down_and_send(port, b"", b""))
        assert received == b""
        assert seconds > module.FIRST_REQUEST_SECONDS - 0.01, "uvloop's timers count whole milliseconds"
        assert asyncio.run(shut_down_and_send(port, GET % b"ok", b""))[0] == b""
