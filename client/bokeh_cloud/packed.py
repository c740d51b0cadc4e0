"""Packed columns: values that are not one binary array, as one run of bytes.

Strings, factors, Python lists, and lists of arrays (ragged lines, images): a map of countries would otherwise
become thousands of columns. Layout:

    uint32, little-endian: length of the header
    header: JSON {"buffers": [bytes, ...], "value": ...} in which {"type": "bytes", "data": {"id": n}} means
    buffer n,
        padded with spaces until the buffers begin at a multiple of 8
    the buffers, each padded with zero bytes to a multiple of 8
"""

import json
import struct
from collections.abc import Callable, Sequence
from typing import Any

from bokeh.core.serialization import Buffer

from .columns import flat

ALIGNMENT = 8  # bytes: the widest element, so that a reader may map the buffers as they stand


def pack(value: Any) -> bytearray:
    """Return the bytes of a value as Bokeh serialises it, with `Buffer` objects where its binary data stand.

    Raises:
        ValueError: the value is not JSON, or holds text that is not Unicode (a lone surrogate).
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
    """Return the value of a packed column and its buffers; `name` makes an id of a buffer's index.

    Raises:
        ValueError: these are not the bytes of a packed column.
    """
    view = flat(data)
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
            raise ValueError(f"{type(item).__name__} is not JSON")  # noqa: TRY004 - as for all that is not
        buffers.append(flat(item.data))
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
