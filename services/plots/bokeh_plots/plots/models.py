"""Single models of scenes with their data, written while columns are read, in bounded memory.

The id of a model is `{plot}.{model id}`, since Bokeh's own ids are unique within one document only.
"""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from cachetools import LRUCache

from bokeh_common.errors import NotFound, TooLarge
from bokeh_common.hashing import hash_bytes
from bokeh_common.http.block_stream import StartedStream
from bokeh_common.http.server.thread_pools import COMPUTE, STORAGE, compute
from bokeh_plots.clients import DataClient
from bokeh_plots.documents.scene_json import models_of
from bokeh_plots.plots.model_writer import ModelBatch, ModelWriter
from bokeh_plots.plots.permissions import Reader
from bokeh_plots.plots.plots import Plots
from bokeh_plots.plots.scenes import Scene, Scenes

CACHED_SCENES = 4  # models of one plot are mostly requested one after the other


@dataclass(frozen=True)
class SceneModels:
    """The models of a scene by their ids, and the sizes of its columns in bytes by hash."""

    models: dict[str, dict[str, Any]]
    columns: dict[str, int]


class SceneReader:
    """Reads the scenes of an account for one request, and remembers the last few."""

    def __init__(self, plots: Plots, scenes: Scenes, user: str) -> None:
        self._plots = plots
        self._scenes = scenes
        self._user = user
        self._read: LRUCache[str, Scene | None] = LRUCache(CACHED_SCENES)
        self._parsed: LRUCache[str, SceneModels] = LRUCache(CACHED_SCENES)

    async def scene(self, plot: str) -> Scene | None:
        """Return the scene of a plot; None if the plot does not exist."""
        if plot not in self._read:
            found = await STORAGE.run(self._find, plot)
            self._read[plot] = found and await self._scenes.current(found)
        return self._read[plot]

    async def models(self, plot: str) -> SceneModels:
        """Return the models of the scene of a plot; none if the plot does not exist."""
        if plot not in self._parsed:
            scene = await self.scene(plot)
            self._parsed[plot] = await _models_of(scene) if scene else SceneModels({}, {})
        return self._parsed[plot]

    def _find(self, plot: str) -> Scene | None:
        try:
            return self._scenes.stored(self._plots.get(self._user, plot), Reader(self._user))
        except NotFound:
            return None


@dataclass(frozen=True)
class ModelQuery:
    """A request for models.

    Attributes:
        ids: the ids of the models.
        reader: reads the scenes.
        writer: replaces placeholders by columns.
    """

    ids: list[str]
    reader: SceneReader
    writer: ModelWriter

    async def etag(self) -> str:
        """Return a hash that differs if models, their order, their values, or the missing ones differ."""
        plots = dict.fromkeys(map(_plot_of, self.ids))
        scenes = [scene.etag if (scene := await self.reader.scene(plot)) else None for plot in plots]
        return hash_bytes(json.dumps([self.ids, scenes]).encode())

    async def find(self) -> "FoundModels":
        """Find the first of the models.

        Raises:
            NotFound: none of the models exists.
        """
        missing: list[str] = []
        batches = self._batches(missing)
        first = await anext(batches, None)
        if first is None:
            raise NotFound("There are no such objects.", missing=missing)
        return FoundModels(self.writer, first, batches, missing)

    async def _batches(self, missing: list[str]) -> AsyncIterator[ModelBatch]:
        batch = ModelBatch()
        for plot, group in groupby(self.ids, _plot_of):
            ids, scene = iter(list(group)), await self.reader.models(plot)
            while await COMPUTE.run(self._fill, batch, ids, scene, missing):
                yield batch
                batch = ModelBatch()
        if batch.models:
            yield batch

    def _fill(self, batch: ModelBatch, ids: Iterator[str], scene: SceneModels, missing: list[str]) -> bool:
        """Add models to a batch; return whether it is full."""
        for item in ids:
            model = item.partition(".")[2]
            if model not in scene.models:
                missing.append(item)
            elif batch.add(self.writer.with_placeholders(scene.models[model], scene.columns)):
                return True
        return False


@dataclass(frozen=True)
class FoundModels:
    """The models that a query finds.

    Attributes:
        writer: replaces placeholders by columns.
        first: the first of the models.
        others: finds the others.
        missing: the ids that were not found; complete when all others have been found.
    """

    writer: ModelWriter
    first: ModelBatch
    others: AsyncIterator[ModelBatch]
    missing: list[str]

    async def stream(self) -> StartedStream:
        """Return JSON with the models (`objects`), in the order of the ids, and the ids that are `missing`.

        Each model is as `bokeh.core.serialization` writes it to plain JSON, with references to other models.
        A packed column that is damaged, or larger than `MAX_UNPACKED_BYTES`, is left as a reference to the
        column, whose bytes the data service has.
        """
        return await StartedStream.start(self.writer.blocks(self.first, self.others, self.missing))


class Models:
    """The models of all scenes, by id."""

    def __init__(self, plots: Plots, scenes: Scenes, data: DataClient, max_ids: int) -> None:
        self._plots = plots
        self._scenes = scenes
        self._data = data
        self._max_ids = max_ids

    def query(self, user: str, text: str, authorization: str | None) -> ModelQuery:
        """Return a query for models, of which nothing has been read yet.

        Args:
            user: the account.
            text: the ids, separated by commas.
            authorization: the caller's `Authorization` header.

        Raises:
            TooLarge: there are too many ids.
        """
        ids = text.split(",")
        if len(ids) > self._max_ids:
            detail = f"Request at most {self._max_ids} objects at a time; these are {len(ids)}."
            raise TooLarge(detail, limit=self._max_ids)
        reader = SceneReader(self._plots, self._scenes, user)
        return ModelQuery(ids, reader, ModelWriter(self._data, user, authorization))


def _plot_of(model: str) -> str:
    return model.partition(".")[0]


async def _models_of(scene: Scene) -> SceneModels:
    stored = await STORAGE.run(scene.read)
    models = await compute(len(stored), lambda: models_of(scene.parse(stored)))
    return SceneModels(models, scene.columns)
