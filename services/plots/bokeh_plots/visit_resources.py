"""The routes of thumbnails and views, a class each."""

import falcon

from bokeh_common.errors import Invalid, NotFound
from bokeh_common.http.auth import Access
from bokeh_common.http.body import check_length, read_json, read_query
from bokeh_common.http.operations import Operation
from bokeh_common.http.replies import AtVersion, link_next, page_of
from bokeh_plots.permissions import may_see
from bokeh_plots.plots import PUBLIC, Plot, Plots
from bokeh_plots.thumbnails import MAX_BYTES
from bokeh_plots.visits import Visits

MAX_JSON_BYTES = 1 << 20
MEDIA = (falcon.MEDIA_PNG,)


class Resource:
    """What the resources of this file hold."""

    def __init__(self, plots: Plots, visits: Visits) -> None:
        self._plots = plots
        self._visits = visits

    def _seen(self, req: falcon.Request, plot: str) -> Plot:
        """Return a plot that the caller may see."""
        principal, found = req.context.principal, self._plots.by_id(plot)
        if not may_see(found, principal.user_id, principal.only):
            raise NotFound("There is no such plot, or it is not yours to see.")
        return found


class NewThumbnail(Resource):
    """`PUT /{user}/plots/{plot}/thumbnail`."""

    access = {"PUT": Access("plots:write")}
    describe = {"PUT": Operation({204: None}, bytes, MEDIA, query=AtVersion, problems=("not-a-picture",))}

    def on_put(self, req: falcon.Request, resp: falcon.Response, user: str, plot: str) -> None:
        """Keep a picture of the plot, a PNG; `?version=` says of which version, the newest without."""
        found = self._plots.get(user, plot)
        check_length(req, MAX_BYTES)
        version = read_query(req, AtVersion).version or found.latest.version
        self._visits.keep_thumbnail(found, version, req.bounded_stream.read())
        resp.status = falcon.HTTP_204


class Thumbnail(Resource):
    """`GET /internal/plots/{plot}/thumbnail`; the gateway does not know this path."""

    access = {"GET": Access("plots:read", bound=True, visitors=True, service="internal:pages")}

    def on_get(self, req: falcon.Request, resp: falcon.Response, plot: str) -> None:
        """Send the picture of a plot, to those who may see the plot."""
        resp.data = self._visits.thumbnail(self._seen(req, plot))
        resp.content_type = falcon.MEDIA_PNG


class AccountVisits(Resource):
    """`GET /internal/plots/visits/{user}`; the gateway does not know this path."""

    access = {"GET": Access("plots:read", service="internal:pages")}

    def on_get(self, req: falcon.Request, resp: falcon.Response, user: str) -> None:
        """Tell views and pictures of the account's plots, by their ids."""
        resp.media = {"visits": self._visits.of(user)}


class Views(Resource):
    """`POST /internal/plots/views`; the gateway does not know this path."""

    access = {"POST": Access(None, service="internal:pages")}

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Add to the views of plots."""
        body = read_json(req, MAX_JSON_BYTES)
        views = body.get("views") if isinstance(body, dict) else None
        if not isinstance(views, dict) or not all(isinstance(count, int) for count in views.values()):
            raise Invalid("Send {'views': {plot: number}}.")
        for plot, count in views.items():
            self._visits.count(plot, count)
        resp.media = {}


class PublicPlots(Resource):
    """`GET /internal/plots/public/{user}`; the gateway does not know this path."""

    access = {"GET": Access(None, service="internal:pages")}

    def on_get(self, req: falcon.Request, resp: falcon.Response, user: str) -> None:
        """List what an account shows to everybody, by name."""
        after, limit = page_of(req)
        plots = self._plots.page(user, after, limit)
        seen = self._visits.of(user)
        public = [plot for plot in plots if plot.visibility == PUBLIC]
        resp.media = {"plots": [{**plot.summary, **seen.get(plot.id, {})} for plot in public]}
        if len(plots) == limit:
            link_next(req, resp, plots[-1].name, limit)
