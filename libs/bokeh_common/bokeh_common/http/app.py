"""The falcon app that every service starts from: the same errors, headers, health routes and access rules."""

import os
from collections.abc import Callable, Mapping
from typing import Any

import falcon

from bokeh_common import metrics
from bokeh_common.errors import NotFound, Unavailable
from bokeh_common.http import spans
from bokeh_common.http.auth import OPEN, Access, Authenticator
from bokeh_common.http.begun import Begun
from bokeh_common.http.draining import DRAINING
from bokeh_common.http.encoding import Encoded
from bokeh_common.http.errors import SAFE_HEADERS, handle_errors
from bokeh_common.http.negotiation import Negotiated
from bokeh_common.http.openapi import Route, describe
from bokeh_common.http.operations import Api
from bokeh_common.http.origin import Origins
from bokeh_common.http.spans import Recorder
from bokeh_common.http.tracing import REQUEST_ID, Traced
from bokeh_common.http.watching import Metrics, Watched

Check = Callable[[], object]

NAMELESS = Api()

#: What scripts of other sites may read of an answer.
EXPOSED = ["Bokeh-Cloud-Rows", "ETag", "Link", "RateLimit", "RateLimit-Policy", REQUEST_ID, "Retry-After"]


class SafeHeaders:
    """Headers that no answer of any service should lack."""

    def process_response(
        self, req: falcon.Request, resp: falcon.Response, resource: object, ok: bool
    ) -> None:
        """Add what the responder did not set itself."""
        for name, value in {**SAFE_HEADERS, "Cache-Control": "private, no-cache"}.items():
            if resp.get_header(name) is None:
                resp.set_header(name, value)


class OneAddress:
    """What falcon's router overlooks: slashes at the beginning, so `/%2f/data` were the page `/data`."""

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Find nothing there."""
        if req.path.startswith("//"):
            raise NotFound("There is nothing here. Check the address: it begins with two slashes.")


class Live:
    """`/health/live`: the process answers."""

    access = {"GET": OPEN}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Say so."""
        resp.media = {"status": "ok"}


class Ready:
    """`/health/ready`: what the service depends on answers too.

    `?of=self` leaves out the other services: a gateway that left alone who waits for another would leave all.
    """

    access = {"GET": OPEN}

    def __init__(self, checks: Mapping[str, Check], peers: Mapping[str, Check]) -> None:
        self._checks = checks
        self._peers = peers

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Run each check; the first that raises `Unavailable` becomes a 503, as does a process that ends."""
        if DRAINING.is_set():
            raise Unavailable("This process ends; it takes no new requests.")
        peers = {} if req.get_param("of") == "self" else self._peers
        for check in (*self._checks.values(), *peers.values()):
            check()
        resp.media = {"status": "ok", "checks": sorted({*self._checks, *peers})}


class Described:
    """`/internal/openapi.json`: what the routes of this service do; the public document is made of these."""

    access = {"GET": Access(None, service="internal:pages")}

    def __init__(self, api: Api, routes: list[Route]) -> None:
        self._api = api
        self._routes = routes

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Send the OpenAPI document of this service's public routes."""
        resp.media = describe(self._api, self._routes)


class App(falcon.App):  # type: ignore[type-arg]  # generic in the stubs only
    """Keeps a list of its routes.

    It answers HEAD wherever it answers GET, as RFC 9110 (9.1) demands; falcon leaves out the body.
    """

    def __init__(self, **how: Any) -> None:
        super().__init__(**how)
        #: Those that it was given, in their order.
        self.routes: list[Route] = []

    def add_route(self, uri_template: str, resource: Any, **how: Any) -> None:
        """Add a route, as in falcon."""
        self.routes.append(Route(uri_template, resource))
        if hasattr(resource, "on_get") and not hasattr(resource, "on_head"):
            resource.on_head = resource.on_get
        super().add_route(uri_template, resource, **how)


def new_app(
    authenticator: Authenticator,
    checks: Mapping[str, Check],
    api: Api = NAMELESS,
    origins: Origins | None = None,
    peers: Mapping[str, Check] | None = None,
    gauges: metrics.Gauges | None = None,
) -> App:
    """Make an app without routes of its own.

    Args:
        authenticator: decides for each request whether its resource may be reached.
        checks: what `/health/ready` calls, by name; each raises `Unavailable` when its dependency is down.
        api: what the descriptions of its routes have in common.
        origins: finds out where requests come from; without it, from their connections.
        peers: as `checks`, of the services that this one asks.
        gauges: finds out what `/metrics` tells besides, where there is `/metrics`.
    """
    # A sandboxed frame has the opaque origin "null"; a bearer token, never a cookie, is what lets it read.
    cors: Any = falcon.CORSMiddleware(allow_origins="*", expose_headers=EXPOSED)
    recorder = Recorder(api.name) if spans.enabled(os.environ) else None
    first = [
        Traced(recorder),
        Watched(api.name),
        Encoded(),
        origins or Origins(),
        SafeHeaders(),
        OneAddress(),
        cors,
    ]
    middleware = [*first, authenticator, Negotiated(), Begun()]
    app = App(middleware=middleware)
    handle_errors(app)
    app.add_route("/internal/openapi.json", Described(api, app.routes))
    app.add_route("/health/live", Live())
    app.add_route("/health/ready", Ready(checks, peers or {}))
    if metrics.enabled():
        app.add_route("/metrics", Metrics(gauges))
    return app
