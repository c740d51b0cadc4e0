"""Packed columns: values that are not one binary array, encoded as one sequence of bytes.

These are strings, factors, Python lists, and lists of arrays (ragged lines, images). Without packing, a map
of countries would become thousands of columns. Layout:

    uint32, little-endian: length of the header
    header: JSON {"buffers": [size, ...], "value": ...}, in which {"type": "bytes", "data": {"id": n}} refers
        to buffer n; padded with spaces so that the buffers start at a multiple of 8
    the buffers, each padded with zero bytes to a multiple of 8
"""

import json
import struct
from collections.abc import Callable, Sequence
from typing import Any

from bokeh.core.serialization import Buffer

from bokeh_cloud.columns.chunked_column import flat_bytes

ALIGNMENT = 8  # bytes, of the widest element, so that a reader can map the buffers in place


def pack(value: Any) -> bytearray:
    """Return the packed bytes of a value that Bokeh serialised, with `Buffer` objects for binary data.

    Raises:
        ValueError: the value is not JSON, or a string in it is not valid Unicode (a lone surrogate).
    """
    buffers: list[memoryview] = []
    body = _json(value, buffers)
    sizes = ",".join(str(len(buffer)) for buffer in buffers)
    header = b'{"buffers":[%b],"value":%b}' % (sizes.encode(), body)
    header += b" " * _padding(4 + len(header))
    packed = bytearray(struct.pack("<I", len(header)) + header)
    for buffer in buffers:
        packed += buffer
        packed += bytes(_padding(len(buffer)))
    return packed


def unpack(data: bytes | bytearray | memoryview, name: Callable[[int], str]) -> tuple[Any, dict[str, bytes]]:
    """Return the value of a packed column, and its buffers by id; `name` returns the id for a buffer's index.

    Raises:
        ValueError: the data are not a packed column.
    """
    view = flat_bytes(data)
    start = 4 + int.from_bytes(view[:4], "little")
    if start > max(len(view), 4):
        raise ValueError("a packed column ends within its header")

    def rename(item: dict[str, Any]) -> dict[str, Any]:
        return {**item, "data": {"id": name(item["data"]["id"])}} if item.get("type") == "bytes" else item

    header = json.loads(bytes(view[4:start]), object_hook=rename)
    buffers = _parts(view, start, header["buffers"])
    return header["value"], {name(index): bytes(buffer) for index, buffer in enumerate(buffers)}


def _json(value: Any, buffers: list[memoryview]) -> bytes:
    def refer(item: object) -> dict[str, int]:
        if not isinstance(item, Buffer):
            raise ValueError(f"{type(item).__name__} is not JSON")  # noqa: TRY004 - as for all other invalid values
        buffers.append(flat_bytes(item.data))
        return {"id": len(buffers) - 1}

    encoder = json.JSONEncoder(
        sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=refer
    )
    return encoder.encode(value).encode()


def _padding(size: int) -> int:
    return -size % ALIGNMENT


def _parts(view: memoryview, start: int, sizes: Sequence[int]) -> list[memoryview]:
    parts = []
    for size in sizes:
        if start + size > len(view):
            raise ValueError("a packed column ends before its last buffer")
        parts.append(view[start : start + size])
        start += size + _padding(size)
    return parts
