"""The routes of one's own account, a class each: what it is, what it has, and what was done with it."""

import falcon

from bokeh_auth import api
from bokeh_auth.accounts import Accounts
from bokeh_auth.audit import Audit
from bokeh_auth.peers import Keepers
from bokeh_common.http.auth import Access
from bokeh_common.http.operations import Answer, Operation
from bokeh_common.http.replies import Paging, link_next, page_of


class OwnAccount:
    """`GET /{user}/account`."""

    access = {"GET": Access("account")}
    describe = {"GET": Operation({200: api.OwnAccount})}

    def __init__(self, accounts: Accounts, keepers: Keepers) -> None:
        self._accounts = accounts
        self._keepers = keepers

    def on_get(self, req: falcon.Request, resp: falcon.Response, user: str) -> None:
        """Show the account, what it may have and what it has; the one of a key-less server has no email."""
        found = self._accounts.find(user)
        resp.media = {
            "username": user,
            "email": found and found.email,
            "created": found and found.created,
            "quota": req.context.principal.quota,
            "used": self._keepers.usage(user),
        }


class AuditLog:
    """`GET /{user}/audit`."""

    access = {"GET": Access("keys:write")}
    describe = {"GET": Operation({200: Answer(api.AuditPage, headers=("Link",))}, query=Paging)}

    def __init__(self, audit: Audit) -> None:
        self._audit = audit

    def on_get(self, req: falcon.Request, resp: falcon.Response, user: str) -> None:
        """List what was done with the account, newest first."""
        after, limit = page_of(req)
        entries = self._audit.page(user, after, limit)
        resp.media = {"entries": entries}
        if len(entries) == limit:
            link_next(req, resp, entries[-1]["id"], limit)
