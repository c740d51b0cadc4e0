"""The routes of the auth service, a class each: read the request, call the domain, write the answer."""

import falcon

from bokeh_auth import tokens
from bokeh_auth.introspection import Introspection
from bokeh_common.errors import Invalid
from bokeh_common.http.auth import OPEN, Access
from bokeh_common.http.body import read_json

MAX_JSON_BYTES = 1 << 16


class WhoAmI:
    """`GET /whoami`."""

    access = {"GET": Access("account")}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Tell the caller the account and the scopes of the key that was sent."""
        principal = req.context.principal
        keyless = req.get_header("Authorization") is None
        resp.media = {"user_id": principal.user_id, "scopes": sorted(principal.scopes), "keyless": keyless}


class Introspect:
    """`POST /internal/auth/introspection`; the gateway does not know this path."""

    def __init__(self, introspection: Introspection) -> None:
        self._introspection = introspection

    access = {"POST": OPEN}

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Say who holds a token (RFC 7662)."""
        [token] = _texts(req, "token")
        resp.media = self._introspection.introspect(token)


class ViewTokens:
    """`POST /internal/auth/view-tokens`; the gateway does not know this path."""

    def __init__(self, views: tokens.ViewTokens) -> None:
        self._views = views

    access = {"POST": OPEN}

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Make a token that opens one plot."""
        user_id, plot = _texts(req, "user_id", "plot")
        resp.media = {"token": self._views.make(str(user_id), str(plot))}


def _texts(req: falcon.Request, *names: str) -> list[str | None]:
    body = read_json(req, MAX_JSON_BYTES)
    values = [body.get(name) if isinstance(body, dict) else body for name in names]
    if not isinstance(body, dict) or any(not isinstance(value, str | None) for value in values):
        raise Invalid(f"Send an object with the texts {', '.join(names)}.")
    return values
