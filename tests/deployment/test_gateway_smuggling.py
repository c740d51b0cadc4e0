"""Requests in which others are hidden reach no service as two requests."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from tests.deployment.test_gateway import EchoService
from tests.support.ports import free_port
from tests.support.processes import SERVICES, gateway

HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n"
STORE = b"POST /ada/store HTTP/1.1\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"

#: Requests that proxies and servers read in different ways. The hidden one follows each of them.
AMBIGUOUS_REQUESTS = {
    "two lengths": STORE + b"Host: localhost\r\nContent-Length: 0\r\n"
    b"Content-Length: %d\r\n\r\n" % len(HIDDEN),
    "list of lengths": STORE + b"Host: localhost\r\nContent-Length: 0, %d\r\n\r\n" % len(HIDDEN),
    "length with a sign": STORE + b"Host: localhost\r\nContent-Length: +%d\r\n\r\n" % len(HIDDEN),
    "unknown coding": STORE + b"Host: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n",
    "two codings": STORE + b"Host: localhost\r\n" + CHUNKED * 2 + b"\r\n0\r\n\r\n",
    "space before the colon": STORE + b"Host: localhost\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "length with chunks": STORE + b"Host: localhost\r\nContent-Length: 5\r\nConnection: close\r\n"
    + CHUNKED + b"\r\n0\r\n\r\n",
    "chunks in HTTP/1.0": b"POST /ada/store HTTP/1.0\r\nHost: localhost\r\n" + CHUNKED + b"\r\n0\r\n\r\n",
    "upgrade with a body": STORE + b"Host: localhost\r\nConnection: Upgrade\r\nUpgrade: x\r\n"
    b"Content-Length: %d\r\n\r\n" % len(HIDDEN),
    "body of a GET": b"GET /ada/data HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(HIDDEN),
    "negative chunk": STORE + b"Host: localhost\r\n" + CHUNKED + b"\r\n-1\r\n",
    "chunk without its end": STORE + b"Host: localhost\r\n" + CHUNKED + b"\r\n2\r\nabX\r\n0\r\n\r\n",
    "trailer without a colon": STORE + b"Host: localhost\r\n" + CHUNKED + b"\r\n0\r\nX\r\n\r\n",
    "chunk extension across lines": STORE + b"Host: localhost\r\n" + CHUNKED + b"\r\n2;a\n{}\r\n0\r\n\r\n",
    "two hosts": b"GET /ada/data HTTP/1.1\r\nHost: localhost\r\nHost: b\r\n\r\n",
    "folded first header": b"GET /ada/data HTTP/1.1\r\n Host: localhost\r\nHost: b\r\n\r\n",
}  # fmt: skip


@pytest.fixture(scope="module")
def cloud() -> Iterator[tuple[str, list[EchoService]]]:
    """URL of a gateway, and the services behind it."""
    with ExitStack() as stack:
        services = [stack.enter_context(EchoService(name)) for name in SERVICES]
        ports = {service.name: [service.server_port] for service in services}
        yield stack.enter_context(gateway(free_port(), ports)), services


def exchange(url: str, sent: bytes) -> bytes:
    """Send bytes, and return everything until the gateway closes the connection or waits for more."""
    address = urlsplit(url)
    received = b""
    with socket.create_connection((address.hostname, address.port), 10) as connection:
        connection.sendall(sent)
        connection.settimeout(0.3)
        try:
            while data := connection.recv(1 << 16):
                received += data
        except (TimeoutError, ConnectionResetError):
            pass
    return received


def test_pipelined_requests_reach_their_services(cloud: tuple[str, list[EchoService]]) -> None:
    assert exchange(cloud[0], HIDDEN * 2).count(b"HTTP/1.1 200") == 2
    assert sum(service.paths.count("/hidden") for service in cloud[1]) == 2


@pytest.mark.parametrize("sent", AMBIGUOUS_REQUESTS.values(), ids=AMBIGUOUS_REQUESTS)
def test_a_hidden_request_reaches_no_service(cloud: tuple[str, list[EchoService]], sent: bytes) -> None:
    url, services = cloud
    for service in services:
        service.paths.clear()
    assert exchange(url, sent + HIDDEN).count(b"HTTP/1.") == 1
    assert not [path for service in services for path in service.paths if path == "/hidden"]
