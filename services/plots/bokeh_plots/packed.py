"""Packed columns: values of a data source that are not one array, such as texts, factors and lists of arrays.

The bytes are a header, padded to a multiple of 8, and then buffers, each padded likewise. The header is a
uint32 (little-endian) with the length of the JSON that follows it: `{"buffers": [bytes, ...], "value":
...}`, where the value is Bokeh's own encoding and each `{"type": "bytes", "data": {"id": i}}` in it stands
for buffer `i`.
"""

import base64
import gzip
import json
from collections.abc import Iterator
from typing import Any


def unpack(data: bytes) -> Any:
    """Return the value in Bokeh's JSON encoding, its buffers inlined."""
    size = int.from_bytes(data[:4], "little")
    header = json.loads(data[4 : 4 + size])
    buffers = list(_buffers(data, 4 + size, header["buffers"]))
    return _inlined(header["value"], buffers)


def inline_bytes(data: bytes) -> dict[str, str]:
    """Return bytes as Bokeh writes them into plain JSON: base64 of gzip (`bokeh.core.serialization`)."""
    return {"type": "bytes", "data": base64.b64encode(gzip.compress(data, compresslevel=2, mtime=0)).decode()}


def _buffers(data: bytes, start: int, sizes: list[int]) -> Iterator[bytes]:
    for size in sizes:
        yield data[start : start + size]
        start += (size + 7) // 8 * 8


def _inlined(value: Any, buffers: list[bytes]) -> Any:
    if isinstance(value, list):
        return [_inlined(item, buffers) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("type") == "bytes":
        return inline_bytes(buffers[value["data"]["id"]])
    return {key: _inlined(item, buffers) for key, item in value.items()}
