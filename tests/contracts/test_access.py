"""Every method of every route declares who has access, and rejects all others."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import falcon.asgi
import itsdangerous
import pytest
from falcon import testing
from falcon.asgi import Request, Response

from bokeh_auth.accounts.identifiers import RESERVED, USERNAME
from bokeh_auth.app import Dependencies
from bokeh_auth.app import create_app as create_auth
from bokeh_auth.container import AccountDomain
from bokeh_auth.credentials.scopes import SCOPES
from bokeh_auth.settings import Settings
from bokeh_cloud_server import embedded
from bokeh_common.http.app import new_app
from bokeh_common.http.auth.access import ANY_KEY, Access, Authenticator, RemoteIntrospection
from bokeh_common.http.client.app_transport import AppTransport
from bokeh_common.http.client.service_client import ServiceClient
from bokeh_common.storage import open_records

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

#: Routes without access control, and why they need none.
PUBLIC_ROUTES = {
    "/health/live": "for monitoring",
    "/health/ready": "for monitoring",
    "/static/bokehjs/{version}/{name}": "published files",
    "/static/assets/{name}": "published files",
    "/plots/{plot}/extensions/{name}.js": "a script element sends no token; only the plot has the hash",
    "/plots/{plot}/embed.js": "the same for all plots; the frame that it creates requires access to the plot",
    "/simple/": "the package index of the client, which is free software",
    "/simple/{project}/": "as above",
    "/simple/{project}/{file}": "as above",
    "/oembed": "requested by other sites, and describes public plots only",
    "/openapi.json": "documentation",
    "/docs": "documentation",
    "/docs/{page}": "documentation",
    "/docs/api": "documentation",
    "/problems": "documentation",
    "/problems/{slug}": "documentation",
    "/register": "the client has no account yet",
    "/login": "the client is not signed in yet",
    "/login/{token}": "the URL contains the secret",
    "/login/device/code": "the program is not logged in yet",
    "/login/device/token": "the body contains the secret",
    "/logout": "harmless without a session; with one, the form must have its token",
}

#: Pages that visitors see, and that have more on them for users who are signed in.
VISITOR_PAGES = {"/", "/login/device"}


@dataclass(frozen=True)
class GuardedMethod:
    """A method of a route, and the access that its resource declares."""

    path: str
    method: str
    access: Access | None
    app: Any

    def fill(self, **values: str) -> str:
        """Return the path with values in place of its parameters."""
        return re.sub(r"{(\w+)}", lambda found: values.get(found[1], "x" * 16), self.path)


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"local://{tmp_path_factory.mktemp('access')}"


@pytest.fixture(scope="module")
def routes(storage: str, tmp_path_factory: pytest.TempPathFactory) -> list[GuardedMethod]:
    found: list[GuardedMethod] = []
    original = falcon.asgi.App.add_route

    def record_route(app: Any, path: str, resource: Any, **options: Any) -> None:
        access = getattr(resource, "access", {})
        methods = [method for method in METHODS if hasattr(resource, f"on_{method.lower()}")]
        assert set(access) <= set(methods), (
            f"{path} declares access to {set(access) - set(methods)}, which it does not implement"
        )
        # HEAD is GET without a body, so it requires what GET requires.
        declared = {**access, "HEAD": access.get("GET")}
        found.extend(GuardedMethod(path, method, declared.get(method), app) for method in methods)
        original(app, path, resource, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(falcon.asgi.App, "add_route", record_route)
        outbox = tmp_path_factory.mktemp("outbox")
        embedded.create_services(
            storage, Settings(storage, accounts=True, cache_seconds=0, outbox=outbox, wrong_keys=10_000)
        )
    return found


@pytest.fixture(scope="module")
def domain(storage: str) -> AccountDomain:
    domain = AccountDomain.on_storage(open_records(storage, "auth"))
    for name in ("ada", "bob"):
        domain.accounts.create(f"{name}@example.com", name)
    return domain


def make_key(domain: AccountDomain, user: str, scopes: set[str]) -> str:
    return domain.keys.create(user, "x", sorted(scopes), None, frozenset(SCOPES))[1]


def status(route: GuardedMethod, token: str | None, **values: str) -> int:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    client = testing.TestClient(route.app)
    return int(
        client.simulate_request(route.method, route.fill(**values), headers=headers, body=b"{}").status_code
    )


def test_every_method_of_every_route_declares_access(routes: list[GuardedMethod]) -> None:
    assert [f"{route.method} {route.path}" for route in routes if route.access is None] == []
    assert len(routes) > 40


def test_the_first_segments_of_routes_are_reserved_usernames(routes: list[GuardedMethod]) -> None:
    first = {route.path.split("/")[1] for route in routes}
    assert {name for name in first if USERNAME.fullmatch(name)} - RESERVED == set()


def test_routes_without_access_control_are_listed(routes: list[GuardedMethod]) -> None:
    public = {r.path for r in routes if r.access and r.access.scope is None and r.access.service is None}
    assert public == PUBLIC_ROUTES.keys()


def test_only_internal_routes_are_for_services(routes: list[GuardedMethod]) -> None:
    for route in routes:
        assert route.access is not None
        assert (route.access.service is not None) == route.path.startswith("/internal/"), route.path


def test_routes_require_known_scopes(routes: list[GuardedMethod]) -> None:
    required = {scope for r in routes if r.access for scope in (r.access.scope, *r.access.extra_scopes)}
    assert required - {None, ANY_KEY} <= SCOPES.keys()


def test_uploads_count_against_the_rate_limit(routes: list[GuardedMethod]) -> None:
    writes = {"/{user}/store", "/{user}/data", "/{user}/data/chunks/{chunk}"}
    counted = {r.path for r in routes if r.access and r.access.rate_limit == "uploads"}
    assert writes <= counted


def routes_with_scopes(routes: list[GuardedMethod]) -> list[GuardedMethod]:
    return [r for r in routes if r.access and r.access.scope is not None and not r.access.service]


def test_requests_without_a_valid_credential_are_rejected(
    routes: list[GuardedMethod], domain: AccountDomain, storage: str
) -> None:
    revoked = make_key(domain, "ada", set(SCOPES))
    [listed] = domain.keys.page("ada", "", 10)
    domain.keys.revoke("ada", listed.id)
    long_ago = AccountDomain.on_storage(
        open_records(storage, "auth"), lambda: datetime(2020, 1, 1, tzinfo=UTC)
    )
    _, expired = long_ago.keys.create("ada", "old", list(SCOPES), "2020-02-01T00:00:00Z", frozenset(SCOPES))
    now = datetime.now(UTC).timestamp()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(itsdangerous.TimestampSigner, "get_timestamp", lambda _: int(now - 3600))
        old_view = domain.view_tokens.create("ada", "x" * 16)
    for route in routes_with_scopes(routes):
        for token in (None, "bkp_wrong", revoked, expired, old_view, "bkc_" + "0" * 38, "bks_" + "0" * 38):
            expected = 404 if token is None and route.access and route.access.allow_visitors else 401
            if token is None and route.method != "POST" and route.path in VISITOR_PAGES:
                expected = 200
            assert status(route, token, user="ada") == expected, (route.method, route.path, token)


def test_a_key_that_lacks_a_required_scope_is_rejected(
    routes: list[GuardedMethod], domain: AccountDomain
) -> None:
    for route in routes_with_scopes(routes):
        assert route.access is not None
        for scope in {route.access.scope, *route.access.extra_scopes} - {ANY_KEY}:
            insufficient = make_key(domain, "ada", set(SCOPES) - {str(scope)})
            assert status(route, insufficient, user="ada") == 403, (route.method, route.path)
            domain.credentials.revoke_all("bkp_", "ada")


def test_routes_of_another_account_look_like_missing_ones(
    routes: list[GuardedMethod], domain: AccountDomain
) -> None:
    others = make_key(domain, "bob", set(SCOPES))
    for route in routes_with_scopes(routes):
        if "{user}" in route.path:
            existing, missing = (status(route, others, user=user) for user in ("ada", "missing"))
            assert existing == missing == 404, (route.method, route.path)


def test_the_view_token_of_another_plot_is_rejected(
    routes: list[GuardedMethod], domain: AccountDomain
) -> None:
    view = domain.view_tokens.create("ada", "another")
    for route in routes_with_scopes(routes):
        values = {"user": "ada", "plot": "x" * 16}
        assert status(route, view, **values) in {403, 404, 422, 415}, (route.method, route.path)


def test_the_share_link_of_another_plot_is_rejected(
    routes: list[GuardedMethod], domain: AccountDomain
) -> None:
    _, share = domain.shares.create("ada", "another", [], None)
    for route in routes_with_scopes(routes):
        values = {"user": "ada", "plot": "x" * 16}
        assert status(route, share, **values) in {403, 404, 422, 415}, (route.method, route.path)


def test_internal_routes_reject_credentials_of_users(
    routes: list[GuardedMethod], domain: AccountDomain
) -> None:
    own = make_key(domain, "ada", set(SCOPES))
    session = domain.sessions.start(domain.accounts.get("ada"), "x")
    for route in routes:
        if route.path.startswith("/internal/"):
            for token in (None, own, session):
                assert status(route, token) == 403, (route.method, route.path)


def test_sessions_expire(domain: AccountDomain, routes: list[GuardedMethod], storage: str) -> None:
    records = open_records(storage, "auth")
    earlier = AccountDomain.on_storage(records, lambda: datetime.now(UTC) - timedelta(days=15))
    old = earlier.sessions.start(domain.accounts.get("ada"), "x")
    [whoami] = [route for route in routes if (route.method, route.path) == ("GET", "/whoami")]
    assert status(whoami, old) == 401
    assert status(whoami, domain.sessions.start(domain.accounts.get("ada"), "x")) == 200


def test_a_service_with_an_unknown_token_responds_503_and_logs_it(
    storage: str, domain: AccountDomain, caplog: pytest.LogCaptureFixture
) -> None:
    unused = ServiceClient("http://unused.invalid")
    auth = create_auth(Dependencies(Settings(storage), open_records(storage, "auth"), unused, unused))
    for token in (None, "bks_" + "0" * 38):
        client = ServiceClient("http://auth", AppTransport(lambda: auth), token)
        app = new_app(Authenticator(RemoteIntrospection(client)), {})
        app.add_route("/guarded", GuardedResource())
        response = testing.TestClient(app).simulate_get("/guarded", headers={"Authorization": "Bearer bkp_x"})
        assert response.status_code == 503
        assert "Retry-After" in response.headers
        assert "rejects the token of this service" in caplog.text
        assert "bks_" not in caplog.text + response.text


class GuardedResource:
    access = {"GET": Access("plots:read")}

    async def on_get(self, req: Request, resp: Response) -> None:
        raise AssertionError("the request was not authenticated")
