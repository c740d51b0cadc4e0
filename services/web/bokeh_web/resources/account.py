"""The pages of an account: its keys, its share links, and where it is signed in."""

from datetime import UTC, datetime, timedelta
from typing import Any

import falcon

from bokeh_common.errors import Invalid
from bokeh_common.http.auth import Access
from bokeh_web.forms import go
from bokeh_web.resources.base import FORM, FORM_AND_PAGE, PAGE, Resource, key_of, user_of
from bokeh_web.words import whole

MAX_DAYS = 3650  # that something new may last

#: What a signed-in person may do here; a key with this scope may too.
OWNER = Access("keys:write")

#: What a new key is offered without being asked for; the others have to be ticked.
USUAL = ("plots:read", "plots:write", "data:read", "data:write", "account")

#: What each scope means to people.
MEANINGS = {
    "plots:read": "See your plots",
    "plots:write": "Publish, change and delete plots",
    "data:read": "Read your data",
    "data:write": "Upload and change data",
    "gc:run": "List data that nothing uses, and delete it",
    "keys:write": "Make and revoke API keys",
    "account": "See which account it belongs to",
}


class Keys(Resource):
    """`GET` and `POST /account/keys`."""

    access = {"GET": OWNER, "POST": OWNER}
    describe = {"GET": PAGE, "POST": FORM_AND_PAGE}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show the keys."""
        self._keys(req, resp, None)

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Make a key and show it, this once."""
        form = self._form(req, lists=("scopes",))
        expires = expiry_of(form.get("expires", ""))
        made = self._site.auth.make_key(
            user_of(req), str(form.get("name", "")), form["scopes"], expires, key_of(req)
        )
        self._keys(req, resp, made)

    def _keys(self, req: falcon.Request, resp: falcon.Response, made: dict[str, Any] | None) -> None:
        held = req.context.principal.scopes
        values = {
            "keys": self._site.auth.keys(user_of(req), key_of(req)),
            "scopes": [
                (scope, meaning, scope in USUAL) for scope, meaning in MEANINGS.items() if scope in held
            ],
            "made": made,
            "server": self._server(req),
        }
        self._show(req, resp, "account/keys.html", **values)


class RevokedKey(Resource):
    """`POST /account/keys/{key}/revoke`: a form cannot send DELETE."""

    access = {"POST": OWNER}
    describe = {"POST": FORM}

    def on_post(self, req: falcon.Request, resp: falcon.Response, key: str) -> None:
        """Revoke a key."""
        self._form(req)
        self._site.auth.revoke_key(user_of(req), key, key_of(req))
        go(resp, "/account/keys")


class Sessions(Resource):
    """`GET /account/sessions`."""

    access = {"GET": OWNER}
    describe = {"GET": PAGE}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show where one is signed in."""
        self._show(req, resp, "account/sessions.html", sessions=self._site.auth.sessions(key_of(req)))


class EndedSession(Resource):
    """`POST /account/sessions/{session}/end`."""

    access = {"POST": OWNER}
    describe = {"POST": FORM}

    def on_post(self, req: falcon.Request, resp: falcon.Response, session: str) -> None:
        """End a session."""
        self._form(req)
        self._site.auth.end_session(session, key_of(req))
        go(resp, "/account/sessions")


class Shares(Resource):
    """`GET /account/shares`."""

    access = {"GET": OWNER}
    describe = {"GET": PAGE}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show the share links of all plots."""
        plots = {plot["id"]: plot for plot in self._site.plots.all(user_of(req), key_of(req))}
        shares = self._site.auth.shares(key_of(req))
        known = [{**share, "of": plots[share["plot"]]} for share in shares if share["plot"] in plots]
        self._show(req, resp, "account/shares.html", shares=known)


def expiry_of(days: str) -> str | None:
    """Return the time so many days from now, as RFC 3339; None for "" (never); `Invalid`."""
    if days == "":
        return None
    number = whole(days)
    if number is None or number > MAX_DAYS:
        raise Invalid("Choose from the list when it expires.")
    time = datetime.now(UTC) + timedelta(days=number)
    return time.isoformat(timespec="seconds").replace("+00:00", "Z")
