"""The list of one's plots: searched, sorted, and changed several at a time."""

from typing import Any

import falcon

from bokeh_common.errors import Invalid, NotFound
from bokeh_web.forms import go
from bokeh_web.listing import Sorting, Wanted, select
from bokeh_web.resources.base import FORM, PAGE, READ, WRITE, Resource, key_of, user_of
from bokeh_web.resources.home import NOT_SEEN

SORTINGS = {
    "modified": Sorting("Newest first", lambda plot: plot["modified"], descending=True),
    "oldest": Sorting("Oldest first", lambda plot: plot["modified"]),
    "title": Sorting("By title", lambda plot: plot["title"].casefold()),
    "size": Sorting("Largest first", lambda plot: plot["size"] or 0, descending=True),
    "views": Sorting("Most viewed", lambda plot: plot["views"], descending=True),
}
VISIBILITIES = {"private": "Only you", "link": "Anyone with the link", "public": "Public"}


class PlotList(Resource):
    """`GET /plots`."""

    access = {"GET": READ}
    describe = {"GET": PAGE}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show one's plots."""
        wanted = Wanted.of(req.params, SORTINGS)
        plots = self._plots(req)
        page = select(plots, wanted, SORTINGS, lambda plot: f"{plot['title']} {plot['name']}", "visibility")
        values = {"page": page, "wanted": wanted, "sortings": SORTINGS, "visibilities": VISIBILITIES}
        self._show(req, resp, "plots.html", total=len(plots), server=self._server(req), **values)

    def _plots(self, req: falcon.Request) -> list[dict[str, Any]]:
        plots = self._site.plots.all(user_of(req), key_of(req))
        seen = self._site.plots.visits(user_of(req), key_of(req))
        return [{**plot, **seen.get(plot["id"], NOT_SEEN)} for plot in plots]


class Selection(PlotList):
    """`GET` and `POST /plots/selection`: what is done with the plots whose boxes are ticked."""

    access = {"GET": READ, "POST": WRITE}
    describe = {"GET": PAGE, "POST": FORM}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Send back to the list whoever reloads the question whether to delete."""
        go(resp, "/plots")

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Change their visibility, or delete them: after asking."""
        form = self._form(req, lists=("plots",))
        action, chosen = form.get("action", ""), [str(plot) for plot in form["plots"]]
        wanted = Wanted.before(form.get("list", ""), SORTINGS)
        if action == "delete" and "sure" not in form:
            self._ask(req, resp, chosen, wanted)
            return
        if action == "delete":
            self._each(req, chosen, self._delete)
        elif action in VISIBILITIES:
            self._each(req, chosen, lambda req, plot: self._set_visibility(req, plot, action))
        else:
            raise Invalid("Choose what to do with the plots.")
        go(resp, wanted.address("/plots"))

    def _ask(self, req: falcon.Request, resp: falcon.Response, chosen: list[str], wanted: Wanted) -> None:
        plots = [plot for plot in self._plots(req) if plot["id"] in chosen]
        if not plots:
            go(resp, wanted.address("/plots"))
            return
        self._show(req, resp, "delete.html", plots=plots, wanted=wanted)

    def _each(self, req: falcon.Request, plots: list[str], act: Any) -> None:
        for plot in plots:
            try:
                act(req, plot)
            except NotFound:
                continue  # somebody has deleted it meanwhile; the others are done all the same

    def _delete(self, req: falcon.Request, plot: str) -> None:
        self._site.plots.delete(user_of(req), plot, key_of(req))

    def _set_visibility(self, req: falcon.Request, plot: str, visibility: str) -> None:
        self._site.plots.change(user_of(req), plot, {"visibility": visibility}, key_of(req))
