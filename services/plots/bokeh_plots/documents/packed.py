"""Packed columns: values of a data source that are not one array, such as strings and lists of arrays.

The bytes are a header, padded to a multiple of 8, followed by buffers, each padded likewise. The header is a
uint32 (little-endian) with the length of the JSON that follows it: `{"buffers": [bytes, ...], "value": ...}`.
The value has Bokeh's own encoding, in which `{"type": "bytes", "data": {"id": i}}` stands for buffer `i`,
once for each buffer. Packed columns are written by clients, so they are validated when they are read.
"""

import base64
import gzip
import json
import zlib
from typing import Any

from bokeh_common.errors import Invalid

#: The largest packed column that is unpacked, which needs all of it in memory.
MAX_UNPACKED_BYTES = 16 << 20


def unpack(data: bytes) -> Any:
    """Return the value of a packed column in Bokeh's JSON encoding, with its buffers inlined.

    Raises:
        Invalid: the bytes are not a packed column.
    """
    try:
        size = int.from_bytes(data[:4], "little")
        header = json.loads(data[4 : 4 + size])
        buffers = _buffers(data, 4 + size, header["buffers"])
        return _inlined(header["value"], buffers)
    except (ValueError, KeyError, IndexError, TypeError, RecursionError) as error:
        detail = f"A packed column is damaged: {error}. Publish the figure again."
        raise Invalid(detail, slug="damaged-column") from error


class InlinedBytes:
    """Writes bytes that come in blocks as the JSON of `inline_bytes`."""

    def __init__(self) -> None:
        self._compressor = zlib.compressobj(2, wbits=31)  # writes gzip
        self._text = b'{"type": "bytes", "data": "'
        self._rest = b""

    def add(self, block: bytes) -> bytes:
        """Return the text that a block completes."""
        rest = self._rest + self._compressor.compress(block)
        complete = len(rest) // 3 * 3
        self._rest = rest[complete:]
        text, self._text = self._text, b""
        return text + base64.b64encode(rest[:complete])

    def end(self) -> bytes:
        """Return the end of the text."""
        return self._text + base64.b64encode(self._rest + self._compressor.flush()) + b'"}'


def inlined(data: bytes) -> bytes:
    """Return bytes as the JSON of `inline_bytes`."""
    writer = InlinedBytes()
    return writer.add(data) + writer.end()


def inline_bytes(data: bytes) -> dict[str, str]:
    """Return bytes as `bokeh.core.serialization` writes them into plain JSON: base64 of gzip."""
    return {"type": "bytes", "data": base64.b64encode(gzip.compress(data, compresslevel=2, mtime=0)).decode()}


def _buffers(data: bytes, start: int, sizes: list[int]) -> dict[int, bytes]:
    buffers = {}
    for index, size in enumerate(sizes):
        if type(size) is not int or not 0 <= size <= len(data) - start:
            raise ValueError(f"a buffer of {size} bytes where {len(data) - start} are left")
        buffers[index] = data[start : start + size]
        start += (size + 7) // 8 * 8
    return buffers


def _inlined(value: Any, buffers: dict[int, bytes]) -> Any:
    if isinstance(value, list):
        return [_inlined(item, buffers) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("type") == "bytes":
        # Each buffer is used once, so that the result is not larger than the column.
        buffer = value["data"]["id"]
        if type(buffer) is not int:
            raise TypeError(f"the number of a buffer is {buffer!r}")
        return inline_bytes(buffers.pop(buffer))
    return {key: _inlined(item, buffers) for key, item in value.items()}
