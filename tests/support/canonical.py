"""Serialises Bokeh documents to text that is equal exactly if the documents are.

Two serialisations of one figure differ in the ids of models (`p1001`), in the order of sets, and in how
binary arrays are named or packed. `canonical` removes these differences and no others: arrays are equal only
if all their bytes are. The JSON has the format of `bokeh.core.serialization`.
"""

import base64
import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from bokeh.core.serialization import Buffer

JSON: TypeAlias = Any
Bytes: TypeAlias = bytes | bytearray | memoryview
#: The binary arrays of a document: by id, or as Bokeh's `Serialized.buffers`.
Buffers: TypeAlias = Mapping[str, Bytes] | Iterable[Buffer]

SIZE = 4  # bytes of the length of a packed column's header
PADDING = 8  # bytes; the parts of a packed column are padded to multiples of this


def canonical(document: JSON, buffers: Buffers = ()) -> str:
    """Return a document as text, so that a failing `==` shows how two documents differ.

    Args:
        document: a Bokeh document as JSON, from `Document.to_json` deferred or not, or with each array's
            bytes as `{"id": name}` in `buffers`. `{"type": "packed"}` stands for a packed column in
            `buffers`.
        buffers: the binary arrays that the document names.

    Raises:
        KeyError: the document names an array that `buffers` does not have.
    """
    named = buffers if isinstance(buffers, Mapping) else {buffer.id: buffer.data for buffer in buffers}
    plain = _Leaves(named).replace(document)
    return json.dumps(_number_models(plain), indent=1, sort_keys=True, ensure_ascii=False)


class _Leaves:
    """Replaces binary data by its length and hash, and sorts sets."""

    def __init__(self, buffers: Mapping[Any, Bytes]) -> None:
        self._buffers = buffers

    def replace(self, value: JSON) -> JSON:
        if isinstance(value, list | tuple):
            return [self.replace(item) for item in value]
        if not isinstance(value, Mapping):
            return value
        if value.get("type") == "bytes":
            return _fingerprint(self._bytes_of(value["data"]))
        if value.get("type") == "packed":
            return _unpack(self._bytes_of(value["data"]))
        plain = {key: self.replace(item) for key, item in value.items()}
        if plain.get("type") == "set":
            plain["entries"] = sorted(plain.get("entries", []), key=_without_ids)
        return plain

    def _bytes_of(self, data: Buffer | Bytes | str | Mapping[str, Any]) -> bytes:
        if isinstance(data, Buffer):
            return data.to_bytes()
        if isinstance(data, str):
            return gzip.decompress(base64.b64decode(data))
        if isinstance(data, Mapping):
            return bytes(self._buffers[data["id"]])
        return bytes(data)


def _fingerprint(data: bytes) -> JSON:
    return {"type": "bytes", "length": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _unpack(data: bytes) -> JSON:
    """Return the value of a packed column, which consists of the header's length, the header and buffers."""
    at = SIZE + int.from_bytes(data[:SIZE], "little")
    header = json.loads(data[SIZE:at])
    buffers = {}
    for index, length in enumerate(header["buffers"]):
        buffers[index] = data[at : at + length]
        at += -(-length // PADDING) * PADDING
    return _Leaves(buffers).replace(header["value"])


def _walk(value: JSON) -> Iterator[dict[str, JSON]]:
    """Yield every JSON object, in an order that does not depend on the order of keys."""
    if isinstance(value, list):
        for item in value:
            yield from _walk(item)
    elif isinstance(value, dict):
        yield value
        for key in sorted(value):
            yield from _walk(value[key])


def _is_model(value: dict[str, JSON]) -> bool:
    """Tell whether a JSON object is a model or a reference to one."""
    return isinstance(value.get("id"), str) and (value.get("type") == "object" or value.keys() == {"id"})


def _number_models(document: JSON) -> JSON:
    """Replace the ids of models by numbers, in the order in which the models first appear."""
    names: dict[str, str] = {}
    for value in _walk(document):
        if _is_model(value):
            names.setdefault(value["id"], f"model {len(names) + 1}")
    return _rename(document, names)


def _rename(value: JSON, names: Mapping[str, str]) -> JSON:
    if isinstance(value, list):
        return [_rename(item, names) for item in value]
    if not isinstance(value, dict):
        return value
    renamed = {names.get(key, key): _rename(item, names) for key, item in value.items()}
    if _is_model(value):
        renamed["id"] = names[value["id"]]
    return renamed


def _without_ids(value: JSON) -> str:
    anonymous = dict.fromkeys((item["id"] for item in _walk(value) if _is_model(item)), "")
    return json.dumps(_rename(value, anonymous), sort_keys=True)
