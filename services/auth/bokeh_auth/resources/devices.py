"""The routes of logins of programs, for the web service; the gateway does not route them."""

from dataclasses import asdict
from typing import Annotated, Any

import falcon
import msgspec
from falcon.asgi import Request, Response
from msgspec import Meta

from bokeh_auth.container import Domain
from bokeh_auth.credentials.scopes import PUBLISHING
from bokeh_auth.login.devices import LIFETIME, Answer, Approver, DeviceLogins, DeviceRequest
from bokeh_auth.resources.audited import AuditedResource
from bokeh_auth.resources.schemas import MAX_JSON_BYTES
from bokeh_common.errors import Invalid
from bokeh_common.http.auth.access import Access
from bokeh_common.http.request_body import read_body
from bokeh_common.http.server.thread_pools import STORAGE

PROGRAMS = Access(None, service="internal:accounts")
OWNER = Access("keys:write", service="internal:accounts")

DEFAULT_DAYS = 90
MAX_DAYS = 365

Text = Annotated[str, Meta(min_length=1, max_length=60)]


class LoginOfProgram(msgspec.Struct, forbid_unknown_fields=True):
    """Who asks for a login, and for which key."""

    program: Text
    machine: Text
    scopes: list[str] = []
    days: Annotated[int, Meta(ge=1, le=MAX_DAYS)] = DEFAULT_DAYS


class PolledCode(msgspec.Struct, forbid_unknown_fields=True):
    """The device code of a program that polls."""

    device_code: str


class EnteredCode(msgspec.Struct, forbid_unknown_fields=True):
    """The user code that was entered, and the answer; None to look it up."""

    user_code: Annotated[str, Meta(max_length=40)]
    allow: bool | None = None


class ProgramLogins:
    """`POST /internal/auth/devices`."""

    access = {"POST": PROGRAMS}

    def __init__(self, devices: DeviceLogins) -> None:
        self._devices = devices

    async def on_post(self, req: Request, resp: Response) -> None:
        """Start a login; return both codes."""
        body = await read_body(req, MAX_JSON_BYTES, LoginOfProgram)
        if not (body.program.isprintable() and body.machine.isprintable()):
            raise Invalid("'program' and 'machine' must be printable.")
        scopes = tuple(body.scopes) or PUBLISHING
        request = body.program, body.machine, req.context.client_address, scopes, body.days
        device_code, user_code, started = await STORAGE.run(self._devices.ask, *request)
        resp.status = falcon.HTTP_201
        resp.media = {
            "device_code": device_code,
            "user_code": user_code,
            "expires_in": int(LIFETIME.total_seconds()),
            "interval": started.interval,
        }


class ProgramPolls(AuditedResource):
    """`POST /internal/auth/devices/polls`."""

    access = {"POST": PROGRAMS}

    def __init__(self, domain: Domain, devices: DeviceLogins) -> None:
        super().__init__(domain)
        self._devices = devices

    async def on_post(self, req: Request, resp: Response) -> None:
        """Return the answer, and the key if there is one."""
        body = await read_body(req, MAX_JSON_BYTES, PolledCode)
        answer, request, key = await STORAGE.run(self._poll, req, body.device_code)
        granted = {"key": key, "scopes": request.scopes, "days": request.days} if request and key else {}
        resp.media = {"answer": answer, **granted}

    def _poll(self, req: Request, device_code: str) -> tuple[Answer, DeviceRequest | None, str]:
        answer, request, key = self._devices.poll(device_code)
        if request is not None and key:
            facts = {"scopes": request.scopes, "program": request.program, "machine": request.machine}
            self._record(req, "keys.make", request.user, "done", by="login of a program", **facts)
        return answer, request, key


class ProgramAnswers(AuditedResource):
    """`POST /internal/auth/devices/answers`."""

    access = {"POST": OWNER}

    def __init__(self, domain: Domain, devices: DeviceLogins) -> None:
        super().__init__(domain)
        self._devices = devices

    async def on_post(self, req: Request, resp: Response) -> None:
        """Return who asks for what, and allow or deny it if there is an answer."""
        body = await read_body(req, MAX_JSON_BYTES, EnteredCode)
        caller = req.context.principal
        until = caller.expires if caller.by.startswith("keys/") else None
        approver = Approver(caller.user_id, caller.scopes, req.context.client_address, until)
        if body.allow is None:
            request = await STORAGE.run(self._devices.look_up, body.user_code, approver)
        else:
            request = await STORAGE.run(self._answer, req, body.user_code, approver, body.allow)
        resp.media = _shown(request)

    def _answer(self, req: Request, user_code: str, approver: Approver, allow: bool) -> DeviceRequest:
        with self._audited(req, "devices.allow" if allow else "devices.deny", approver.user) as facts:
            request = self._devices.answer(user_code, approver, allow=allow)
            facts.update(program=request.program, machine=request.machine)
        return request


def _shown(request: DeviceRequest) -> dict[str, Any]:
    names = ("program", "machine", "address", "scopes", "days", "expires")
    return {name: value for name, value in asdict(request).items() if name in names}
