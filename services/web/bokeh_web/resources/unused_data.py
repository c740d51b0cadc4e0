"""The page of what an account stores without using it, which it can delete there."""

from typing import Any

from falcon.asgi import Request, Response

from bokeh_common.http.auth.access import Access, authorization_of
from bokeh_web.clients.gc import MAX_ORPHANS
from bokeh_web.pages.forms import redirect
from bokeh_web.pages.orphan_labels import bytes_by_label, names_of
from bokeh_web.resources.base import FORM_AND_PAGE, PAGE, WebResource, user_of
from bokeh_web.resources.schemas import Form

COLLECT = Access("gc:run", extra_scopes=("account",))


class UnusedDataPage(WebResource):
    """`GET /account/unused`."""

    access = {"GET": COLLECT}
    describe = {"GET": PAGE}

    async def on_get(self, req: Request, resp: Response) -> None:
        """Show what the garbage collector would delete."""
        await self._respond_with_orphans(req, resp, None)

    async def _respond_with_orphans(self, req: Request, resp: Response, done: dict[str, Any] | None) -> None:
        orphans = await self._domain.gc.orphans(user_of(req), authorization_of(req))
        values = {
            "groups": bytes_by_label(orphans),
            "bytes": sum(orphan["bytes"] for orphan in orphans),
            "more": len(orphans) == MAX_ORPHANS,
            "done": done,
        }
        await self._respond_with_page(req, resp, "account/unused.html", **values)


class FreeUnusedDataAction(UnusedDataPage):
    """`GET` and `POST /account/unused/free`: browsers that reload the result of POST send GET."""

    access = {"GET": COLLECT, "POST": COLLECT}
    describe = {"GET": PAGE, "POST": FORM_AND_PAGE}

    async def on_get(self, req: Request, resp: Response) -> None:
        """Redirect to the page of unused data."""
        redirect(resp, "/account/unused")

    async def on_post(self, req: Request, resp: Response) -> None:
        """Delete the unused data, and show how much it was."""
        await self._read_form(req, Form)
        done = await self._domain.gc.run(user_of(req), authorization_of(req))
        await self._respond_with_orphans(req, resp, {**done, "names": names_of(done["freed"])})
