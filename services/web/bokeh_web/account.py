"""The pages of people: register, sign in, keys and sessions. A class for each URL template."""

from typing import Any

import falcon

from bokeh_common.errors import Invalid
from bokeh_common.http.auth import OPEN, Access
from bokeh_common.http.body import check_length, parse_json
from bokeh_common.http.limits import tell_limits
from bokeh_web.cookies import Cookies, form_token
from bokeh_web.pages import Pages
from bokeh_web.peers import Auth

MAX_FORM_BYTES = 1 << 14

#: What a signed-in person may do here; a key with this scope may too.
OWNER = Access("keys:write")

SENT = "If that can be done, an email is on its way: open the link in it. Look into the spam folder too."


class Resource:
    """What the resources of this file hold."""

    def __init__(self, pages: Pages, auth: Auth, cookies: Cookies) -> None:
        self._pages = pages
        self._auth = auth
        self._cookies = cookies

    def _show(self, req: falcon.Request, resp: falcon.Response, template: str, **values: Any) -> None:
        resp.set_header("Cache-Control", "no-store")
        token = form_token(self._cookies.session(req))
        self._pages.show(resp, template, form_token=token, **values)


class Register(Resource):
    """`GET` and `POST /register`."""

    access = {"GET": OPEN, "POST": OPEN}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show the form."""
        self._show(req, resp, "register.html")

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Have a confirmation link sent."""
        self._cookies.demand_own_site(req)
        form = read_form(req)
        self._sent(req, resp, self._auth.register(form.get("email", ""), form.get("username", "")))

    def _sent(self, req: falcon.Request, resp: falcon.Response, limits: list[dict[str, Any]]) -> None:
        tell_limits(resp, limits)
        resp.status = falcon.HTTP_202
        if is_json(req):
            resp.media = {"detail": SENT}
        else:
            self._show(req, resp, "sent.html", text=SENT)


class Login(Register):
    """`GET` and `POST /login`."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show the form."""
        self._show(req, resp, "login.html")

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Have a login link sent."""
        self._cookies.demand_own_site(req)
        self._sent(req, resp, self._auth.login(read_form(req).get("email", "")))


class OneTimeLink(Resource):
    """`GET` and `POST /login/{token}`: where the links in emails lead."""

    access = {"GET": OPEN, "POST": OPEN}

    def on_get(self, req: falcon.Request, resp: falcon.Response, token: str) -> None:
        """Ask whether to go on: programs that look through mail open links, and must not use them up."""
        self._show(req, resp, "enter.html", **self._auth.look(token))

    def on_post(self, req: falcon.Request, resp: falcon.Response, token: str) -> None:
        """Use the link: sign in, in a new session whatever there was before."""
        self._cookies.demand_own_site(req)
        user, session = self._auth.enter(token, req.user_agent or "")
        before = self._cookies.session(req)
        if before is not None:
            self._auth.sign_out(before)
        self._cookies.keep(resp, session)
        answer_or_go(req, resp, {"user_id": user}, "/")


class Logout(Resource):
    """`POST /logout`."""

    access = {"POST": OPEN}

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """End the session, or all of them; harmless without one."""
        form = read_form(req)
        self._cookies.demand_form(req, form)
        session = self._cookies.session(req)
        if session is not None:
            self._auth.sign_out(session, everywhere="everywhere" in form)
        self._cookies.clear(resp)
        answer_or_go(req, resp, {}, "/login")


class Account(Resource):
    """`GET /account`."""

    access = {"GET": OWNER}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show keys and sessions."""
        self._account(req, resp)

    def _account(self, req: falcon.Request, resp: falcon.Response, **made: Any) -> None:
        user, authorization = req.context.principal.user_id, req.get_header("Authorization")
        values = {
            "user": user,
            "keys": self._auth.keys(user, authorization),
            "sessions": self._auth.sessions(authorization),
            "scopes": sorted(req.context.principal.scopes),
            "made": made or None,
        }
        self._show(req, resp, "account.html", **values)


class NewKey(Account):
    """`GET` and `POST /account/keys`; the first is for who reloads the answer of the second."""

    access = {"GET": OWNER, "POST": OWNER}

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Make a key and show it, this once."""
        form = read_form(req, lists=("scopes",))
        self._cookies.demand_form(req, form)
        user, authorization = req.context.principal.user_id, req.get_header("Authorization")
        made = self._auth.make_key(user, str(form.get("name", "")), form["scopes"], authorization)
        self._account(req, resp, **made)


class RevokedKey(Resource):
    """`POST /account/keys/{key}/revoke`: a form cannot send DELETE."""

    access = {"POST": OWNER}

    def on_post(self, req: falcon.Request, resp: falcon.Response, key: str) -> None:
        """Revoke a key."""
        self._cookies.demand_form(req, read_form(req))
        self._auth.revoke_key(req.context.principal.user_id, key, req.get_header("Authorization"))
        raise falcon.HTTPSeeOther("/account")


class EndedSession(Resource):
    """`POST /account/sessions/{session}/end`."""

    access = {"POST": OWNER}

    def on_post(self, req: falcon.Request, resp: falcon.Response, session: str) -> None:
        """End a session."""
        self._cookies.demand_form(req, read_form(req))
        self._auth.end_session(session, req.get_header("Authorization"))
        raise falcon.HTTPSeeOther("/account")


def is_json(req: falcon.Request) -> bool:
    """Whether a program asks, not a form."""
    return (req.content_type or "").partition(";")[0].strip().lower() == falcon.MEDIA_JSON


def read_form(req: falcon.Request, lists: tuple[str, ...] = ()) -> dict[str, Any]:
    """Read a form, or the same as JSON; the fields of `lists` are lists, the others texts.

    Raises:
        Invalid: it is neither, or a field is there twice.
    """
    check_length(req, MAX_FORM_BYTES)
    if is_json(req):
        found = parse_json(req.bounded_stream.read())
    else:
        try:
            found = req.get_media(default_when_empty={})
        except (falcon.MediaMalformedError, falcon.HTTPUnsupportedMediaType):
            found = None
    if not isinstance(found, dict):
        raise Invalid("Send a form, or a JSON object.")
    fields = {name: value if isinstance(value, list) else [value] for name, value in found.items()}
    if any(
        len(value) != 1 or not isinstance(value[0], str)
        for name, value in fields.items()
        if name not in lists
    ):
        raise Invalid("Send each field once, as a text.")
    texts = {name: value[0] for name, value in fields.items() if name not in lists}
    return {**texts, **{name: fields.get(name, []) for name in lists}}


def answer_or_go(req: falcon.Request, resp: falcon.Response, answer: dict[str, str], path: str) -> None:
    """Answer a program; send a browser on, always to a path of our own."""
    if is_json(req):
        resp.media = answer
    else:
        resp.status = falcon.HTTP_303
        resp.location = path
