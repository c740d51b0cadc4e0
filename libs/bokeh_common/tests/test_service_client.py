"""Requests to other services: errors are translated, outages bridged, and no state kept between users."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Coroutine
from typing import Any

import httpx
import pytest

from bokeh_common.errors import Invalid, NotFound, Unavailable
from bokeh_common.http.client import outage
from bokeh_common.http.client.service_client import ServiceClient, path


def client_of(
    status: int, body: bytes, headers: dict[str, str] | None = None
) -> tuple[ServiceClient, list[httpx.Request]]:
    requests: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(
            status, content=body, headers={"Content-Type": "application/json", **(headers or {})}
        )

    return ServiceClient("http://service", httpx.MockTransport(respond)), requests


def run(*calls: Coroutine[Any, Any, Any]) -> Any:
    """Run coroutines one after the other on one event loop; return the result of the last one."""

    async def run_all() -> Any:
        return [await call for call in calls][-1]

    return asyncio.run(run_all())


def test_json_is_returned_and_parameters_that_are_none_are_omitted() -> None:
    client, requests = client_of(200, b'{"a": 1}')
    assert run(client.get("/x", version=3, other=None)) == {"a": 1}
    assert requests[0].url.query == b"version=3"


def test_a_problem_is_translated_back_to_its_error() -> None:
    problem = {"type": "/problems/missing-chunks", "detail": "upload them", "missing": ["a"], "status": 422}
    client, _ = client_of(422, json.dumps(problem).encode())
    with pytest.raises(Invalid, match="upload them") as caught:
        run(client.post("/x", {}))
    assert caught.value.kind == "missing-chunks"
    assert caught.value.members == {"missing": ["a"]}


def test_an_error_without_a_problem_is_translated_by_its_status() -> None:
    with pytest.raises(NotFound):
        run(client_of(404, b"<html>")[0].get("/x"))


def test_an_unexpected_error_of_a_service_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="500"):
        run(client_of(500, b"{}")[0].get("/x"))


class RestartingServer:
    """A server that listens after a while, and closes the connections of its first requests."""

    def __init__(self, disconnects: int = 0) -> None:
        self.received: list[str] = []
        self.disconnects = disconnects
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        time.sleep(0.3)
        with socket.create_server(("127.0.0.1", self.port)) as listener:
            for _ in range(self.disconnects + 1):
                connection, _ = listener.accept()
                with connection:
                    self.received.append(connection.recv(65536).split(b" ", 1)[0].decode())
                    if len(self.received) > self.disconnects:
                        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")


def test_a_long_outage_is_unavailable_and_not_waited_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outage, "MAX_OUTAGE_SECONDS", 0.3)
    client, before = ServiceClient("http://127.0.0.1:1"), time.monotonic()
    with pytest.raises(Unavailable, match="does not respond"):
        run(client.get("/x"))
    assert time.monotonic() - before >= 0.3
    before = time.monotonic()
    with pytest.raises(Unavailable):  # does not wait again in the same outage
        run(client.post("/x", {}))
    assert time.monotonic() - before < 0.3


def test_an_outage_whose_end_was_not_seen_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client of the last request may have hung up before the service responded."""
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    current = outage.Outage()
    assert current.record()
    now += outage.MAX_OUTAGE_SECONDS + 1
    assert not current.record(), "it is the same outage"
    now += outage.FORGET_SECONDS + 1
    assert current.record(), "it is another one"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_requests_wait_for_a_service_that_restarts(method: str) -> None:
    server = RestartingServer()
    assert run(ServiceClient(f"http://127.0.0.1:{server.port}").send_bytes(method, "/x")) == b"{}"
    assert server.received == [method]


def test_idempotent_requests_are_retried() -> None:
    server = RestartingServer(disconnects=1)
    assert run(ServiceClient(f"http://127.0.0.1:{server.port}").send_bytes("GET", "/x")) == b"{}"
    assert server.received == ["GET", "GET"]


def test_idempotent_posts_are_retried() -> None:
    server = RestartingServer(disconnects=1)
    client = ServiceClient(f"http://127.0.0.1:{server.port}")
    assert run(client.post("/x", {}, idempotent=True)) == {}
    assert server.received == ["POST", "POST"]


def test_other_requests_are_not_retried_once_they_were_sent() -> None:
    server = RestartingServer(disconnects=1)
    with pytest.raises(Unavailable):
        run(ServiceClient(f"http://127.0.0.1:{server.port}").send_bytes("POST", "/x"))
    assert server.received == ["POST"]


def test_health_checks_do_not_wait() -> None:
    with pytest.raises(Unavailable):
        run(ServiceClient("http://127.0.0.1:1").check_health())
    run(client_of(200, b"{}")[0].check_health())


@pytest.mark.parametrize("segment", ["a?b", "a#b", "a/b", "a%2fb", "../a", "ä", "a b"])
def test_segments_of_a_path_are_encoded(segment: str) -> None:
    client, requests = client_of(200, b"{}")
    run(client.get(path("internal", segment, "x")))
    assert requests[0].url.path == f"/internal/{segment}/x"
    assert requests[0].url.query == b""


@pytest.mark.parametrize("segment", ["", ".", ".."])
def test_dot_segments_are_not_found(segment: str) -> None:
    with pytest.raises(NotFound):
        path("internal", segment)


def test_cookies_are_not_kept() -> None:
    client, requests = client_of(200, b"{}", {"Set-Cookie": "session=secret; Path=/"})
    run(client.get("/x"), client.get("/x"))
    assert "Cookie" not in requests[1].headers


def test_authorization_is_sent_for_its_request_only() -> None:
    client, requests = client_of(200, b"{}")
    run(client.get("/x", authorization="Bearer a"), client.get("/x"))
    assert requests[0].headers["Authorization"] == "Bearer a"
    assert "Authorization" not in requests[1].headers
