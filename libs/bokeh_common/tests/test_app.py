"""What every service has from the library: errors as problems, access rules, limits on bodies."""

from typing import Any

import falcon
import pytest
from falcon import testing

from bokeh_common.errors import Conflict, Invalid, Unavailable
from bokeh_common.http.app import new_app
from bokeh_common.http.auth import OPEN, Access, Authenticator, Principal
from bokeh_common.http.body import parse_json, read_json
from bokeh_common.http.replies import link_next, not_modified, page_of

KEYS = {
    "full": Principal("ada", frozenset({"things:read", "things:write"})),
    "reader": Principal("ada", frozenset({"things:read"})),
    "bound": Principal("ada", frozenset({"things:read"}), only="t1"),
}


class Things:
    access = {"GET": Access("things:read"), "POST": Access("things:write")}

    def on_get(self, req: falcon.Request, resp: falcon.Response, user: str) -> None:
        after, limit = page_of(req)
        resp.media = {"after": after}
        link_next(req, resp, "ä/b", limit)

    def on_post(self, req: falcon.Request, resp: falcon.Response, user: str) -> None:
        resp.media = read_json(req, 500)


class Thing:
    access = {"GET": Access("things:read", bound=True)}

    def on_get(self, req: falcon.Request, resp: falcon.Response, user: str, thing: str) -> None:
        if not not_modified(req, resp, "v1"):
            resp.media = {"only": req.context.principal.only}


class Faults:
    access = {"GET": OPEN}

    def on_get(self, req: falcon.Request, resp: falcon.Response, kind: str) -> None:
        raise {"conflict": Conflict("changed"), "down": Unavailable("store down")}.get(
            kind
        ) or ZeroDivisionError()


class Undeclared:
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.media = "open by mistake"


@pytest.fixture
def client() -> testing.TestClient:
    def down() -> None:
        raise Unavailable("the store is down")

    app = new_app(Authenticator(lambda token: KEYS.get(token or "")), {"store": down})
    app.add_route("/{user}/things", Things())
    app.add_route("/{user}/things/{thing}", Thing())
    app.add_route("/faults/{kind}", Faults())
    app.add_route("/undeclared", Undeclared())
    return testing.TestClient(app)


def key(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {name}"}


def problem(result: Any) -> tuple[int, str]:
    assert result.headers["content-type"] == "application/problem+json"
    assert result.json["status"] == result.status_code
    return result.status_code, result.json["type"]


def test_a_key_of_the_account_opens_it(client: testing.TestClient) -> None:
    assert client.simulate_get("/ada/things", headers=key("reader")).status_code == 200


@pytest.mark.parametrize(
    "headers", [{}, key("wrong"), {"Authorization": "Basic x"}, {"Authorization": "Bearer"}]
)
def test_no_key_or_a_wrong_one(client: testing.TestClient, headers: dict[str, str]) -> None:
    result = client.simulate_get("/ada/things", headers=headers)
    assert problem(result) == (401, "/problems/unauthenticated")
    assert result.headers["www-authenticate"] == "Bearer"


def test_head_is_get_without_a_body(client: testing.TestClient) -> None:
    get, head = (
        client.simulate_request(m, "/ada/things", headers={**key("reader"), "X-Request-Id": "1"})
        for m in ("GET", "HEAD")
    )
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == get.headers
    assert client.simulate_head("/ada/things").status_code == 401


def test_another_account_is_not_there(client: testing.TestClient) -> None:
    assert problem(client.simulate_get("/bob/things", headers=key("full"))) == (404, "/problems/not-found")


def test_a_missing_scope(client: testing.TestClient) -> None:
    assert problem(client.simulate_post("/ada/things", headers=key("reader"), json={}))[0] == 403


def test_a_bound_token_opens_only_what_takes_it(client: testing.TestClient) -> None:
    assert client.simulate_get("/ada/things/t1", headers=key("bound")).json == {"only": "t1"}
    assert problem(client.simulate_get("/ada/things", headers=key("bound")))[0] == 404


def test_a_resource_without_declared_access_is_closed(client: testing.TestClient) -> None:
    assert problem(client.simulate_get("/undeclared", headers=key("full")))[0] == 403


@pytest.mark.parametrize(("kind", "status"), [("conflict", 409), ("down", 503), ("bug", 500)])
def test_errors_are_problems(client: testing.TestClient, kind: str, status: int) -> None:
    result = client.simulate_get(f"/faults/{kind}")
    assert problem(result)[0] == status
    assert ("retry-after" in result.headers) == (status == 503)


def test_unknown_path(client: testing.TestClient) -> None:
    assert problem(client.simulate_get("/nowhere"))[0] == 404


def test_unknown_method_names_the_allowed_ones(client: testing.TestClient) -> None:
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
def test_json_bodies(client: testing.TestClient, body: bytes, status: int) -> None:
    headers = {**key("full"), "Content-Type": "application/json"}
    assert client.simulate_post("/ada/things", headers=headers, body=body).status_code == status


def test_a_form_is_not_json(client: testing.TestClient) -> None:
    headers = {**key("full"), "Content-Type": "application/x-www-form-urlencoded"}
    assert problem(client.simulate_post("/ada/things", headers=headers, body=b"{}"))[0] == 415


def test_deep_json_is_refused_and_not_a_crash() -> None:
    with pytest.raises(Invalid):
        parse_json(b"[" * 200_000)


def test_conditional_get(client: testing.TestClient) -> None:
    first = client.simulate_get("/ada/things/t1", headers=key("full"))
    again = client.simulate_get(
        "/ada/things/t1", headers={**key("full"), "If-None-Match": first.headers["etag"]}
    )
    assert (first.headers["etag"], again.status_code, again.content) == ('"v1"', 304, b"")


def test_paging_goes_round(client: testing.TestClient) -> None:
    first = client.simulate_get("/ada/things?limit=2", headers=key("full"))
    following = first.headers["link"].partition(">")[0].strip("<")
    assert client.simulate_get(following, headers=key("full")).json == {"after": "ä/b"}


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "limit=5000", "after=%ff", "after=a"])
def test_senseless_paging(client: testing.TestClient, query: str) -> None:
    assert problem(client.simulate_get(f"/ada/things?{query}", headers=key("full")))[0] == 422


def test_health(client: testing.TestClient) -> None:
    assert client.simulate_get("/health/live").status_code == 200
    assert problem(client.simulate_get("/health/ready"))[0] == 503


def test_safe_headers(client: testing.TestClient) -> None:
    headers = client.simulate_get("/ada/things", headers=key("full")).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "private, no-cache"
