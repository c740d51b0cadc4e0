"""The figures of the gallery cover all kinds of columns, and Bokeh serialises each kind as expected."""

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
from tests.gallery.samples import SampleColumn, samples

#: Tells whether a value, or its JSON, is of a kind.
Test = Callable[[Any], bool]


def of_dtype(*names: str, ndim: int = 1) -> Test:
    """Return a test for a non-empty array of one of some dtypes, including byte order."""
    return lambda value: (
        isinstance(value, np.ndarray)
        and value.size > 0
        and value.ndim == ndim
        and value.dtype in [np.dtype(name) for name in names]
    )


def of_kind(kind: str, *, null: bool) -> Test:
    """Return a test for an array of a NumPy kind (`M` is datetime64), with or without missing values."""
    return lambda value: (
        isinstance(value, np.ndarray) and value.dtype.kind == kind and bool(pd.isna(value).any()) == null
    )


def integers(dtype: str, low: int, high: int) -> Test:
    """Return a test for an array of integers with a value from `low` to below `high`."""
    return lambda value: of_dtype(dtype)(value) and any(low <= int(item) < high for item in value)


def of_type(*types: type) -> Test:
    return lambda value: isinstance(value, types)


def series(dtype: str) -> Test:
    return lambda value: isinstance(value, pd.Series) and str(value.dtype) == dtype


def list_of(*types: type, any_item: Test = lambda item: True) -> Test:
    """Return a test for a list of items of some types, of which `any_item` is true for at least one."""
    return lambda value: (
        isinstance(value, list)
        and len(value) > 0
        and all(type(item) in types for item in value)
        and any(any_item(item) for item in value)
    )


def binary(*dtypes: str, ndim: int = 1) -> Test:
    """Return a test for an array that is serialised as bytes of one of some dtypes."""
    return lambda encoded: (
        isinstance(encoded, dict)
        and encoded["type"] == "ndarray"
        and encoded["dtype"] in dtypes
        and encoded["array"]["type"] == "bytes"
        and len(encoded["shape"]) == ndim
    )


def is_milliseconds(encoded: Any) -> bool:
    """Tell whether an array is serialised as float64 with NaN for missing times."""
    if not binary("float64")(encoded):
        return False
    return bool(np.isnan(np.frombuffer(encoded["array"]["data"].to_bytes())).any())


def is_object_array(encoded: Any) -> bool:
    return (
        encoded["type"] == "ndarray" and encoded["dtype"] == "object" and isinstance(encoded["array"], list)
    )


def listed(item: Test) -> Test:
    """Return a test for a JSON list whose items all pass a test."""
    return lambda encoded: isinstance(encoded, list) and all(item(value) for value in encoded)


def is_number(encoded: Any) -> bool:
    return encoded is None or isinstance(encoded, int | float) or encoded["type"] == "number"


def is_nan(encoded: Any) -> bool:
    return isinstance(encoded, dict) and encoded == {"type": "number", "value": "nan"}


def is_typed_array(encoded: Any) -> bool:
    return bool(encoded["type"] == "typed_array" and encoded["array"]["type"] == "bytes")


def is_empty_array(encoded: Any) -> bool:
    return 0 in encoded["shape"] and encoded["array"]["data"].to_bytes() == b""


def nested(depth: int) -> Test:
    return is_number if depth == 0 else listed(nested(depth - 1))


def is_rings(encoded: Any) -> bool:
    """Tell whether these are rows of polygons, each an outline and holes, as lists or arrays."""
    return listed(listed(listed(lambda ring: nested(1)(ring) or binary("float64")(ring))))(encoded)


WIDE = 2**53
MATRIX = of_dtype("float64", "float32", "int16", "uint32", ndim=2)

#: Kinds of columns: a test for the values, and a test for their JSON.
KINDS: dict[str, tuple[Test, Test]] = {
    **{name: (of_dtype(name), binary(name)) for name in BINARY},
    "two dimensions": (of_dtype("float64", ndim=2), binary("float64", ndim=2)),
    "three dimensions": (of_dtype("float32", ndim=3), binary("float32", ndim=3)),
    "series of floats": (series("float64"), binary("float64")),
    "series of booleans": (series("bool"), binary("bool")),
    "int64 that fits": (lambda v: of_dtype("int64")(v) and abs(v).max() < 2**31, binary("int32")),
    "uint64 that fits": (lambda v: of_dtype("uint64")(v) and v.max() < 2**32, binary("uint32")),
    "int64 that does not fit": (integers("int64", 2**32, WIDE), is_object_array),
    "int64 beyond doubles": (integers("int64", WIDE + 1, 2**63), is_object_array),
    "uint64 beyond int64": (integers("uint64", 2**63, 2**64), is_object_array),
    "float16": (of_dtype("float16"), is_object_array),
    "big-endian": (of_dtype(">f8", ">i4"), is_object_array),
    "strings": (lambda v: isinstance(v, np.ndarray) and v.dtype.kind == "U", is_object_array),
    "objects": (of_dtype("object"), is_object_array),
    "categories": (series("category"), is_object_array),
    "pandas strings": (series("str"), is_object_array),
    "datetime64 with NaT": (of_kind("M", null=True), is_milliseconds),
    "timedelta64 with NaT": (of_kind("m", null=True), is_milliseconds),
    "datetime64": (of_kind("M", null=False), binary("float64")),
    "list of integers": (list_of(int), nested(1)),
    "list of numbers with NaN": (list_of(float, any_item=lambda item: item != item), nested(1)),
    "list of numbers": (list_of(int, float, any_item=lambda item: type(item) is float), nested(1)),
    "list with None": (list_of(int, type(None), any_item=lambda item: item is None), nested(1)),
    "list of booleans": (list_of(bool), nested(1)),
    "list of wide integers": (list_of(int, any_item=lambda item: item > WIDE), nested(1)),
    "list of datetime": (list_of(dt.datetime), nested(1)),
    "list of date": (list_of(dt.date), listed(lambda item: dt.date.fromisoformat(item) is not None)),
    "list of strings": (list_of(str), listed(of_type(str))),
    "factors of two levels": (list_of(tuple, any_item=lambda f: len(f) == 2), listed(listed(of_type(str)))),
    "factors of three levels": (list_of(tuple, any_item=lambda f: len(f) == 3), listed(listed(of_type(str)))),
    "ragged lists": (list_of(list, any_item=lambda row: isinstance(row[0], int)), nested(2)),
    "ragged arrays": (list_of(np.ndarray, any_item=of_dtype("float64")), listed(binary("float64"))),
    "multi-polygons": (list_of(list, any_item=lambda row: isinstance(row[0], list)), is_rings),
    "list of matrices": (
        list_of(np.ndarray, any_item=MATRIX),
        listed(binary("float64", "float32", "int16", "uint32", ndim=2)),
    ),
    "list of cubes": (list_of(np.ndarray, any_item=lambda v: v.ndim == 3), listed(binary("float64", ndim=3))),
    "Polars": (of_type(pl.Series), lambda e: binary("int32", "float64")(e) or is_object_array(e)),
    "Arrow": (of_type(pa.Array), binary("int32", "float64")),
    "array.array": (of_type(array.array), is_typed_array),
    "no rows": (lambda v: isinstance(v, np.ndarray) and v.size == 0, is_empty_array),
    "empty list": (lambda v: v == [] if isinstance(v, list) else False, nested(1)),
}


@pytest.fixture(scope="module")
def columns() -> list[SampleColumn]:
    return [column for sample in samples() for column in sample.columns()]


@pytest.mark.parametrize("kind", KINDS)
def test_a_figure_has_columns_of_each_kind_serialised_as_expected(
    kind: str, columns: list[SampleColumn]
) -> None:
    matches, is_expected = KINDS[kind]
    found = [column for column in columns if matches(column.value)]
    assert found, f"no figure has a column of this kind: {kind}"
    unexpected = {
        (column.figure, column.name): column.encoded for column in found if not is_expected(column.encoded)
    }
    assert not unexpected


def test_nan_in_a_list_is_serialised_by_name(columns: list[SampleColumn]) -> None:
    lists = [
        column.encoded
        for column in columns
        if list_of(float, any_item=lambda item: item != item)(column.value)
    ]
    assert all(any(is_nan(item) for item in encoded) for encoded in lists)


def test_every_column_is_of_a_listed_kind(columns: list[SampleColumn]) -> None:
    unknown = [
        (column.figure, column.name, type(column.value))
        for column in columns
        if not any(matches(column.value) for matches, _ in KINDS.values())
    ]
    assert not unknown


def test_there_are_many_figures() -> None:
    assert len(FIGURES) >= 30


@pytest.mark.parametrize("name", FIGURES)
def test_a_builder_returns_new_models_that_need_no_network(name: str) -> None:
    first, second = (as_document(FIGURES[name]()) for _ in range(2))
    assert not {model.id for model in first.models} & {model.id for model in second.models}
    assert "http" not in json.dumps(first.to_json(deferred=False))
