"""Single objects of scenes, with their data.

An object's id is `{plot}.{model id}`, since Bokeh's own ids repeat from document to document.
"""

from typing import Any

from bokeh_common.errors import Invalid, NotFound
from bokeh_plots.documents import columns_of, objects_of
from bokeh_plots.packed import inline_bytes, unpack
from bokeh_plots.peers import Data
from bokeh_plots.plots import Plots

MAX_IDS = 1000


def split_ids(text: str) -> list[tuple[str, str]]:
    """Split `plot.model,plot.model` into pairs; `Invalid` over `MAX_IDS`."""
    ids = text.split(",")
    if len(ids) > MAX_IDS:
        raise Invalid(f"Ask for at most {MAX_IDS} objects at a time; these are {len(ids)}.")
    pairs = [tuple(item.partition(".")[::2]) for item in ids]
    return [(plot, model) for plot, model in pairs]


class Objects:
    """Objects of scenes, looked up by id."""

    def __init__(self, plots: Plots, data: Data) -> None:
        self._plots = plots
        self._data = data

    def find(self, user: str, ids: list[tuple[str, str]], authorization: str | None) -> dict[str, Any]:
        """Return `objects` in the order of `ids`, data included, and the ids that are `missing`.

        Each object is as `bokeh.core.serialization` writes it to plain JSON, with references to others.
        """
        scenes = {plot: self._scene(user, plot) for plot, _ in ids}
        objects = [scenes[plot][model] for plot, model in ids if model in scenes[plot]]
        columns = sorted(set().union(*(columns_of(item) for item in objects)))
        values = self._data.values(user, columns, authorization)
        return {
            "objects": [_with_data(item, values) for item in objects],
            "missing": [f"{plot}.{model}" for plot, model in ids if model not in scenes[plot]],
        }

    def _scene(self, user: str, plot: str) -> dict[str, Any]:
        try:
            return objects_of(self._plots.document(self._plots.get(user, plot)))
        except NotFound:
            return {}


def _with_data(value: Any, values: dict[str, bytes]) -> Any:
    if isinstance(value, list):
        return [_with_data(item, values) for item in value]
    if not isinstance(value, dict):
        return value
    leaf = value["data"].get("id") if isinstance(value.get("data"), dict) else None
    if value.get("type") == "bytes" and leaf in values:
        return inline_bytes(values[leaf])
    if value.get("type") == "packed" and leaf in values:
        return unpack(values[leaf])
    return {key: _with_data(item, values) for key, item in value.items()}
