"""The routes of one's own account, a class each: what it is, what it has, and what was done with it."""

from typing import Annotated

import falcon
import msgspec
from msgspec import Meta

from bokeh_auth import api
from bokeh_auth.audit import DONE, Audit
from bokeh_auth.closing import Closing
from bokeh_auth.exporting import Exporter
from bokeh_auth.scopes import SCOPES
from bokeh_common.errors import Invalid
from bokeh_common.http.auth import Access
from bokeh_common.http.body import read_query
from bokeh_common.http.operations import Answer, Operation
from bokeh_common.http.replies import Paging, link_next, page_of


class Confirmation(msgspec.Struct):
    """That it is meant."""

    confirm: Annotated[str, Meta(description="The username once more.")] = ""


class OwnAccount:
    """`GET` and `DELETE /{user}/account`."""

    access = {
        "GET": Access("account"),
        # A key that leaks from a program that publishes must not be able to do this.
        "DELETE": Access("account", besides=tuple(scope for scope in SCOPES if scope != "account")),
    }
    describe = {
        "GET": Operation({200: api.OwnAccount}),
        "DELETE": Operation({200: api.Deleted}, query=Confirmation, problems=("not-confirmed",)),
    }

    def __init__(self, exporter: Exporter, closing: Closing) -> None:
        self._exporter = exporter
        self._closing = closing

    def on_get(self, req: falcon.Request, resp: falcon.Response, user: str) -> None:
        """Show the account, what it may have and what it has."""
        resp.media = self._exporter.summary(user, req.context.principal.quota)

    def on_delete(self, req: falcon.Request, resp: falcon.Response, user: str) -> None:
        """Delete the account with all that it has: plots, data, keys, share links, sessions.

        It takes a key with all scopes. Export the account first, with `GET /{user}/account/export`: nothing
        of it can be had back, and its name is never given to anybody again.
        """
        if read_query(req, Confirmation).confirm != user:
            detail = f"This deletes everything for good: confirm it with '?confirm={user}'."
            raise Invalid(detail, slug="not-confirmed")
        freed = self._closing.close(user, req.context.origin, req.context.principal.by)
        resp.media = {"username": user, "freed": freed}


class Export:
    """`GET /{user}/account/export`."""

    access = {"GET": Access("account", besides=("plots:read", "data:read"))}
    describe = {
        "GET": Operation({200: Answer(bytes, media=("application/x-tar",))}, details=api.EXPORT_DETAILS)
    }

    def __init__(self, exporter: Exporter, audit: Audit | None) -> None:
        self._exporter = exporter
        self._audit = audit

    def on_get(self, req: falcon.Request, resp: falcon.Response, user: str) -> None:
        """Send everything that there is of the account, as a tar archive that is made meanwhile."""
        principal = req.context.principal
        summary = self._exporter.summary(user, principal.quota)
        if self._audit is not None:
            self._audit.note("account.export", user, req.context.origin, DONE, by=principal.by)
        resp.content_type = "application/x-tar"
        resp.downloadable_as = f"bokeh-cloud-{user}.tar"
        resp.set_header("Cache-Control", "no-store")
        resp.stream = self._exporter.blocks(summary, "keys:write" in principal.scopes)


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
