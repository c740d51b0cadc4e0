"""The gateway sends a request again only if no service can have seen it."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from tests.support.ports import free_port
from tests.support.processes import SERVICES, gateway

CONNECTIONS = 4


class CrashingHandler(BaseHTTPRequestHandler):
    """Responds, but closes the connections of requests below `/crash`, as a killed process does."""

    protocol_version = "HTTP/1.1"
    server: "CrashingService"

    def do_GET(self) -> None:
        """Respond, or close the connection."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.paths.append(self.path)
        if self.path.startswith("/crash"):
            self.close_connection = True
            return
        if self.path == "/together":
            self.server.together.wait(30)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_OPTIONS = do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815  # names that http.server calls

    def log_message(self, *args: Any) -> None:
        """Log nothing."""


class CrashingService(ThreadingHTTPServer):
    """An HTTP server in place of a service.

    Attributes:
        paths: the paths of the requests that it received.
        together: is passed when so many requests are in progress at the same time.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), CrashingHandler)
        self.paths: list[str] = []
        self.together = threading.Barrier(CONNECTIONS)


@pytest.fixture(scope="module")
def service() -> Iterator[CrashingService]:
    with CrashingService() as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def url(service: CrashingService) -> Iterator[str]:
    """URL of a gateway with two upstreams for each service, the second of which is not there."""
    ports = {name: [service.server_port, free_port()] for name in SERVICES}
    with gateway(free_port(), ports, BOKEH_CLOUD_GATEWAY_PATIENCE="3s") as url:
        yield url


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE"])
def test_a_request_that_crashes_a_process_is_not_sent_to_the_next_one(
    service: CrashingService, url: str, method: str
) -> None:
    """Neither on a new connection, nor after several have been used and kept."""
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        used = pool.map(lambda _: requests.get(url + "/together", timeout=30), range(CONNECTIONS))
        assert {response.status_code for response in used} == {200}
    response = requests.request(method, f"{url}/crash/{method}", timeout=30)
    assert response.status_code == 502
    assert service.paths.count(f"/crash/{method}") == 1


def test_a_request_that_was_not_sent_is_sent_to_the_next_process(url: str) -> None:
    for _ in range(10):
        assert requests.post(url + "/whoami", data=b"body", timeout=30).status_code == 200
