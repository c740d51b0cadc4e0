"""What the other services ask, a class for each route; the gateway does not know these paths."""

from dataclasses import asdict
from typing import Any

import falcon

from bokeh_auth import tokens
from bokeh_auth.acts import Acts
from bokeh_auth.entrance import Entrance
from bokeh_auth.expiry import Expiry
from bokeh_auth.introspection import Introspection
from bokeh_auth.resources import MAX_JSON_BYTES, list_of_texts
from bokeh_auth.sessions import Sessions
from bokeh_auth.shares import Shares
from bokeh_auth.vault import Credential, Vault
from bokeh_common.errors import Invalid, NotFound
from bokeh_common.http.auth import Access
from bokeh_common.http.body import read_json

ENTRANCE = Access(None, service="internal:accounts")
SHARES = Access(None, service="internal:shares")
COLLECT = Access(None, service="internal:collect")
OWN_SESSIONS = Access("account", service="internal:accounts")


class Introspect:
    """`POST /internal/auth/introspection`; the gateway does not know this path."""

    access = {"POST": Access(None, service="internal:introspect")}

    def __init__(self, introspection: Introspection) -> None:
        self._introspection = introspection

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Say who holds a token (RFC 7662)."""
        [token] = _texts(req, "token")
        resp.media = self._introspection.introspect(token, req.context.origin)


class ViewTokens:
    """`POST /internal/auth/view-tokens`; the gateway does not know this path."""

    access = {"POST": Access(None, service="internal:view-tokens")}

    def __init__(self, views: tokens.ViewTokens, vault: Vault) -> None:
        self._views = views
        self._vault = vault

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Make a token that opens one plot; for who came by the share link `share` it ends with that."""
        user_id, plot, share = _texts(req, "user_id", "plot", "share")
        opened = self._vault.open(share) if share else None
        if share and opened is None:  # it was revoked while its page was made
            raise NotFound("There is nothing here for this share link; ask for a new one.")
        resp.media = {"token": self._views.make(str(user_id), str(plot), opened.id if opened else None)}


class ShareList:
    """`GET` and `POST /internal/auth/shares/{user}/{plot}`; the plots service knows whose plot it is."""

    access = {"GET": SHARES, "POST": SHARES}

    def __init__(self, shares: Shares, acts: Acts) -> None:
        self._shares = shares
        self._acts = acts

    def on_get(self, req: falcon.Request, resp: falcon.Response, user: str, plot: str) -> None:
        """List the share links of a plot, without their tokens."""
        resp.media = {"shares": [_shown(share) for share in self._shares.of_plot(user, plot)]}

    def on_post(self, req: falcon.Request, resp: falcon.Response, user: str, plot: str) -> None:
        """Make a share link; its token is in this answer and never again."""
        match read_json(req, MAX_JSON_BYTES):
            case {**given} if given.keys() <= {"expires", "origins"}:
                expires, origins = given.get("expires"), list_of_texts(given.get("origins", []))
                if origins is not None and isinstance(expires, str | None):
                    with self._acts.noting(req, "shares.make", user, plot=plot) as facts:
                        made, token = self._shares.make(user, plot, expires, origins)
                        facts.update(share=made.id, expires=made.expires)
                    resp.status = falcon.HTTP_201
                    resp.media = {**_shown(made), "token": token}
                    return
        raise Invalid("Send {'expires': time or null, 'origins': [...]}.")


class OwnShares:
    """`GET /internal/auth/shares`."""

    access = {"GET": OWN_SESSIONS}

    def __init__(self, shares: Shares) -> None:
        self._shares = shares

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List the caller's share links of all plots, without their tokens."""
        found = self._shares.of_account(req.context.principal.user_id)
        resp.media = {"shares": [{**_shown(share), "plot": share.only} for share in found]}


class OneShare:
    """`DELETE /internal/auth/shares/{user}/{plot}/{share}`."""

    access = {"DELETE": SHARES}

    def __init__(self, shares: Shares, acts: Acts) -> None:
        self._shares = shares
        self._acts = acts

    def on_delete(self, req: falcon.Request, resp: falcon.Response, user: str, plot: str, share: str) -> None:
        """Revoke a share link."""
        with self._acts.noting(req, "shares.revoke", user, plot=plot, share=share):
            self._shares.revoke(user, plot, share)
        resp.status = falcon.HTTP_204


class Expired:
    """`GET` and `POST /internal/auth/expired`."""

    access = {"GET": COLLECT, "POST": COLLECT}

    def __init__(self, expiry: Expiry) -> None:
        self._expiry = expiry

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List all share links, page by page: those of plots that are gone are garbage, too."""
        shares, after = self._expiry.shares(req.get_param("after") or "")
        resp.media = {"shares": shares, "after": after}

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Delete what has expired, unless it is a dry run; tell how much there was."""
        match read_json(req, MAX_JSON_BYTES):
            case {"dry_run": bool(dry_run), "shares": [*shares]}:
                resp.media = self._expiry.clear(dry_run, {str(share) for share in shares})
            case _:
                raise Invalid("Send {'dry_run': true or false, 'shares': [id, ...]}.")


class Registrations:
    """`POST /internal/auth/registrations`."""

    access = {"POST": ENTRANCE}

    def __init__(self, entrance: Entrance) -> None:
        self._entrance = entrance

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Have a confirmation link sent; the answer is the same for known and unknown addresses."""
        email, username = _texts(req, "email", "username")
        left = self._entrance.register(email, username, req.context.origin)
        resp.status = falcon.HTTP_202
        resp.media = {"limits": [asdict(allowance) for allowance in left]}


class LoginLinks:
    """`POST /internal/auth/login-links`."""

    access = {"POST": ENTRANCE}

    def __init__(self, entrance: Entrance) -> None:
        self._entrance = entrance

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Have a login link sent; the answer is the same for known and unknown addresses."""
        [email] = _texts(req, "email")
        left = self._entrance.login(email, req.context.origin)
        resp.status = falcon.HTTP_202
        resp.media = {"limits": [asdict(allowance) for allowance in left]}


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

    def __init__(self, entrance: Entrance, sessions: Sessions, acts: Acts) -> None:
        self._entrance = entrance
        self._sessions = sessions
        self._acts = acts

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Use a one-time link: start a session, of a new account where the link is for one."""
        token, agent = _texts(req, "token", "agent")
        user, session = self._entrance.enter(token or "", agent or "", req.context.origin)
        resp.status = falcon.HTTP_201
        resp.media = {"user_id": user, "session": session}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List the caller's sessions."""
        found = self._sessions.page(req.context.principal.user_id)
        resp.media = {"sessions": [session.summary for session in found]}

    def on_delete(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Sign the caller out everywhere."""
        user = req.context.principal.user_id
        with self._acts.noting(req, "logout.everywhere", user) as facts:
            facts.update(sessions=self._sessions.sign_out_everywhere(user))
        resp.status = falcon.HTTP_204


class OneSession:
    """`DELETE /internal/auth/sessions/{session}`; `current` is that of the token that is sent."""

    access = {"DELETE": OWN_SESSIONS}

    def __init__(self, sessions: Sessions, acts: Acts) -> None:
        self._sessions = sessions
        self._acts = acts

    def on_delete(self, req: falcon.Request, resp: falcon.Response, session: str) -> None:
        """End a session."""
        principal = req.context.principal
        current = principal.by.removeprefix("sessions/")
        with self._acts.noting(req, "logout", principal.user_id, session=session):
            self._sessions.end(principal.user_id, current if session == "current" else session)
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
