"""The pages of an account: its usage, its activity, its export and its deletion."""

from falcon.asgi import Request, Response

from bokeh_common.errors import Invalid
from bokeh_common.http.auth.access import Access, authorization_of
from bokeh_common.http.openapi.operations import Operation, ResponseSpec
from bokeh_web.pages.forms import redirect
from bokeh_web.resources.base import FORM, PAGE, WebResource, user_of
from bokeh_web.resources.schemas import DeleteAccountForm

#: The scope of the pages that manage an account. A session has it, and an API key can have it, too.
OWNER = Access("keys:write")

SHOWN_ENTRIES = 50

#: Labels of the actions in the audit log.
ACTIONS = {
    "register": "Created the account",
    "login": "Signed in",
    "logout": "Signed out",
    "keys.make": "Created an API key",
    "keys.rotate": "Replaced an API key",
    "keys.revoke": "Revoked an API key",
    "shares.make": "Created a share link",
    "shares.revoke": "Withdrew a share link",
    "sessions.end": "Ended a session",
    "devices.allow": "Let a program sign in",
    "devices.deny": "Did not let a program sign in",
    "account.adopt": "Took over the plots that were made without accounts",
    "account.export": "Exported everything",
    "logout.everywhere": "Signed out everywhere",
    "account.create": "Account created",
    "account.delete": "Deletion of the account",
    "account.disable": "Account disabled",
    "account.enable": "Account enabled",
    "account.quota": "Quota changed",
    "login.link": "Login link created",
}


class AccountPage(WebResource):
    """`GET /account`."""

    access = {"GET": Access("account", extra_scopes=("keys:write",))}
    describe = {"GET": PAGE}

    async def on_get(self, req: Request, resp: Response) -> None:
        """Show the account's usage, and how to export and delete it."""
        account = await self._domain.auth.account(user_of(req), authorization_of(req))
        await self._respond_with_page(req, resp, "account/overview.html", account=account)


class ExportDownloadResource(WebResource):
    """`GET /account/export`."""

    access = {"GET": Access("account", extra_scopes=("plots:read", "data:read"))}
    describe = {"GET": Operation({200: ResponseSpec(bytes, ("application/x-tar",))})}

    async def on_get(self, req: Request, resp: Response) -> None:
        """Send everything that the account has as a tar archive."""
        resp.stream = await self._domain.auth.export(user_of(req), authorization_of(req))
        resp.content_type = "application/x-tar"
        resp.downloadable_as = f"bokeh-cloud-{user_of(req)}.tar"
        resp.set_header("Cache-Control", "no-store")


class ActivityPage(WebResource):
    """`GET /account/activity`."""

    access = {"GET": OWNER}
    describe = {"GET": PAGE}

    async def on_get(self, req: Request, resp: Response) -> None:
        """Show the newest entries of the audit log."""
        entries = await self._domain.auth.audit_log(user_of(req), SHOWN_ENTRIES, authorization_of(req))
        await self._respond_with_page(req, resp, "account/activity.html", entries=entries, actions=ACTIONS)


class DeleteAccountAction(WebResource):
    """`POST /account/delete`."""

    access = {"POST": OWNER}
    describe = {"POST": FORM}

    async def on_post(self, req: Request, resp: Response) -> None:
        """Delete the account and everything that it has, if its username was typed to confirm it."""
        form, user = await self._read_form(req, DeleteAccountForm), user_of(req)
        if form.confirm != user:
            raise Invalid(f"Nothing was deleted. To confirm, type the username: {user}.")
        await self._domain.auth.delete_account(user, authorization_of(req))
        self._domain.session_cookie.forget(resp)
        redirect(resp, "/")
