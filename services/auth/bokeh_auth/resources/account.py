"""The public routes of an account: summary, deletion, export and audit log."""

from falcon.asgi import Request, Response

from bokeh_auth.audit_log import AuditLog
from bokeh_auth.container import Domain
from bokeh_auth.credentials.scopes import SCOPES
from bokeh_auth.resources import schemas
from bokeh_common.errors import Invalid
from bokeh_common.http.auth.access import Access
from bokeh_common.http.openapi.operations import Operation, ResponseSpec
from bokeh_common.http.request_body import read_query
from bokeh_common.http.responses import PageQuery, add_next_link, read_page_query
from bokeh_common.http.server.thread_pools import STORAGE


class OneAccount:
    """`GET` and `DELETE /{user}/account`."""

    access = {
        "GET": Access("account"),
        # A leaked key of a program that publishes must not be able to do this.
        "DELETE": Access("account", extra_scopes=tuple(scope for scope in SCOPES if scope != "account")),
    }
    describe = {
        "GET": Operation({200: schemas.OwnAccount}),
        "DELETE": Operation({200: schemas.Deleted}, query=schemas.DeletionQuery, problems=("not-confirmed",)),
    }

    def __init__(self, domain: Domain) -> None:
        self._domain = domain

    async def on_get(self, req: Request, resp: Response, user: str) -> None:
        """Return the account, its quota and its usage."""
        resp.media = await self._domain.exporter.summary(user, req.context.principal.quota)

    async def on_delete(self, req: Request, resp: Response, user: str) -> None:
        """Delete the account with everything that it has: plots, data, keys, share links, sessions.

        Requires a key with all scopes. Export the account first, with `GET /{user}/account/export`: nothing
        can be restored, and the username cannot be registered again.
        """
        if read_query(req, schemas.DeletionQuery).confirm != user:
            detail = f"This deletes everything for good: confirm it with '?confirm={user}'."
            raise Invalid(detail, slug="not-confirmed")
        by = req.context.principal.by
        freed = await self._domain.deletion.delete(user, req.context.client_address, by)
        resp.media = {"username": user, "freed": freed}


class AccountExport:
    """`GET /{user}/account/export`."""

    access = {"GET": Access("account", extra_scopes=("plots:read", "data:read"))}
    describe = {
        "GET": Operation(
            {200: ResponseSpec(bytes, media=("application/x-tar",))}, details=schemas.EXPORT_DETAILS
        )
    }

    def __init__(self, domain: Domain) -> None:
        self._domain = domain

    async def on_get(self, req: Request, resp: Response, user: str) -> None:
        """Return everything that the account has as a tar archive, which is written while it is sent."""
        principal, exporter = req.context.principal, self._domain.exporter
        summary = await exporter.summary(user, principal.quota)
        if self._domain.settings.accounts:
            entry = "account.export", user, req.context.client_address
            await STORAGE.run(self._domain.audit.record, *entry, "done", by=principal.by)
        resp.content_type = "application/x-tar"
        resp.downloadable_as = f"bokeh-cloud-{user}.tar"
        resp.set_header("Cache-Control", "no-store")
        resp.stream = exporter.blocks(summary, "keys:write" in principal.scopes)


class AuditEntries:
    """`GET /{user}/audit`."""

    access = {"GET": Access("keys:write")}
    describe = {"GET": Operation({200: ResponseSpec(schemas.AuditPage, headers=("Link",))}, query=PageQuery)}

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit

    async def on_get(self, req: Request, resp: Response, user: str) -> None:
        """List the actions on the account, newest first."""
        after, limit = read_page_query(req)
        entries = await STORAGE.run(self._audit.page, user, after, limit)
        resp.media = {"entries": entries}
        if len(entries) == limit:
            add_next_link(req, resp, entries[-1]["id"], limit)
