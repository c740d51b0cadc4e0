"""The path router."""

import json
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication

import pytest
import requests

from bokeh_common.http.gateway import Gateway
from bokeh_common.http.transport import WSGIAdapter


def named(name: str) -> WSGIApplication:
    def app(environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [f"{name} {environ['PATH_INFO']}".encode()]

    return app


@pytest.fixture
def session() -> requests.Session:
    gateway = Gateway([(r"/|/static/.*", named("web")), (r"/(?!internal/)[^/]+/data(/.*)?", named("data"))])
    session = requests.Session()
    session.mount("http://cloud/", WSGIAdapter(lambda: gateway))
    return session


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/", "web /"),
        ("/static/a.js", "web /static/a.js"),
        ("/ada/data", "data /ada/data"),
        ("/ada/data/x", "data /ada/data/x"),
    ],
)
def test_paths_reach_their_app_unchanged(session: requests.Session, path: str, answer: str) -> None:
    assert session.get(f"http://cloud{path}").text == answer


@pytest.mark.parametrize(
    "path", ["/ada/database", "/internal/data", "/internal/data/x", "/nothing", "//ada/data"]
)
def test_other_paths_are_nobodys(session: requests.Session, path: str) -> None:
    response = session.get(f"http://cloud{path}")
    assert response.status_code == 404
    assert json.loads(response.content)["type"] == "/problems/not-found"


def test_head_gets_no_body() -> None:
    given: list[Any] = []
    environ = {"REQUEST_METHOD": "HEAD", "PATH_INFO": "/nothing"}
    body = Gateway([])(environ, lambda *answer: given.append(answer))  # type: ignore[arg-type]  # nobody writes
    assert given[0][0] == "404 Not Found"
    assert b"".join(body) == b""
