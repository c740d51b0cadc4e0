"""Scenes for readers: old versions as they were, the newest with the current columns of live sources."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from bokeh_common.hashing import hash_bytes
from bokeh_common.http.server.thread_pools import STORAGE, compute
from bokeh_plots.clients import DataClient
from bokeh_plots.documents.drawn_columns import DrawnColumns
from bokeh_plots.documents.live_columns import live_ids, sent_size, with_columns, without_columns
from bokeh_plots.documents.live_states import LiveState, position_of
from bokeh_plots.plots.drawn_columns import DrawnColumnsCache
from bokeh_plots.plots.permissions import Reader, sees_as_published
from bokeh_plots.plots.plots import Plot, Plots


@dataclass(frozen=True)
class Scene:
    """A scene, whose JSON is read when it is needed.

    Attributes:
        plots: the plots, to read it from.
        plot: the plot.
        manifest: the manifest of the version.
        live: the ids of its live sources; empty if they are shown as of the publication of the version.
        whole: whether its live sources have all of their columns, for the owner; others get what is drawn.
        current: the current versions of live sources, by id, once they have been requested.
        drawn: the columns that are drawn, once they have been requested; None if all are sent.
    """

    plots: Plots
    plot: Plot
    manifest: dict[str, Any]
    live: list[str]
    whole: bool = True
    current: dict[str, dict[str, Any]] = field(default_factory=dict)
    drawn: DrawnColumns | None = None

    @property
    def is_stored(self) -> bool:
        """Whether it is sent as it is stored."""
        return not self.live and (self.whole or not live_ids(self.manifest["sources"]))

    @property
    def etag(self) -> str:
        """A hash that differs for different scenes."""
        if self.is_stored:
            return str(self.manifest["scene"])
        state = sorted((key, source["version"]) for key, source in self.current.items())
        parts = [self.manifest["scene"], state, *([] if self.whole else ["drawn"])]
        return hash_bytes(json.dumps(parts).encode())

    @property
    def state(self) -> LiveState:
        """What a page shows of it, for live updates."""
        hashes = {
            source: {name: column["hash"] for name, column in columns.items()}
            for source, columns in self._current_columns.items()
        }
        return LiveState.of(self.manifest["version"], hashes, self.live, self.current)

    @property
    def models(self) -> dict[str, list[str]]:
        """The ids of the models of each live source that is shown as it is now."""
        found: dict[str, list[str]] = {}
        for use in self.manifest["sources"]:
            if use["id"] in self.current and use.get("live") and use["model"]:
                found.setdefault(use["id"], []).append(use["model"])
        return found

    @property
    def positions(self) -> dict[str, list[Any]]:
        """The position of the source of each live model, and when it was last changed."""
        current = self.current
        return {
            model: [*position_of(current[source]), current[source].get("modified", "")]
            for source, models in self.models.items()
            for model in models
        }

    @property
    def columns(self) -> dict[str, int]:
        """The sizes of its columns in bytes, as sent to browsers, by hash."""
        current = {
            column["hash"]: sent_size(column)
            for columns in self._current_columns.values()
            for column in columns.values()
        }
        published: dict[str, int] = self.manifest["columns"]
        if self.drawn is not None:
            kept = self.drawn.hashes(self.current)
            published = {column: size for column, size in published.items() if column in kept}
        return {**published, **current}

    def read(self) -> bytes:
        """Return the stored JSON, on a thread."""
        return self.plots.scene(self.plot, self.manifest)

    def blocks(self) -> Iterator[bytes]:
        """Return the stored JSON in blocks, on a thread; it is the scene if `is_stored`."""
        return self.plots.scene_blocks(self.plot, self.manifest)

    def parse(self, stored: bytes) -> dict[str, Any]:
        """Return the scene as JSON values, from the stored JSON."""
        value, current = json.loads(stored), self._current_columns
        uses = {s["model"]: s["id"] for s in self.manifest["sources"] if s.get("live") and s["model"]}
        columns = {model: current[source] for model, source in uses.items() if source in current}
        changed = with_columns(value, columns) if columns else value
        if self.drawn is None:
            return dict(changed)
        return dict(without_columns(changed, uses.keys() - columns.keys(), self.drawn.draws))

    async def text(self) -> bytes:
        """Return the scene as JSON text."""
        stored = await STORAGE.run(self.read)
        return await compute(len(stored), self._text, stored)

    def _text(self, stored: bytes) -> bytes:
        return json.dumps(self.parse(stored), separators=(",", ":")).encode()

    @property
    def _current_columns(self) -> dict[str, dict[str, Any]]:
        """The summaries of the columns of live sources that are sent, by source and name."""
        found = {key: source["columns"] for key, source in self.current.items()}
        if self.drawn is None:
            return found
        drawn = self.drawn.of
        return {key: {name: columns[name] for name in drawn(columns)} for key, columns in found.items()}


class Scenes:
    """The scenes of all plots."""

    def __init__(self, plots: Plots, data: DataClient, drawn: DrawnColumnsCache) -> None:
        self._plots = plots
        self._data = data
        self._drawn = drawn

    def stored(self, plot: Plot, reader: Reader, number: int | None = None) -> Scene:
        """Return the scene of a version, by default of the newest, as a reader may see it; `NotFound`."""
        manifest = self._plots.manifest(plot, number)
        live = [] if sees_as_published(plot, reader, number) else live_ids(manifest["sources"])
        return Scene(self._plots, plot, manifest, live, reader.owns(plot))

    async def current(self, scene: Scene) -> Scene:
        """Return a scene as it is shown now, with the current columns of its live sources."""
        if scene.is_stored:
            return scene
        drawn = None if scene.whole else await self._drawn.get(scene.plot, scene.manifest)
        current = await self._data.current(scene.plot.user_id, scene.live) if scene.live else {}
        return replace(scene, current=current, drawn=drawn)
