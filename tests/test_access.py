"""Every route of every service: somebody has said who may, and the others may not."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import falcon
import itsdangerous
import pytest
from falcon import testing

import embedded
from bokeh_auth.app import Dependencies
from bokeh_auth.app import create_app as create_auth
from bokeh_auth.domain import Domain
from bokeh_auth.names import RESERVED, USERNAME
from bokeh_auth.records import Records
from bokeh_auth.scopes import SCOPES
from bokeh_auth.settings import Settings
from bokeh_common.http.app import new_app
from bokeh_common.http.auth import ANY_KEY, Access, Authenticator, PeerIntrospection
from bokeh_common.http.peer import Peer
from bokeh_common.http.transport import WSGIAdapter
from bokeh_common.storage import open_records

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

#: What anybody may reach, and why.
OPEN_TO_ALL = {
    "/health/live": "for whoever watches over the servers",
    "/health/ready": "as well",
    "/static/bokehjs/{version}/{name}": "published files",
    "/static/assets/{name}": "published files",
    "/plots/{plot}/extensions/{name}.js": "a script element sends no token; who knows the hash has the plot",
    "/plots/{plot}/embed.js": "the same for all plots; the frame that it makes asks who may see the plot",
    "/oembed": "it is asked by other sites, about what is open to all",
    "/openapi.json": "how the API works is no secret",
    "/docs/api": "as well",
    "/problems": "as well",
    "/problems/{slug}": "as well",
    "/register": "one has no account yet",
    "/login": "one is not signed in yet",
    "/login/{token}": "the address holds the secret",
    "/logout": "harmless without a session; with one, the form must be its own",
}

#: Pages that greet visitors, and show more to those who are signed in.
FOR_VISITORS = {"/"}


@dataclass(frozen=True)
class Route:
    path: str
    method: str
    access: Access | None
    app: Any

    def filled(self, **values: str) -> str:
        return re.sub(r"{(\w+)}", lambda found: values.get(found[1], "x" * 16), self.path)


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"local://{tmp_path_factory.mktemp('access')}"


@pytest.fixture(scope="module")
def routes(storage: str, tmp_path_factory: pytest.TempPathFactory) -> list[Route]:
    found: list[Route] = []
    real = falcon.App.add_route

    def noting(app: Any, path: str, resource: Any, **how: Any) -> None:
        access = getattr(resource, "access", {})
        methods = [method for method in METHODS if hasattr(resource, f"on_{method.lower()}")]
        assert set(access) <= set(methods), (
            f"{path} says who may {set(access) - set(methods)}, which it has not"
        )
        # HEAD is GET without a body, so it needs what GET needs.
        declared = {**access, "HEAD": access.get("GET")}
        found.extend(Route(path, method, declared.get(method), app) for method in methods)
        real(app, path, resource, **how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(falcon.App, "add_route", noting)
        outbox = tmp_path_factory.mktemp("outbox")
        embedded.create_services(
            storage, Settings(storage, accounts=True, remembered=0, outbox=outbox, wrong_keys=10_000)
        )
    return found


@pytest.fixture(scope="module")
def domain(storage: str) -> Domain:
    domain = Domain.on(Records(open_records(storage, "auth")))
    for name in ("ada", "bob"):
        domain.accounts.create(f"{name}@example.com", name)
    return domain


def key(domain: Domain, user: str, scopes: set[str]) -> str:
    return domain.keys.make(user, "x", sorted(scopes), None, frozenset(SCOPES))[1]


def status(route: Route, token: str | None, **values: str) -> int:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    client = testing.TestClient(route.app)
    return int(
        client.simulate_request(route.method, route.filled(**values), headers=headers, body=b"{}").status_code
    )


def test_every_method_of_every_route_says_who_may(routes: list[Route]) -> None:
    assert [f"{route.method} {route.path}" for route in routes if route.access is None] == []
    assert len(routes) > 40


def test_nobody_is_called_as_a_path_of_the_cloud_begins(routes: list[Route]) -> None:
    first = {route.path.split("/")[1] for route in routes}
    assert {name for name in first if USERNAME.fullmatch(name)} - RESERVED == set()


def test_what_is_open_is_on_the_list(routes: list[Route]) -> None:
    free = {r.path for r in routes if r.access and r.access.scope is None and r.access.service is None}
    assert free == OPEN_TO_ALL.keys()


def test_internal_routes_are_for_services_and_others_are_not(routes: list[Route]) -> None:
    for route in routes:
        assert route.access is not None
        assert (route.access.service is not None) == route.path.startswith("/internal/"), route.path


def test_scopes_are_those_of_the_table(routes: list[Route]) -> None:
    named = {scope for r in routes if r.access for scope in (r.access.scope, *r.access.besides)}
    assert named - {None, ANY_KEY} <= SCOPES.keys()


def test_what_uploads_is_counted(routes: list[Route]) -> None:
    writes = {"/{user}/store", "/{user}/data", "/{user}/data/chunks/{chunk}"}
    counted = {r.path for r in routes if r.access and r.access.counted == "uploads"}
    assert writes <= counted


def scoped(routes: list[Route]) -> list[Route]:
    return [r for r in routes if r.access and r.access.scope is not None and not r.access.service]


def test_without_a_key_or_with_a_wrong_one(routes: list[Route], domain: Domain) -> None:
    revoked = key(domain, "ada", set(SCOPES))
    [listed] = domain.keys.page("ada", "", 10)
    domain.keys.revoke("ada", listed.id)
    long_ago = Domain.on(domain.records, lambda: datetime(2020, 1, 1, tzinfo=UTC))
    _, expired = long_ago.keys.make("ada", "old", list(SCOPES), "2020-02-01T00:00:00Z", frozenset(SCOPES))
    now = datetime.now(UTC).timestamp()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(itsdangerous.TimestampSigner, "get_timestamp", lambda _: int(now - 3600))
        old_view = domain.views.make("ada", "x" * 16)
    for route in scoped(routes):
        for token in (None, "bkp_wrong", revoked, expired, old_view, "bkc_" + "0" * 38, "bks_" + "0" * 38):
            expected = 404 if token is None and route.access and route.access.visitors else 401
            if token is None and route.path in FOR_VISITORS:
                expected = 200
            assert status(route, token, user="ada") == expected, (route.method, route.path, token)


def test_with_too_few_scopes(routes: list[Route], domain: Domain) -> None:
    for route in scoped(routes):
        assert route.access is not None
        for scope in {route.access.scope, *route.access.besides} - {ANY_KEY}:
            poor = key(domain, "ada", set(SCOPES) - {str(scope)})
            assert status(route, poor, user="ada") == 403, (route.method, route.path)
            domain.vault.revoke_all("bkp_", "ada")


def test_with_another_persons_key(routes: list[Route], domain: Domain) -> None:
    others = key(domain, "bob", set(SCOPES))
    for route in scoped(routes):
        if "{user}" in route.path:
            real, unreal = (status(route, others, user=user) for user in ("ada", "nobody"))
            assert real == unreal == 404, (route.method, route.path)


def test_with_the_view_token_of_another_plot(routes: list[Route], domain: Domain) -> None:
    view = domain.views.make("ada", "another")
    for route in scoped(routes):
        values = {"user": "ada", "plot": "x" * 16}
        assert status(route, view, **values) in {403, 404, 422, 415}, (route.method, route.path)


def test_with_a_share_link_of_another_plot(routes: list[Route], domain: Domain) -> None:
    _, share = domain.shares.make("ada", "another", None, [])
    for route in scoped(routes):
        values = {"user": "ada", "plot": "x" * 16}
        assert status(route, share, **values) in {403, 404, 422, 415}, (route.method, route.path)


def test_internal_routes_refuse_everybody_else(routes: list[Route], domain: Domain) -> None:
    mine = key(domain, "ada", set(SCOPES))
    session = domain.sessions.start(domain.accounts.get("ada"), "x")
    for route in routes:
        if route.path.startswith("/internal/"):
            for token in (None, mine, session):
                assert status(route, token) == 403, (route.method, route.path)


def test_sessions_end_with_their_time(domain: Domain, routes: list[Route]) -> None:
    ago = Domain.on(domain.records, lambda: datetime.now(UTC) - timedelta(days=15))
    old = ago.sessions.start(domain.accounts.get("ada"), "x")
    [whoami] = [route for route in routes if (route.method, route.path) == ("GET", "/whoami")]
    assert status(whoami, old) == 401
    assert status(whoami, domain.sessions.start(domain.accounts.get("ada"), "x")) == 200


def test_a_service_that_is_not_known_is_the_operators_problem(
    storage: str, domain: Domain, caplog: pytest.LogCaptureFixture
) -> None:
    nobody = Peer("http://nobody.invalid")
    auth = create_auth(Dependencies(Settings(storage), open_records(storage, "auth"), nobody, nobody))
    for token in (None, "bks_" + "0" * 38):
        peer = Peer("http://auth", WSGIAdapter(lambda: auth), token)
        app = new_app(Authenticator(PeerIntrospection(peer)), {})
        app.add_route("/things", Things())
        answer = testing.TestClient(app).simulate_get("/things", headers={"Authorization": "Bearer bkp_x"})
        assert answer.status_code == 503
        assert "Retry-After" in answer.headers
        assert "refuses this service's own token" in caplog.text
        assert "bks_" not in caplog.text + answer.text


class Things:
    access = {"GET": Access("plots:read")}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        raise AssertionError("nobody was asked")
