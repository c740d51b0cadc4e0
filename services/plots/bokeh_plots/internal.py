"""The routes that only the other services know, a class each; the gateway does not know their paths."""

import falcon

from bokeh_common.errors import Invalid
from bokeh_common.http.auth import Access
from bokeh_common.http.body import read_query
from bokeh_common.http.replies import link_next, page_of
from bokeh_plots import api
from bokeh_plots.live import live_ids
from bokeh_plots.resources import Resource, version_of

VIEW = Access("plots:read", bound=True, visitors=True, service="internal:pages")
COLUMNS = Access("plots:read", bound=True, service="internal:columns")


class References(Resource):
    """`GET /internal/plots/references`."""

    access = {"GET": Access(None, service="internal:references")}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List what each version of each plot refers to: of `?user=`, or of all accounts.

        Plots come in the order of account and name; those that are there all the while are never left out.
        """
        (after, limit), user = page_of(req), read_query(req, api.OfAccount).user
        plots = self._plots.everybodys(user, after, limit)
        resp.media = {"references": [item for plot in plots for item in self._plots.references(plot)]}
        if len(plots) == limit:
            link_next(req, resp, f"{plots[-1].user_id}/{plots[-1].name}", limit)


class View(Resource):
    """`GET /internal/plots/{plot}`."""

    access = {"GET": VIEW}

    def on_get(self, req: falcon.Request, resp: falcon.Response, plot: str) -> None:
        """Tell a page what it has to know to show the plot."""
        found = self._plot(req, plot)
        scene, visits = self._scenes.of(found, version_of(req)), self._visits.of_plot(found)
        # A page of a plot whose data change must not pin the version: that shows them as they were.
        moving = {"columns": scene.columns, "live": bool(scene.current)}
        resp.media = {**found.summary, **scene.manifest, **moving, **visits, "versions": found.history}


class ShownColumns(Resource):
    """`POST /internal/plots/{plot}/columns`."""

    access = {"POST": COLUMNS}

    def on_post(self, req: falcon.Request, resp: falcon.Response, plot: str) -> None:
        """List those of these columns that the plot does not show, and its live sources.

        A reader may still load a state of these that was replaced a moment ago; only the data service knows.
        """
        body = self._json(req)
        columns = body.get("columns") if isinstance(body, dict) else None
        if not isinstance(columns, list) or not all(isinstance(item, str) for item in columns):
            raise Invalid("Send {'columns': [...]}.")
        found = self._plot(req, plot)
        resp.media = {
            "missing": self._scenes.not_shown(found, columns),
            "live": live_ids(self._plots.manifest(found)["sources"]),
        }


class Extension(Resource):
    """`GET /internal/plots/{plot}/extensions/{name}`."""

    access = {"GET": Access(None, service="internal:pages")}

    def on_get(self, req: falcon.Request, resp: falcon.Response, plot: str, name: str) -> None:
        """Send the JavaScript of a custom model."""
        resp.content_type = "text/javascript; charset=utf-8"
        resp.data = self._plots.extension(plot, name)
