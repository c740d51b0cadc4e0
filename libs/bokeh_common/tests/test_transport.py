"""The in-process transport, with `wsgiref.validate` between it and the app."""

import gzip
from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication
from wsgiref.validate import validator

import pytest
import requests

from bokeh_common.http.transport import WSGIAdapter


def session_for(app: WSGIApplication) -> requests.Session:
    session = requests.Session()
    session.mount("http://app/", WSGIAdapter(lambda: validator(app)))
    return session


def echo(environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Path", environ["PATH_INFO"])])
    return [environ["REQUEST_METHOD"].encode(), b" ", body]


def test_method_path_and_body_arrive() -> None:
    response = session_for(echo).post("http://app/a%20b?x=1", data=b"hello")
    assert response.status_code == 200
    assert response.content == b"POST hello"
    assert response.headers["X-Path"] == "/a b"


def test_unicode_path_is_latin1_of_its_utf8_bytes() -> None:
    response = session_for(echo).get("http://app/ä")
    assert response.headers["X-Path"].encode("latin-1").decode() == "/ä"


class Blocks:
    """An iterable that tells when it was closed, and how far it was read."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.read = 0
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(self.count):
            self.read += 1
            yield b"x" * 1000

    def close(self) -> None:
        self.closed = True


def streaming(blocks: Blocks) -> WSGIApplication:
    def app(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "application/octet-stream")])
        return blocks

    return app


def test_body_is_read_as_the_caller_reads_it_and_closed_with_the_response() -> None:
    blocks = Blocks(1000)
    response = session_for(streaming(blocks)).get("http://app/", stream=True)
    assert next(response.iter_content(1000)) == b"x" * 1000
    assert blocks.read < 1000
    response.close()
    assert blocks.closed


def test_body_is_whole() -> None:
    blocks = Blocks(50)
    assert len(session_for(streaming(blocks)).get("http://app/").content) == 50_000


def test_compressed_answer_is_unpacked_as_over_http() -> None:
    def app(environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Encoding", "gzip")])
        return [gzip.compress(b"hello")]

    assert session_for(app).get("http://app/").text == "hello"


def test_late_start_response_is_seen() -> None:
    def app(environ: dict[str, Any], start_response: StartResponse) -> Iterator[bytes]:
        start_response("201 Created", [("Content-Type", "text/plain")])
        yield b"late"

    assert session_for(app).get("http://app/").status_code == 201


def test_an_exception_of_the_app_reaches_the_caller() -> None:
    def app(environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
        raise LookupError("a fault of the app")

    with pytest.raises(LookupError, match="a fault of the app"):
        session_for(app).get("http://app/")
