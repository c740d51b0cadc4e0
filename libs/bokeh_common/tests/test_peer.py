"""Asking a peer: its errors in the domain's words, and nothing kept between two users."""

import json
import socket
import threading
import time
from typing import Any
from wsgiref.types import StartResponse

import pytest

from bokeh_common.errors import Invalid, NotFound, Unavailable
from bokeh_common.http import peer as peer_module
from bokeh_common.http.peer import Peer, path
from bokeh_common.http.transport import WSGIAdapter


def peer_answering(
    status: str, body: bytes, headers: list[tuple[str, str]] | None = None
) -> tuple[Peer, list[Any]]:
    seen: list[Any] = []

    def app(environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
        seen.append(environ)
        start_response(status, [("Content-Type", "application/json"), *(headers or [])])
        return [body]

    return Peer("http://peer", WSGIAdapter(lambda: app)), seen


def test_json_and_parameters() -> None:
    peer, seen = peer_answering("200 OK", b'{"a": 1}')
    assert peer.get("/x", version=3, other=None) == {"a": 1}
    assert seen[0]["QUERY_STRING"] == "version=3"


def test_problem_becomes_the_error_it_was() -> None:
    problem = {"type": "/problems/missing-chunks", "detail": "upload them", "missing": ["a"], "status": 422}
    peer, _ = peer_answering("422 Unprocessable Entity", json.dumps(problem).encode())
    with pytest.raises(Invalid, match="upload them") as caught:
        peer.post("/x", {})
    assert caught.value.kind == "missing-chunks"
    assert caught.value.members == {"missing": ["a"]}


def test_error_without_problem() -> None:
    with pytest.raises(NotFound):
        peer_answering("404 Not Found", b"<html>")[0].get("/x")


def test_a_failing_peer_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="500"):
        peer_answering("500 Internal Server Error", b"{}")[0].get("/x")


class Restarting:
    """A peer that listens after a while, and hangs up on its first requests."""

    def __init__(self, hang_ups: int = 0) -> None:
        self.asked: list[str] = []
        self.hang_ups = hang_ups
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        time.sleep(0.3)
        with socket.create_server(("127.0.0.1", self.port)) as listener:
            for _ in range(self.hang_ups + 1):
                connection, _ = listener.accept()
                with connection:
                    self.asked.append(connection.recv(65536).split(b" ", 1)[0].decode())
                    if len(self.asked) > self.hang_ups:
                        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")


def test_no_peer_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer_module, "PATIENCE_SECONDS", 0.3)
    peer, before = Peer("http://127.0.0.1:1"), time.monotonic()
    with pytest.raises(Unavailable, match="does not answer"):
        peer.get("/x")
    assert time.monotonic() - before >= 0.3
    before = time.monotonic()
    with pytest.raises(Unavailable):  # nobody waits again for one that is gone for good
        peer.post("/x", {})
    assert time.monotonic() - before < 0.3


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_peer_that_restarts_is_waited_for(method: str) -> None:
    restarting = Restarting()
    assert Peer(f"http://127.0.0.1:{restarting.port}").raw(method, "/x") == b"{}"
    assert restarting.asked == [method]


def test_who_hangs_up_is_asked_again_what_may_be_asked_twice() -> None:
    restarting = Restarting(hang_ups=1)
    assert Peer(f"http://127.0.0.1:{restarting.port}").raw("GET", "/x") == b"{}"
    assert restarting.asked == ["GET", "GET"]


def test_what_may_have_been_done_is_not_done_twice() -> None:
    restarting = Restarting(hang_ups=1)
    with pytest.raises(Unavailable):
        Peer(f"http://127.0.0.1:{restarting.port}").raw("POST", "/x")
    assert restarting.asked == ["POST"]


def test_whether_a_peer_is_alive_is_told_at_once() -> None:
    with pytest.raises(Unavailable):
        Peer("http://127.0.0.1:1").alive()
    peer_answering("200 OK", b"{}")[0].alive()


@pytest.mark.parametrize("segment", ["a?b", "a#b", "a/b", "a%2fb", "../a", "ä", "a b"])
def test_a_segment_of_a_path_stays_one(segment: str) -> None:
    peer, seen = peer_answering("200 OK", b"{}")
    peer.get(path("internal", segment, "x"))
    assert seen[0]["PATH_INFO"].encode("latin-1").decode() == f"/internal/{segment}/x"
    assert seen[0]["QUERY_STRING"] == ""


@pytest.mark.parametrize("segment", ["", ".", ".."])
def test_a_dot_segment_names_nothing(segment: str) -> None:
    with pytest.raises(NotFound):
        path("internal", segment)


def test_a_cookie_of_one_request_is_not_sent_with_the_next() -> None:
    peer, seen = peer_answering("200 OK", b"{}", [("Set-Cookie", "session=secret; Path=/")])
    peer.get("/x")
    peer.get("/x")
    assert "HTTP_COOKIE" not in seen[1]


def test_authorization_is_sent_for_its_request_only() -> None:
    peer, seen = peer_answering("200 OK", b"{}")
    peer.get("/x", authorization="Bearer a")
    peer.get("/x")
    assert seen[0]["HTTP_AUTHORIZATION"] == "Bearer a"
    assert "HTTP_AUTHORIZATION" not in seen[1]
