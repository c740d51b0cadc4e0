"""Query parameters that an operation does not have are rejected, with a hint."""

from collections.abc import Mapping
from typing import Any

import falcon.asgi
import msgspec
import pytest
from falcon import testing
from falcon.asgi import Request, Response

from bokeh_common.http.errors import add_error_handlers
from bokeh_common.http.openapi.operations import Operation
from bokeh_common.http.openapi.query_parameters import QueryParametersMiddleware


class ListQuery(msgspec.Struct):
    limit: int = 10
    start: str = msgspec.field(default="", name="from")


class Items:
    describe: Mapping[str, Operation] = {
        "GET": Operation({200: list[str]}, query=ListQuery),
        "DELETE": Operation({200: list[str]}),
    }

    async def on_get(self, req: Request, resp: Response) -> None:
        resp.media = ["an item"]

    on_head = on_get
    on_delete = on_get
    on_post = on_get


@pytest.fixture
def client() -> testing.TestClient:
    app: Any = falcon.asgi.App(middleware=[QueryParametersMiddleware()])
    add_error_handlers(app)
    app.add_route("/items", Items())
    return testing.TestClient(app)


@pytest.mark.parametrize(
    ("method", "query"),
    [("GET", ""), ("GET", "limit=1"), ("GET", "from=a&limit=1"), ("HEAD", "limit=1"), ("DELETE", ""),
     ("POST", "undescribed=1")],
)  # fmt: skip
def test_known_parameters(client: testing.TestClient, method: str, query: str) -> None:
    assert client.simulate_request(method, "/items", query_string=query).status_code == 200


@pytest.mark.parametrize(
    ("method", "query", "expected"),
    [
        ("GET", "limitt=1", "'limitt'. Did you mean 'limit'? GET here has the query parameters limit, from."),
        ("GET", "limit=1&start=2", "There is no query parameter 'start'."),
        ("DELETE", "force=true", "There is no query parameter 'force'. DELETE here has no query parameters."),
        ("GET", "=1", "There is no query parameter ''."),
        ("GET", "x" * 5000 + "=1", "There is no query parameter '" + "x" * 40 + "'."),
    ],
)  # fmt: skip
def test_unknown_parameters(client: testing.TestClient, method: str, query: str, expected: str) -> None:
    response = client.simulate_request(method, "/items", query_string=query)
    assert response.status_code == 422
    assert expected in response.json["detail"]
    assert len(response.text) < 500


def test_unknown_parameters_of_head(client: testing.TestClient) -> None:
    assert client.simulate_head("/items", query_string="limitt=1").status_code == 422
