"""Scenes with live data sources: their columns are put in as they are at the moment.

A live source changes by itself, so a version of a plot holds its columns as they were when it was published,
and who asks for no particular version gets them as they are now.
"""

from collections.abc import Iterable, Mapping
from typing import Any

Node = dict[str, Any]


def live_ids(sources: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the ids of those of a plot's sources that are live."""
    return [source["id"] for source in sources if source.get("live")]


def sent_size(column: Mapping[str, Any]) -> int:
    """Return the bytes of a column as it is sent to browsers, by its summary."""
    return int((column.get("shown") or column)["size"])


def with_columns(value: Any, columns: Mapping[str, Mapping[str, Any]]) -> Any:
    """Return a scene with other columns in some of its data sources.

    Args:
        value: the scene, which is left as it is.
        columns: for the model ids of data sources: summaries of their columns, by name.
    """
    if isinstance(value, list):
        return [with_columns(item, columns) for item in value]
    if not isinstance(value, dict):
        return value
    changed = {key: with_columns(item, columns) for key, item in value.items()}
    model = value.get("id")
    if value.get("type") == "object" and isinstance(model, str) and model in columns:
        changed["attributes"] = {**changed.get("attributes", {}), "data": _data(value, columns[model])}
    return changed


def _data(model: Node, columns: Mapping[str, Any]) -> Node:
    """Return the `data` of a source: its columns in the order that they have there, new ones behind."""
    before = model.get("attributes", {}).get("data")
    entries = before.get("entries", []) if isinstance(before, dict) else []
    names = [entry[0] for entry in entries if isinstance(entry, list) and entry and entry[0] in columns]
    ordered = dict.fromkeys([*names, *columns])
    return {"type": "map", "entries": [[name, _value(columns[name])] for name in ordered]}


def _value(column: Mapping[str, Any]) -> Node:
    """Return a column as a scene refers to it (`bokeh.core.serialization`)."""
    shown = column.get("shown") or column
    leaf = {"id": column["hash"]}
    if shown["dtype"] == "packed":
        return {"type": "packed", "data": leaf}
    array = {"type": "bytes", "data": leaf}
    return {
        "type": "ndarray",
        "array": array,
        "dtype": shown["dtype"],
        "shape": list(shown["shape"]),
        "order": "little",
    }
