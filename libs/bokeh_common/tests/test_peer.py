"""Asking a peer: its errors in the domain's words, and nothing kept between two users."""

import json
from typing import Any
from wsgiref.types import StartResponse

import pytest

from bokeh_common.errors import Invalid, NotFound, Unavailable
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


def test_no_peer_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        Peer("http://127.0.0.1:1").get("/x")


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
