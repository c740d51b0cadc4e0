"""The routes that read scenes, their models and the data sources that they use."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from typing import Any

import falcon
from falcon.asgi import Request, Response

from bokeh_common.http.block_stream import BlockStream
from bokeh_common.http.openapi.operations import Operation, ResponseSpec
from bokeh_common.http.responses import VersionQuery, not_modified, set_immutable
from bokeh_plots.plots.permissions import Reader
from bokeh_plots.plots.plots import Plot
from bokeh_plots.plots.scenes import Scene
from bokeh_plots.resources import schemas
from bokeh_plots.resources.base import (
    READ,
    SEE,
    PlotResource,
    reader_of,
    requested_version,
    respond_with_json,
)

#: The header with the positions of the live sources that a scene shows; see `Scene.positions`.
LIVE_HEADER = "Bokeh-Cloud-Live"

#: Of more models, the header has no positions, so that it stays short.
MAX_POSITIONS = 64


@dataclass(frozen=True)
class OpenedScene:
    """A scene, and what has been read of its JSON.

    Attributes:
        scene: the scene.
        first: the first two blocks, if there are so many; none if they are not needed.
        others: the other blocks.
    """

    scene: Scene
    first: Sequence[bytes] = ()
    others: Iterable[bytes] = ()


class PlotScene(PlotResource):
    """`GET /{user}/plots/{plot}/scene`."""

    access = {"GET": SEE}
    describe = {
        "GET": Operation(
            {200: ResponseSpec(dict[str, Any], headers=("ETag", LIVE_HEADER)), 304: None},
            query=VersionQuery,
            headers=("If-None-Match",),
        )
    }

    async def on_get(self, req: Request, resp: Response, user: str, plot: str) -> None:
        """Return the scene: the Bokeh document, with hashes of columns in the place of arrays."""
        number, is_known = requested_version(req), partial(not_modified, req, resp)
        opened = await self._on_plot(req, plot, user, self._open, reader_of(req), number, is_known)
        if number is not None and not opened.scene.live:
            set_immutable(resp)
        if not opened.scene.is_stored:
            scene = await self._domain.scenes.current(opened.scene)
            if 0 < len(scene.positions) <= MAX_POSITIONS:
                resp.set_header(LIVE_HEADER, json.dumps(scene.positions, separators=(",", ":")))
            if not is_known(scene.etag):
                resp.content_type, resp.data = falcon.MEDIA_JSON, await scene.text()
        elif opened.first:
            _respond_with_blocks(resp, opened)

    def _open(
        self, plot: Plot, reader: Reader, number: int | None, is_known: Callable[[str], bool]
    ) -> OpenedScene:
        """Open a scene; read the first blocks, unless it is not sent as stored, or the client has it."""
        scene = self._domain.scenes.stored(plot, reader, number)
        if not scene.is_stored or is_known(scene.etag):
            return OpenedScene(scene)
        blocks = scene.blocks()
        return OpenedScene(scene, list(islice(blocks, 2)), blocks)


class PlotSources(PlotResource):
    """`GET /{user}/plots/{plot}/data`."""

    access = {"GET": SEE}
    describe = {"GET": Operation({200: schemas.UsedSources}, query=VersionQuery)}

    async def on_get(self, req: Request, resp: Response, user: str, plot: str) -> None:
        """List the ids of the plot's data sources, without data."""
        manifest = self._domain.plots.manifest
        sources = (await self._on_plot(req, plot, user, manifest, requested_version(req)))["sources"]
        await respond_with_json(resp, {"sources": sources}, len(sources))


class ManyModels(PlotResource):
    """`GET /{user}/objects/{ids}`."""

    access = {"GET": READ}
    describe = {
        "GET": Operation(
            {200: ResponseSpec(schemas.FoundObjects, headers=("ETag",)), 304: None},
            headers=("If-None-Match",),
            problems=("too-large",),
        )
    }

    async def on_get(self, req: Request, resp: Response, user: str, ids: str) -> None:
        """Return objects with their data; 404 if none of them exists."""
        query = self._domain.models.query(user, ids, req.get_header("Authorization"))
        found = await query.find()
        if not not_modified(req, resp, await query.etag()):
            resp.content_type, resp.stream = falcon.MEDIA_JSON, await found.stream()


def _respond_with_blocks(resp: Response, opened: OpenedScene) -> None:
    """Respond with stored blocks; a single one is sent with its length."""
    resp.content_type = falcon.MEDIA_JSON
    if len(opened.first) == 1:
        resp.data = opened.first[0]
    else:
        resp.stream = BlockStream(chain(opened.first, opened.others))
