"""The gateway's Caddyfile, in Caddy, in front of services that respond with their names."""

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from bokeh_cloud_server import embedded
from tests import ROOT
from tests.support.ports import free_port
from tests.support.processes import SERVICES, gateway
from tests.support.waiting import wait_until

PATHS = [
    "/", "/whoami", "/whoami/x", "/u/ada", "/u", "/static/assets/x.js", "/plots", "/plots/x/show",
    "/plots/data", "/data", "/data/x", "/data/keys", "/register", "/login", "/login/x", "/logout",
    "/account/keys", "/health/live", "/ada/keys", "/ada/keys/x", "/ada/keysx", "/ada/account/export",
    "/ada/audit", "/ada/plots", "/ada/plots/x/data", "/ada/objects/a.1,b.2", "/ada/store", "/ada/delete",
    "/ada/clone", "/ada/data", "/ada/data/chunks/x", "/ada/gc/run", "/ada/gcx", "/oembed", "/openapi.json",
    "/docs/api", "/problems/x", "/nothing", "/a/b/c", "/static", "/ada%2Fdata", "/ada/data/", "/terms",
    "/health/other", "/simple/", "/simple/bokeh-cloud/", "/simple/data/", "/simple",
    "/docs", "/docs/data", "/docs/api/data",
]  # fmt: skip


class EchoHandler(BaseHTTPRequestHandler):
    """Responds with the name of the service and the path, body size and headers that it received."""

    protocol_version = "HTTP/1.1"
    server: "EchoService"

    def do_GET(self) -> None:
        """Respond to a request of any method."""
        self.server.paths.append(self.path)
        read = len(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        content = {
            "service": self.server.name,
            "path": self.path,
            "read": read,
            "headers": dict(self.headers),
        }
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815  # the name that http.server looks for

    def log_message(self, *args: Any) -> None:
        """Log nothing."""


class EchoService(ThreadingHTTPServer):
    """An HTTP server in place of a service.

    Attributes:
        name: the name of the service.
        paths: the paths of the requests that it received.
    """

    daemon_threads = True

    def __init__(self, name: str, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), EchoHandler)
        self.name = name
        self.paths: list[str] = []
        self.thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def __exit__(self, *args: Any) -> None:
        self.shutdown()
        self.server_close()


@pytest.fixture(scope="module")
def services() -> Iterator[dict[str, EchoService]]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(EchoService(name)) for name in SERVICES}


@pytest.fixture(scope="module")
def log_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gateway") / "output"


@pytest.fixture(scope="module")
def url(services: dict[str, EchoService], log_file: Path) -> Iterator[str]:
    ports = {name: [service.server_port] for name, service in services.items()}
    with log_file.open("wb") as output, gateway(free_port(), ports, output) as url:
        yield url


def service_of(path: str) -> str:
    return next(name for pattern, name in embedded.ROUTES if re.fullmatch(pattern, path))


@pytest.mark.parametrize("path", PATHS)
def test_paths_are_routed_unchanged_to_the_service_that_the_embedded_cloud_routes_them_to(
    url: str, path: str
) -> None:
    response = requests.get(url + path, timeout=30).json()
    decoded = path.replace("%2F", "/").replace("%61", "a")
    assert (response["service"], response["path"]) == (service_of(decoded), path)


def send_raw(url: str, request: bytes) -> bytes:
    """Send bytes that `requests` would normalise; return the first line of the response."""
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), 30) as connection:
        connection.sendall(request)
        return connection.makefile("rb").readline()


INTERNAL = [
    "/internal", "/internal/", "/internal/auth/introspection", "//internal/auth", "/%69nternal/data",
    "/metrics", "/./internal/plots", "/ada/../internal/plots", "/ada/%2e%2E/internal/plots",
    "/internal/../ada/data", "/internal/plots/../../ada/data", "/ada/data/..", "/ada/data/%2e%2e",
    "/ada/data/.?x",
]  # fmt: skip


@pytest.mark.parametrize("path", INTERNAL)
def test_internal_routes_are_not_reachable(services: dict[str, EchoService], url: str, path: str) -> None:
    def received() -> dict[str, list[str]]:
        return {name: [p for p in s.paths if p != "/health/ready?of=self"] for name, s in services.items()}

    before = received()
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    assert b" 404 " in send_raw(url, request)
    assert received() == before


def test_404_of_the_gateway_is_a_problem(url: str) -> None:
    response = requests.get(url + "/internal/auth", timeout=30)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert (response.json()["status"], response.json()["type"]) == (404, "/problems/not-found")


def test_forwarding_headers_of_the_client_are_ignored(url: str) -> None:
    forged = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil"}
    headers = requests.get(url + "/whoami", headers=forged, timeout=30).json()["headers"]
    assert "203.0.113.9" not in headers["X-Forwarded-For"]
    assert (headers["X-Forwarded-Proto"], headers["Host"]) == ("http", url.removeprefix("http://"))


def test_the_client_address_of_a_trusted_proxy_is_used(services: dict[str, EchoService]) -> None:
    ports = {name: [service.server_port] for name, service in services.items()}
    trusted = "trusted_proxies static private_ranges"
    with gateway(free_port(), ports, BOKEH_CLOUD_GATEWAY_TRUSTED=trusted) as url:
        forwarded = {"X-Forwarded-For": "198.51.100.1, 203.0.113.9"}  # forged by the client; its address
        headers = requests.get(url + "/whoami", headers=forwarded, timeout=30).json()["headers"]
    assert headers["X-Forwarded-For"] == "203.0.113.9"


def test_a_body_is_forwarded_as_it_arrives(services: dict[str, EchoService], url: str) -> None:
    """The services limit how slow clients may be, and how many requests a client may have in progress."""
    head = b"POST /eve/store HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n"
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), 30) as connection:
        connection.sendall(head + b"ab")
        wait_until(lambda: "/eve/store" in services["plots"].paths, 10)
        connection.sendall(b"cd")
        assert connection.makefile("rb").readline() == b"HTTP/1.1 200 OK\r\n"
    assert services["plots"].paths.count("/eve/store") == 1


@pytest.mark.parametrize("size", [100, 3 << 20])
def test_a_request_waits_with_its_body_for_a_service_that_restarts(size: int) -> None:
    port = free_port()
    with (
        gateway(free_port(), {name: [port] for name in SERVICES}) as url,
        ThreadPoolExecutor() as pool,
    ):
        response = pool.submit(requests.post, url + "/ada/data", data=bytes(size), timeout=30)
        time.sleep(0.5)
        assert not response.done()
        with EchoService("data", port):
            assert response.result().json()["read"] == size


def test_large_bodies_are_forwarded_completely(url: str) -> None:
    assert requests.post(url + "/ada/data", data=bytes(3 << 20), timeout=30).json()["read"] == 3 << 20


def test_the_log_has_no_secrets(url: str, log_file: Path) -> None:
    headers = {
        "Authorization": "Bearer bkp_secret1",
        "Cookie": "session=bkc_secret2",
        "Referer": "x?share=secret3",
    }
    for path in (
        "/login/bko_secret4",
        "/plots/x/show?share=bkl_secret5",
        "/plots/x/embed?a=1&share=bkl_secret6&b=2",
        "/ada/plots/bkp_secret7",
        "/bkv%5Fsecret8/x",
        "/x?next=%62%6b%6C%5fsecret9&c=3",
        "/x?next=bkl%25255Fsecret10#y",
        "/bKl_secret11",
        "/plots/x/show?%73hare=bkl_secret12",
    ):
        requests.get(url + path, headers=headers, timeout=30)
    send_raw(url, b"GET / HTTP/1.1\r\nHost: bkl_secret13.example.com\r\nConnection: close\r\n\r\n")
    requests.get(url + "/the-last-one", timeout=30)
    wait_until(lambda: "the-last-one" in log_file.read_text(), 10)
    log = log_file.read_text()
    assert "secret" not in log
    assert "/login/REDACTED" in log
    assert "/embed?a=1&share=REDACTED&b=2" in log
    assert "/x?next=REDACTED&c=3" in log
    assert "/REDACTED/x" in log


def test_the_error_for_an_unavailable_service_says_when_to_retry(
    url: str, services: dict[str, EchoService]
) -> None:
    ports = {name: [free_port()] for name in SERVICES}
    with gateway(free_port(), ports, BOKEH_CLOUD_GATEWAY_PATIENCE="200ms") as alone:
        response = requests.get(alone + "/ada/data", timeout=30)
    assert response.status_code in {502, 503}
    assert response.headers["Retry-After"] == "5"
    assert response.json()["status"] == response.status_code


def test_the_health_of_the_gateway_does_not_depend_on_services() -> None:
    """Otherwise an upgrade of the services would restart the gateway, or fail."""
    ports = {name: [free_port()] for name in SERVICES}
    with gateway(free_port(), ports) as alone:
        assert requests.get(alone + "/health/gateway", timeout=2).status_code == 204


@pytest.mark.parametrize(
    "probe",
    [
        ("compose.yaml", "http://127.0.0.1:8080/health/gateway"),
        ("deploy/kubernetes/gateway.yaml", "httpGet: {path: /health/gateway,"),
        ("deploy/azure/main.bicep", "ready: '/health/gateway'\n    live: '/health/gateway'"),
    ],
)
def test_probes_of_the_gateway_ask_for_its_own_health(probe: tuple[str, str]) -> None:
    path, text = probe
    assert text in (ROOT / path).read_text()
