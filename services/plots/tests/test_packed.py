"""Packed columns."""

import base64
import gzip
import json
from typing import Any

import pytest

from bokeh_common.errors import Invalid
from bokeh_plots.packed import unpack


def packed(value: Any, *buffers: bytes) -> bytes:
    header = json.dumps({"buffers": [len(b) for b in buffers], "value": value}).encode()
    header += b" " * (-(4 + len(header)) % 8)
    body = b"".join(b + b"\0" * (-len(b) % 8) for b in buffers)
    return len(header).to_bytes(4, "little") + header + body


def leaf(index: int) -> dict[str, Any]:
    return {"type": "bytes", "data": {"id": index}}


def test_values_without_arrays() -> None:
    value = ["a", "ä", None, ["b", 1.5], {"type": "number", "value": "nan"}]
    assert unpack(packed(value)) == value


def test_arrays_are_inlined_in_their_places() -> None:
    value = [{"type": "ndarray", "array": leaf(1)}, {"type": "ndarray", "array": leaf(0)}]
    result = unpack(packed(value, b"one", b"exactly8"))
    assert [gzip.decompress(base64.b64decode(item["array"]["data"])) for item in result] == [
        b"exactly8",
        b"one",
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"garbage that is no header",
        packed([1])[:-8],
        (100).to_bytes(4, "little") + b"[]",
        packed(leaf(9), b"one"),
        packed(leaf(0)),
        packed([leaf(0), leaf(0)], b"twice"),
        packed({"type": "bytes"}, b"one"),
        packed(None, b"12345678")[:-1],
        b"\x1a\0\0\0" + b'{"buffers":"ab","value":1}'.ljust(28),
        b"\x1a\0\0\0" + b'{"buffers":[-1],"value":1}'.ljust(28),
        packed(json.loads("[" * 900 + "]" * 900)),
    ],
)
def test_what_is_not_packed(wrong: bytes) -> None:
    with pytest.raises(Invalid, match="Publish the figure again"):
        unpack(wrong)
