"""Request ids and traces."""

from typing import Any

import pytest
from falcon import testing
from falcon.asgi import Request, Response

from bokeh_common.http.auth.access import OPEN
from bokeh_common.http.client.app_transport import AppTransport
from bokeh_common.http.client.service_client import ServiceClient
from bokeh_common.http.context.trace import continue_trace, current_trace

from .open_app import new_open_app

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = f"00-{TRACE}-{SPAN}-01"


class EchoResource:
    access = {"GET": OPEN}

    async def on_get(self, req: Request, resp: Response) -> None:
        resp.media = dict(req.headers)


class CallingResource:
    access = {"GET": OPEN}

    def __init__(self, client: ServiceClient) -> None:
        self._peer = client

    async def on_get(self, req: Request, resp: Response) -> None:
        before = current_trace()
        resp.media = await self._peer.get("/seen")
        assert current_trace() == before


@pytest.fixture
def client() -> testing.TestClient:
    other = new_open_app()
    other.add_route("/seen", EchoResource())
    app = new_open_app()
    app.add_route("/", CallingResource(ServiceClient("http://other", AppTransport(lambda: other))))
    return testing.TestClient(app)


def get(client: testing.TestClient, path: str = "/", **headers: str) -> Any:
    return client.simulate_get(path, headers={name.replace("_", "-"): v for name, v in headers.items()})


def test_ids_are_passed_on_to_the_next_service(client: testing.TestClient) -> None:
    response = get(client, X_Request_Id="abc-1", traceparent=PARENT, tracestate="a=1,b=2")
    assert response.headers["x-request-id"] == response.json["x-request-id"] == "abc-1"
    version, trace, span, flags = response.json["traceparent"].split("-")
    assert (version, trace, flags) == ("00", TRACE, "01")
    assert span != SPAN
    assert response.json["tracestate"] == "a=1,b=2"


def test_missing_ids_are_generated(client: testing.TestClient) -> None:
    first, second = get(client), get(client)
    assert first.headers["x-request-id"] == first.json["x-request-id"] != second.headers["x-request-id"]
    assert first.json["traceparent"] != second.json["traceparent"]
    assert "tracestate" not in first.json


def test_a_problem_has_the_request_id(client: testing.TestClient) -> None:
    response = get(client, "/nothing", X_Request_Id="abc-2")
    assert response.headers["x-request-id"] == "abc-2"
    assert response.status_code == 404
    assert current_trace() is None


@pytest.mark.parametrize("invalid", ["", "a b", "x" * 65, "a\u00fc", "a,b", "<script>"])
def test_invalid_request_ids_are_replaced(invalid: str) -> None:
    assert continue_trace(invalid, None, None).request_id != invalid


@pytest.mark.parametrize(
    "invalid",
    [
        "", "x", PARENT[:-1], PARENT + "0", PARENT.upper(), "ff" + PARENT[2:],
        f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-{'0' * 16}-01",
    ],
)  # fmt: skip
def test_invalid_traceparents_are_replaced(invalid: str) -> None:
    trace = continue_trace(None, invalid, "a=1")
    assert trace.trace_id != TRACE
    assert trace.state == ""


def test_a_traceparent_of_a_later_version_is_used() -> None:
    assert continue_trace(None, f"01-{TRACE}-{SPAN}-01-more", None).trace_id == TRACE
