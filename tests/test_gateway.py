"""The gateway's Caddyfile, in a real Caddy, in front of services that tell who they are."""

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

import embedded
from tests.conftest import free_port
from tests.processes import SERVICES, gateway

PATHS = [
    "/", "/whoami", "/whoami/x", "/u/ada", "/u", "/static/assets/x.js", "/plots", "/plots/x/show",
    "/plots/data", "/data", "/data/x", "/data/keys", "/register", "/login", "/login/x", "/logout",
    "/account/keys", "/health/live", "/ada/keys", "/ada/keys/x", "/ada/keysx", "/ada/account/export",
    "/ada/audit", "/ada/plots", "/ada/plots/x/data", "/ada/objects/a.1,b.2", "/ada/store", "/ada/delete",
    "/ada/clone", "/ada/data", "/ada/data/chunks/x", "/ada/gc/run", "/ada/gcx", "/oembed", "/openapi.json",
    "/docs/api", "/problems/x", "/nothing", "/a/b/c", "/static", "/ada%2Fdata", "/ada/data/", "/terms",
    "/health/other",
]  # fmt: skip


class Naming(BaseHTTPRequestHandler):
    """Answers with the name of the service and the request's first line, as it came."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        asked: list[str] = self.server.asked  # type: ignore[attr-defined]  # it is a Service
        asked.append(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        read = len(self.rfile.read(length))
        told = {"service": self.server.name, "path": self.path, "read": read, "headers": dict(self.headers)}  # type: ignore[attr-defined]  # as above
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815  # the name that http.server looks for

    def log_message(self, *args: Any) -> None:
        pass


class Service(ThreadingHTTPServer):
    """A service that tells who it is."""

    daemon_threads = True

    def __init__(self, name: str) -> None:
        super().__init__(("127.0.0.1", 0), Naming)
        self.name = name
        self.asked: list[str] = []
        self.thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def __exit__(self, *args: Any) -> None:
        self.shutdown()
        self.server_close()


@pytest.fixture(scope="module")
def services() -> Iterator[dict[str, Service]]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(Service(name)) for name in SERVICES}


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gateway") / "output"


@pytest.fixture(scope="module")
def url(services: dict[str, Service], printed: Path) -> Iterator[str]:
    ports = {name: [service.server_port] for name, service in services.items()}
    with printed.open("wb") as output, gateway(free_port(), ports, output) as url:
        yield url


def expected(path: str) -> str:
    return next(name for pattern, name in embedded.ROUTES if re.fullmatch(pattern, path))


@pytest.mark.parametrize("path", PATHS)
def test_each_path_goes_where_the_embedded_cloud_sends_it_and_stays_as_it_is(url: str, path: str) -> None:
    answer = requests.get(url + path, timeout=30).json()
    decoded = path.replace("%2F", "/").replace("%61", "a")
    assert (answer["service"], answer["path"]) == (expected(decoded), path)


def raw(url: str, request: bytes) -> bytes:
    """Send bytes as they are, which requests would make proper; return the first line of the answer."""
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
def test_what_is_internal_is_not_there(services: dict[str, Service], url: str, path: str) -> None:
    before = {name: [p for p in s.asked if p != "/health/ready?of=self"] for name, s in services.items()}
    line = raw(url, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    assert b" 404 " in line
    assert before == {
        name: [p for p in s.asked if p != "/health/ready?of=self"] for name, s in services.items()
    }


def test_not_found_is_a_problem(url: str) -> None:
    answer = requests.get(url + "/internal/auth", timeout=30)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.json()["status"], answer.json()["type"]) == (404, "/problems/not-found")


def test_the_client_cannot_say_where_it_comes_from(url: str) -> None:
    forged = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil"}
    headers = requests.get(url + "/whoami", headers=forged, timeout=30).json()["headers"]
    assert "203.0.113.9" not in headers["X-Forwarded-For"]
    assert (headers["X-Forwarded-Proto"], headers["Host"]) == ("http", url.removeprefix("http://"))


def test_a_proxy_that_is_trusted_says_who_asks(services: dict[str, Service]) -> None:
    ports = {name: [service.server_port] for name, service in services.items()}
    trusted = "trusted_proxies static private_ranges"
    with gateway(free_port(), ports, BOKEH_CLOUD_GATEWAY_TRUSTED=trusted) as url:
        said = {"X-Forwarded-For": "198.51.100.1, 203.0.113.9"}  # what the client made up, and its address
        headers = requests.get(url + "/whoami", headers=said, timeout=30).json()["headers"]
    assert headers["X-Forwarded-For"] == "203.0.113.9"


def test_a_service_hears_of_a_small_request_when_it_is_whole(services: dict[str, Service], url: str) -> None:
    head = b"POST /eve/store HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n"
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), 30) as connection:
        connection.sendall(head[:20])
        assert "/eve/store" not in services["plots"].asked
        connection.sendall(head[20:] + b"ab")
        connection.settimeout(0.5)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        assert services["plots"].asked.count("/eve/store") == 0
        connection.settimeout(30)
        connection.sendall(b"cd")
        assert connection.makefile("rb").readline() == b"HTTP/1.1 200 OK\r\n"
    assert services["plots"].asked.count("/eve/store") == 1


def test_large_bodies_arrive_whole(url: str) -> None:
    assert requests.post(url + "/ada/data", data=bytes(3 << 20), timeout=30).json()["read"] == 3 << 20


def test_secrets_stay_out_of_the_log(url: str, printed: Path) -> None:
    headers = {
        "Authorization": "Bearer bkp_secret1",
        "Cookie": "session=bkc_secret2",
        "Referer": "x?share=secret3",
    }
    for path in (
        "/login/bko_secret4",
        "/plots/x/show?share=bkl_secret5",
        "/plots/x/embed?a=1&share=bkl_secret6&b=2",
    ):
        requests.get(url + path, headers=headers, timeout=30)
    requests.get(url + "/the-last-one", timeout=30)
    deadline = time.monotonic() + 10
    while "the-last-one" not in (log := printed.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert "secret" not in log
    assert "/login/REDACTED" in log
    assert "/embed?a=1&share=REDACTED&b=2" in log


def test_without_a_service_the_answer_says_when_to_come_back(url: str, services: dict[str, Service]) -> None:
    ports = {name: [free_port()] for name in SERVICES}
    with gateway(free_port(), ports, BOKEH_CLOUD_GATEWAY_PATIENCE="200ms") as alone:
        answer = requests.get(alone + "/ada/data", timeout=30)
    assert answer.status_code in {502, 503}
    assert answer.headers["Retry-After"] == "5"
    assert answer.json()["status"] == answer.status_code
