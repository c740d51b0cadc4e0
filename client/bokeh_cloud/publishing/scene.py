"""Splits a document into scene and columns, and assembles it again.

The scene is the document's JSON (`bokeh.document.Document.to_json`) with column hashes in the place of data:

* `{"type": "bytes", "data": {"id": "<column hash>"}}` for a binary array; the object around it (dtype, shape,
  order) is kept;
* `{"type": "packed", "data": {"id": "<column hash>"}}` for a column of a data source that is not one binary
  array.

`split_document` and `assemble_document` are inverse to each other, bit for bit.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bokeh.core.serialization import Buffer
from bokeh.model import Model
from bokeh.models import ColumnarDataSource

from bokeh_cloud.columns.chunked_column import ChunkedColumn, chunked_column
from bokeh_cloud.columns.packed import pack, unpack

JSON = Any

MAX_LABEL_LENGTH = 80  # characters, of the name of a data source


@dataclass(frozen=True, slots=True)
class SceneSource:
    """A data source of a document.

    Attributes:
        model: id of the Bokeh model; None for arrays outside data sources.
        columns: by name.
        stored_id: id of the data source on the server, if it is stored already; its columns are not sent.
        name: of the Bokeh model, if it has one.
        types: of columns of times, by name, see `drawn_times`.
    """

    model: str | None
    columns: Mapping[str, ChunkedColumn]
    stored_id: str | None = None
    name: str | None = None
    types: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """A name for users: that of the model, or the names of the columns."""
        if self.model is None:
            return "arrays"
        return (self.name or ", ".join(self.columns) or "empty")[:MAX_LABEL_LENGTH]


@dataclass(frozen=True, slots=True)
class SplitDocument:
    """A document as scene and data sources."""

    scene: JSON
    sources: tuple[SceneSource, ...]


def split_document(content: JSON) -> SplitDocument:
    """Split the content of `Document.to_json(deferred=True)`; arrays are not copied, packed columns are.

    Raises:
        ValueError: a column cannot be packed, see `packed.pack`.
    """
    splitter = _Splitter()
    scene = splitter.split(content)
    if splitter.other_columns:
        splitter.sources.append(SceneSource(None, splitter.other_columns))
    return SplitDocument(scene, tuple(splitter.sources))


def assemble_document(scene: JSON, columns: Mapping[str, bytes]) -> tuple[JSON, dict[str, bytes]]:
    """Assemble a document from its scene and the bytes of its columns by hash.

    Returns:
        The document's JSON, in which binary data are `{"type": "bytes", "data": {"id": ...}}`, and the
        buffers by these ids. This equals what `Document.to_json(deferred=True)` returned, but for the ids.

    Raises:
        KeyError: a column is missing.
        ValueError: a packed column is damaged.
    """
    buffers: dict[str, bytes] = {}
    return _assemble(scene, columns, buffers), buffers


def column_hashes(scene: JSON) -> list[str]:
    """Return the hashes of all columns that a scene refers to, without duplicates, in order of first use."""
    found: dict[str, None] = {}
    waiting = [scene]
    while waiting:
        node = waiting.pop()
        if (name := _column_hash(node)) is not None:
            found[name] = None
        elif isinstance(node, dict):
            waiting.extend(reversed(node.values()))
        elif isinstance(node, list):
            waiting.extend(reversed(node))
    return list(found)


def inline_packed_columns(scene: JSON, read: Callable[[str], bytes], encode: Callable[[bytes], str]) -> JSON:
    """Return a scene with its packed columns replaced by Bokeh's own JSON; other columns remain hashes.

    Args:
        scene: is not changed.
        read: returns the bytes of a column by its hash.
        encode: returns binary data as a string for JSON.
    """
    if isinstance(scene, list):
        return [inline_packed_columns(item, read, encode) for item in scene]
    if not isinstance(scene, dict):
        return scene
    if scene.get("type") != "packed":
        return {key: inline_packed_columns(value, read, encode) for key, value in scene.items()}
    value, buffers = unpack(read(scene["data"]["id"]), str)
    return _inline_buffers(value, {name: encode(data) for name, data in buffers.items()})


def _inline_buffers(node: JSON, data: Mapping[str, str]) -> JSON:
    if isinstance(node, list):
        return [_inline_buffers(item, data) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("type") == "bytes":
        return {"type": "bytes", "data": data[node["data"]["id"]]}
    return {key: _inline_buffers(value, data) for key, value in node.items()}


class _Splitter:
    """Traverses a document once, and collects its columns."""

    def __init__(self) -> None:
        self.sources: list[SceneSource] = []
        self.other_columns: dict[str, ChunkedColumn] = {}  # arrays outside data sources, by hash

    def split(self, node: JSON) -> JSON:
        """Return the scene of a part of the document."""
        if isinstance(node, (list, tuple)):
            return [self.split(item) for item in node]
        if not isinstance(node, dict):
            return node
        if (column := _binary_column(node)) is not None:
            self.other_columns[column.hash] = column
            return _replace_data(node, column)
        if _is_source(node):
            return self._split_source(node)
        return {key: self.split(value) for key, value in node.items()}

    def _split_source(self, node: dict[str, Any]) -> JSON:
        attributes = dict(node["attributes"])
        data = attributes.pop("data")
        scene = self.split(attributes)
        columns: dict[str, ChunkedColumn] = {}
        values = data.get("entries", [])
        entries = [[name, _split_column(name, value, columns)] for name, value in values]
        name = attributes.get("name")
        name = name if isinstance(name, str) else None
        self.sources.append(SceneSource(node["id"], columns, _stored_id(values), name))
        scene["data"] = {**data, "entries": entries} if entries else data
        return {**node, "attributes": scene}


def _is_source(node: dict[str, Any]) -> bool:
    """Return whether this is a data source with columns; a GeoJSONDataSource, for one, has a string."""
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


def _stored_id(entries: list[list[Any]]) -> str | None:
    """Return the id of the stored data source that all columns belong to, None if they are not stored.

    Raises:
        ValueError: only some are stored, or in different sources.
    """
    ids = {value["source"] if _is_stored(value) else None for _, value in entries}
    if len(ids) > 1:
        raise ValueError(
            "a data source mixes columns of a stored one with others: add them to the stored data source"
        )
    return ids.pop() if ids else None


def _is_stored(value: JSON) -> bool:
    return isinstance(value, dict) and value.get("type") == "stored"


def _stored_reference(value: dict[str, Any]) -> JSON:
    data = {"id": value["hash"]}
    if value["dtype"] == "packed":
        return {"type": "packed", "data": data}
    array = {"type": "bytes", "data": data}
    layout = {"dtype": value["dtype"], "shape": value["shape"]}
    return {"type": "ndarray", "array": array, **layout, "order": "little"}


def _split_column(name: str, value: JSON, columns: dict[str, ChunkedColumn]) -> JSON:
    if _is_stored(value):
        return _stored_reference(value)
    is_array = isinstance(value, dict) and value.get("type") != "bytes"
    if is_array and (column := _binary_column(value)) is not None:
        columns[name] = column
        return _replace_data(value, column)
    try:
        packed = pack(value)
    except ValueError as error:
        raise ValueError(f"column {name!r} cannot be stored: {error}") from error
    columns[name] = chunked_column("packed", [len(packed)], packed)
    return {"type": "packed", "data": {"id": columns[name].hash}}


def _binary_column(node: dict[str, Any]) -> ChunkedColumn | None:
    """Return the array of a node that is an ndarray, a typed array, or bytes; None for any other node."""
    array = node.get("array", node)
    if not isinstance(array, dict) or array.get("type") != "bytes" or not isinstance(array["data"], Buffer):
        return None
    data = array["data"].data
    size = memoryview(data).nbytes
    if array is node:
        return chunked_column("uint8", [size], data)
    shape = node["shape"] if node["type"] == "ndarray" else [size // memoryview(data).itemsize]
    return chunked_column(node["dtype"], shape, data)


def _replace_data(node: dict[str, Any], column: ChunkedColumn) -> JSON:
    reference = {"type": "bytes", "data": {"id": column.hash}}
    return reference if node["type"] == "bytes" else {**node, "array": reference}


def _column_hash(node: JSON) -> str | None:
    if isinstance(node, dict) and node.get("type") in ("bytes", "packed"):
        return str(node["data"]["id"])
    return None


def _assemble(node: JSON, columns: Mapping[str, bytes], buffers: dict[str, bytes]) -> JSON:
    if isinstance(node, list):
        return [_assemble(item, columns, buffers) for item in node]
    if not isinstance(node, dict):
        return node
    name = _column_hash(node)
    if name is None:
        return {key: _assemble(value, columns, buffers) for key, value in node.items()}
    if node["type"] == "bytes":
        buffers[name] = bytes(columns[name])
        return node
    value, inner = unpack(columns[name], lambda index: f"{name}/{index}")
    buffers.update(inner)
    return value
