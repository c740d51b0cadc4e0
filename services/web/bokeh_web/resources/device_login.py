"""Login of programs: the device authorization grant (RFC 8628)."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import falcon
from falcon.asgi import Request, Response

from bokeh_common.errors import NotFound
from bokeh_common.http.auth.access import OPEN, authorization_of
from bokeh_common.http.openapi.operations import Operation, ResponseSpec
from bokeh_common.http.request_body import read_query
from bokeh_web.pages.forms import read_form
from bokeh_web.resources.account import OWNER
from bokeh_web.resources.base import EVERYONE, FORM_AND_PAGE, PAGE, WebResource
from bokeh_web.resources.credentials import MEANINGS
from bokeh_web.resources.login import FORM_OR_JSON
from bokeh_web.resources.schemas import (
    DeviceAnswerForm,
    DeviceCode,
    DeviceCodeRequest,
    DeviceError,
    DeviceLoginQuery,
    DeviceToken,
    DeviceTokenRequest,
)

PAGE_PATH = "/login/device"
CODE_LENGTH = 8

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"

#: The error codes of RFC 8628, 3.5, and what they mean, by the answer of the auth service.
ERRORS = {
    "pending": ("authorization_pending", "The user has not answered yet. Ask again after the interval."),
    "slow_down": ("slow_down", "This was too early. Wait for five seconds longer than before."),
    "denied": ("access_denied", "The user did not allow this login."),
    "expired": ("expired_token", "The code was used, or is older than ten minutes. Start again."),
}


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
        page = f"{self._server_url(req)}{PAGE_PATH}"
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
        request = await self._look_up(req, form.code, allow)
        answer = ("allowed" if allow else "denied") if request else ""
        user = await self._domain.pages.visitor(req)
        await self._respond(req, resp, user=user, code=form.code, request=request, answer=answer)

    async def _look_up(self, req: Request, code: str, allow: bool | None = None) -> dict[str, Any] | None:
        """Return the request of a code, and answer it unless `allow` is None; None if there is none."""
        try:
            return await self._domain.auth.answer_device_login(code, allow, authorization_of(req))
        except NotFound:
            return None

    async def _respond(self, req: Request, resp: Response, *, code: str, **values: Any) -> None:
        resp.set_header("Cache-Control", "no-store")
        values |= {"code": _spelled(code), "next_path": _page(code), "meanings": MEANINGS}
        await self._respond_with_page(req, resp, "login/device.html", **values)


def _spelled(code: str) -> str:
    """Return a code as programs show it, so that a user who entered it in another way can compare them."""
    letters = "".join(char for char in code.upper() if char.isalpha())
    return f"{letters[:4]}-{letters[4:]}" if len(letters) == CODE_LENGTH else code


def _page(code: str) -> str:
    """Return the path of this page with a code, as its user comes back to it after the login."""
    return f"{PAGE_PATH}?{urlencode({'code': code})}" if code else PAGE_PATH


def _respond_with_error(resp: Response, error: str, description: str) -> None:
    resp.status = falcon.HTTP_400
    resp.media = {"error": error, "error_description": description, "title": description}
