"""How the live sources of a plot have changed since a state, for the pages that show it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bokeh_common.http.server.thread_pools import STORAGE
from bokeh_plots.clients import DataClient
from bokeh_plots.documents.drawn_columns import DrawnColumns
from bokeh_plots.documents.live_columns import column_entries_of
from bokeh_plots.documents.live_states import LiveState
from bokeh_plots.plots.drawn_columns import DrawnColumnsCache
from bokeh_plots.plots.permissions import Reader
from bokeh_plots.plots.plots import Plot
from bokeh_plots.plots.scenes import Scene, Scenes

#: More names are not sent to the data service; what is not drawn is left out afterwards in any case.
MAX_NAMES = 200

#: Of more columns, pages load the scene rather than a list.
MAX_COLUMNS = 64

#: Pages may draw columns of so many rows from windows, for which they need the hashes beside the rows.
MIN_WINDOW_ROWS = 10_000

VISITOR = Reader("")


class LiveChanges:
    """Describes changes, to whoever may see the plot."""

    def __init__(self, scenes: Scenes, data: DataClient, drawn: DrawnColumnsCache) -> None:
        self._scenes = scenes
        self._data = data
        self._drawn = drawn

    async def find(self, plot: Plot, since: str, until: str | None) -> dict[str, Any]:
        """Return the current `state`, and the changes of `sources` since another one.

        Args:
            plot: the plot.
            since: a `LiveState` as text.
            until: the state up to which rows are wanted; None for the current one.

        Returns:
            also `version`, `visibility` and `user_id` of the plot, and the ids of its `live` sources.
            `sources` is None if pages have to load the scene again; otherwise it has an item for each live
            source that differs.
        """
        scene = await STORAGE.run(self._scenes.stored, plot, VISITOR)
        before, target = (LiveState.parse(text or "", scene.live) for text in (since, until))
        found: dict[str, dict[str, Any]] = {}
        if scene.live:
            drawn = await self._drawn.get(plot, scene.manifest)
            names = drawn.names
            asked = None if names is None or len(names) > MAX_NAMES else sorted(names)
            queries = {
                source: {"names": asked, "since": _at(before, source), "until": _at(target, source)}
                for source in scene.live
            }
            found = await self._data.changes(plot.user_id, queries)
            current = {source: change["source"] for source, change in found.items()}
            scene = replace(scene, current=current, drawn=drawn)
        return {
            "version": scene.manifest["version"],
            "visibility": plot.visibility,
            "user_id": plot.user_id,
            "state": scene.state.text,
            "live": scene.live,
            "sources": _describe(scene, before, found),
        }


def _at(state: LiveState | None, source: str) -> list[int] | None:
    return None if state is None else state.positions.get(source)


def _describe(
    scene: Scene, before: LiveState | None, found: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]] | None:
    """Return the items of the sources that differ; None if they are not known well enough."""
    if before is None or scene.drawn is None or before.version != scene.manifest["version"]:
        return None
    if not before.positions or found.keys() != before.positions.keys():
        return None
    changed = [source for source, change in found.items() if change["position"] != before.positions[source]]
    models, positions = scene.models, before.positions
    items = [
        _describe_source(scene.drawn, models.get(source, []), found[source], positions[source][0])
        for source in changed
    ]
    return None if any(len(item.get("columns", ())) > MAX_COLUMNS for item in items) else items


def _describe_source(
    drawn: DrawnColumns, models: list[str], change: Mapping[str, Any], since: int
) -> dict[str, Any]:
    """Return the item of a source whose version was `since`."""
    source, position = change["source"], change["position"]
    item: dict[str, Any] = {"models": models, "position": position}
    if rows := change.get("rows"):
        item["rows"] = {**rows, "columns": _drawn_of(drawn, rows["columns"])}
    elif (patches := change.get("patches")) is not None:
        item |= {"since": since, "patches": _drawn_of(drawn, patches)}
    if len(item) == 2 or position[3] >= MIN_WINDOW_ROWS:
        item["columns"] = column_entries_of(_drawn_of(drawn, source["columns"]))
    return item


def _drawn_of(drawn: DrawnColumns, columns: Mapping[str, Any]) -> dict[str, Any]:
    return {name: columns[name] for name in drawn.of(columns)}
