"""Requests that are not valid, or that hide others, on a server in this process."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.support.bounded_server import CHUNKED, GET, PUT, RecordingApp, Server, bounded_server, exchange


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server with a short timeout, in a thread."""
    app = RecordingApp()
    with bounded_server(app) as port:
        yield app, port


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 200_000, b"431"),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 40_000, b"431"),
        (b"GET /" + b"x" * 70_000, b"414"),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\nHo", b"408"),
        (GET % b"ok" + b"GE", b"408"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"PUT /read HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", b"400"),
        (b"PUT /read HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
        (b"PUT /read HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", b"400"),
        (b"PUT /read HTTP/1.1\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", b"400"),
        (b"PUT /read HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n", b"400"),
        (b"GET /ok HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n", b"400"),
        (b"GET /ok HTTP/1.1\r\n folded: x\r\n\r\n", b"400"),
        (b"GET /ok HTTP/1.1\nHost: a\n\n", b"400"),
        (b"GET /ok HTTP/1.1\r\n\r\n", b"400"),
        (b"GET /ok HTTP/2.0\r\nHost: a\r\n\r\n", b"505"),
        (CHUNKED % b"read" + b"0\r\n" + b"X: y\r\n" * 100_000, b"431"),
        (CHUNKED % b"read" + b"2;" + b"x" * 600_000, b"431"),
        (CHUNKED % b"read" + b"2\r\nabc", b"400"),
        (PUT % (b"read", 5) + b"abc" + b"defgh\r\n\r\n", b"400"),
        (PUT.replace(b"Host", b"Connection: upgrade\r\nUpgrade: x\r\nHost") % (b"read", 30), b"400"),
    ],
)  # fmt: skip
def test_requests_that_are_not_valid_are_rejected(server: Server, sent: bytes, status: bytes) -> None:
    response = asyncio.run(exchange(server[1], sent))
    assert response.split(b"HTTP/1.1 ")[-1].startswith(status)


@pytest.mark.parametrize(
    "sent",
    [b"nonsense\r\n\r\n", b"GET /ok HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n", b"GET /" + b"x" * 70_000],
)
def test_a_rejection_follows_the_responses_to_earlier_requests(server: Server, sent: bytes) -> None:
    """It would be taken for a part of a response otherwise."""
    app, port = server
    app.ended.clear()
    response = asyncio.run(exchange(port, GET % b"slow" + PUT % (b"read", 3) + b"abc", sent, pause=0.1))
    slow, read, rejection = response.split(b"HTTP/1.1 ")[1:]
    assert slow.endswith(b"\r\n\r\nok")
    assert read.endswith(b"\r\n\r\nok")
    assert rejection.startswith(b"4")
    assert app.ended == ["slow", "read"]


def test_nothing_is_processed_after_a_rejected_request(server: Server) -> None:
    app, port = server
    app.ended.clear()
    rejected = b"GET /ok HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n"
    response = asyncio.run(exchange(port, rejected + GET % b"ok"))
    assert response.count(b"HTTP/1.1 ") == 1
    assert not app.ended


def test_a_body_that_is_not_valid_ends_its_request(server: Server) -> None:
    app, port = server
    app.cancelled.clear()
    response = asyncio.run(exchange(port, CHUNKED % b"read", b"nonsense\r\n", pause=0.1))
    assert response.startswith(b"HTTP/1.1 400 ")
    assert app.cancelled == ["read"]


def test_the_body_of_an_upgrade_request_is_not_a_request(server: Server) -> None:
    """The parser does not read such a body; an attacker could hide a request from a proxy in it."""
    app, port = server
    app.ended.clear()
    upgrade = (
        b"PUT /ok HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\nContent-Length: 30\r\n\r\n"
    )
    response = asyncio.run(exchange(port, upgrade, GET % b"ok", pause=0.1))
    assert response.count(b"HTTP/1.1 ") == 1
    assert not app.ended


def test_an_upgrade_request_is_the_last_of_its_connection(server: Server) -> None:
    upgrade = b"GET /ok HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"
    response = asyncio.run(exchange(server[1], upgrade + GET % b"ok"))
    assert response.count(b"HTTP/1.1 200 ") == 1
    assert b"connection: close" in response


def test_trailers_are_not_headers(server: Server) -> None:
    app, port = server
    head = CHUNKED.replace(b"Host", b"Connection: close\r\nHost") % b"read"
    asyncio.run(exchange(port, head + b"0\r\nX-Trailer: a\r\n\r\n"))
    assert b"x-trailer" not in dict(app.headers)
