"""The gallery covers every kind of column that Bokeh takes: what it is given, and what it makes of that."""

import array
import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from tests.gallery import FIGURES, as_document
from tests.gallery.data_types import BINARY
from tests.gallery.samples import Column, samples

Test = Callable[[Any], bool]


def of_dtype(*names: str, ndim: int = 1) -> Test:
    """An array with rows; the byte order counts."""
    return lambda value: (
        isinstance(value, np.ndarray)
        and value.size > 0
        and value.ndim == ndim
        and value.dtype in [np.dtype(name) for name in names]
    )


def of_kind(kind: str, *, null: bool) -> Test:
    """An array of a kind of NumPy's (`M` is datetime64), with or without a missing value."""
    return lambda value: (
        isinstance(value, np.ndarray) and value.dtype.kind == kind and bool(pd.isna(value).any()) == null
    )


def integers(dtype: str, low: int, high: int) -> Test:
    """An array of wide integers with at least one value from `low` to below `high`."""
    return lambda value: of_dtype(dtype)(value) and any(low <= int(item) < high for item in value)


def of_type(*types: type) -> Test:
    return lambda value: isinstance(value, types)


def series(dtype: str) -> Test:
    return lambda value: isinstance(value, pd.Series) and str(value.dtype) == dtype


def list_of(*types: type, have: Test = lambda item: True) -> Test:
    """A list of nothing but these types, in which `have` is true of an item."""
    return lambda value: (
        isinstance(value, list)
        and len(value) > 0
        and all(type(item) in types for item in value)
        and any(have(item) for item in value)
    )


def binary(*dtypes: str, ndim: int = 1) -> Test:
    """Bytes with a type."""
    return lambda encoded: (
        isinstance(encoded, dict)
        and encoded["type"] == "ndarray"
        and encoded["dtype"] in dtypes
        and encoded["array"]["type"] == "bytes"
        and len(encoded["shape"]) == ndim
    )


def milliseconds(encoded: Any) -> bool:
    """Doubles, with a NaN where there was no time."""
    if not binary("float64")(encoded):
        return False
    return bool(np.isnan(np.frombuffer(encoded["array"]["data"].to_bytes())).any())


def objects(encoded: Any) -> bool:
    return (
        encoded["type"] == "ndarray" and encoded["dtype"] == "object" and isinstance(encoded["array"], list)
    )


def listed(item: Test) -> Test:
    """A JSON list of such items."""
    return lambda encoded: isinstance(encoded, list) and all(item(value) for value in encoded)


def number(encoded: Any) -> bool:
    return encoded is None or isinstance(encoded, int | float) or encoded["type"] == "number"


def nan(encoded: Any) -> bool:
    return isinstance(encoded, dict) and encoded == {"type": "number", "value": "nan"}


def typed_array(encoded: Any) -> bool:
    return bool(encoded["type"] == "typed_array" and encoded["array"]["type"] == "bytes")


def empty_array(encoded: Any) -> bool:
    return 0 in encoded["shape"] and encoded["array"]["data"].to_bytes() == b""


def nested(depth: int) -> Test:
    return number if depth == 0 else listed(nested(depth - 1))


def rings(encoded: Any) -> bool:
    """Rows of polygons, each an outline and its holes: lists of numbers, or arrays."""
    return listed(listed(listed(lambda ring: nested(1)(ring) or binary("float64")(ring))))(encoded)


WIDE = 2**53
MATRIX = of_dtype("float64", "float32", "int16", "uint32", ndim=2)

#: What is given to Bokeh, and what it becomes.
ROWS: dict[str, tuple[Test, Test]] = {
    **{name: (of_dtype(name), binary(name)) for name in BINARY},
    "two dimensions": (of_dtype("float64", ndim=2), binary("float64", ndim=2)),
    "three dimensions": (of_dtype("float32", ndim=3), binary("float32", ndim=3)),
    "series of floats": (series("float64"), binary("float64")),
    "series of flags": (series("bool"), binary("bool")),
    "int64 that fits": (lambda v: of_dtype("int64")(v) and abs(v).max() < 2**31, binary("int32")),
    "uint64 that fits": (lambda v: of_dtype("uint64")(v) and v.max() < 2**32, binary("uint32")),
    "int64 that does not": (integers("int64", 2**32, WIDE), objects),
    "int64 beyond doubles": (integers("int64", WIDE + 1, 2**63), objects),
    "uint64 beyond int64": (integers("uint64", 2**63, 2**64), objects),
    "float16": (of_dtype("float16"), objects),
    "big-endian": (of_dtype(">f8", ">i4"), objects),
    "strings": (lambda v: isinstance(v, np.ndarray) and v.dtype.kind == "U", objects),
    "objects": (of_dtype("object"), objects),
    "categories": (series("category"), objects),
    "texts of pandas": (series("str"), objects),
    "datetime64 with NaT": (of_kind("M", null=True), milliseconds),
    "timedelta64 with NaT": (of_kind("m", null=True), milliseconds),
    "datetime64": (of_kind("M", null=False), binary("float64")),
    "list of integers": (list_of(int), nested(1)),
    "list of numbers with NaN": (list_of(float, have=lambda item: item != item), nested(1)),
    "list of numbers": (list_of(int, float, have=lambda item: type(item) is float), nested(1)),
    "list with None": (list_of(int, type(None), have=lambda item: item is None), nested(1)),
    "list of flags": (list_of(bool), nested(1)),
    "list of wide integers": (list_of(int, have=lambda item: item > WIDE), nested(1)),
    "list of datetime": (list_of(dt.datetime), nested(1)),
    "list of date": (list_of(dt.date), listed(lambda item: dt.date.fromisoformat(item) is not None)),
    "list of strings": (list_of(str), listed(of_type(str))),
    "factors of two levels": (list_of(tuple, have=lambda f: len(f) == 2), listed(listed(of_type(str)))),
    "factors of three levels": (list_of(tuple, have=lambda f: len(f) == 3), listed(listed(of_type(str)))),
    "ragged lists": (list_of(list, have=lambda row: isinstance(row[0], int)), nested(2)),
    "ragged arrays": (list_of(np.ndarray, have=of_dtype("float64")), listed(binary("float64"))),
    "multi-polygons": (list_of(list, have=lambda row: isinstance(row[0], list)), rings),
    "list of matrices": (
        list_of(np.ndarray, have=MATRIX),
        listed(binary("float64", "float32", "int16", "uint32", ndim=2)),
    ),
    "list of cubes": (list_of(np.ndarray, have=lambda v: v.ndim == 3), listed(binary("float64", ndim=3))),
    "Polars": (of_type(pl.Series), lambda e: binary("int32", "float64")(e) or objects(e)),
    "Arrow": (of_type(pa.Array), binary("int32", "float64")),
    "array.array": (of_type(array.array), typed_array),
    "no rows": (lambda v: isinstance(v, np.ndarray) and v.size == 0, empty_array),
    "empty list": (lambda v: v == [] if isinstance(v, list) else False, nested(1)),
}


@pytest.fixture(scope="module")
def columns() -> list[Column]:
    return [column for sample in samples() for column in sample.columns()]


@pytest.mark.parametrize("row", ROWS)
def test_every_kind_of_column_is_there_and_becomes_what_it_should(row: str, columns: list[Column]) -> None:
    given, becomes = ROWS[row]
    found = [column for column in columns if given(column.value)]
    assert found, f"no figure has a column of this kind: {row}"
    wrong = {(column.figure, column.name): column.encoded for column in found if not becomes(column.encoded)}
    assert not wrong


def test_nan_in_a_list_is_a_number_by_name(columns: list[Column]) -> None:
    lists = [
        column.encoded for column in columns if list_of(float, have=lambda item: item != item)(column.value)
    ]
    assert all(any(nan(item) for item in encoded) for encoded in lists)


def test_every_column_is_of_a_kind_that_the_table_knows(columns: list[Column]) -> None:
    unknown = [
        (column.figure, column.name, type(column.value))
        for column in columns
        if not any(given(column.value) for given, _ in ROWS.values())
    ]
    assert not unknown


def test_there_are_many_figures() -> None:
    assert len(FIGURES) >= 30


@pytest.mark.parametrize("name", FIGURES)
def test_a_builder_makes_fresh_models_that_need_no_network(name: str) -> None:
    first, second = (as_document(FIGURES[name]()) for _ in range(2))
    assert not {model.id for model in first.models} & {model.id for model in second.models}
    assert "http" not in json.dumps(first.to_json(deferred=False))
