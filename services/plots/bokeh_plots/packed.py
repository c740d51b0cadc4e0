"""Packed columns: values of a data source that are not one array, such as texts, factors and lists of arrays.

The bytes are a header, padded to a multiple of 8, and then buffers, each padded likewise. The header is a
uint32 (little-endian) with the length of the JSON that follows it: `{"buffers": [bytes, ...], "value": ...}`,
where the value is Bokeh's own encoding and each `{"type": "bytes", "data": {"id": i}}` in it stands for
buffer `i`, which has one place. Only clients write them, so nothing of them is taken on trust.
"""

import base64
import gzip
import json
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from bokeh_common.errors import Invalid

#: Of a packed column that is unpacked, which is done as a whole.
MAX_BYTES = 16 << 20


def unpack(data: bytes) -> Any:
    """Return the value in Bokeh's JSON encoding, its buffers inlined.

    Raises:
        Invalid: the bytes are no packed value.
    """
    try:
        size = int.from_bytes(data[:4], "little")
        header = json.loads(data[4 : 4 + size])
        buffers = _buffers(data, 4 + size, header["buffers"])
        return _inlined(header["value"], buffers)
    except (ValueError, KeyError, IndexError, TypeError, RecursionError) as error:
        detail = f"A column that calls itself packed is not: {error}. Publish the figure again."
        raise Invalid(detail, slug="damaged-column") from error


def inlined(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the JSON of `inline_bytes`, for bytes that come in blocks."""
    packer = zlib.compressobj(2, wbits=31)  # of gzip
    rest = b""
    yield b'{"type": "bytes", "data": "'
    for block in blocks:
        rest += packer.compress(block)
        whole = len(rest) // 3 * 3
        yield base64.b64encode(rest[:whole])
        rest = rest[whole:]
    yield base64.b64encode(rest + packer.flush()) + b'"}'


def inline_bytes(data: bytes) -> dict[str, str]:
    """Return bytes as Bokeh writes them into plain JSON: base64 of gzip (`bokeh.core.serialization`)."""
    return {"type": "bytes", "data": base64.b64encode(gzip.compress(data, compresslevel=2, mtime=0)).decode()}


def _buffers(data: bytes, start: int, sizes: list[int]) -> dict[int, bytes]:
    buffers = {}
    for index, size in enumerate(sizes):
        if not 0 <= size <= len(data) - start:
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
        # Each once: what comes out is not larger, however often a buffer is named.
        return inline_bytes(buffers.pop(value["data"]["id"]))
    return {key: _inlined(item, buffers) for key, item in value.items()}
