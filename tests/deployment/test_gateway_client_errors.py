"""Errors of clients do not make the gateway regard a service as failed."""

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.support.ports import free_port
from tests.support.processes import SERVICES, gateway
from tests.support.waiting import wait_until

HEAD = b"PUT /ada/data/chunks/x HTTP/1.1\r\nHost: %b\r\n"

#: Requests that are aborted, or that the gateway cannot parse; the first are larger than what it buffers.
FAULTY_REQUESTS = {
    "aborted upload": HEAD + b"Content-Length: 200000\r\n\r\n" + bytes(100_000),
    "aborted chunked upload": HEAD + b"Transfer-Encoding: chunked\r\n\r\n20000\r\n" + bytes(100_000),
    "malformed chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n",
    "malformed chunk extension": HEAD + b"Transfer-Encoding: chunked\r\n\r\n2;a\n{}\r\n0\r\n\r\n",
    "oversized chunk extension": HEAD + b"Transfer-Encoding: chunked\r\n\r\n2;" + b"x" * 100_000,
}

CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"

#: Bodies whose chunks are not valid.
MALFORMED = {
    **{
        name: request
        for name, request in FAULTY_REQUESTS.items()
        if name.startswith(("malformed", "oversized"))
    },
    "no end of a chunk": CHUNKED + b"2\r\nabX\r\n0\r\n\r\n",
    "no hexadecimal length": CHUNKED + b"zz\r\n",
    "no length": CHUNKED + b"\r\n\r\n",
    "too large a length": CHUNKED + b"fffffffffffffffff\r\n",
    "many extensions": CHUNKED + b"".join(b"1;%b\r\na\r\n" for _ in range(300)),
    "trailer without a colon": CHUNKED + b"0\r\nX\r\n\r\n",
    "folded trailer": CHUNKED + b"0\r\n X: a\r\n\r\n",
    "trailer with a control character": CHUNKED + b"0\r\nX: \x01\r\n\r\n",
    "long trailer": CHUNKED + b"0\r\nX: " + b"a" * 300_000 + b"\r\n\r\n",
}

#: Bodies whose client sends no more, but still reads.
EARLY_ENDS = {
    "length": HEAD + b"Content-Length: 1000\r\n\r\nab",
    "chunked": CHUNKED + b"5\r\nhello\r\n",
    "in a chunk": CHUNKED + b"50\r\nhello",
    "before the trailer": CHUNKED + b"0\r\n",
    "in the trailer": CHUNKED + b"0\r\nX: a",
}

#: Responses of a service that the gateway cannot read.
UNREADABLE = {
    "none": b"",
    "part": b"HTTP/1.1 200 OK\r\nX",
    "invalid": b"HTTP/1.1 200 OK\r\nX\r\n\r\n",
}


class ReadingHandler(BaseHTTPRequestHandler):
    """Reads a body to its end, and counts bodies that end too early."""

    protocol_version = "HTTP/1.1"
    server: "ReadingService"

    def do_GET(self) -> None:
        """Respond."""
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_PUT(self) -> None:
        """Read until the gateway closes the connection."""
        self.rfile.read()
        self.server.aborted.release()
        self.close_connection = True

    def do_POST(self) -> None:
        """Send a response that cannot be read, of the name in the path."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.wfile.write(UNREADABLE[self.path.rpartition("/")[2]])
        self.close_connection = True

    def log_message(self, *args: Any) -> None:
        """Log nothing."""


class ReadingService(ThreadingHTTPServer):
    """An HTTP server in place of a service.

    Attributes:
        aborted: is released for each request whose body ended.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), ReadingHandler)
        self.aborted = threading.Semaphore(0)


@pytest.fixture(scope="module")
def service() -> Iterator[ReadingService]:
    with ReadingService() as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def url(service: ReadingService) -> Iterator[str]:
    """URL of a gateway that does not wait for a service that it regards as failed."""
    ports = {name: [service.server_port] for name in SERVICES}
    with gateway(free_port(), ports, BOKEH_CLOUD_GATEWAY_PATIENCE="0s") as url:
        wait_until(lambda: requests.get(url + "/ada/data", timeout=30).status_code == 200, 30)
        yield url


@pytest.mark.parametrize("sent", FAULTY_REQUESTS.values(), ids=FAULTY_REQUESTS)
def test_other_requests_are_forwarded_after_a_faulty_one(
    service: ReadingService, url: str, sent: bytes
) -> None:
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), 10) as connection:
        connection.sendall(sent % address.netloc.encode())
    assert service.aborted.acquire(timeout=10)
    for _ in range(5):
        assert requests.get(url + "/ada/data", timeout=30).status_code == 200


@pytest.mark.parametrize("sent", MALFORMED.values(), ids=MALFORMED)
def test_malformed_chunks_are_an_error_of_the_client(url: str, sent: bytes) -> None:
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), 10) as connection:
        connection.sendall(sent.replace(b"%b", address.netloc.encode(), 1).replace(b"%b", b"x" * 3000))
        head, _, body = read_to_end(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"Connection: close" in head
    assert b"Content-Type: application/problem+json" in head
    assert b"Retry-After" not in head
    assert json.loads(body)["status"] == 400


@pytest.mark.parametrize("sent", EARLY_ENDS.values(), ids=EARLY_ENDS)
def test_bodies_that_end_early_are_an_error_of_the_client(url: str, sent: bytes) -> None:
    """The gateway may notice the end of the body first, or that of the connection."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), 10) as connection:
        connection.sendall(sent % address.netloc.encode())
        connection.shutdown(socket.SHUT_WR)
        status = read_to_end(connection).split(b" ")[1]
    assert status in {b"400", b"499"}


@pytest.mark.parametrize("name", UNREADABLE)
def test_unreadable_responses_are_no_errors_of_the_client(url: str, name: str) -> None:
    assert requests.post(f"{url}/ada/data/{name}", data=b"a", timeout=30).status_code == 502


def read_to_end(connection: socket.socket) -> bytes:
    """Read until the gateway closes the connection."""
    received = b""
    try:
        while data := connection.recv(1 << 16):
            received += data
    except ConnectionResetError:  # it does not read the rest of the request
        pass
    return received
