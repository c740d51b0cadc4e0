"""The routes of thumbnails and view counts, and of the plots that an account lists publicly."""

from collections.abc import Mapping
from typing import Any

import falcon
from falcon.asgi import Request, Response

from bokeh_common.http.auth.access import Access
from bokeh_common.http.openapi.operations import Operation
from bokeh_common.http.received_body import ReceivedBody, receive_body
from bokeh_common.http.request_body import check_length, read_body
from bokeh_common.http.responses import VersionQuery, add_next_link, read_page_query
from bokeh_common.http.server.thread_pools import COMPUTE, STORAGE
from bokeh_plots.plots.byte_quota import RECORD_BYTES, reserve_bytes
from bokeh_plots.plots.permissions import Reader, as_seen_by
from bokeh_plots.plots.plots import PUBLIC, Plot
from bokeh_plots.plots.thumbnails import MAX_BYTES, render_thumbnail
from bokeh_plots.plots.view_counts import without_hidden_thumbnail
from bokeh_plots.resources import schemas
from bokeh_plots.resources.base import (
    MAX_JSON_BYTES,
    WRITE,
    PlotResource,
    requested_version,
    respond_with_json,
)

MEDIA = (falcon.MEDIA_PNG,)
VISITOR = Reader("")
PROBLEMS = ("not-a-picture", "quota-exceeded")


class ThumbnailUpload(PlotResource):
    """`PUT /{user}/plots/{plot}/thumbnail`."""

    access = {"PUT": WRITE}
    describe = {"PUT": Operation({204: None}, bytes, MEDIA, query=VersionQuery, problems=PROBLEMS)}

    async def on_put(self, req: Request, resp: Response, user: str, plot: str) -> None:
        """Store a thumbnail of the plot, a PNG; `?version=` says of which version (default: newest)."""
        check_length(req, MAX_BYTES)
        version = requested_version(req)
        with await receive_body(req) as body:
            image = await COMPUTE.run(_render, body)
        limit = req.context.principal.quota.get("bytes")
        async with reserve_bytes(self._domain.data, user, len(image) + RECORD_BYTES, limit):
            await STORAGE.run(self._keep, user, plot, version, image)
        resp.status = falcon.HTTP_204

    def _keep(self, user: str, plot: str, version: int | None, image: bytes) -> None:
        found = self._domain.plots.get(user, plot)
        self._domain.view_counts.keep_thumbnail(found, version or found.latest.version, image)


class PlotThumbnail(PlotResource):
    """`GET /internal/plots/{plot}/thumbnail`."""

    access = {
        "GET": Access("plots:read", allow_restricted=True, allow_visitors=True, service="internal:pages")
    }

    async def on_get(self, req: Request, resp: Response, plot: str) -> None:
        """Return the thumbnail of a plot that the caller may see."""
        resp.data = await self._on_plot(req, plot, None, self._domain.view_counts.thumbnail)
        resp.content_type = falcon.MEDIA_PNG


class AccountViewCounts(PlotResource):
    """`GET /internal/plots/view-counts/{user}`."""

    access = {"GET": Access("plots:read", service="internal:pages")}

    async def on_get(self, req: Request, resp: Response, user: str) -> None:
        """Return view counts and thumbnails of the account's plots, by their ids."""
        counts = await STORAGE.run(self._domain.view_counts.of_account, user)
        await respond_with_json(resp, {"view_counts": counts}, len(counts))


class NewViews(PlotResource):
    """`POST /internal/plots/views`."""

    access = {"POST": Access(None, service="internal:pages")}

    async def on_post(self, req: Request, resp: Response) -> None:
        """Add to the view counts of plots."""
        body = await read_body(req, MAX_JSON_BYTES, schemas.ViewIncrements)
        await STORAGE.run(self._add, body.views)
        resp.media = {}

    def _add(self, views: Mapping[str, int]) -> None:
        for plot, count in views.items():
            self._domain.view_counts.add(plot, count)


class PublicPlots(PlotResource):
    """`GET /internal/plots/public/{user}`."""

    access = {"GET": Access(None, service="internal:pages")}

    async def on_get(self, req: Request, resp: Response, user: str) -> None:
        """List the public plots of an account, by name."""
        after, limit = read_page_query(req)
        plots, views = await STORAGE.run(self._read, user, after, limit)
        public = [as_seen_by(plot, VISITOR) for plot in plots if plot.visibility == PUBLIC]
        value = {"plots": [_with_counts(plot, views) for plot in public]}
        await respond_with_json(resp, value, len(public))
        if len(plots) == limit:
            add_next_link(req, resp, plots[-1].place, limit)

    def _read(self, user: str, after: str, limit: int) -> tuple[list[Plot], dict[str, dict[str, Any]]]:
        return self._domain.plots.page(user, after, limit), self._domain.view_counts.of_account(user)


def _with_counts(plot: Plot, views: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    counts = views.get(plot.id)
    return {**plot.summary, **(without_hidden_thumbnail(plot, counts) if counts else {})}


def _render(body: ReceivedBody) -> bytes:
    return render_thumbnail(b"".join(body.blocks(MAX_BYTES)))
