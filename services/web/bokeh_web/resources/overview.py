"""An account as a whole: what it has and may have, what was done with it, its export and its end."""

import falcon

from bokeh_common.errors import Invalid
from bokeh_common.http.auth import Access
from bokeh_common.http.operations import Answer, Operation
from bokeh_web.forms import go
from bokeh_web.resources.account import OWNER
from bokeh_web.resources.base import FORM, PAGE, Resource, key_of, user_of

ENTRIES = 50

#: What the audit log calls things, in words.
ACTIONS = {
    "register": "Made the account",
    "login": "Signed in",
    "logout": "Signed out",
    "keys.make": "Made an API key",
    "keys.rotate": "Replaced an API key",
    "keys.revoke": "Revoked an API key",
    "shares.make": "Made a share link",
    "shares.revoke": "Withdrew a share link",
    "sessions.end": "Ended a session",
    "account.export": "Exported everything",
}


class Overview(Resource):
    """`GET /account`."""

    access = {"GET": Access("account", besides=("keys:write",))}
    describe = {"GET": PAGE}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show what the account has, and how to export and to delete it."""
        account = self._site.auth.account(user_of(req), key_of(req))
        self._show(req, resp, "account/overview.html", account=account)


class Export(Resource):
    """`GET /account/export`."""

    access = {"GET": Access("account", besides=("plots:read", "data:read"))}
    describe = {"GET": Operation({200: Answer(bytes, ("application/x-tar",))})}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Send everything that there is of the account, as a tar archive."""
        resp.stream = self._site.auth.export(user_of(req), key_of(req))
        resp.content_type = "application/x-tar"
        resp.downloadable_as = f"bokeh-cloud-{user_of(req)}.tar"
        resp.set_header("Cache-Control", "no-store")


class Activity(Resource):
    """`GET /account/activity`."""

    access = {"GET": OWNER}
    describe = {"GET": PAGE}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show the newest entries of the audit log."""
        entries = self._site.auth.audit(user_of(req), ENTRIES, key_of(req))
        self._show(req, resp, "account/activity.html", entries=entries, actions=ACTIONS)


class Deletion(Resource):
    """`POST /account/delete`."""

    access = {"POST": OWNER}
    describe = {"POST": FORM}

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Delete the account with all that it has; its name has to be typed."""
        form, user = self._form(req), user_of(req)
        if form.get("confirm") != user:
            raise Invalid(f"Nothing was deleted: type the username, {user}, to say that you mean it.")
        self._site.auth.close(user, key_of(req))
        self._site.cookies.clear(resp)
        go(resp, "/")
