"""Clients who stop in the middle of a request: others are answered all the same, and these are hung up on."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from blake3 import blake3

from tests.conftest import one_process
from tests.processes import own_processes

HALF_OPEN = 64
PATIENCE = 3  # seconds; as a setting, so that the tests need not wait
ANSWERED = 1.0  # seconds, on a machine that does other things as well
SETTINGS: Any = {"BOKEH_CLOUD_REQUEST_SECONDS": str(PATIENCE)}

PUBLISH = b"POST /local/store HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"

#: What is sent, and then nothing more.
HALVES = {
    "nothing": b"",
    "half a head": b"GET /local/plots HTTP/1.1\r\nHost: localhost\r\nX-",
    "half a small body": PUBLISH + b'Content-Length: 100\r\n\r\n{"name"',
    "half a chunked body": PUBLISH + b'Transfer-Encoding: chunked\r\n\r\n6\r\n{"name',
    "half an upload": b"PUT /local/data/chunks/" + b"0" * 64 + b" HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Length: 1000000\r\n\r\n" + bytes(100_000),
    "a request, and half another one": b"GET /local/plots HTTP/1.1\r\nHost: localhost\r\n\r\nGET /lo",
}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return a cloud in one process that has little patience."""
    with one_process(f"local://{tmp_path_factory.mktemp('half-open')}", **SETTINGS) as url:
        yield url


@pytest.fixture(scope="module")
def behind_a_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return one of own processes; the gateway has a patience of its own."""
    with own_processes(f"local://{tmp_path_factory.mktemp('half-open')}", **SETTINGS) as processes:
        yield processes.url


@contextmanager
def connections(url: str, sent: bytes, count: int = HALF_OPEN) -> Iterator[list[socket.socket]]:
    """Open connections on which something was sent."""
    with ExitStack() as stack:
        address = (urlsplit(url).hostname, urlsplit(url).port)
        found = [stack.enter_context(socket.create_connection(address, 10)) for _ in range(count)]
        for connection in found:
            connection.sendall(sent.replace(b"Host: localhost", f"Host: {urlsplit(url).netloc}".encode()))
        yield found


def slowest(url: str, times: int) -> float:
    """Return how long the slowest of some requests takes, each on a connection of its own."""
    taken = []
    for _ in range(times):
        before = time.monotonic()
        assert requests.get(f"{url}/local/plots", timeout=30).status_code == 200
        taken.append(time.monotonic() - before)
    return max(taken)


def is_closed(connection: socket.socket, within: float) -> bool:
    """Whether the server closes a connection in time, whatever it says before."""
    connection.settimeout(within)
    try:
        while connection.recv(1 << 16):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


@pytest.mark.parametrize("cloud", ["alone", "behind_a_gateway"])
@pytest.mark.parametrize("sent", HALVES.values(), ids=HALVES)
def test_others_are_answered(request: pytest.FixtureRequest, cloud: str, sent: bytes) -> None:
    url = request.getfixturevalue(cloud)
    slowest(url, 1)
    with connections(url, sent):
        assert slowest(url, 10) < ANSWERED


@pytest.mark.parametrize("sent", HALVES.values(), ids=HALVES)
def test_those_who_send_nothing_more_are_hung_up_on(alone: str, sent: bytes) -> None:
    with connections(alone, sent, 2) as half_open:
        for connection in half_open:
            assert is_closed(connection, 4 * PATIENCE)


def test_who_drips_is_told_that_it_is_too_slow(alone: str) -> None:
    """A byte now and then keeps a connection open, and no thread for long."""
    with connections(alone, HALVES["half an upload"], 1) as [connection]:
        begun, answer = time.monotonic(), b""
        connection.settimeout(0.2)
        while b"\r\n\r\n" not in answer and time.monotonic() < begun + 20 * PATIENCE:
            connection.sendall(b"x")
            with suppress(TimeoutError):
                answer += connection.recv(1 << 16)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"application/problem+json" in answer


def test_who_does_not_read_keeps_no_thread(alone: str) -> None:
    """More than the kernel keeps for them, asked for by as many as there are threads, and more."""
    data = bytes(40 << 20)
    chunk = blake3(data).hexdigest()
    assert requests.put(f"{alone}/local/data/chunks/{chunk}", data=data, timeout=60).status_code == 201
    ask = f"GET /local/data/chunks/{chunk} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    with connections(alone, ask, 20):
        assert slowest(alone, 1) < 10 * PATIENCE
        assert slowest(alone, 5) < ANSWERED


def test_uploads_that_come_at_a_pace_are_taken(alone: str) -> None:
    """Slowly, and over a longer time than is waited for one that does not come."""
    data = bytes(range(256)) * 800
    chunk = blake3(data).hexdigest()
    head = (
        f"PUT /local/data/chunks/{chunk} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    with connections(alone, head.encode(), 1) as [connection]:
        for start in range(0, len(data), 20_480):
            connection.sendall(data[start : start + 20_480])
            time.sleep(PATIENCE / 6)
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 201 ")


def test_bodies_may_come_in_pieces_and_heads_letter_by_letter(alone: str) -> None:
    body = b'{"chunks": []}'
    head = (
        b"POST /local/data/chunks/missing HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    )
    request = head + f"Content-Length: {len(body)}\r\n\r\n".encode() + body
    with connections(alone, b"", 1) as [connection]:
        for letter in request.replace(b"localhost", urlsplit(alone).netloc.encode()):
            connection.sendall(bytes([letter]))
            time.sleep(0.002)
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200 ")


def test_requests_that_are_sent_at_once_are_answered_in_order(alone: str) -> None:
    live, nothing = (
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n" for path in ("/health/live", "/nothing")
    )
    with connections(alone, (live + nothing + live).encode(), 1) as [connection]:
        answer = b""
        while answer.count(b"HTTP/1.1 ") < 3 or not answer.endswith(b'{"status": "ok"}'):
            answer += connection.recv(1 << 16)
    assert [part[1:4] for part in answer.split(b"HTTP/1.1")[1:]] == [b"200", b"404", b"200"]


def test_heads_without_an_end_are_refused(alone: str) -> None:
    with connections(alone, b"GET / HTTP/1.1\r\nX: " + b"x" * 200_000, 1) as [connection]:
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 431 ")


def test_who_was_answered_and_stays_holds_nobody_up(alone: str) -> None:
    ask = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with connections(alone, ask):
        assert slowest(alone, 10) < ANSWERED


@pytest.mark.parametrize("size", [100, 60_000, 1 << 20])
def test_who_was_refused_can_go_on(alone: str, size: int) -> None:
    """With one connection, as programs keep it: it stays open, or they are told that it ends."""
    with requests.Session() as session:
        for _ in range(5):
            refused = session.put(f"{alone}/local/data/nothing/of/this", data=bytes(size), timeout=30)
            assert refused.status_code == 404
            assert refused.headers["Connection"] == ("close" if size > 1 << 16 else "keep-alive")
            assert session.post(f"{alone}/local/delete", json={}, timeout=30).status_code == 422
