"""The routes for other services; the gateway does not route them."""

from dataclasses import asdict, replace
from typing import Any

from falcon.asgi import Request, Response

from bokeh_common.http.auth.access import Access
from bokeh_common.http.request_body import read_query
from bokeh_common.http.responses import add_next_link, read_page_query
from bokeh_common.http.server.thread_pools import STORAGE
from bokeh_plots.plots.permissions import Reader
from bokeh_plots.plots.plots import Plot
from bokeh_plots.plots.scenes import Scene
from bokeh_plots.plots.shown_columns import grant_of
from bokeh_plots.resources import schemas
from bokeh_plots.resources.base import PlotResource, reader_of, requested_version, respond_with_json

VIEW = Access("plots:read", allow_restricted=True, allow_visitors=True, service="internal:pages")
COLUMNS = Access("plots:read", allow_restricted=True, service="internal:columns")


class PlotReferences(PlotResource):
    """`GET /internal/plots/references`."""

    access = {"GET": Access(None, service="internal:references")}

    async def on_get(self, req: Request, resp: Response) -> None:
        """List what each version of each plot refers to: of `?user=`, or of all accounts.

        Plots are in the order of account and name; a plot that exists during all requests is never left out.
        """
        (after, limit), user = read_page_query(req), read_query(req, schemas.AccountQuery).user
        page, references = await STORAGE.run(self._read, user, after, limit)
        columns = sum(len(item["columns"]) for item in references)
        await respond_with_json(resp, {"references": references}, len(references) + columns)
        if len(page) == limit:
            add_next_link(req, resp, f"{page[-1].user_id}/{page[-1].place}", limit)

    def _read(self, user: str | None, after: str, limit: int) -> tuple[list[Plot], list[dict[str, Any]]]:
        plots = self._domain.plots
        page = plots.page_of_all(user, after, limit)
        return page, [item for plot in page for item in plots.references(plot)]


class PlotView(PlotResource):
    """`GET /internal/plots/{plot}`."""

    access = {"GET": VIEW}

    async def on_get(self, req: Request, resp: Response, plot: str) -> None:
        """Return what a page needs to show the plot, and what a view token for that page grants."""
        reader, number = reader_of(req), requested_version(req)
        stored, views = await self._on_plot(req, plot, None, self._read, reader, number)
        scene = await self._domain.scenes.current(stored)
        columns, grant = scene.columns, grant_of(scene, reader, number)
        value = {
            **scene.plot.summary,
            **scene.manifest,
            **views,
            "columns": columns,
            "state": scene.state.text,
            # The page of a plot with live sources must not pin the version, which has their old columns.
            "live": bool(scene.current),
            "versions": scene.plot.version_summaries,
            "grant": grant and asdict(grant),
        }
        await respond_with_json(resp, value, len(columns))

    def _read(self, plot: Plot, reader: Reader, number: int | None) -> tuple[Scene, dict[str, Any]]:
        # The owner's frame gets no more than those of others, as it runs code, and others see it, too.
        stored = replace(self._domain.scenes.stored(plot, reader, number), whole=False)
        return stored, self._domain.view_counts.of_plot(plot)


class PlotChangeList(PlotResource):
    """`POST /internal/plots/{plot}/changes`, for event streams, which check the rights of each listener."""

    access = {"POST": Access(None, service="internal:pages")}

    async def on_post(self, req: Request, resp: Response, plot: str) -> None:
        """Return the state that pages of the plot have to show, and what changed since an earlier one."""
        body = await self._body(req, schemas.ChangesSince)
        found = await STORAGE.run(self._domain.plots.by_id, plot)
        resp.media = await self._domain.changes.find(found, body.since, body.until)


class PlotAccess(PlotResource):
    """`GET /internal/plots/{plot}/access`."""

    access = {"GET": VIEW}

    async def on_get(self, req: Request, resp: Response, plot: str) -> None:
        """Respond with 404 if the caller may not see the plot."""
        found = await self._find(req, plot, None)
        resp.media = {"version": found.latest.version}


class ShownColumnsResource(PlotResource):
    """`POST /internal/plots/{plot}/columns`."""

    access = {"POST": COLUMNS}

    async def on_post(self, req: Request, resp: Response, plot: str) -> None:
        """List those of these columns that the plot does not show, and the columns of its live sources.

        A reader may still load a version of a live source that was replaced a moment ago; only the data
        service knows those.
        """
        limit = self._domain.settings.max_document_bytes
        columns = (await self._body(req, schemas.ColumnList, limit)).columns
        found = await self._find(req, plot, None)
        resp.media = asdict(await self._domain.shown.find(found, reader_of(req), columns))


class PlotExtension(PlotResource):
    """`GET /internal/plots/{plot}/extensions/{name}`."""

    access = {"GET": Access(None, service="internal:pages")}

    async def on_get(self, req: Request, resp: Response, plot: str, name: str) -> None:
        """Return the JavaScript of a custom model."""
        resp.content_type = "text/javascript; charset=utf-8"
        resp.data = await STORAGE.run(self._domain.plots.extension, plot, name)
