"""What a reader sees of a plot: the scene of a version, or the newest with live sources as they are."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from blake3 import blake3

from bokeh_plots.live import live_ids, sent_size, with_columns
from bokeh_plots.peers import Data
from bokeh_plots.plots import Plot, Plots


@dataclass(frozen=True)
class Scene:
    """A scene, read when it is needed.

    Attributes:
        plots: where it is.
        plot: whose.
        manifest: what belongs to the version; see `publishing`.
        current: the live sources as they are now, by id; empty when an old version is asked for.
    """

    plots: Plots
    plot: Plot
    manifest: dict[str, Any]
    current: dict[str, dict[str, Any]]

    @property
    def etag(self) -> str:
        """Another one for every other scene."""
        if not self.current:
            return str(self.manifest["scene"])
        state = sorted((key, source["version"]) for key, source in self.current.items())
        return blake3(json.dumps([self.manifest["scene"], state]).encode()).hexdigest()

    @property
    def columns(self) -> dict[str, int]:
        """The bytes of its columns as they are sent, by hash."""
        now = {
            column["hash"]: sent_size(column)
            for source in self.current.values()
            for column in source["columns"].values()
        }
        return {**self.manifest["columns"], **now}

    @cached_property
    def document(self) -> dict[str, Any]:
        """The scene."""
        stored = json.loads(self.plots.scene(self.plot, self.manifest))
        uses = {s["model"]: s["id"] for s in self.manifest["sources"] if s["id"] in self.current}
        columns = {model: self.current[source]["columns"] for model, source in uses.items() if model}
        return dict(with_columns(stored, columns) if columns else stored)

    @property
    def blocks(self) -> Iterator[bytes]:
        """The scene as JSON, in blocks."""
        if not self.current:
            return self.plots.scene_blocks(self.plot, self.manifest)
        return iter([json.dumps(self.document, separators=(",", ":")).encode()])


class Scenes:
    """The scenes of all plots."""

    def __init__(self, plots: Plots, data: Data) -> None:
        self._plots = plots
        self._data = data

    def of(self, plot: Plot, number: int | None = None) -> Scene:
        """Return the scene of a version, or without a number what is shown now; `NotFound`."""
        manifest = self._plots.manifest(plot, number)
        live = live_ids(manifest["sources"]) if number is None else []
        return Scene(self._plots, plot, manifest, self._data.current(plot.user_id, live))

    def not_shown(self, plot: Plot, columns: list[str]) -> list[str]:
        """Return those of `columns` that the plot does not show, in any version or now."""
        missing = self._plots.not_shown(plot, columns)
        if not missing:
            return missing
        now = self.of(plot).columns
        return [column for column in missing if column not in now]
