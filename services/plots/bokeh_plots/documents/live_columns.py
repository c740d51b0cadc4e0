"""Scenes with live data sources, whose current columns replace those of the scene.

A live source changes independently of the plot. A version of the plot refers to the columns as they were when
it was published; a reader who requests no particular version gets the current ones.
"""

from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any

Node = dict[str, Any]


def live_ids(sources: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the ids of the live ones among a plot's data sources."""
    return [source["id"] for source in sources if source.get("live")]


def sent_size(column: Mapping[str, Any]) -> int:
    """Return the size of a column in bytes, as it is sent to browsers, from its summary."""
    return int((column.get("shown") or column)["size"])


def with_columns(value: Any, columns: Mapping[str, Mapping[str, Any]]) -> Any:
    """Return a copy of a scene with other columns in some of its data sources.

    Args:
        value: the scene.
        columns: the new columns of data sources, by model id: summaries by name.
    """
    return _with_data(value, columns.keys(), lambda model: _data(model, columns[model["id"]]))


def without_columns(value: Any, models: Container[str], is_drawn: Callable[[str], bool]) -> Any:
    """Return a copy of a scene whose data sources `models` have only the columns with these names."""
    return _with_data(value, models, lambda model: _map(e for e in _entries(model) if is_drawn(e[0])))


def without_rows(value: Any, models: Container[str]) -> Any:
    """Return a copy of a scene whose data sources `models` have the names of their columns, and no values."""
    return _with_data(value, models, lambda model: _map(sorted([name] for name, *_ in _entries(model))))


def column_entries_of(columns: Mapping[str, Mapping[str, Any]]) -> list[list[Any]]:
    """Return the entries of the `data` of a data source, from summaries of its columns by name."""
    return [[name, _value(column)] for name, column in columns.items()]


def _with_data(value: Any, models: Container[str], change: Callable[[Node], Node]) -> Any:
    """Return a copy of a scene with other `data` in some of its data sources."""
    if isinstance(value, list):
        return [_with_data(item, models, change) for item in value]
    if not isinstance(value, dict):
        return value
    changed = {key: _with_data(item, models, change) for key, item in value.items()}
    model = value.get("id")
    if value.get("type") == "object" and isinstance(model, str) and model in models:
        changed["attributes"] = {**changed.get("attributes", {}), "data": change(value)}
    return changed


def _data(model: Node, columns: Mapping[str, Any]) -> Node:
    """Return the `data` of a data source: its columns in their present order, followed by new ones."""
    names = [name for name, *_ in _entries(model) if name in columns]
    return _map([name, _value(columns[name])] for name in dict.fromkeys([*names, *columns]))


def _entries(model: Node) -> list[list[Any]]:
    data = model.get("attributes", {}).get("data")
    entries = data.get("entries", []) if isinstance(data, dict) else []
    return [entry for entry in entries if isinstance(entry, list) and entry and isinstance(entry[0], str)]


def _map(entries: Iterable[list[Any]]) -> Node:
    return {"type": "map", "entries": list(entries)}


def _value(column: Mapping[str, Any]) -> Node:
    """Return a reference to a column, in the encoding of `bokeh.core.serialization`."""
    sent = column.get("shown") or column
    leaf = {"id": column["hash"]}
    if sent["dtype"] == "packed":
        return {"type": "packed", "data": leaf}
    array = {"type": "bytes", "data": leaf}
    return {
        "type": "ndarray",
        "array": array,
        "dtype": sent["dtype"],
        "shape": list(sent["shape"]),
        "order": "little",
    }
