import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from bokeh_cloud.config.address import Address
from bokeh_cloud.connection import LONGEST_WAIT, Connection, _PatientRetry
from bokeh_cloud.errors import CloudError, NotFound, NotPermitted, Rejected, ServerUnreachable

from .inmemory import InMemoryCloud, Problem, listening

KEY = "bkp_secret"


class Script(BaseHTTPRequestHandler):
    """Answers as the list says, one entry a request; an empty one hangs up."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet an answer: two would wait 40 ms for each other
    answers: list[bytes]
    seen: list[tuple[str, bytes, dict[str, str]]]

    def any_method(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.seen.append((self.command, body, dict(self.headers)))
        answer = self.answers.pop(0)
        if answer:
            self.wfile.write(b"HTTP/1.1 " + answer)
        else:
            self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True

    do_GET = do_POST = do_PUT = any_method  # noqa: N815 - the names are http.server's

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - so is this one
        """Keep quiet."""


@pytest.fixture
def script() -> Iterator[tuple[Connection, type[Script]]]:
    bound = type("Bound", (Script,), {"answers": [], "seen": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), bound) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield Connection(Address(f"http://127.0.0.1:{server.server_port}", KEY)), bound
        server.shutdown()


def answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    # Closing without a word would race with the next request, which then costs a try.
    lines = [status, f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


OK = answer("200 OK", b"{}")
BUSY = answer("503 Busy", b"", "Retry-After: 0")
Scripted = tuple[Connection, type[Script]]


@pytest.mark.parametrize("trouble", [b"", BUSY])
@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
def test_lost_connections_and_503_are_tried_again(script: Scripted, method: str, trouble: bytes) -> None:
    connection, handler = script
    handler.answers[:] = [trouble, trouble, OK]
    assert connection.json(method, "/x", data=memoryview(b"body")) == {}
    assert [body for _, body, _ in handler.seen] == [b"body"] * 3


def test_a_server_that_stays_busy_is_unreachable(script: Scripted) -> None:
    connection, handler = script
    handler.answers[:] = [BUSY] * 9
    with pytest.raises(ServerUnreachable, match="503"):
        connection.request("GET", "/x")
    assert len(handler.seen) == 5


def test_other_failures_are_told_at_once(script: Scripted) -> None:
    connection, handler = script
    handler.answers[:] = [answer("500 Oops"), OK]
    with pytest.raises(Rejected, match="status 500"):
        connection.request("GET", "/x")


def test_nobody_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(ServerUnreachable, match=r"cannot be reached \(.*[Rr]efused") as failure:
        Connection(Address(url, KEY)).request("GET", "/x")
    assert url in str(failure.value)
    assert KEY not in str(failure.value)
    assert "0x" not in str(failure.value)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, NotPermitted), (403, NotPermitted), (404, NotFound), (409, Rejected), (422, Rejected)],
)
def test_the_servers_explanation_is_shown_without_the_key(status: int, kind: type[Rejected]) -> None:
    def refuse(method: str, path: str) -> None:
        raise Problem(status, "some-reason", f"The key {KEY} is odd.", extra=1)

    cloud = InMemoryCloud()
    cloud.trouble = refuse
    with (
        listening(cloud) as url,
        pytest.raises(kind, match=r"Some reason\. The key \(key\) is odd\.") as refusal,
    ):
        Connection(Address(url, KEY)).request("GET", "/whoami")
    assert (refusal.value.status, refusal.value.slug, refusal.value.problem["extra"]) == (
        status,
        "some-reason",
        1,
    )


def test_a_redirect_is_not_followed_with_the_key(script: Scripted) -> None:
    connection, handler = script
    handler.answers[:] = [answer("302 Found", b"", "Location: https://elsewhere.example/"), OK]
    with pytest.raises(Rejected, match=r"redirects to https://elsewhere\.example/"):
        connection.request("GET", "/x")
    assert len(handler.seen) == 1


@pytest.mark.parametrize("page", [answer("200 OK", b"<html>"), answer("404 Not Found", b"<html>")])
def test_another_kind_of_server_is_recognised(script: Scripted, page: bytes) -> None:
    connection, handler = script
    handler.answers[:] = [page]
    with pytest.raises(CloudError, match="not as a Bokeh Cloud"):
        connection.json("GET", "/whoami")


def test_the_key_is_a_bearer_and_cookies_are_not_kept(cloud: InMemoryCloud) -> None:
    connection = Connection(Address(cloud.url, KEY))
    for _ in range(2):
        connection.request("GET", "/whoami")
    assert [headers["authorization"] for headers in cloud.headers] == [f"Bearer {KEY}"] * 2
    assert not any("cookie" in headers for headers in cloud.headers)
    assert KEY not in repr(connection)


def test_the_environment_changes_no_request(cloud: InMemoryCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert Connection(Address(cloud.url)).json("GET", "/whoami")["user_id"] == "local"


def test_no_server_makes_a_person_wait_for_hours() -> None:
    class Answer:
        headers = {"Retry-After": "7200"}

    seconds = _PatientRetry().get_retry_after(Answer())  # type: ignore[arg-type] # only the headers are read
    assert seconds == LONGEST_WAIT
