"""The doors: register, sign in by an emailed link, sign out."""

from typing import Any

import falcon

from bokeh_common.http.auth import OPEN
from bokeh_common.http.limits import tell_limits
from bokeh_web.forms import answer_or_go, is_json, read_form
from bokeh_web.resources.base import FORM, PAGE, Resource

SENT = "If this address can be used, an email with a link is on its way. Look into the spam folder too."


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
    describe = {"GET": PAGE, "POST": FORM}

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
    describe = {"GET": PAGE, "POST": FORM}

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
    describe = {"GET": PAGE, "POST": FORM}

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
    describe = {"POST": FORM}

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """End the session, or all of them; harmless without one."""
        form = self._form(req)
        session = self._site.cookies.session(req)
        if session is not None:
            self._site.auth.sign_out(session, everywhere="everywhere" in form)
        self._site.cookies.clear(resp)
        answer_or_go(req, resp, {}, "/login")
