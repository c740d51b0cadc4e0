"""The routes that copy a plot, or delete it, together with its data."""

from falcon.asgi import Request, Response

from bokeh_common.errors import Forbidden
from bokeh_common.http.openapi.operations import Operation
from bokeh_common.http.responses import if_match
from bokeh_common.http.server.thread_pools import STORAGE
from bokeh_plots.documents.publication import check_name
from bokeh_plots.plots.copy_and_delete import CopyRequest
from bokeh_plots.plots.permissions import Reader, as_seen_by
from bokeh_plots.plots.scenes import Scene
from bokeh_plots.resources import schemas
from bokeh_plots.resources.base import (
    CHANGED_PLOT,
    WRITE,
    PlotResource,
    reader_of,
    respond_with_plot,
    write_options,
)


class Delete(PlotResource):
    """`POST /{user}/delete`."""

    access = {"POST": WRITE}
    describe = {
        "POST": Operation(
            {200: schemas.DeletedGraph},
            body=schemas.DeleteRequest,
            headers=("If-Match",),
            problems=("would-break", "conflict"),
            example={"plot": "{plot}", "data": "keep"},
            details="Requires the scope `data:write`, too, unless `data` is `keep`.",
        )
    }

    async def on_post(self, req: Request, resp: Response, user: str) -> None:
        """Delete a plot with its scene graph, and its data unless something else needs them."""
        body = await self._body(req, schemas.DeleteRequest)
        if body.data != "keep" and "data:write" not in req.context.principal.scopes:
            raise Forbidden("This key lacks the scope 'data:write'; send 'data': 'keep', or use another key.")
        domain = self._domain.copy_and_delete
        options = (body.data, body.force, if_match(req))
        deleted = await self._on_plot(req, body.plot, user, domain.delete, *options)
        sources = await domain.delete_sources(deleted, req.get_header("Authorization"))
        resp.media = {"plot": deleted.plot.id, **sources}


class Clone(PlotResource):
    """`POST /{user}/clone`."""

    access = {"POST": WRITE}
    describe = {
        "POST": Operation(
            {200: CHANGED_PLOT, 201: CHANGED_PLOT},
            body=schemas.CloneRequest,
            headers=("Idempotency-Key",),
            problems=(
                "name-taken",
                "invalid-name",
                "quota-exceeded",
                "key-reused",
                "conflict",
            ),
            example={"plot": "{plot}", "name": "a copy"},
            details="The plot may belong to another account if it is public or shared. No data are copied: "
            "the account gets data sources with the same columns, which requires the scope `data:write`. A "
            "live source is copied in its current state.",
        )
    }

    async def on_post(self, req: Request, resp: Response, user: str) -> None:
        """Copy a plot that the caller may read into the caller's account."""
        body = await self._body(req, schemas.CloneRequest)
        name = None if body.name is None else check_name(body.name, self._domain.settings.limits)
        scene = await self._scene(req, body)
        request, options = CopyRequest(name), write_options(req, must_be_new=True)
        clone = self._domain.copy_and_delete.clone
        copy, changed = await clone(scene, user, request, req.get_header("Authorization"), options)
        respond_with_plot(resp, copy, changed)

    async def _scene(self, req: Request, body: schemas.CloneRequest) -> Scene:
        if body.share is None:
            reader = reader_of(req)
        else:
            reader = Reader(*await self._domain.auth.introspect(body.share))
        return await STORAGE.run(self._find_scene, body.plot, reader, body.version)

    def _find_scene(self, plot: str, reader: Reader, version: int | None) -> Scene:
        found = as_seen_by(self._domain.plots.by_id(plot), reader)
        return self._domain.scenes.stored(found, reader, version)
