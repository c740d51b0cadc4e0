"""The packed format: JSON with binary arrays in it, as one run of bytes that a browser can map.

uint32, little-endian: length of the header
header: JSON {"buffers": [bytes, ...], "value": ...} in which {"type": "bytes", "data": {"id": n}} means
    buffer n, padded with spaces until the buffers begin at a multiple of 8
the buffers, each padded with zero bytes to a multiple of 8
"""

import json
from collections.abc import Sequence
from typing import Any

from bokeh_common.errors import Invalid
from bokeh_common.http.body import parse_json

ALIGNMENT = 8
MAX_HEADER = (1 << 32) - 1 - ALIGNMENT


def padding(size: int) -> bytes:
    """Return the zeros that follow a buffer of `size` bytes."""
    return bytes(-size % ALIGNMENT)


def header(value: Any, sizes: Sequence[int]) -> bytes:
    """Return what stands before the buffers."""
    body = json.dumps({"buffers": list(sizes), "value": value}, separators=(",", ":"), allow_nan=False)
    data = body.encode()
    data += b" " * (-(4 + len(data)) % ALIGNMENT)
    if len(data) > MAX_HEADER:
        raise Invalid("This is too much for one packed answer; ask for fewer rows, or for an Arrow stream.")
    return len(data).to_bytes(4, "little") + data


def array_leaf(buffer: int, dtype: str, shape: Sequence[int]) -> dict[str, Any]:
    """Return what stands in the value for an array, in Bokeh's own encoding."""
    leaf = {"type": "bytes", "data": {"id": buffer}}
    return {"type": "ndarray", "array": leaf, "dtype": dtype, "shape": list(shape), "order": "little"}


def read_packed(data: bytes) -> tuple[Any, list[memoryview]]:
    """Return the value and the buffers of packed bytes that a client sent.

    Raises:
        Invalid: they are not packed bytes.
    """
    start = 4 + int.from_bytes(data[:4], "little")
    if len(data) < 4 or start > len(data):
        raise Invalid("The packed body ends within its header.", slug="not-packed")
    head = parse_json(data[4:start])
    sizes = head.get("buffers") if isinstance(head, dict) else None
    if not isinstance(sizes, list) or "value" not in head:
        raise Invalid("A packed header must be {'buffers': [...], 'value': ...}.", slug="not-packed")
    return head["value"], _buffers(memoryview(data), start, sizes)


def _buffers(view: memoryview, start: int, sizes: list[Any]) -> list[memoryview]:
    buffers = []
    for size in sizes:
        if type(size) is not int or not 0 <= size <= len(view) - start:
            raise Invalid("The packed body ends before its last buffer.", slug="not-packed")
        buffers.append(view[start : start + size])
        start += size + len(padding(size))
    return buffers
