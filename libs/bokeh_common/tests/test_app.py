"""The app that all services extend: errors as problems, access control, limits of bodies."""

from typing import Any

import pytest
from falcon import testing
from falcon.asgi import Request, Response

from bokeh_common.errors import Conflict, Invalid, Unavailable
from bokeh_common.http.app import new_app
from bokeh_common.http.auth.access import OPEN, Access, Authenticator, Principal
from bokeh_common.http.json_parser import parse_json
from bokeh_common.http.request_body import read_json
from bokeh_common.http.responses import add_next_link, not_modified, read_page_query

KEYS = {
    "full": Principal("ada", frozenset({"things:read", "things:write"})),
    "reader": Principal("ada", frozenset({"things:read"})),
    "restricted": Principal("ada", frozenset({"things:read"}), only="t1"),
}


class ThingList:
    access = {"GET": Access("things:read"), "POST": Access("things:write")}

    async def on_get(self, req: Request, resp: Response, user: str) -> None:
        after, limit = read_page_query(req)
        resp.media = {"after": after}
        add_next_link(req, resp, "ä/b", limit)

    async def on_post(self, req: Request, resp: Response, user: str) -> None:
        resp.media = await read_json(req, 500)


class OneThing:
    access = {"GET": Access("things:read", allow_restricted=True)}

    async def on_get(self, req: Request, resp: Response, user: str, thing: str) -> None:
        if not not_modified(req, resp, "v1"):
            resp.media = {"only": req.context.principal.only}


class Faults:
    access = {"GET": OPEN}

    async def on_get(self, req: Request, resp: Response, kind: str) -> None:
        raise {"conflict": Conflict("changed"), "down": Unavailable("store down")}.get(
            kind
        ) or ZeroDivisionError()


class Undeclared:
    async def on_get(self, req: Request, resp: Response) -> None:
        resp.media = "not protected"


@pytest.fixture
def client() -> testing.TestClient:
    async def down() -> None:
        raise Unavailable("the store is down")

    async def introspect(token: str | None) -> Principal | None:
        return KEYS.get(token or "")

    app = new_app(Authenticator(introspect), {"store": down})
    app.add_route("/{user}/things", ThingList())
    app.add_route("/{user}/things/{thing}", OneThing())
    app.add_route("/faults/{kind}", Faults())
    app.add_route("/undeclared", Undeclared())
    return testing.TestClient(app)


def key(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {name}"}


def problem(result: Any) -> tuple[int, str]:
    assert result.headers["content-type"] == "application/problem+json"
    assert result.json["status"] == result.status_code
    return result.status_code, result.json["type"]


def test_a_key_grants_access_to_its_account(client: testing.TestClient) -> None:
    assert client.simulate_get("/ada/things", headers=key("reader")).status_code == 200


@pytest.mark.parametrize(
    "headers", [{}, key("wrong"), {"Authorization": "Basic x"}, {"Authorization": "Bearer"}]
)
def test_a_missing_or_invalid_key_is_unauthenticated(
    client: testing.TestClient, headers: dict[str, str]
) -> None:
    result = client.simulate_get("/ada/things", headers=headers)
    assert problem(result) == (401, "/problems/unauthenticated")
    assert result.headers["www-authenticate"] == "Bearer"


def test_head_has_the_headers_of_get_and_no_body(client: testing.TestClient) -> None:
    get, head = (
        client.simulate_request(m, "/ada/things", headers={**key("reader"), "X-Request-Id": "1"})
        for m in ("GET", "HEAD")
    )
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == get.headers
    assert client.simulate_head("/ada/things").status_code == 401


def test_another_account_is_not_found(client: testing.TestClient) -> None:
    assert problem(client.simulate_get("/bob/things", headers=key("full"))) == (404, "/problems/not-found")


def test_a_missing_scope_is_forbidden(client: testing.TestClient) -> None:
    assert problem(client.simulate_post("/ada/things", headers=key("reader"), json={}))[0] == 403


def test_a_restricted_token_is_accepted_only_where_declared(client: testing.TestClient) -> None:
    assert client.simulate_get("/ada/things/t1", headers=key("restricted")).json == {"only": "t1"}
    assert problem(client.simulate_get("/ada/things", headers=key("restricted")))[0] == 404


def test_a_resource_without_declared_access_is_closed(client: testing.TestClient) -> None:
    assert problem(client.simulate_get("/undeclared", headers=key("full")))[0] == 403


@pytest.mark.parametrize(("kind", "status"), [("conflict", 409), ("down", 503), ("bug", 500)])
def test_errors_are_problems(client: testing.TestClient, kind: str, status: int) -> None:
    result = client.simulate_get(f"/faults/{kind}")
    assert problem(result)[0] == status
    assert ("retry-after" in result.headers) == (status == 503)


def test_an_unknown_path_is_not_found(client: testing.TestClient) -> None:
    assert problem(client.simulate_get("/nowhere"))[0] == 404


def test_a_method_that_is_not_allowed_lists_the_allowed_ones(client: testing.TestClient) -> None:
    result = client.simulate_delete("/ada/things", headers=key("full"))
    assert problem(result)[0] == 405
    assert "GET" in result.headers["allow"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"a": 1}', 200),
        (b"{", 422),
        (b'{"a": NaN}', 422),
        (b"[" * 60, 422),
        (b"\xff", 422),
        (b'{"a": "\\ud83d\\ude00"}', 200),
        (b'{"a": "\\ud800"}', 422),
        (b'{"\\uDFFF": 1}', 422),
        (b'{"a": "\xed\xa0\x80"}', 422),
        ('{"a": 1}'.encode("utf-16"), 422),
        ('{"a": 1}'.encode("utf-8-sig"), 200),
        (b"1" + b"0" * 250 + b"e90", 422),
        (b"x" * 501, 413),
    ],
)
def test_json_bodies_are_parsed_strictly(client: testing.TestClient, body: bytes, status: int) -> None:
    headers = {**key("full"), "Content-Type": "application/json"}
    assert client.simulate_post("/ada/things", headers=headers, body=body).status_code == status


def test_a_form_is_not_accepted_as_json(client: testing.TestClient) -> None:
    headers = {**key("full"), "Content-Type": "application/x-www-form-urlencoded"}
    assert problem(client.simulate_post("/ada/things", headers=headers, body=b"{}"))[0] == 415


def test_deeply_nested_json_is_invalid() -> None:
    with pytest.raises(Invalid):
        parse_json(b"[" * 200_000)


def test_a_conditional_get_responds_with_304(client: testing.TestClient) -> None:
    first = client.simulate_get("/ada/things/t1", headers=key("full"))
    again = client.simulate_get(
        "/ada/things/t1", headers={**key("full"), "If-None-Match": first.headers["etag"]}
    )
    assert (first.headers["etag"], again.status_code, again.content) == ('"v1"', 304, b"")


def test_the_cursor_of_a_link_is_read_back(client: testing.TestClient) -> None:
    first = client.simulate_get("/ada/things?limit=2", headers=key("full"))
    assert first.headers["link"].endswith('>; rel="next"')
    next_page = first.headers["link"].partition(">")[0].strip("<")
    assert client.simulate_get(next_page, headers=key("full")).json == {"after": "ä/b"}


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "limit=5000", "after=%ff", "after=a"])
def test_invalid_paging_is_rejected(client: testing.TestClient, query: str) -> None:
    assert problem(client.simulate_get(f"/ada/things?{query}", headers=key("full")))[0] == 422


def test_health_routes(client: testing.TestClient) -> None:
    assert client.simulate_get("/health/live").status_code == 200
    assert problem(client.simulate_get("/health/ready"))[0] == 503


def test_security_headers_are_set(client: testing.TestClient) -> None:
    headers = client.simulate_get("/ada/things", headers=key("full")).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "private, no-cache"
