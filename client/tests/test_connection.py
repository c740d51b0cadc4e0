import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from bokeh_cloud.config.address import ServerAddress
from bokeh_cloud.connection import MAX_RETRY_AFTER, Connection, _BoundedRetry
from bokeh_cloud.errors import CloudError, NotFound, NotPermitted, Rejected, ServerUnreachable

from .inmemory import InMemoryCloud, Problem, listening

KEY = "bkp_secret"


class Script(BaseHTTPRequestHandler):
    """Sends the responses of a list, one for each request; for an empty one it closes the connection."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # sends one packet per response; a second one would be delayed by 40 ms
    scripted: list[bytes]
    received: list[tuple[str, bytes, dict[str, str]]]

    def any_method(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.received.append((self.command, body, dict(self.headers)))
        response = self.scripted.pop(0)
        if response:
            self.wfile.write(b"HTTP/1.1 " + response)
        else:
            self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True

    do_GET = do_POST = do_PUT = any_method  # noqa: N815 - the names are http.server's

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - so is this one
        """Log nothing."""


@pytest.fixture
def script() -> Iterator[tuple[Connection, type[Script]]]:
    bound = type("Bound", (Script,), {"scripted": [], "received": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), bound) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield Connection(ServerAddress(f"http://127.0.0.1:{server.server_port}", KEY)), bound
        server.shutdown()


def response(status: str, body: bytes = b"", *headers: str) -> bytes:
    # Without this header, closing the connection races with the next request, which may then be retried.
    lines = [status, f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


OK = response("200 OK", b"{}")
BUSY = response("503 Busy", b"", "Retry-After: 0")
Scripted = tuple[Connection, type[Script]]


@pytest.mark.parametrize("failure", [b"", BUSY])
@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
def test_lost_connections_and_503_are_retried(script: Scripted, method: str, failure: bytes) -> None:
    connection, handler = script
    handler.scripted[:] = [failure, failure, OK]
    assert connection.json(method, "/x", data=memoryview(b"body")) == {}
    assert [body for _, body, _ in handler.received] == [b"body"] * 3


def test_a_server_that_remains_unavailable_is_unreachable(script: Scripted) -> None:
    connection, handler = script
    handler.scripted[:] = [BUSY] * 9
    with pytest.raises(ServerUnreachable, match="503"):
        connection.request("GET", "/x")
    assert len(handler.received) == 5


def test_other_errors_are_not_retried(script: Scripted) -> None:
    connection, handler = script
    handler.scripted[:] = [response("500 Oops"), OK]
    with pytest.raises(Rejected, match="status 500"):
        connection.request("GET", "/x")


def test_no_server_is_listening() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(ServerUnreachable, match=r"cannot be reached \(.*[Rr]efused") as failure:
        Connection(ServerAddress(url, KEY)).request("GET", "/x")
    assert url in str(failure.value)
    assert KEY not in str(failure.value)
    assert "0x" not in str(failure.value)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, NotPermitted), (403, NotPermitted), (404, NotFound), (409, Rejected), (422, Rejected)],
)
def test_the_servers_message_is_shown_without_the_key(status: int, kind: type[Rejected]) -> None:
    def refuse(method: str, path: str) -> None:
        raise Problem(status, "some-reason", f"The key {KEY} is odd.", extra=1)

    cloud = InMemoryCloud()
    cloud.before_request = refuse
    with (
        listening(cloud) as url,
        pytest.raises(kind, match=r"Some reason\. The key \(key\) is odd\.") as refusal,
    ):
        Connection(ServerAddress(url, KEY)).request("GET", "/whoami")
    assert (refusal.value.status, refusal.value.slug, refusal.value.problem["extra"]) == (
        status,
        "some-reason",
        1,
    )


def test_a_redirect_is_not_followed_with_the_key(script: Scripted) -> None:
    connection, handler = script
    handler.scripted[:] = [response("302 Found", b"", "Location: https://elsewhere.example/"), OK]
    with pytest.raises(Rejected, match=r"redirects to https://elsewhere\.example/"):
        connection.request("GET", "/x")
    assert len(handler.received) == 1


@pytest.mark.parametrize("page", [response("200 OK", b"<html>"), response("404 Not Found", b"<html>")])
def test_other_kinds_of_servers_are_recognised(script: Scripted, page: bytes) -> None:
    connection, handler = script
    handler.scripted[:] = [page]
    with pytest.raises(CloudError, match="not as a Bokeh Cloud"):
        connection.json("GET", "/whoami")


def test_the_key_is_sent_as_a_bearer_token_and_cookies_are_not_stored(cloud: InMemoryCloud) -> None:
    connection = Connection(ServerAddress(cloud.url, KEY))
    for _ in range(2):
        connection.request("GET", "/whoami")
    assert [headers["authorization"] for headers in cloud.headers] == [f"Bearer {KEY}"] * 2
    assert not any("cookie" in headers for headers in cloud.headers)
    assert KEY not in repr(connection)


def test_proxies_of_the_environment_are_not_used(
    cloud: InMemoryCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert Connection(ServerAddress(cloud.url)).json("GET", "/whoami")["user_id"] == "local"


def test_the_wait_before_a_retry_is_bounded() -> None:
    class Answer:
        headers = {"Retry-After": "7200"}

    seconds = _BoundedRetry().get_retry_after(Answer())  # type: ignore[arg-type] # only the headers are read
    assert seconds == MAX_RETRY_AFTER
