"""The routes of registration, login and sessions, for the web service; the gateway does not route them."""

from dataclasses import asdict

import falcon
from falcon.asgi import Request, Response

from bokeh_auth.container import Domain
from bokeh_auth.login.login import Login
from bokeh_auth.resources import schemas
from bokeh_auth.resources.audited import AuditedResource
from bokeh_common.http.auth.access import Access, Principal
from bokeh_common.http.rate_limits import Allowance
from bokeh_common.http.request_body import read_body
from bokeh_common.http.server.thread_pools import STORAGE

LOGIN = Access(None, service="internal:accounts")
OWN_SESSIONS = Access("account", service="internal:accounts")


class RegistrationLinks:
    """`POST /internal/auth/registrations`."""

    access = {"POST": LOGIN}

    def __init__(self, login: Login) -> None:
        self._login = login

    async def on_post(self, req: Request, resp: Response) -> None:
        """Send a confirmation link; the response is the same for known and unknown addresses."""
        body = await read_body(req, schemas.MAX_JSON_BYTES, schemas.RegistrationRequest)
        request = body.email, body.username, req.context.client_address
        _respond_accepted(resp, await STORAGE.run(self._login.send_registration_link, *request))


class LoginLinks:
    """`POST /internal/auth/login-links`."""

    access = {"POST": LOGIN}

    def __init__(self, login: Login) -> None:
        self._login = login

    async def on_post(self, req: Request, resp: Response) -> None:
        """Send a login link; the response is the same for known and unknown addresses."""
        body = await read_body(req, schemas.MAX_JSON_BYTES, schemas.LoginRequest)
        request = body.email, req.context.client_address, body.browser
        _respond_accepted(resp, await STORAGE.run(self._login.send_login_link, *request))


class LinkPurpose:
    """`POST /internal/auth/links`."""

    access = {"POST": LOGIN}

    def __init__(self, login: Login) -> None:
        self._login = login

    async def on_post(self, req: Request, resp: Response) -> None:
        """Return what a one-time link is for, without using it."""
        body = await read_body(req, schemas.MAX_JSON_BYTES, schemas.PeekRequest)
        link = await STORAGE.run(self._login.peek, body.token)
        resp.media = {"purpose": link.purpose, "username": link.username}


class SessionList(AuditedResource):
    """`POST`, `GET` and `DELETE /internal/auth/sessions`."""

    access = {"POST": LOGIN, "GET": OWN_SESSIONS, "DELETE": OWN_SESSIONS}

    def __init__(self, domain: Domain, login: Login) -> None:
        super().__init__(domain)
        self._login = login

    async def on_post(self, req: Request, resp: Response) -> None:
        """Redeem a one-time link: start a session, of a new account if the link is for one."""
        body = await read_body(req, schemas.MAX_JSON_BYTES, schemas.SessionRequest)
        request = body.token, body.agent, req.context.client_address
        user, session, browser = await STORAGE.run(self._login.redeem, *request)
        resp.status = falcon.HTTP_201
        resp.media = {"user_id": user, "session": session, "browser": browser}

    async def on_get(self, req: Request, resp: Response) -> None:
        """List the caller's sessions."""
        found = await STORAGE.run(self._domain.sessions.page, req.context.principal.user_id)
        resp.media = {"sessions": [session.summary for session in found]}

    async def on_delete(self, req: Request, resp: Response) -> None:
        """End all sessions of the caller."""
        await STORAGE.run(self._end_all, req, req.context.principal.user_id)
        resp.status = falcon.HTTP_204

    def _end_all(self, req: Request, user: str) -> None:
        with self._audited(req, "logout.everywhere", user) as facts:
            facts.update(sessions=self._domain.sessions.end_all(user))


class OneSession(AuditedResource):
    """`DELETE /internal/auth/sessions/{session}`; `current` is the session of the request."""

    access = {"DELETE": OWN_SESSIONS}

    async def on_delete(self, req: Request, resp: Response, session: str) -> None:
        """End a session."""
        await STORAGE.run(self._end, req, req.context.principal, session)
        resp.status = falcon.HTTP_204

    def _end(self, req: Request, principal: Principal, session: str) -> None:
        current = principal.by.removeprefix("sessions/")
        with self._audited(req, "logout", principal.user_id, session=session):
            self._domain.sessions.end(principal.user_id, current if session == "current" else session)


def _respond_accepted(resp: Response, left: list[Allowance]) -> None:
    resp.status = falcon.HTTP_202
    resp.media = {"limits": [asdict(allowance) for allowance in left]}
