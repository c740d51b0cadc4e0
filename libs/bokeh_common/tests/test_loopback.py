"""The guard of a key-less server."""

from typing import Any

import pytest

from bokeh_common.http.loopback import LoopbackOnly, is_loopback


def status_of(**environ: str) -> str:
    statuses: list[str] = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return []

    full = {"wsgi.url_scheme": "http", "REQUEST_METHOD": "GET", "PATH_INFO": "/local/plots", **environ}

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        statuses.append(status)

    LoopbackOnly(app, r"/static/.*")(full, start_response)
    return statuses[0]


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:5006", "127.0.0.1:5006", "[::1]:5006", "a.localhost:1"]
)
def test_this_machine_is_let_in(host: str) -> None:
    assert status_of(HTTP_HOST=host) == "200 OK"


@pytest.mark.parametrize(
    "host",
    [
        "",
        "[::1",
        "a@localhost",
        "localhost:x",
        "example.com",
        "localhost.example.com",
        "192.168.1.2:5006",
        "127.0.0.1.example",
    ],
)
def test_a_rebound_name_is_refused(host: str) -> None:
    assert status_of(HTTP_HOST=host) == "403 Forbidden"


def test_own_pages_are_let_in() -> None:
    assert status_of(HTTP_HOST="localhost:5006", HTTP_ORIGIN="http://localhost:5006") == "200 OK"


@pytest.mark.parametrize(
    "origin", ["http://example.com", "null", "http://localhost:8888", "https://localhost:5006"]
)
def test_other_sites_are_refused(origin: str) -> None:
    assert status_of(HTTP_HOST="localhost:5006", HTTP_ORIGIN=origin) == "403 Forbidden"


def test_other_sites_with_a_token_of_their_own_are_let_through_to_be_checked() -> None:
    assert status_of(HTTP_HOST="localhost", HTTP_ORIGIN="null", HTTP_AUTHORIZATION="Bearer x") == "200 OK"


def test_open_paths_and_preflights_are_let_through() -> None:
    assert status_of(HTTP_HOST="localhost", HTTP_ORIGIN="null", PATH_INFO="/static/a.js") == "200 OK"
    assert status_of(HTTP_HOST="localhost", HTTP_ORIGIN="null", REQUEST_METHOD="OPTIONS") == "200 OK"


def test_is_loopback() -> None:
    assert is_loopback("127.8.9.1")
    assert not is_loopback("0.0.0.0")
