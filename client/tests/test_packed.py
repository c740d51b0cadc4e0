import json
from typing import Any

import pytest
from bokeh.core.serialization import Buffer
from bokeh.core.types import ID
from hypothesis import given, settings
from hypothesis import strategies as st

from bokeh_cloud.columns.packed import pack, unpack

QUICK = settings(max_examples=50)

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=20,
)


def bytes_node(data: bytes, name: str = "p1") -> dict[str, Any]:
    return {"type": "bytes", "data": Buffer(ID(name), data)}


def test_the_layout_byte_by_byte() -> None:
    nodes = b'{"data":{"id":0},"type":"bytes"},{"data":{"id":1},"type":"bytes"}'
    header = b'{"buffers":[3,8],"value":["\xc3\xa9",' + nodes + b"]}"
    assert len(header) == 98
    expected = b"\x64\0\0\0" + header + b"  " + b"abc" + bytes(5) + b"12345678"
    assert pack(["é", bytes_node(b"abc"), bytes_node(b"12345678")]) == expected


@QUICK
@given(values)
def test_values_round_trip(value: Any) -> None:
    assert unpack(pack(value), str) == (value, {})


@QUICK
@given(st.lists(st.binary(max_size=20), max_size=5))
def test_buffers_round_trip_and_are_aligned(datas: list[bytes]) -> None:
    packed = pack([bytes_node(data) for data in datas])
    assert len(packed) % 8 == 0
    assert (4 + int.from_bytes(packed[:4], "little")) % 8 == 0
    value, buffers = unpack(packed, lambda index: f"b{index}")
    assert [item["data"]["id"] for item in value] == list(buffers)
    assert list(buffers.values()) == datas


def test_packing_the_same_value_gives_the_same_bytes() -> None:
    first = {"type": "ndarray", "array": bytes_node(b"1", "p1001")}
    second = {"array": bytes_node(b"1", "p2002"), "type": "ndarray"}
    assert pack(first) == pack(second)


@pytest.mark.parametrize("value", [float("nan"), "\ud800", object(), {"a": b"bytes"}])
def test_values_that_are_not_json_are_rejected(value: Any) -> None:
    with pytest.raises(ValueError, match=r"JSON|surrogate"):
        pack(value)


@pytest.mark.parametrize("damaged", [b"", b"\x08", b"\xff\0\0\0{}", pack([bytes_node(b"12345678")])[:-1]])
def test_damaged_bytes_are_rejected(damaged: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - messages of json vary
        unpack(damaged, str)


def test_the_header_is_plain_json() -> None:
    packed = pack({"type": "map", "entries": [["a", 1]]})
    length = int.from_bytes(packed[:4], "little")
    assert json.loads(packed[4 : 4 + length]) == {
        "buffers": [],
        "value": {"type": "map", "entries": [["a", 1]]},
    }
