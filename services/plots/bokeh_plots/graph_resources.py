"""The routes that delete or copy a plot with its data, a class each."""

from typing import Any

import falcon

from bokeh_common.errors import Forbidden, NotFound
from bokeh_common.http.operations import Operation
from bokeh_common.http.replies import if_match
from bokeh_plots import api
from bokeh_plots.graphs import Copy, Graphs
from bokeh_plots.permissions import may_see
from bokeh_plots.plots import Plot
from bokeh_plots.publication import check_name
from bokeh_plots.resources import PLOT_AS_IT_IS, WRITE, Resource, tell, terms_of


class GraphResource(Resource):
    """What the resources of this file hold."""

    def __init__(self, graphs: Graphs, *parts: Any) -> None:
        super().__init__(*parts)
        self._graphs = graphs


class Delete(GraphResource):
    """`POST /{user}/delete`."""

    access = {"POST": WRITE}
    describe = {
        "POST": Operation(
            {200: api.DeletedGraph},
            body=api.Delete,
            headers=("If-Match",),
            problems=("would-break", "conflict"),
            example={"plot": "{plot}", "data": "keep"},
            details="Needs the scope `data:write` besides, unless the data are kept.",
        )
    }

    def on_post(self, req: falcon.Request, resp: falcon.Response, user: str) -> None:
        """Delete a plot with its full scene graph, and its data as far as nothing else needs them."""
        wish, key = self._body(req, api.Delete), req.get_header("Authorization")
        if wish.data != "keep" and "data:write" not in req.context.principal.scopes:
            raise Forbidden("This key lacks the scope 'data:write'; send 'data': 'keep', or use another key.")
        plot = self._plot(req, wish.plot, user)
        done = self._graphs.delete(plot, wish.data, wish.force, key, if_match(req))
        resp.media = {"plot": plot.id, **done}


class Clone(GraphResource):
    """`POST /{user}/clone`."""

    access = {"POST": WRITE}
    describe = {
        "POST": Operation(
            {200: PLOT_AS_IT_IS, 201: PLOT_AS_IT_IS},
            body=api.Clone,
            headers=("Idempotency-Key",),
            problems=(
                "name-taken",
                "invalid-name",
                "quota-exceeded",
                "key-reused",
                "conflict",
            ),
            example={"plot": "{plot}", "name": "a copy"},
            details="The plot may be another account's that is open or shared. No data are copied: the "
            "account gets sources of the same columns, which needs `data:write`. A live source is copied "
            "as it is now.",
        )
    }

    def on_post(self, req: falcon.Request, resp: falcon.Response, user: str) -> None:
        """Copy a plot that one may read into one's own account."""
        wish = self._body(req, api.Clone)
        name = None if wish.name is None else check_name(wish.name, self._settings.limits)
        copy = Copy(name, wish.version)
        key = req.get_header("Authorization")
        plot = self._readable(req, wish)
        tell(resp, *self._graphs.clone(plot, user, copy, key, terms_of(req, new=True)))

    def _readable(self, req: falcon.Request, wish: api.Clone) -> Plot:
        if wish.share is None:
            return self._plot(req, wish.plot)
        found = self._plots.by_id(wish.plot)
        if not may_see(found, *self._auth.opened(wish.share)):
            raise NotFound("There is no such plot, or this share link does not open it.")
        return found
