"""The falcon app that every service starts from: the same errors, headers, health routes and access rules."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import falcon

from bokeh_common.http.auth import OPEN, Authenticator
from bokeh_common.http.errors import handle_errors

App: TypeAlias = "falcon.App[falcon.Request, falcon.Response]"

Check = Callable[[], object]


class SafeHeaders:
    """Headers that no answer of any service should lack (OWASP secure headers)."""

    def process_response(
        self, req: falcon.Request, resp: falcon.Response, resource: object, ok: bool
    ) -> None:
        """Add what the responder did not set itself."""
        for name, value in (
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "same-origin"),
            ("Cache-Control", "private, no-cache"),
        ):
            if resp.get_header(name) is None:
                resp.set_header(name, value)


class Live:
    """`/health/live`: the process answers."""

    access = {"GET": OPEN}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Say so."""
        resp.media = {"status": "ok"}


class Ready:
    """`/health/ready`: what the service depends on answers too."""

    access = {"GET": OPEN}

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Run each check; the first that raises `Unavailable` becomes a 503."""
        for check in self._checks.values():
            check()
        resp.media = {"status": "ok", "checks": sorted(self._checks)}


def new_app(authenticator: Authenticator, checks: Mapping[str, Check]) -> App:
    """Make an app without routes of its own.

    Args:
        authenticator: decides for each request whether its resource may be reached.
        checks: what `/health/ready` calls, by name; each raises `Unavailable` when its dependency is down.
    """
    # A sandboxed frame has the opaque origin "null"; a bearer token, never a cookie, is what lets it read.
    cors: Any = falcon.CORSMiddleware(allow_origins="*", expose_headers=["ETag", "Link"])
    app: App = falcon.App(middleware=[SafeHeaders(), cors, authenticator])
    handle_errors(app)
    app.add_route("/health/live", Live())
    app.add_route("/health/ready", Ready(checks))
    return app
