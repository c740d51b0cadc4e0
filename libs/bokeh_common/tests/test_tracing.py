"""Ids of requests and traces."""

from typing import Any

import falcon
import pytest
from falcon import testing

from bokeh_common.http.app import new_app
from bokeh_common.http.auth import OPEN, Authenticator
from bokeh_common.http.peer import Peer
from bokeh_common.http.tracing import current, trace_of
from bokeh_common.http.transport import WSGIAdapter

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = f"00-{TRACE}-{SPAN}-01"


class Seen:
    access = {"GET": OPEN}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.media = dict(req.headers)


class Asking:
    access = {"GET": OPEN}

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        before = current()
        resp.media = self._peer.get("/seen")
        assert current() == before


@pytest.fixture
def client() -> testing.TestClient:
    behind = new_app(Authenticator(lambda token: None), {})
    behind.add_route("/seen", Seen())
    app = new_app(Authenticator(lambda token: None), {})
    app.add_route("/", Asking(Peer("http://behind", WSGIAdapter(lambda: behind))))
    return testing.TestClient(app)


def ask(client: testing.TestClient, path: str = "/", **headers: str) -> Any:
    return client.simulate_get(path, headers={name.replace("_", "-"): v for name, v in headers.items()})


def test_both_go_on_to_the_next_service(client: testing.TestClient) -> None:
    answer = ask(client, X_Request_Id="abc-1", traceparent=PARENT, tracestate="a=1,b=2")
    assert answer.headers["x-request-id"] == answer.json["X-REQUEST-ID"] == "abc-1"
    version, trace, span, flags = answer.json["TRACEPARENT"].split("-")
    assert (version, trace, flags) == ("00", TRACE, "01")
    assert span != SPAN
    assert answer.json["TRACESTATE"] == "a=1,b=2"


def test_they_are_begun_where_there_are_none(client: testing.TestClient) -> None:
    first, second = ask(client), ask(client)
    assert first.headers["x-request-id"] == first.json["X-REQUEST-ID"] != second.headers["x-request-id"]
    assert first.json["TRACEPARENT"] != second.json["TRACEPARENT"]
    assert "TRACESTATE" not in first.json


def test_a_problem_has_its_request(client: testing.TestClient) -> None:
    answer = ask(client, "/nothing", X_Request_Id="abc-2")
    assert answer.headers["x-request-id"] == "abc-2"
    assert answer.status_code == 404
    assert current() is None


@pytest.mark.parametrize("wrong", ["", "a b", "x" * 65, "a\u00fc", "a,b", "<script>"])
def test_ids_that_are_none(wrong: str) -> None:
    assert trace_of(wrong, None, None).request_id != wrong


@pytest.mark.parametrize(
    "wrong",
    [
        "", "x", PARENT[:-1], PARENT + "0", PARENT.upper(), "ff" + PARENT[2:],
        f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-{'0' * 16}-01",
    ],
)  # fmt: skip
def test_traceparents_that_are_none(wrong: str) -> None:
    trace = trace_of(None, wrong, "a=1")
    assert trace.trace_id != TRACE
    assert trace.state == ""


def test_a_traceparent_of_a_later_version() -> None:
    assert trace_of(None, f"01-{TRACE}-{SPAN}-01-more", None).trace_id == TRACE
