"""Clients that stop in the middle of a request do not delay others, and are disconnected."""

import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from blake3 import blake3

from tests.support.embedded_server import one_process
from tests.support.processes import start_services

HALF_OPEN = 64
CLIENT_REQUESTS = 50
TIMEOUT = 3  # seconds; a setting, so that the tests are short
MAX_RESPONSE_TIME = 1.0  # seconds; far less than a request waits that others hold up
ATTEMPTS = 5  # of which one has to be that fast, as the machine may be busy with other things
SETTINGS: Any = {"BOKEH_CLOUD_REQUEST_SECONDS": str(TIMEOUT)}

PUBLISH = b"POST /local/store HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"

#: Incomplete requests, after which a client sends nothing more.
INCOMPLETE_REQUESTS = {
    "nothing": b"",
    "incomplete head": b"GET /local/plots HTTP/1.1\r\nHost: localhost\r\nX-",
    "incomplete small body": PUBLISH + b'Content-Length: 100\r\n\r\n{"name"',
    "incomplete chunked body": PUBLISH + b'Transfer-Encoding: chunked\r\n\r\n6\r\n{"name',
    "incomplete upload": b"PUT /local/data/chunks/" + b"0" * 64 + b" HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Length: 1000000\r\n\r\n" + bytes(100_000),
    "a request and an incomplete one": b"GET /local/plots HTTP/1.1\r\nHost: localhost\r\n\r\nGET /lo",
}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a cloud in one process with a short timeout."""
    with one_process(f"local://{tmp_path_factory.mktemp('half-open')}", **SETTINGS) as url:
        yield url


@pytest.fixture(scope="module")
def behind_a_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a cloud with a process for each service, whose gateway trusts addresses that tests send."""
    settings = {**SETTINGS, "BOKEH_CLOUD_CLIENT_REQUESTS": str(CLIENT_REQUESTS)}
    with pytest.MonkeyPatch.context() as environ:
        environ.setenv("BOKEH_CLOUD_GATEWAY_TRUSTED", "trusted_proxies static private_ranges")
        with start_services(f"local://{tmp_path_factory.mktemp('half-open')}", **settings) as processes:
            yield processes.url


@contextmanager
def open_connections(url: str, sent: bytes, count: int = HALF_OPEN) -> Iterator[list[socket.socket]]:
    """Open connections, and send the same bytes on each of them."""
    with ExitStack() as stack:
        address = (urlsplit(url).hostname, urlsplit(url).port)
        found = [stack.enter_context(socket.create_connection(address, 10)) for _ in range(count)]
        for connection in found:
            connection.sendall(sent.replace(b"Host: localhost", f"Host: {urlsplit(url).netloc}".encode()))
        yield found


def slowest_response(url: str, times: int) -> float:
    """Send requests on connections of their own; return the longest response time in seconds."""
    seconds = []
    for _ in range(times):
        before = time.monotonic()
        assert requests.get(f"{url}/local/plots", timeout=30).status_code == 200
        seconds.append(time.monotonic() - before)
    return max(seconds)


def assert_not_delayed(url: str, sent: bytes, times: int, count: int = HALF_OPEN) -> None:
    """Check that connections on which the same bytes were sent do not delay others."""
    for attempts_left in reversed(range(ATTEMPTS)):
        with open_connections(url, sent, count):
            slowest = slowest_response(url, times)
        if slowest < MAX_RESPONSE_TIME:
            return
        assert attempts_left, f"{slowest:.1f} s"


def is_closed(connection: socket.socket, timeout: float) -> bool:
    """Tell whether the server closes a connection in time, whatever it sends before."""
    connection.settimeout(timeout)
    try:
        while connection.recv(1 << 16):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


@pytest.mark.parametrize("cloud", ["alone", "behind_a_gateway"])
@pytest.mark.parametrize("sent", INCOMPLETE_REQUESTS.values(), ids=INCOMPLETE_REQUESTS)
def test_incomplete_requests_do_not_delay_others(
    request: pytest.FixtureRequest, cloud: str, sent: bytes
) -> None:
    url = request.getfixturevalue(cloud)
    slowest_response(url, 1)
    assert_not_delayed(url, sent, 10)


@pytest.mark.parametrize("sent", INCOMPLETE_REQUESTS.values(), ids=INCOMPLETE_REQUESTS)
def test_clients_that_send_nothing_more_are_disconnected(alone: str, sent: bytes) -> None:
    with open_connections(alone, sent, 2) as half_open:
        for connection in half_open:
            assert is_closed(connection, 4 * TIMEOUT)


def test_a_client_that_sends_single_bytes_gets_408(alone: str) -> None:
    """A byte now and then keeps the connection open, but does not occupy a thread for long."""
    with open_connections(alone, INCOMPLETE_REQUESTS["incomplete upload"], 1) as [connection]:
        start, response = time.monotonic(), b""
        connection.settimeout(0.2)
        while b"\r\n\r\n" not in response and time.monotonic() < start + 20 * TIMEOUT:
            connection.sendall(b"x")
            with suppress(TimeoutError):
                response += connection.recv(1 << 16)
    assert response.startswith(b"HTTP/1.1 408 ")
    assert b"application/problem+json" in response


def test_clients_that_do_not_read_occupy_no_threads(alone: str) -> None:
    """There are more of them than threads, and their responses do not fit in the kernel's buffers."""
    data = bytes(40 << 20)
    chunk = blake3(data).hexdigest()
    assert requests.put(f"{alone}/local/data/chunks/{chunk}", data=data, timeout=60).status_code == 201
    request = f"GET /local/data/chunks/{chunk} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    assert_not_delayed(alone, request, 5, 20)


def test_one_client_cannot_take_all_connections(behind_a_gateway: str) -> None:
    """Requests above its share are rejected before their bodies were received, in the gateway as well.

    If the machine is so busy that the first ones time out before the last ones are received, fewer are.
    """
    for attempts_left in reversed(range(ATTEMPTS)):
        rejected = rejected_requests(behind_a_gateway, 4 * CLIENT_REQUESTS)
        if rejected >= 3 * CLIENT_REQUESTS:
            return
        assert attempts_left, f"{rejected} of {4 * CLIENT_REQUESTS}"


def rejected_requests(url: str, count: int) -> int:
    """Send requests of one client at once; return how many are rejected. Those of others are accepted."""
    request = INCOMPLETE_REQUESTS["incomplete upload"].replace(
        b"Content-Length", b"X-Forwarded-For: 198.51.100.1\r\nContent-Length"
    )
    others = {"X-Forwarded-For": "203.0.113.9"}
    with open_connections(url, request, count) as connections:
        responses = first_responses(connections, count - CLIENT_REQUESTS)
        assert requests.get(f"{url}/local/data", headers=others, timeout=30).status_code == 200
    return sum(response.startswith(b"HTTP/1.1 429 ") for response in responses)


def first_responses(connections: list[socket.socket], count: int) -> list[bytes]:
    """Return what a server sends on the first connections on which it sends something, or closes them."""
    found: list[bytes] = []
    deadline = time.monotonic() + 10 * TIMEOUT
    with selectors.DefaultSelector() as waiting:
        for connection in connections:
            waiting.register(connection, selectors.EVENT_READ, connection.recv)
        while len(found) < count and time.monotonic() < deadline:
            for key, _ in waiting.select(1):
                waiting.unregister(key.fileobj)
                with suppress(OSError):
                    found.append(key.data(1 << 16))
    return found


def test_slow_uploads_are_accepted(alone: str) -> None:
    """They take longer than the timeout, but always send some data in time."""
    data = bytes(range(256)) * 800
    chunk = blake3(data).hexdigest()
    head = (
        f"PUT /local/data/chunks/{chunk} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    with open_connections(alone, head.encode(), 1) as [connection]:
        for start in range(0, len(data), 20_480):
            connection.sendall(data[start : start + 20_480])
            time.sleep(TIMEOUT / 6)
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 201 ")


def test_a_request_may_arrive_byte_by_byte(alone: str) -> None:
    body = b'{"chunks": []}'
    head = (
        b"POST /local/data/chunks/missing HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    )
    request = head + f"Content-Length: {len(body)}\r\n\r\n".encode() + body
    with open_connections(alone, b"", 1) as [connection]:
        for byte in request.replace(b"localhost", urlsplit(alone).netloc.encode()):
            connection.sendall(bytes([byte]))
            time.sleep(0.002)
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200 ")


def test_pipelined_requests_are_answered_in_order(alone: str) -> None:
    live, nothing = (
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n" for path in ("/health/live", "/nothing")
    )
    with open_connections(alone, (live + nothing + live).encode(), 1) as [connection]:
        response = b""
        while response.count(b"HTTP/1.1 ") < 3 or not response.endswith(b'{"status":"ok"}'):
            response += connection.recv(1 << 16)
    assert [part[1:4] for part in response.split(b"HTTP/1.1")[1:]] == [b"200", b"404", b"200"]


def test_a_head_that_is_too_long_gets_431(alone: str) -> None:
    with open_connections(alone, b"GET / HTTP/1.1\r\nX: " + b"x" * 200_000, 1) as [connection]:
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 431 ")


def test_clients_that_do_not_close_their_connections_do_not_delay_others(alone: str) -> None:
    request = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    assert_not_delayed(alone, request, 10)


@pytest.mark.parametrize("size", [100, 60_000, 1 << 20])
def test_a_client_can_send_more_requests_after_a_rejected_one(alone: str, size: int) -> None:
    """On one connection, which stays open unless the response has `Connection: close`."""
    with requests.Session() as session:
        for _ in range(5):
            rejected = session.put(f"{alone}/local/data/nothing/of/this", data=bytes(size), timeout=30)
            assert rejected.status_code == 404
            expected = "close" if size > 1 << 16 else "keep-alive"
            assert rejected.headers.get("Connection", "keep-alive") == expected
            assert session.post(f"{alone}/local/delete", json={}, timeout=30).status_code == 422
