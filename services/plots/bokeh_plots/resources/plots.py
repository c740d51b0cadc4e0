"""The routes that list, publish, change and delete plots."""

import re
import unicodedata
from typing import Annotated, Any

import falcon
from falcon.asgi import Request, Response
from msgspec import Meta

from bokeh_common.http.openapi.operations import Operation, ResponseSpec
from bokeh_common.http.request_body import read_json, read_query
from bokeh_common.http.responses import VersionQuery, add_next_link, if_match, read_page_query
from bokeh_common.http.server.thread_pools import STORAGE, compute
from bokeh_plots.documents.publication import PublishRequest, parse_publication
from bokeh_plots.documents.scene_json import models_of
from bokeh_plots.plots.editing import PlotChange
from bokeh_plots.plots.permissions import Reader
from bokeh_plots.plots.plots import Plot
from bokeh_plots.plots.scenes import Scene
from bokeh_plots.resources import schemas
from bokeh_plots.resources.base import (
    CHANGED_PLOT,
    PUBLISH,
    READ,
    SEE,
    WRITE,
    PlotResource,
    json_text,
    reader_of,
    requested_version,
    respond_with_json,
    respond_with_plot,
    write_options,
)

#: The number of a version in a path, and one that no version has.
VERSION_NUMBER = re.compile(r"[1-9][0-9]{0,11}")
NO_VERSION = 0


class Store(PlotResource):
    """`POST /{user}/store`."""

    access = {"POST": PUBLISH}
    describe = {
        "POST": Operation(
            {200: CHANGED_PLOT, 201: CHANGED_PLOT},
            body=PublishRequest,
            headers=("If-Match", "Idempotency-Key"),
            problems=(
                "invalid-document",
                "invalid-name",
                "missing-source",
                "missing-columns",
                "key-reused",
                "quota-exceeded",
                "conflict",
            ),
            example=schemas.PUBLISH_EXAMPLE,
        )
    }

    async def on_post(self, req: Request, resp: Response, user: str) -> None:
        """Publish a scene under a name."""
        settings = self._domain.settings
        # Errors of documents and names have problem types of their own, so the schema alone is not enough.
        body = await read_json(req, settings.max_document_bytes)
        publication = await compute(req.content_length or 0, parse_publication, body, settings.limits)
        authorization = req.get_header("Authorization")
        publish = self._domain.publisher.publish
        plot, changed = await publish(user, publication, authorization, write_options(req))
        respond_with_plot(resp, plot, changed)


class PlotList(PlotResource):
    """`GET /{user}/plots`."""

    access = {"GET": READ}
    describe = {
        "GET": Operation(
            {200: ResponseSpec(schemas.PlotPage, headers=("Link",))}, query=schemas.PlotListQuery
        )
    }

    async def on_get(self, req: Request, resp: Response, user: str) -> None:
        """List the plots by name, or the plot of one name."""
        name = read_query(req, schemas.PlotListQuery).name
        if name is not None:
            found = await STORAGE.run(self._domain.plots.find, user, unicodedata.normalize("NFC", name))
            await respond_with_json(resp, {"plots": [found.summary] if found else []}, 1)
            return
        after, limit = read_page_query(req)
        plots = await STORAGE.run(self._domain.plots.page, user, after, limit)
        await respond_with_json(resp, {"plots": [plot.summary for plot in plots]}, len(plots))
        if len(plots) == limit:
            add_next_link(req, resp, plots[-1].place, limit)


class OnePlot(PlotResource):
    """`GET`, `PATCH` and `DELETE /{user}/plots/{plot}`."""

    access = {"GET": SEE, "PATCH": WRITE, "DELETE": WRITE}
    describe = {
        "GET": Operation({200: ResponseSpec(schemas.SceneGraph, headers=("ETag",))}, query=VersionQuery),
        "PATCH": Operation(
            {200: CHANGED_PLOT},
            body=Annotated[PlotChange, Meta(extra_json_schema={"minProperties": 1})],
            headers=("If-Match",),
            problems=("invalid-name", "name-taken", "conflict"),
            details="A plot that is renamed is still found by the names that it had: publishing under one of "
            "them makes a version of this plot.",
            example={
                "name": "sine",
                "title": "A title",
                "description": "What it shows",
                "tags": ["weather"],
                "visibility": "link",
                "history": False,
            },
        ),
        "DELETE": Operation({204: None}, headers=("If-Match",)),
    }

    async def on_get(self, req: Request, resp: Response, user: str, plot: str) -> None:
        """Return the objects of the scene graph, without data."""
        number = requested_version(req)
        stored, text = await self._on_plot(req, plot, user, self._read, reader_of(req), number)
        scene = await self._domain.scenes.current(stored)
        resp.content_type = falcon.MEDIA_JSON
        resp.data = await compute(len(text), _scene_graph, scene, text)
        resp.etag = scene.plot.tag

    def _read(self, plot: Plot, reader: Reader, number: int | None) -> tuple[Scene, bytes]:
        scene = self._domain.scenes.stored(plot, reader, number)
        return scene, scene.read()

    async def on_patch(self, req: Request, resp: Response, user: str, plot: str) -> None:
        """Set the name, title, description, tags, the visibility, or whether others see old versions."""
        change = await self._body(req, PlotChange)
        editor = self._domain.editor
        changed = await self._on_plot(req, plot, user, editor.change, change, if_match(req))
        respond_with_plot(resp, changed, may_be_new=False)

    async def on_delete(self, req: Request, resp: Response, user: str, plot: str) -> None:
        """Delete the plot and its versions."""
        await self._on_plot(req, plot, user, self._domain.editor.delete, if_match(req))
        resp.status = falcon.HTTP_204


class VersionHistory(PlotResource):
    """`GET /{user}/plots/{plot}/versions`."""

    access = {"GET": READ}
    describe = {"GET": Operation({200: schemas.PlotVersions})}

    async def on_get(self, req: Request, resp: Response, user: str, plot: str) -> None:
        """List the versions, newest first."""
        resp.media = {"versions": (await self._find(req, plot, user)).version_summaries}


class OnePlotVersion(PlotResource):
    """`DELETE /{user}/plots/{plot}/versions/{version}`."""

    access = {"DELETE": WRITE}
    describe = {
        "DELETE": Operation(
            {204: None},
            headers=("If-Match",),
            problems=("newest-version", "conflict"),
            details="The newest version cannot be deleted, since the plot shows it.",
        )
    }

    async def on_delete(self, req: Request, resp: Response, user: str, plot: str, version: str) -> None:
        """Delete a version that is not the newest, with its thumbnail."""
        number = int(version) if VERSION_NUMBER.fullmatch(version) else NO_VERSION
        await self._on_plot(req, plot, user, self._delete, number, if_match(req))
        resp.status = falcon.HTTP_204

    def _delete(self, plot: Plot, number: int, tag: str | None) -> None:
        self._domain.editor.delete_version(plot, number, tag)
        self._domain.view_counts.delete_thumbnail(plot, number)


class PlotRollback(PlotResource):
    """`POST /{user}/plots/{plot}/rollback`."""

    access = {"POST": WRITE}
    describe = {
        "POST": Operation(
            {200: CHANGED_PLOT},
            body=schemas.RollbackRequest,
            headers=("If-Match", "Idempotency-Key"),
            problems=("key-reused",),
            example={"version": 1},
        )
    }

    async def on_post(self, req: Request, resp: Response, user: str, plot: str) -> None:
        """Create a new version with the content of an old one."""
        number = (await self._body(req, schemas.RollbackRequest)).version
        rollback = self._domain.editor.rollback
        current, changed = await self._on_plot(req, plot, user, rollback, number, write_options(req))
        respond_with_plot(resp, current, changed, may_be_new=False)


def _scene_graph(scene: Scene, stored: bytes) -> bytes:
    """Return the JSON of a scene's objects, from its stored JSON."""
    plot, manifest, document = scene.plot, scene.manifest, scene.parse(stored)
    value: dict[str, Any] = {
        **plot.summary,
        "version": manifest["version"],
        "bundles": manifest["bundles"],
        "extensions": manifest["extensions"],
        "losses": manifest.get("losses", []),
        "roots": [f"{plot.id}.{root['id']}" for root in document["roots"]],
        "objects": {f"{plot.id}.{model}": item for model, item in models_of(document).items()},
    }
    return json_text(value)
