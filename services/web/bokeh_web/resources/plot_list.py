"""The list of an account's plots: searching and sorting it, and changing several plots at once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from falcon.asgi import Request, Response

from bokeh_common.errors import Invalid, NotFound
from bokeh_common.http.auth.access import authorization_of
from bokeh_common.http.request_body import read_query
from bokeh_web.pages.forms import redirect
from bokeh_web.pages.listing import Listing, ListQuery, SortOrder, select_page
from bokeh_web.resources.base import FORM, PAGE, READ, WRITE, WebResource, user_of
from bokeh_web.resources.home import NEVER_VIEWED
from bokeh_web.resources.schemas import PlotSelectionForm

SORT_ORDERS = {
    "modified": SortOrder("Newest first", lambda plot: plot["modified"], descending=True),
    "oldest": SortOrder("Oldest first", lambda plot: plot["modified"]),
    "title": SortOrder("By title", lambda plot: plot["title"].casefold()),
    "size": SortOrder("Largest first", lambda plot: plot["size"] or 0, descending=True),
    "views": SortOrder("Most viewed", lambda plot: plot["views"], descending=True),
}
VISIBILITIES = {"private": "Only you", "link": "Anyone with the link", "public": "Public"}


class PlotListPage(WebResource):
    """`GET /plots`."""

    access = {"GET": READ}
    describe = {"GET": PAGE}

    async def on_get(self, req: Request, resp: Response) -> None:
        """List the account's plots."""
        listing = Listing.from_query(read_query(req, ListQuery), SORT_ORDERS)
        plots = await self._plots(req)
        page = await select_page(
            plots, listing, SORT_ORDERS, lambda plot: f"{plot['title']} {plot['name']}", "visibility"
        )
        values = {
            "page": page,
            "listing": listing,
            "orders": SORT_ORDERS,
            "visibilities": VISIBILITIES,
            "total": len(plots),
        }
        await self._respond_with_page(req, resp, "plots/list.html", **values)

    async def _plots(self, req: Request) -> list[dict[str, Any]]:
        plots, counts = await asyncio.gather(
            self._domain.plots.all(user_of(req), authorization_of(req)),
            self._domain.plots.view_counts(user_of(req), authorization_of(req)),
        )
        return [{**plot, **counts.get(plot["id"], NEVER_VIEWED)} for plot in plots]


class PlotSelectionAction(PlotListPage):
    """`GET` and `POST /plots/selection`: changes or deletes the selected plots."""

    access = {"GET": READ, "POST": WRITE}
    describe = {"GET": PAGE, "POST": FORM}

    async def on_get(self, req: Request, resp: Response) -> None:
        """Redirect browsers that reload the confirmation page to the list."""
        redirect(resp, "/plots")

    async def on_post(self, req: Request, resp: Response) -> None:
        """Change the visibility of the selected plots, or delete them after a confirmation."""
        form = await self._read_form(req, PlotSelectionForm)
        listing = Listing.from_query_string(form.list_query, SORT_ORDERS)
        if form.action == "delete" and form.sure is None:
            await self._respond_with_confirmation(req, resp, form.plots, listing)
            return
        if form.action == "delete":
            await self._for_each(form.plots, lambda plot: self._delete(req, plot))
        elif form.action in VISIBILITIES:
            await self._for_each(form.plots, lambda plot: self._set_visibility(req, plot, form.action))
        else:
            raise Invalid("Choose what to do with the plots.")
        redirect(resp, listing.url("/plots"))

    async def _respond_with_confirmation(
        self, req: Request, resp: Response, chosen: list[str], listing: Listing
    ) -> None:
        plots = [plot for plot in await self._plots(req) if plot["id"] in chosen]
        if not plots:
            redirect(resp, listing.url("/plots"))
            return
        await self._respond_with_page(req, resp, "plots/delete.html", plots=plots, listing=listing)

    async def _for_each(self, plots: list[str], action: Callable[[str], Awaitable[None]]) -> None:
        for plot in plots:
            try:
                await action(plot)
            except NotFound:
                continue  # deleted in the meantime; go on with the others

    async def _delete(self, req: Request, plot: str) -> None:
        await self._domain.plots.delete(user_of(req), plot, authorization_of(req))

    async def _set_visibility(self, req: Request, plot: str, visibility: str) -> None:
        await self._domain.plots.change(user_of(req), plot, {"visibility": visibility}, authorization_of(req))
