"""The doors: register, sign in by an emailed link, sign out."""

from dataclasses import replace
from typing import Annotated, Any, TypedDict

import falcon
from msgspec import Meta

from bokeh_common.http.auth import OPEN
from bokeh_common.http.limits import tell_limits
from bokeh_common.http.operations import JSON, Answer, Operation
from bokeh_web.forms import answer_or_go, is_json, read_form
from bokeh_web.resources.base import FORM, PAGE, Resource

SENT = "If this address can be used, an email with a link is on its way. Look into the spam folder too."


Email = Annotated[str, Meta(examples=["ada@example.com"])]


class Address(TypedDict):
    """Where the link is to be sent."""

    email: Email


class Registration(TypedDict):
    """Who wants an account, and what it is to be called: two to 39 of `a-z`, `0-9` and `-`."""

    email: Email
    username: Annotated[str, Meta(examples=["ada"])]


class Sent(TypedDict):
    """Always the same, whether there is such an account or not."""

    detail: str


class Entered(TypedDict):
    """Who is signed in now."""

    user_id: str


FORM_OR_JSON = (falcon.MEDIA_URLENCODED, JSON)
SENDING = {202: Answer(Sent, (JSON, falcon.MEDIA_HTML))}
SENDING_PROBLEMS = ("cross-site", "bad-email", "too-many")


class Door(Resource):
    """A page that anybody may open."""

    def _sent(self, req: falcon.Request, resp: falcon.Response, limits: list[dict[str, Any]]) -> None:
        tell_limits(resp, limits)
        resp.status = falcon.HTTP_202
        if is_json(req):
            resp.media = {"detail": SENT}
        else:
            self._show(req, resp, "sent.html", text=SENT)


class Register(Door):
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

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show the form."""
        self._show(req, resp, "register.html")

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Have a confirmation link sent."""
        self._site.cookies.demand_own_site(req)
        form = read_form(req)
        limits = self._site.auth.register(form.get("email", ""), form.get("username", ""))
        self._sent(req, resp, limits)


class Login(Door):
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

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show the form."""
        self._show(req, resp, "login.html")

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Have a login link sent."""
        self._site.cookies.demand_own_site(req)
        self._sent(req, resp, self._site.auth.login(read_form(req).get("email", "")))


class OneTimeLink(Door):
    """`GET` and `POST /login/{token}`: where the links in emails lead."""

    access = {"GET": OPEN, "POST": OPEN}
    describe = {
        "GET": PAGE,
        "POST": replace(
            FORM,
            answers={200: Answer(Entered, says="For programs."), **FORM.answers},
            media=FORM_OR_JSON,
            problems=("cross-site", "too-many"),
        ),
    }

    def on_get(self, req: falcon.Request, resp: falcon.Response, token: str) -> None:
        """Ask whether to go on: programs that look through mail open links, and must not use them up."""
        self._show(req, resp, "enter.html", **self._site.auth.look(token))

    def on_post(self, req: falcon.Request, resp: falcon.Response, token: str) -> None:
        """Use the link: sign in, in a new session whatever there was before."""
        cookies, auth = self._site.cookies, self._site.auth
        cookies.demand_own_site(req)
        user, session = auth.enter(token, req.user_agent or "")
        before = cookies.session(req)
        if before is not None:
            auth.sign_out(before)
        cookies.keep(resp, session)
        answer_or_go(req, resp, {"user_id": user}, "/")


class Logout(Door):
    """`POST /logout`."""

    access = {"POST": OPEN}
    describe = {
        "POST": replace(
            FORM,
            answers={200: Answer(dict[str, str], says="For programs."), **FORM.answers},
            media=FORM_OR_JSON,
        )
    }

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """End the session, or all of them; harmless without one."""
        form = self._form(req)
        session = self._site.cookies.session(req)
        if session is not None:
            self._site.auth.sign_out(session, everywhere="everywhere" in form)
        self._site.cookies.clear(resp)
        answer_or_go(req, resp, {}, "/login")
