"""Packed columns."""

import base64
import gzip
import json
from random import Random
from typing import Any

import pytest

from bokeh_common.errors import Invalid
from bokeh_plots.documents.packed import InlinedBytes, inline_bytes, inlined, unpack


def packed(value: Any, *buffers: bytes) -> bytes:
    header = json.dumps({"buffers": [len(b) for b in buffers], "value": value}).encode()
    header += b" " * (-(4 + len(header)) % 8)
    body = b"".join(b + b"\0" * (-len(b) % 8) for b in buffers)
    return len(header).to_bytes(4, "little") + header + body


def buffer(index: int) -> dict[str, Any]:
    return {"type": "bytes", "data": {"id": index}}


def test_values_without_arrays() -> None:
    value = ["a", "ä", None, ["b", 1.5], {"type": "number", "value": "nan"}]
    assert unpack(packed(value)) == value


def test_buffers_are_inlined_where_they_are_referred_to() -> None:
    value = [{"type": "ndarray", "array": buffer(1)}, {"type": "ndarray", "array": buffer(0)}]
    result = unpack(packed(value, b"one", b"exactly8"))
    assert [gzip.decompress(base64.b64decode(item["array"]["data"])) for item in result] == [
        b"exactly8",
        b"one",
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"garbage without a header",
        packed([1])[:-8],
        (100).to_bytes(4, "little") + b"[]",
        packed(buffer(9), b"one"),
        packed(buffer(0)),
        packed([buffer(0), buffer(0)], b"twice"),
        packed({"type": "bytes"}, b"one"),
        packed(None, b"12345678")[:-1],
        b"\x1a\0\0\0" + b'{"buffers":"ab","value":1}'.ljust(28),
        b"\x1a\0\0\0" + b'{"buffers":[-1],"value":1}'.ljust(28),
        packed(json.loads("[" * 900 + "]" * 900)),
    ],
)
def test_damaged_columns_are_invalid(wrong: bytes) -> None:
    with pytest.raises(Invalid, match="Publish the figure again"):
        unpack(wrong)


@pytest.mark.parametrize("size", [1, 2, 3, 1000, 1 << 16])
def test_bytes_are_inlined_in_blocks_as_at_once(size: int) -> None:
    data = Random(1).randbytes(100_000)
    writer = InlinedBytes()
    blocks = [data[start : start + size] for start in range(0, len(data), size)]
    text = b"".join([*map(writer.add, blocks), writer.end()])
    for found in (json.loads(text), json.loads(inlined(data)), inline_bytes(data)):
        assert found["type"] == "bytes"
        assert gzip.decompress(base64.b64decode(found["data"])) == data


def test_no_bytes_are_inlined() -> None:
    for found in (json.loads(inlined(b"")), json.loads(InlinedBytes().end())):
        assert gzip.decompress(base64.b64decode(found["data"])) == b""
