"""The packed format: JSON with binary buffers in one sequence of bytes, which browsers use without a copy.

uint32, little-endian: length of the header
header: JSON `{"buffers": [bytes, ...], "value": ...}`, in which `{"type": "bytes", "data": {"id": n}}` refers
to
    buffer n; padded with spaces, so that the buffers begin at a multiple of 8
the buffers, each padded with zero bytes to a multiple of 8
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from bokeh_common.errors import Invalid, TooLarge
from bokeh_common.http.json_memory import MAX_BYTES, estimate_memory
from bokeh_common.http.json_parser import parse_json

ALIGNMENT = 8
MAX_HEADER_BYTES = (1 << 32) - 1 - ALIGNMENT


def padding(size: int) -> bytes:
    """Return the zero bytes that follow a buffer of `size` bytes."""
    return bytes(-size % ALIGNMENT)


def write_header(value: Any, sizes: Sequence[int]) -> bytes:
    """Return the bytes before the buffers.

    Args:
        value: the JSON value.
        sizes: bytes of each buffer.

    Raises:
        Invalid: the header would have 4 GiB or more.
    """
    body = json.dumps({"buffers": list(sizes), "value": value}, separators=(",", ":"), allow_nan=False)
    data = body.encode()
    data += b" " * (-(4 + len(data)) % ALIGNMENT)
    if len(data) > MAX_HEADER_BYTES:
        raise Invalid("This is too much for one packed response; ask for fewer rows, or for an Arrow stream.")
    return len(data).to_bytes(4, "little") + data


def array_leaf(buffer: int, dtype: str, shape: Sequence[int]) -> dict[str, Any]:
    """Return the JSON of an array whose elements are in a buffer, in Bokeh's encoding."""
    leaf = {"type": "bytes", "data": {"id": buffer}}
    return {"type": "ndarray", "array": leaf, "dtype": dtype, "shape": list(shape), "order": "little"}


def estimate_packed_memory(blocks: Iterable[bytes]) -> int:
    """Return how many bytes packed bytes take at most while they are read.

    Args:
        blocks: the packed bytes, in blocks of any size.

    Raises:
        TooLarge: they take too much.
    """
    size, header = 0, 0

    def header_blocks() -> Iterator[bytes]:
        nonlocal size, header
        start = b""
        for block in blocks:
            if size < 4:
                start += block[: 4 - size]
                header = 4 + int.from_bytes(start, "little")
            yield block[max(0, 4 - size) : max(0, header - size)]
            size += len(block)

    header_memory = estimate_memory(header_blocks())
    memory = header_memory + size + min(header, size)  # the whole body, and a copy of its header
    if memory > MAX_BYTES:
        raise TooLarge("The JSON of the packed body has too many values beside its buffers.", limit=MAX_BYTES)
    return memory


def read_packed(data: bytes) -> tuple[Any, list[memoryview]]:
    """Return the value and the buffers of packed bytes.

    Raises:
        Invalid: they are not in the packed format.
    """
    start = 4 + int.from_bytes(data[:4], "little")
    if len(data) < 4 or start > len(data):
        raise Invalid("The packed body ends within its header.", slug="not-packed")
    header = parse_json(data[4:start])
    sizes = header.get("buffers") if isinstance(header, dict) else None
    if not isinstance(sizes, list) or "value" not in header:
        raise Invalid("A packed header must be {'buffers': [...], 'value': ...}.", slug="not-packed")
    return header["value"], _buffers(memoryview(data), start, sizes)


def _buffers(view: memoryview, start: int, sizes: list[Any]) -> list[memoryview]:
    buffers = []
    for size in sizes:
        if type(size) is not int or not 0 <= size <= len(view) - start:
            raise Invalid("The packed body ends before its last buffer.", slug="not-packed")
        buffers.append(view[start : start + size])
        start += size + len(padding(size))
    return buffers
