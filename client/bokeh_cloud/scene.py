"""A document taken apart into scene and columns, and put together again.

The scene is the document's JSON (`bokeh.document.Document.to_json`) in which hashes stand where the data
stood:

* `{"type": "bytes", "data": {"id": "<column hash>"}}` for a binary array; its wrapper (dtype, shape, order)
  stays;
* `{"type": "packed", "data": {"id": "<column hash>"}}` for a column of a data source that is not one binary
  array.

`split` and `assemble` are inverse to each other, bit for bit.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bokeh.core.serialization import Buffer
from bokeh.model import Model
from bokeh.models import ColumnarDataSource

from .columns import Column, column
from .packed import pack, unpack

JSON = Any

#: Characters, of what data sources are called.
LONGEST_LABEL = 80


@dataclass(frozen=True, slots=True)
class Source:
    """Named columns, with the id of their Bokeh model; None for arrays outside data sources.

    `stored` is the id of a data source that the server has already, whose columns are not sent; `name` is
    what its author called it.
    """

    model: str | None
    columns: Mapping[str, Column]
    stored: str | None = None
    name: str | None = None

    @property
    def label(self) -> str:
        """What people know it by: its name, or its columns."""
        if self.model is None:
            return "arrays"
        return (self.name or ", ".join(self.columns) or "empty")[:LONGEST_LABEL]


@dataclass(frozen=True, slots=True)
class Parts:
    """A document taken apart."""

    scene: JSON
    sources: tuple[Source, ...]


def split(content: JSON) -> Parts:
    """Take the content of `Document.to_json(deferred=True)` apart; arrays are not copied, packed columns are.

    Raises:
        ValueError: a column cannot be packed, see `packed.pack`.
    """
    splitter = _Splitter()
    scene = splitter.scene_of(content)
    if splitter.loose:
        splitter.sources.append(Source(None, splitter.loose))
    return Parts(scene, tuple(splitter.sources))


def assemble(scene: JSON, columns: Mapping[str, bytes]) -> tuple[JSON, dict[str, bytes]]:
    """Put a document together from its scene and the bytes of its columns, by hash.

    Returns the document's JSON, whose binary leaves are `{"type": "bytes", "data": {"id": ...}}`, and the
    buffers by these ids: what `Document.to_json(deferred=True)` said, under other ids.

    Raises:
        KeyError: a column is missing.
        ValueError: a packed column is damaged.
    """
    buffers: dict[str, bytes] = {}
    return _assembled(scene, columns, buffers), buffers


def column_hashes(scene: JSON) -> list[str]:
    """Return the hashes of all columns that a scene refers to, each once, in order of first use."""
    found: dict[str, None] = {}
    waiting = [scene]
    while waiting:
        node = waiting.pop()
        if (name := _leaf(node)) is not None:
            found[name] = None
        elif isinstance(node, dict):
            waiting.extend(reversed(node.values()))
        elif isinstance(node, list):
            waiting.extend(reversed(node))
    return list(found)


def unpacked(scene: JSON, read: Callable[[str], bytes], encode: Callable[[bytes], str]) -> JSON:
    """Return a scene whose packed columns stand in it as Bokeh's own JSON; other columns stay hashes.

    Args:
        scene: is left as it is.
        read: returns the bytes of a column by its hash.
        encode: returns binary data as they stand in JSON.
    """
    if isinstance(scene, list):
        return [unpacked(item, read, encode) for item in scene]
    if not isinstance(scene, dict):
        return scene
    if scene.get("type") != "packed":
        return {key: unpacked(value, read, encode) for key, value in scene.items()}
    value, buffers = unpack(read(scene["data"]["id"]), str)
    return _with_data(value, {name: encode(data) for name, data in buffers.items()})


def _with_data(node: JSON, data: Mapping[str, str]) -> JSON:
    if isinstance(node, list):
        return [_with_data(item, data) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("type") == "bytes":
        return {"type": "bytes", "data": data[node["data"]["id"]]}
    return {key: _with_data(value, data) for key, value in node.items()}


class _Splitter:
    """Walks a document once and collects its columns."""

    def __init__(self) -> None:
        self.sources: list[Source] = []
        self.loose: dict[str, Column] = {}

    def scene_of(self, node: JSON) -> JSON:
        if isinstance(node, (list, tuple)):
            return [self.scene_of(item) for item in node]
        if not isinstance(node, dict):
            return node
        if (found := _binary(node)) is not None:
            self.loose[found.hash] = found
            return _with_hash(node, found)
        if _is_source(node):
            return self._source(node)
        return {key: self.scene_of(value) for key, value in node.items()}

    def _source(self, node: dict[str, Any]) -> JSON:
        attributes = dict(node["attributes"])
        data = attributes.pop("data")
        rest = self.scene_of(attributes)
        columns: dict[str, Column] = {}
        given = data.get("entries", [])
        entries = [[name, _column_of(name, value, columns)] for name, value in given]
        name = attributes.get("name")
        name = name if isinstance(name, str) else None
        self.sources.append(Source(node["id"], columns, _stored_source(given), name))
        rest["data"] = {**data, "entries": entries} if entries else data
        return {**node, "attributes": rest}


def _is_source(node: dict[str, Any]) -> bool:
    """Tell whether this is a data source that holds columns; a GeoJSONDataSource holds text."""
    if node.get("type") != "object" or "id" not in node:
        return False
    kind = Model.model_class_reverse_map.get(node["name"])
    data = node.get("attributes", {}).get("data")
    return (
        kind is not None
        and issubclass(kind, ColumnarDataSource)
        and isinstance(data, dict)
        and data.get("type") == "map"
    )


def _stored_source(entries: list[list[Any]]) -> str | None:
    """Return the id of the stored source whose columns these are.

    Raises:
        ValueError: only some are; they would have to be in a source of their own.
    """
    ids = {value["source"] if _is_stored(value) else None for _, value in entries}
    if len(ids) > 1:
        raise ValueError("a data source mixes columns of a stored one with others: add them to that one")
    return ids.pop() if ids else None


def _is_stored(value: JSON) -> bool:
    return isinstance(value, dict) and value.get("type") == "stored"


def _reference(value: dict[str, Any]) -> JSON:
    leaf = {"id": value["hash"]}
    if value["dtype"] == "packed":
        return {"type": "packed", "data": leaf}
    array = {"type": "bytes", "data": leaf}
    kind = {"dtype": value["dtype"], "shape": value["shape"]}
    return {"type": "ndarray", "array": array, **kind, "order": "little"}


def _column_of(name: str, value: JSON, columns: dict[str, Column]) -> JSON:
    if _is_stored(value):
        return _reference(value)
    wrapped = isinstance(value, dict) and value.get("type") != "bytes"
    if wrapped and (found := _binary(value)) is not None:
        columns[name] = found
        return _with_hash(value, found)
    try:
        packed = pack(value)
    except ValueError as error:
        raise ValueError(f"column {name!r} cannot be stored: {error}") from error
    columns[name] = column("packed", [len(packed)], packed)
    return {"type": "packed", "data": {"id": columns[name].hash}}


def _binary(node: dict[str, Any]) -> Column | None:
    """Return the array that a node is: an ndarray, a typed array, or plain bytes; None for anything else."""
    leaf = node.get("array", node)
    if not isinstance(leaf, dict) or leaf.get("type") != "bytes" or not isinstance(leaf["data"], Buffer):
        return None
    data = leaf["data"].data
    size = memoryview(data).nbytes
    if leaf is node:
        return column("uint8", [size], data)
    dtype = node["dtype"]
    shape = node["shape"] if node["type"] == "ndarray" else [size // memoryview(data).itemsize]
    return column(dtype, shape, data)


def _with_hash(node: dict[str, Any], found: Column) -> JSON:
    leaf = {"type": "bytes", "data": {"id": found.hash}}
    return leaf if node["type"] == "bytes" else {**node, "array": leaf}


def _leaf(node: JSON) -> str | None:
    if isinstance(node, dict) and node.get("type") in ("bytes", "packed"):
        return str(node["data"]["id"])
    return None


def _assembled(node: JSON, columns: Mapping[str, bytes], buffers: dict[str, bytes]) -> JSON:
    if isinstance(node, list):
        return [_assembled(item, columns, buffers) for item in node]
    if not isinstance(node, dict):
        return node
    name = _leaf(node)
    if name is None:
        return {key: _assembled(value, columns, buffers) for key, value in node.items()}
    if node["type"] == "bytes":
        buffers[name] = bytes(columns[name])
        return node
    value, inner = unpack(columns[name], lambda index: f"{name}/{index}")
    buffers.update(inner)
    return value
