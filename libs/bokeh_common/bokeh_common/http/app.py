"""The falcon app that all services extend: error handling, headers, health routes and access control."""

import os
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import falcon
import falcon.asgi
import msgspec
from falcon.asgi import Request, Response
from falcon.media import JSONHandler

from bokeh_common import metrics
from bokeh_common.errors import NotFound, Unavailable
from bokeh_common.http.auth.access import OPEN, Access, Authenticator
from bokeh_common.http.context.client_address import ClientAddressMiddleware
from bokeh_common.http.context.trace import REQUEST_ID, TraceMiddleware
from bokeh_common.http.errors import SECURITY_HEADERS, add_error_handlers
from bokeh_common.http.middleware.client_share import ClientShareMiddleware, client_requests
from bokeh_common.http.middleware.compression import CompressionMiddleware
from bokeh_common.http.middleware.streams import StreamMiddleware
from bokeh_common.http.observability import otel
from bokeh_common.http.observability.access_log import AccessLogMiddleware, MetricsResource
from bokeh_common.http.observability.otel import OpenTelemetryRecorder
from bokeh_common.http.openapi.generator import Route, describe
from bokeh_common.http.openapi.negotiation import NegotiationMiddleware
from bokeh_common.http.openapi.operations import Api
from bokeh_common.http.server.draining import DRAINING
from bokeh_common.http.server.thread_pools import STORAGE

Check = Callable[[], Awaitable[object]]


def blocking_check(check: Callable[[], object]) -> Check:
    """Return a check that makes a blocking call on a thread, such as one of a storage."""
    return partial(STORAGE.run, check)


UNNAMED_API = Api()

#: Response headers that scripts of other sites may read.
EXPOSED_HEADERS = [
    "Bokeh-Cloud-Live",
    "Bokeh-Cloud-Rows",
    "ETag",
    "Link",
    "RateLimit",
    "RateLimit-Policy",
    REQUEST_ID,
    "Retry-After",
]

DEFAULT_HEADERS = {**SECURITY_HEADERS, "Cache-Control": "private, no-cache"}


class SecurityHeadersMiddleware:
    """Falcon middleware that adds security headers to all responses."""

    async def process_response(self, req: Request, resp: Response, resource: object, ok: bool) -> None:
        """Add the headers that the responder has not set."""
        for name, value in DEFAULT_HEADERS.items():
            if resp.get_header(name) is None:
                resp.set_header(name, value)


class RejectDoubleSlashMiddleware:
    """Falcon middleware that rejects paths with leading slashes, which falcon's router would ignore."""

    async def process_request(self, req: Request, resp: Response) -> None:
        """Raise `NotFound` for such paths, as `/%2f/data` would reach `/data`."""
        if req.path.startswith("//"):
            raise NotFound("There is nothing here. Check the address: it begins with two slashes.")


class LivenessResource:
    """`/health/live`: the process responds."""

    access = {"GET": OPEN}

    async def on_get(self, req: Request, resp: Response) -> None:
        """Respond with 200."""
        resp.media = {"status": "ok"}


class ReadinessResource:
    """`/health/ready`: the service and everything that it depends on respond.

    With `?of=self`, other services are not checked. The gateway uses this, as it would otherwise stop sending
    requests to all services when one of them is down.
    """

    access = {"GET": OPEN}

    def __init__(self, checks: Mapping[str, Check], services: Mapping[str, Check]) -> None:
        self._checks = checks
        self._services = services

    async def on_get(self, req: Request, resp: Response) -> None:
        """Run all checks; respond with 503 if one raises `Unavailable`, or if the process is draining."""
        if DRAINING.is_set():
            raise Unavailable("This process is shutting down; it does not accept new requests.")
        services = {} if req.get_param("of") == "self" else self._services
        for check in (*self._checks.values(), *services.values()):
            await check()
        resp.media = {"status": "ok", "checks": sorted({*self._checks, *services})}


class DescriptionResource:
    """`/internal/openapi.json`: the OpenAPI document of this service, which web merges with the others."""

    access = {"GET": Access(None, service="internal:pages")}

    def __init__(self, api: Api, routes: list[Route]) -> None:
        self._api = api
        self._routes = routes

    async def on_get(self, req: Request, resp: Response) -> None:
        """Send the OpenAPI document of the public routes."""
        resp.media = describe(self._api, self._routes)


class App(falcon.asgi.App):  # type: ignore[type-arg]  # generic in the stubs only
    """A falcon app that keeps a list of its routes, and supports HEAD on all routes with GET (RFC 9110, 9.1).

    Falcon omits the body of responses to HEAD.
    """

    def __init__(self, **how: Any) -> None:
        super().__init__(**how)
        # The handler of falcon takes several times as long.
        self.resp_options.media_handlers[falcon.MEDIA_JSON] = JSONHandler(dumps=msgspec.json.encode)
        #: All routes, in the order in which they were added.
        self.routes: list[Route] = []

    def add_route(self, uri_template: str, resource: Any, **how: Any) -> None:
        """Add a route, like `falcon.asgi.App.add_route`."""
        self.routes.append(Route(uri_template, resource))
        if hasattr(resource, "on_get") and not hasattr(resource, "on_head"):
            resource.on_head = resource.on_get
        super().add_route(uri_template, resource, **how)


def new_app(
    authenticator: Authenticator,
    checks: Mapping[str, Check],
    api: Api = UNNAMED_API,
    client_address: ClientAddressMiddleware | None = None,
    services: Mapping[str, Check] | None = None,
    gauges: metrics.Gauges | None = None,
) -> App:
    """Create an app with the health routes and without routes of its own.

    Args:
        authenticator: decides for each request whether access is allowed.
        checks: checks of `/health/ready`, by name; each raises `Unavailable` if its dependency is down.
        api: the common part of the OpenAPI description of its routes.
        client_address: determines the address of clients; by default, that of the connection.
        services: like `checks`, for the services that this one calls.
        gauges: returns gauges for `/metrics`.
    """
    # A sandboxed frame has the opaque origin "null". Access is granted by bearer tokens, never by cookies.
    cors: Any = falcon.CORSMiddleware(allow_origins="*", expose_headers=EXPOSED_HEADERS)
    recorder = OpenTelemetryRecorder(api.name) if otel.enabled(os.environ) else None
    first = [
        TraceMiddleware(recorder),
        AccessLogMiddleware(api.name),
        StreamMiddleware(),
        CompressionMiddleware(),
        client_address or ClientAddressMiddleware(),
        ClientShareMiddleware(client_requests()),
        SecurityHeadersMiddleware(),
        RejectDoubleSlashMiddleware(),
        cors,
    ]
    middleware = [*first, authenticator, NegotiationMiddleware()]
    app = App(middleware=middleware)
    add_error_handlers(app)
    app.add_route("/internal/openapi.json", DescriptionResource(api, app.routes))
    app.add_route("/health/live", LivenessResource())
    app.add_route("/health/ready", ReadinessResource(checks, services or {}))
    if metrics.enabled():
        app.add_route("/metrics", MetricsResource(gauges))
    return app
