"""Every kind of data that Bokeh accepts round-trips through scene and columns, bit for bit."""

import array
import datetime as dt
import json
import struct
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from bokeh.core.serialization import Buffer, Serialized
from bokeh.document import Document
from bokeh.model import Model
from bokeh.models.callbacks import CustomJS
from bokeh.models.graphs import StaticLayoutProvider
from bokeh.models.ranges import FactorRange
from bokeh.models.sources import ColumnDataSource, GeoJSONDataSource
from bokeh.models.tickers import FixedTicker
from bokeh.plotting import figure

from bokeh_cloud.publishing.scene import SplitDocument, assemble_document, column_hashes, split_document

PAYLOADS = np.frombuffer(
    struct.pack("<4Q", 0x7FF8000000000001, 0x7FF0DEADBEEF0001, 0xFFF8000000000000, 1), "<f8"
)
SHARED = np.arange(5.0)

NUMBERS = ["float32", "float64", "int8", "int16", "int32", "uint8", "uint16", "uint32"]
BINARY = {
    **{name: np.arange(6).astype(name) for name in NUMBERS},
    "bool": np.array([True, False, True]),
    "2-D": np.arange(6.0).reshape(2, 3),
    "3-D": np.arange(24, dtype="uint8").reshape(2, 3, 4),
    "Fortran order": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "every other": np.arange(10.0)[::2],
    "NaN payloads": PAYLOADS,
    "infinities": np.array([np.inf, -np.inf, np.nan, -0.0]),
    "int64 that fits": np.arange(5),
    "uint64 that fits": np.arange(5, dtype="uint64"),
    "datetime64": np.array(["2025-01-01", "NaT"], dtype="datetime64[ns]"),
    "timedelta64": np.array([1, "NaT"], dtype="timedelta64[s]"),
    "empty": np.array([]),
    "empty 2-D": np.empty((0, 3)),
    "Series": pd.Series([1.5, 2.5]),
    "datetime Series": pd.Series(pd.date_range("2025", periods=3)),
    "polars": pl.Series([1.0, 2.0]),
    "pyarrow": pa.array([1.0, 2.0]),
    "array.array": array.array("d", [1, 2]),
    "array.array of bytes": array.array("B", [1, 2]),
}
PACKED = {
    "int64 beyond 2**53": np.array([2**53 + 1, -(2**62)]),
    "int64 beyond 2**31": np.array([2**40]),
    "uint64": np.array([2**63], dtype="uint64"),
    "float16": np.array([1.5, np.nan], dtype="float16"),
    "big-endian": np.array([1.0, 2.0], dtype=">f8"),
    "strings": np.array(["a", "東京", ""]),
    "objects": np.array(["a", None, 1.5, np.nan], dtype=object),
    "categories": pd.Series(["a", "b", "a"], dtype="category"),
    "list": [1, 2.5, -0.0, True, None],
    "list with NaN": [1.0, float("nan"), float("inf"), float("-inf")],
    "list of datetime": [dt.datetime(2025, 1, 1, 12)],
    "list of date": [dt.date(2025, 1, 1)],
    "list of str": ["x", "y\u2028\x00", 'quote " and \\'],
    "factors": [("a", "b", "c"), ("d", "e", "f")],
    "ragged": [[1, 2, 3], [4.5]],
    "ragged arrays": [np.arange(3.0), np.arange(5, dtype="int32"), np.array([])],
    "multi-polygons": [[[[0, 1, 1], [0.2, 0.3, 0.4]]], [[np.array([5.0, 6.0])]]],
    "images": [np.ones((2, 3)), np.zeros((4, 1), dtype="uint32")],
    "empty list": [],
    "raw bytes": b"\x00\xff",
}


def serialised(*roots: Model) -> Serialized[Any]:
    document = Document()
    for root in roots:
        document.add_root(root)
    result: Any = document.to_json(deferred=True)
    return result if isinstance(result, Serialized) else Serialized(result, [])


def with_bytes(node: Any, buffers: dict[str, bytes]) -> Any:
    """Return Bokeh's JSON with buffers replaced by their bytes."""
    if isinstance(node, Buffer):
        return bytes(node.data).hex()
    if isinstance(node, dict) and node.get("type") == "bytes" and isinstance(node["data"], dict):
        return {**node, "data": buffers[node["data"]["id"]].hex()}
    if isinstance(node, dict):
        return {key: with_bytes(value, buffers) for key, value in node.items()}
    return [with_bytes(item, buffers) for item in node] if isinstance(node, (list, tuple)) else node


def transmit(document: SplitDocument) -> tuple[Any, dict[str, bytes]]:
    """Return the scene, encoded and decoded as JSON, and the bytes of the columns by hash."""
    columns = {
        column.hash: b"".join(chunk.data for chunk in column.chunks)
        for source in document.sources
        for column in source.columns.values()
    }
    return json.loads(json.dumps(document.scene, allow_nan=False)), columns


def round_trip(*roots: Model) -> SplitDocument:
    original = serialised(*roots)
    document = split_document(original.content)
    scene, columns = transmit(document)
    assert set(column_hashes(scene)) == set(columns)
    content, buffers = assemble_document(scene, columns)
    assert as_text(with_bytes(content, buffers)) == as_text(with_bytes(original.content, {}))
    return document


def as_text(content: Any) -> str:
    """Return JSON, in which 1, 1.0 and True differ, and 0.0 and -0.0, unlike with Python's equality."""
    return json.dumps(content, sort_keys=True)


@pytest.mark.parametrize("kind", BINARY)
def test_arrays_become_columns_of_their_dtype(kind: str) -> None:
    source = ColumnDataSource(data={"values": BINARY[kind]})
    (found,) = round_trip(source).sources
    assert found.model == source.id
    assert found.columns["values"].dtype != "packed"


@pytest.mark.filterwarnings("ignore:out of range integer")
@pytest.mark.parametrize("kind", PACKED)
def test_other_values_are_packed(kind: str) -> None:
    (found,) = round_trip(ColumnDataSource(data={"values": PACKED[kind]})).sources
    assert (found.columns["values"].dtype, len(found.columns)) == ("packed", 1)


def test_bits_of_nan_are_preserved() -> None:
    _, columns = transmit(split_document(serialised(ColumnDataSource(data={"values": PAYLOADS})).content))
    assert list(columns.values()) == [PAYLOADS.tobytes()]


def test_arrays_are_not_copied() -> None:
    (found,) = split_document(serialised(ColumnDataSource(data={"values": SHARED})).content).sources
    (chunk,) = found.columns["values"].chunks
    assert np.shares_memory(np.frombuffer(chunk.data), SHARED)


def test_an_array_in_two_columns_has_one_hash() -> None:
    (found,) = round_trip(ColumnDataSource(data={"a": SHARED, "b": SHARED})).sources
    assert found.columns["a"].hash == found.columns["b"].hash


@pytest.mark.parametrize("data", [{}, {"Übersicht 東京": SHARED, "": [1] * 5}])
def test_sources_may_be_empty_and_columns_have_any_name(data: dict[str, Any]) -> None:
    (found,) = round_trip(ColumnDataSource(data=data)).sources
    assert list(found.columns) == list(data)


def test_arrays_outside_data_sources_become_another_source() -> None:
    code = CustomJS(args={"weights": np.arange(3.0), "again": np.arange(3.0), "text": b"abc"}, code="")
    place: Any = {1: np.array([0.5, 1.5])}
    layout = StaticLayoutProvider(graph_layout=place)
    ticks: Any = np.array([1.0, 2.0, 4.0])
    fig = figure()
    fig.xaxis.ticker = FixedTicker(ticks=ticks)
    fig.js_on_event("tap", code)
    document = round_trip(fig, layout, ColumnDataSource(data={"x": SHARED}))
    assert [source.model is None for source in document.sources] == [False, True]
    loose = document.sources[1].columns
    assert all(name == column.hash for name, column in loose.items())
    assert sorted((column.dtype, column.shape) for column in loose.values()) == [
        ("float64", (2,)), ("float64", (3,)), ("float64", (3,)), ("uint8", (3,)),
    ]  # fmt: skip


def test_a_source_that_is_first_used_in_a_callback_is_split() -> None:
    source = ColumnDataSource(data={"x": SHARED, "names": ["a"] * 5})
    fig = figure()
    fig.js_on_event("tap", CustomJS(args={"source": source, "again": source}, code=""))
    (found,) = round_trip(fig, source).sources
    assert (found.model, list(found.columns)) == (source.id, ["x", "names"])


def test_geojson_remains_in_the_scene() -> None:
    assert (
        round_trip(GeoJSONDataSource(geojson='{"type": "FeatureCollection", "features": []}')).sources == ()
    )


def test_several_roots_and_figures() -> None:
    first, second = figure(title="Größe"), figure(y_range=FactorRange(factors=["a", "b"]))
    first.line(np.arange(5.0), SHARED)
    second.scatter([1, 2], ["a", "b"])
    assert len(round_trip(first, second).sources) == 2


def test_the_error_names_a_column_with_invalid_unicode() -> None:
    with pytest.raises(ValueError, match="column 'bad' cannot be stored"):
        split_document(serialised(ColumnDataSource(data={"bad": ["\ud800"]})).content)


def test_bokeh_loads_assembled_documents() -> None:
    source = ColumnDataSource(data={"x": PAYLOADS, "kind": ["a", "b", "c", "d"]})
    content, buffers = assemble_document(*transmit(split_document(serialised(source).content)))
    document = Document.from_json(Serialized(content, [Buffer(name, data) for name, data in buffers.items()]))  # type: ignore[arg-type] # an ID is a str
    again: Any = document.roots[0]
    assert again.data["x"].tobytes() == PAYLOADS.tobytes()
    assert again.data["kind"] == ["a", "b", "c", "d"]


def test_a_missing_column_is_an_error() -> None:
    scene, _ = transmit(split_document(serialised(ColumnDataSource(data={"x": SHARED})).content))
    with pytest.raises(KeyError):
        assemble_document(scene, {})
