"""Registration, login by a link in an email, and logout."""

from dataclasses import replace
from typing import Any

import falcon
from falcon.asgi import Request, Response

from bokeh_common.http.auth.access import OPEN
from bokeh_common.http.openapi.operations import JSON, Operation, ResponseSpec
from bokeh_common.http.rate_limits import set_rate_limit_headers
from bokeh_common.http.request_body import read_query
from bokeh_web.pages.forms import is_json, read_form, respond_or_redirect
from bokeh_web.resources.base import FORM, PAGE, WebResource
from bokeh_web.resources.schemas import Address, Entered, LoginQuery, LogoutForm, Registration, Sent
from bokeh_web.security.next_path import is_local_path

LINK_SENT = (
    "If this address can be used, an email with a link is on its way. Please check the spam folder, too."
)

FORM_PAGE = replace(PAGE, query=LoginQuery)
FORM_OR_JSON = (falcon.MEDIA_URLENCODED, JSON)
SENDING = {202: ResponseSpec(Sent, (JSON, falcon.MEDIA_HTML))}
SENDING_PROBLEMS = ("cross-site", "bad-email", "too-many")


class PublicPage(WebResource):
    """A page that everyone may open."""

    async def _respond_with_form(self, req: Request, resp: Response, template: str) -> None:
        query = read_query(req, LoginQuery)
        await self._respond_with_page(req, resp, template, next_path=_if_local(query.next))

    async def _respond_with_link_sent(
        self, req: Request, resp: Response, limits: list[dict[str, Any]], form: Registration | Address
    ) -> None:
        set_rate_limit_headers(resp, limits)
        next_path = _if_local(form.next)
        self._domain.session_cookie.write_next(req, resp, next_path)
        resp.status = falcon.HTTP_202
        if is_json(req):
            resp.media = {"detail": LINK_SENT}
        else:
            values = {"text": LINK_SENT, "form": form, "next_path": next_path}
            await self._respond_with_page(req, resp, "login/link_sent.html", **values)


class RegisterPage(PublicPage):
    """`GET` and `POST /register`."""

    access = {"GET": OPEN, "POST": OPEN}
    describe = {
        "GET": FORM_PAGE,
        "POST": Operation(
            SENDING,
            Registration,
            FORM_OR_JSON,
            problems=(*SENDING_PROBLEMS, "bad-username"),
            example={"email": "grace@example.com", "username": "grace"},
        ),
    }

    async def on_get(self, req: Request, resp: Response) -> None:
        """Show the registration form."""
        await self._respond_with_form(req, resp, "login/register.html")

    async def on_post(self, req: Request, resp: Response) -> None:
        """Send an email with a link that confirms the registration."""
        self._domain.session_cookie.require_same_origin(req)
        form = await read_form(req, Registration)
        limits = await self._domain.auth.register(form.email, form.username)
        await self._respond_with_link_sent(req, resp, limits, form)


class LoginPage(PublicPage):
    """`GET` and `POST /login`."""

    access = {"GET": OPEN, "POST": OPEN}
    describe = {
        "GET": FORM_PAGE,
        "POST": Operation(
            SENDING,
            Address,
            FORM_OR_JSON,
            problems=SENDING_PROBLEMS,
            example={"email": "grace@example.com"},
        ),
    }

    async def on_get(self, req: Request, resp: Response) -> None:
        """Show the login form."""
        await self._respond_with_form(req, resp, "login/login.html")

    async def on_post(self, req: Request, resp: Response) -> None:
        """Send an email with a login link."""
        self._domain.session_cookie.require_same_origin(req)
        form = await read_form(req, Address)
        browser = self._domain.session_cookie.read_browser(req)
        limits = await self._domain.auth.login(form.email, browser)
        await self._respond_with_link_sent(req, resp, limits, form)


class OneTimeLinkPage(PublicPage):
    """`GET` and `POST /login/{token}`, the one-time link in an email."""

    access = {"GET": OPEN, "POST": OPEN}
    describe = {
        "GET": PAGE,
        "POST": replace(
            FORM,
            responses={200: ResponseSpec(Entered, description="For programs."), **FORM.responses},
            media=FORM_OR_JSON,
            problems=("cross-site", "too-many"),
        ),
    }

    async def on_get(self, req: Request, resp: Response, token: str) -> None:
        """Ask for confirmation, since mail scanners open links and must not use them."""
        await self._respond_with_page(req, resp, "login/confirm.html", **await self._domain.auth.peek(token))

    async def on_post(self, req: Request, resp: Response, token: str) -> None:
        """Use the link: log in, with a new session even if there was one before."""
        cookie, auth = self._domain.session_cookie, self._domain.auth
        cookie.require_same_origin(req)
        user, session, browser = await auth.redeem(token, req.user_agent or "")
        before = cookie.read(req)
        if before is not None:
            await auth.log_out(before)
        cookie.write(resp, session)
        cookie.write_browser(resp, browser)
        next_path = cookie.read_next(req)
        cookie.write_next(req, resp, "")
        respond_or_redirect(req, resp, Entered(user_id=user), next_path or "/")


class LogoutAction(PublicPage):
    """`POST /logout`."""

    access = {"POST": OPEN}
    describe = {
        "POST": replace(
            FORM,
            responses={200: ResponseSpec(dict[str, str], description="For programs."), **FORM.responses},
            media=FORM_OR_JSON,
        )
    }

    async def on_post(self, req: Request, resp: Response) -> None:
        """End the session, or all sessions of the account; does nothing without a session."""
        form = await self._read_form(req, LogoutForm)
        session = self._domain.session_cookie.read(req)
        if session is not None:
            await self._domain.auth.log_out(session, everywhere=form.everywhere is not None)
        self._domain.session_cookie.clear(resp)
        respond_or_redirect(req, resp, {}, "/login")


def _if_local(path: str) -> str:
    """Return a path if it is one of this cloud; otherwise nothing, as if there were none."""
    return path if is_local_path(path) else ""
