"""Registration, login by a link in an email, logout, and login of programs (RFC 8628)."""

from dataclasses import replace
from typing import Any

import falcon
from falcon.asgi import Request, Response

from bokeh_common.errors import NotFound
from bokeh_common.http.auth.access import OPEN, authorization_of
from bokeh_common.http.openapi.operations import JSON, Operation, ResponseSpec
from bokeh_common.http.rate_limits import set_rate_limit_headers
from bokeh_common.http.request_body import read_query
from bokeh_web.pages.forms import is_json, read_form, respond_or_redirect
from bokeh_web.resources.account import OWNER
from bokeh_web.resources.base import EVERYONE, FORM, FORM_AND_PAGE, PAGE, WebResource
from bokeh_web.resources.credentials import MEANINGS
from bokeh_web.resources.schemas import (
    Address,
    DeviceAnswerForm,
    DeviceCode,
    DeviceCodeRequest,
    DeviceError,
    DeviceLoginQuery,
    DeviceToken,
    DeviceTokenRequest,
    Entered,
    LogoutForm,
    Registration,
    Sent,
)

LINK_SENT = (
    "If this address can be used, an email with a link is on its way. Please check the spam folder, too."
)

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"

#: The error codes of RFC 8628, 3.5, and what they mean, by the answer of the auth service.
ERRORS = {
    "pending": ("authorization_pending", "The user has not answered yet. Ask again after the interval."),
    "slow_down": ("slow_down", "This was too early. Wait for five seconds longer than before."),
    "denied": ("access_denied", "The user did not allow this login."),
    "expired": ("expired_token", "The code was used, or is older than ten minutes. Start again."),
}

FORM_OR_JSON = (falcon.MEDIA_URLENCODED, JSON)
SENDING = {202: ResponseSpec(Sent, (JSON, falcon.MEDIA_HTML))}
SENDING_PROBLEMS = ("cross-site", "bad-email", "too-many")


class PublicPage(WebResource):
    """A page that everyone may open."""

    async def _respond_with_link_sent(
        self, req: Request, resp: Response, limits: list[dict[str, Any]], form: Registration | Address
    ) -> None:
        set_rate_limit_headers(resp, limits)
        resp.status = falcon.HTTP_202
        if is_json(req):
            resp.media = {"detail": LINK_SENT}
        else:
            await self._respond_with_page(req, resp, "login/link_sent.html", text=LINK_SENT, form=form)


class RegisterPage(PublicPage):
    """`GET` and `POST /register`."""

    access = {"GET": OPEN, "POST": OPEN}
    describe = {
        "GET": PAGE,
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
        await self._respond_with_page(req, resp, "login/register.html")

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
        "GET": PAGE,
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
        await self._respond_with_page(req, resp, "login/login.html")

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
        respond_or_redirect(req, resp, Entered(user_id=user), "/")


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


class DeviceCodes(WebResource):
    """`POST /login/device/code`."""

    access = {"POST": OPEN}
    describe = {
        "POST": Operation(
            {200: DeviceCode},
            DeviceCodeRequest,
            FORM_OR_JSON,
            problems=("too-many",),
            example={"client_id": "notebook", "scope": "plots:read plots:write", "machine": "lab-3"},
            details="The device authorization request of RFC 8628, 3.1.",
        )
    }

    async def on_post(self, req: Request, resp: Response) -> None:
        """Start the login of a program, which shows the code to its user."""
        form = await read_form(req, DeviceCodeRequest)
        request = {
            "program": form.client_id,
            "machine": form.machine,
            "scopes": form.scope.split(),
            "days": form.days,
        }
        codes = await self._domain.auth.start_device_login(request)
        page = f"{self._server_url(req)}/login/device"
        resp.set_header("Cache-Control", "no-store")
        resp.media = {
            **codes,
            "verification_uri": page,
            "verification_uri_complete": f"{page}?code={codes['user_code']}",
        }


class DeviceTokens(WebResource):
    """`POST /login/device/token`."""

    access = {"POST": OPEN}
    describe = {
        "POST": Operation(
            {
                200: DeviceToken,
                400: ResponseSpec(DeviceError, description="There is no key."),
            },
            DeviceTokenRequest,
            FORM_OR_JSON,
            example={"grant_type": GRANT_TYPE, "device_code": "bko_..."},
            details="The device access token request of RFC 8628, 3.4. Errors are those of RFC 8628, 3.5.",
        )
    }

    async def on_post(self, req: Request, resp: Response) -> None:
        """Return an API key once the user has allowed the login."""
        form = await read_form(req, DeviceTokenRequest)
        resp.set_header("Cache-Control", "no-store")
        if form.grant_type != GRANT_TYPE:
            _respond_with_error(resp, "unsupported_grant_type", f"'grant_type' must be {GRANT_TYPE}.")
            return
        found = await self._domain.auth.poll_device_login(form.device_code)
        if found["answer"] != "granted":
            _respond_with_error(resp, *ERRORS[found["answer"]])
            return
        resp.media = {
            "access_token": found["key"],
            "token_type": "bearer",
            "expires_in": found["days"] * 24 * 3600,
            "scope": " ".join(found["scopes"]),
        }


class DeviceLoginPage(WebResource):
    """`GET` and `POST /login/device`."""

    access = {"GET": EVERYONE, "POST": OWNER}
    describe = {"GET": replace(PAGE, query=DeviceLoginQuery), "POST": FORM_AND_PAGE}

    async def on_get(self, req: Request, resp: Response) -> None:
        """Ask for the code, or show which program asks for what."""
        code = read_query(req, DeviceLoginQuery).code
        user = await self._domain.pages.visitor(req)
        request = await self._look_up(req, code) if user and code else None
        await self._respond(req, resp, user=user, code=code, request=request, answer="")

    async def on_post(self, req: Request, resp: Response) -> None:
        """Allow or deny the login."""
        form = await self._read_form(req, DeviceAnswerForm)
        allow = form.answer == "allow"
        authorization = authorization_of(req)
        request = await self._domain.auth.answer_device_login(form.code, allow, authorization)
        answer = "allowed" if allow else "denied"
        await self._respond(req, resp, user="", code=form.code, request=request, answer=answer)

    async def _look_up(self, req: Request, code: str) -> dict[str, Any] | None:
        try:
            return await self._domain.auth.answer_device_login(code, None, authorization_of(req))
        except NotFound:
            return None

    async def _respond(self, req: Request, resp: Response, **values: Any) -> None:
        resp.set_header("Cache-Control", "no-store")
        await self._respond_with_page(req, resp, "login/device.html", meanings=MEANINGS, **values)


def _respond_with_error(resp: Response, error: str, description: str) -> None:
    resp.status = falcon.HTTP_400
    resp.media = {"error": error, "error_description": description, "title": description}
