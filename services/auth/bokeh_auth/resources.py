"""The routes of the auth service, a class each: read the request, call the domain, write the answer."""

from datetime import timedelta
from typing import Any

import falcon

from bokeh_auth import api, tokens
from bokeh_auth.audit import Audit
from bokeh_auth.entrance import Entrance
from bokeh_auth.introspection import Introspection
from bokeh_auth.keys import Keys
from bokeh_auth.scopes import PUBLISHING
from bokeh_auth.sessions import Sessions
from bokeh_auth.shares import Shares
from bokeh_auth.vault import Credential
from bokeh_common.errors import Invalid
from bokeh_common.http.auth import Access
from bokeh_common.http.body import read_json
from bokeh_common.http.operations import Answer, Operation
from bokeh_common.http.replies import Paging, link_next, page_of

MAX_JSON_BYTES = 1 << 16

ENTRANCE = Access(None, service="internal:accounts")
SHARES = Access(None, service="internal:shares")
OWN_SESSIONS = Access("account", service="internal:accounts")


class WhoAmI:
    """`GET /whoami`."""

    access = {"GET": Access("account")}
    describe = {"GET": Operation({200: api.WhoAmI})}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Tell the caller the account and the scopes of the key that was sent."""
        principal = req.context.principal
        keyless = req.get_header("Authorization") is None
        resp.media = {"user_id": principal.user_id, "scopes": sorted(principal.scopes), "keyless": keyless}


class KeyList:
    """`GET` and `POST /{user}/keys`."""

    access = {"GET": Access("keys:write"), "POST": Access("keys:write")}
    describe = {
        "GET": Operation({200: Answer(api.KeyPage, headers=("Link",))}, query=Paging),
        "POST": Operation(
            {201: Answer(api.MadeKey, headers=("Location",))},
            body=api.NEW_KEY,
            problems=("too-many-keys",),
            example={"name": "laptop", "scopes": ["plots:read"], "expires": "2031-01-31T12:00:00Z"},
        ),
    }

    def __init__(self, keys: Keys, audit: Audit) -> None:
        self._keys = keys
        self._audit = audit

    def on_get(self, req: falcon.Request, resp: falcon.Response, user: str) -> None:
        """List the keys, without their secrets."""
        after, limit = page_of(req)
        found = self._keys.page(user, after, limit)
        resp.media = {"keys": [key.summary for key in found]}
        if len(found) == limit:
            link_next(req, resp, found[-1].id, limit)

    def on_post(self, req: falcon.Request, resp: falcon.Response, user: str) -> None:
        """Make a key, or the successor of one; its secret is in this answer and never again."""
        made, secret = self._make(user, read_json(req, MAX_JSON_BYTES), req.context.principal.scopes)
        self._audit.note("keys.make", user, req.remote_addr or "", "done", key=made.id)
        resp.status = falcon.HTTP_201
        resp.location = f"/{user}/keys/{made.id}"
        resp.set_header("Cache-Control", "no-store")
        resp.media = {**made.summary, "key": secret}

    def _make(self, user: str, body: Any, held: frozenset[str]) -> tuple[Credential, str]:
        match body:
            case {"rotates": str(old), **rest} if rest.keys() <= {"overlap_hours"}:
                hours = rest.get("overlap_hours", 24)
                if isinstance(hours, int | float) and 0 <= hours < 10_000:
                    return self._keys.rotate(user, old, timedelta(hours=hours), held)
            case {"name": str(name), **rest} if rest.keys() <= {"scopes", "expires"}:
                scopes, expires = _list_of_texts(rest.get("scopes", list(PUBLISHING))), rest.get("expires")
                if scopes is not None and isinstance(expires, str | None):
                    return self._keys.make(user, name, scopes, expires, held)
        raise Invalid("Send {'name', 'scopes': [...], 'expires'} or {'rotates': id, 'overlap_hours'}.")


class OneKey:
    """`DELETE /{user}/keys/{key}`."""

    access = {"DELETE": Access("keys:write")}
    describe = {"DELETE": Operation({204: None})}

    def __init__(self, keys: Keys, audit: Audit) -> None:
        self._keys = keys
        self._audit = audit

    def on_delete(self, req: falcon.Request, resp: falcon.Response, user: str, key: str) -> None:
        """Revoke a key."""
        self._keys.revoke(user, key)
        self._audit.note("keys.revoke", user, req.remote_addr or "", "done", key=key)
        resp.status = falcon.HTTP_204


class Introspect:
    """`POST /internal/auth/introspection`; the gateway does not know this path."""

    access = {"POST": Access(None, service="internal:introspect")}

    def __init__(self, introspection: Introspection) -> None:
        self._introspection = introspection

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Say who holds a token (RFC 7662)."""
        [token] = _texts(req, "token")
        resp.media = self._introspection.introspect(token)


class ViewTokens:
    """`POST /internal/auth/view-tokens`; the gateway does not know this path."""

    access = {"POST": Access(None, service="internal:view-tokens")}

    def __init__(self, views: tokens.ViewTokens) -> None:
        self._views = views

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Make a token that opens one plot."""
        user_id, plot = _texts(req, "user_id", "plot")
        resp.media = {"token": self._views.make(str(user_id), str(plot))}


class ShareList:
    """`GET` and `POST /internal/auth/shares/{user}/{plot}`; the plots service knows whose plot it is."""

    access = {"GET": SHARES, "POST": SHARES}

    def __init__(self, shares: Shares, audit: Audit) -> None:
        self._shares = shares
        self._audit = audit

    def on_get(self, req: falcon.Request, resp: falcon.Response, user: str, plot: str) -> None:
        """List the share links of a plot, without their tokens."""
        resp.media = {"shares": [_shown(share) for share in self._shares.of_plot(user, plot)]}

    def on_post(self, req: falcon.Request, resp: falcon.Response, user: str, plot: str) -> None:
        """Make a share link; its token is in this answer and never again."""
        match read_json(req, MAX_JSON_BYTES):
            case {**given} if given.keys() <= {"expires", "origins"}:
                expires, origins = given.get("expires"), _list_of_texts(given.get("origins", []))
                if origins is not None and isinstance(expires, str | None):
                    made, token = self._shares.make(user, plot, expires, origins)
                    self._audit.note("shares.make", user, "", "done", plot=plot, share=made.id)
                    resp.status = falcon.HTTP_201
                    resp.media = {**_shown(made), "token": token}
                    return
        raise Invalid("Send {'expires': time or null, 'origins': [...]}.")


class OneShare:
    """`DELETE /internal/auth/shares/{user}/{plot}/{share}`."""

    access = {"DELETE": SHARES}

    def __init__(self, shares: Shares, audit: Audit) -> None:
        self._shares = shares
        self._audit = audit

    def on_delete(self, req: falcon.Request, resp: falcon.Response, user: str, plot: str, share: str) -> None:
        """Revoke a share link."""
        self._shares.revoke(user, plot, share)
        self._audit.note("shares.revoke", user, "", "done", plot=plot, share=share)
        resp.status = falcon.HTTP_204


class Registrations:
    """`POST /internal/auth/registrations`."""

    access = {"POST": ENTRANCE}

    def __init__(self, entrance: Entrance) -> None:
        self._entrance = entrance

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Have a confirmation link sent; the answer is the same for known and unknown addresses."""
        email, username, origin = _texts(req, "email", "username", "address")
        self._entrance.register(email, username, origin or "")
        resp.status = falcon.HTTP_202
        resp.media = {}


class LoginLinks:
    """`POST /internal/auth/login-links`."""

    access = {"POST": ENTRANCE}

    def __init__(self, entrance: Entrance) -> None:
        self._entrance = entrance

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Have a login link sent; the answer is the same for known and unknown addresses."""
        email, origin = _texts(req, "email", "address")
        self._entrance.login(email, origin or "")
        resp.status = falcon.HTTP_202
        resp.media = {}


class OneTimeLinks:
    """`POST /internal/auth/links`."""

    access = {"POST": ENTRANCE}

    def __init__(self, entrance: Entrance) -> None:
        self._entrance = entrance

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Say what a one-time link is for, without using it."""
        [token] = _texts(req, "token")
        link = self._entrance.look(token or "")
        resp.media = {"purpose": link.purpose, "username": link.username}


class SessionList:
    """`POST`, `GET` and `DELETE /internal/auth/sessions`."""

    access = {"POST": ENTRANCE, "GET": OWN_SESSIONS, "DELETE": OWN_SESSIONS}

    def __init__(self, entrance: Entrance, sessions: Sessions) -> None:
        self._entrance = entrance
        self._sessions = sessions

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Use a one-time link: start a session, of a new account where the link is for one."""
        token, agent, origin = _texts(req, "token", "agent", "address")
        user, session = self._entrance.enter(token or "", agent or "", origin or "")
        resp.status = falcon.HTTP_201
        resp.media = {"user_id": user, "session": session}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List the caller's sessions."""
        found = self._sessions.page(req.context.principal.user_id)
        resp.media = {"sessions": [session.summary for session in found]}

    def on_delete(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Sign the caller out everywhere."""
        self._sessions.sign_out_everywhere(req.context.principal.user_id)
        resp.status = falcon.HTTP_204


class OneSession:
    """`DELETE /internal/auth/sessions/{session}`; `current` is that of the token that is sent."""

    access = {"DELETE": OWN_SESSIONS}

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def on_delete(self, req: falcon.Request, resp: falcon.Response, session: str) -> None:
        """End a session."""
        if session == "current":
            self._sessions.sign_out((req.get_header("Authorization") or "").partition(" ")[2])
        else:
            self._sessions.end(req.context.principal.user_id, session)
        resp.status = falcon.HTTP_204


def _texts(req: falcon.Request, *names: str) -> list[str | None]:
    body = read_json(req, MAX_JSON_BYTES)
    values = [body.get(name) if isinstance(body, dict) else body for name in names]
    if not isinstance(body, dict) or any(not isinstance(value, str | None) for value in values):
        raise Invalid(f"Send an object with the texts {', '.join(names)}.")
    return values


def _shown(share: Credential) -> dict[str, Any]:
    names = ("id", "created", "expires", "used", "origins")
    return {name: getattr(share, name) for name in names}


def _list_of_texts(value: object) -> list[str] | None:
    return value if isinstance(value, list) and all(isinstance(item, str) for item in value) else None
