"""The browser encoding of columns: dtypes that typed arrays of browsers lack are converted, as Bokeh does it.

| stored | sent to browsers |
|---|---|
| bool, (u)int8 to 32, float32, float64, packed | the stored bytes |
| float16 | float32 |
| complex | float of the same precision, with an additional dimension of two |
| datetime64, timedelta64 | float64, milliseconds; NaN for NaT |
| (u)int64 | int32 or uint32 if all values fit, otherwise a list in the packed format |
| arrow[...] | a list in the packed format |
"""

import json
import math
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bokeh_data.arrow.python_values import python_values
from bokeh_data.columns.dtypes import PACKED, is_arrow, is_time, item_bytes, numpy_dtype, time_unit
from bokeh_data.columns.manifest import Column
from bokeh_data.columns.packed import ALIGNMENT

_UNCHANGED = {
    "bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "float32", "float64", PACKED,
}  # fmt: skip
_CONVERTED = {"float16": "float32", "complex64": "float32", "complex128": "float64"}
#: Numbers of Arrow, whose nulls browsers get as NaN: BokehJS would draw null at 0.
_ARROW_NUMBERS = {
    f"arrow[{kind}]"
    for kind in (
        "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
        "halffloat", "float", "double",
    )
}  # fmt: skip
_NAN = {"type": "number", "value": "nan"}
_UNITS_PER_MS = {"us": 1e3, "ns": 1e6, "ps": 1e9, "fs": 1e12, "as": 1e15}


def browser_dtype(column: Column) -> str:
    """Return the dtype that browsers get; for 64-bit integers the chunk statistics must be known."""
    if column.dtype in _UNCHANGED:
        return column.dtype
    if is_time(column.dtype):
        return "float64"
    if column.dtype in ("int64", "uint64"):
        return _narrowest_dtype(column)
    return _CONVERTED.get(column.dtype, PACKED)


def column_summary(column: Column) -> dict[str, Any]:
    """Return the column without its chunks, as in the API; sizes are in bytes."""
    stored = {
        "dtype": column.dtype,
        "shape": list(column.shape),
        "length": column.length,
        "size": column.size,
        "hash": column.hash,
    }
    if column.drawn is not None:
        stored["type"] = column.drawn
    dtype = browser_dtype(column)
    if dtype == column.dtype:
        return stored
    shape = browser_shape(column, dtype)
    return {**stored, "shown": {"dtype": dtype, "shape": shape, "size": browser_size(column, dtype)}}


def browser_shape(column: Column, dtype: str) -> list[int]:
    """Return the shape that browsers get, if `dtype` is the dtype that they get."""
    if dtype == PACKED and column.dtype != PACKED:
        return [_packed_size(column)]
    return [*column.shape, 2] if column.dtype.startswith("complex") else list(column.shape)


def browser_size(column: Column, dtype: str | None = None) -> int:
    """Return the number of bytes that browsers get."""
    dtype = dtype or browser_dtype(column)
    if dtype == PACKED and column.dtype != PACKED:
        return _packed_size(column)
    return math.prod(browser_shape(column, dtype)) * item_bytes(dtype)


def browser_blocks(column: Column, arrays: Iterator[Any]) -> Iterator[bytes]:
    """Yield the bytes that browsers get, from consecutive values of a column that has to be converted."""
    dtype = browser_dtype(column)
    if dtype == PACKED:
        yield from _packed_blocks(column, arrays)
        return
    for array in arrays:
        yield to_browser_array(column.dtype, dtype, array).tobytes()


def to_browser_array(dtype: str, browser_dtype: str, array: NDArray[Any]) -> NDArray[Any]:
    """Convert an array of a fixed dtype to the dtype that browsers get."""
    if is_time(dtype):
        return to_milliseconds(dtype, array)
    if dtype.startswith("complex"):
        return array.view(numpy_dtype(browser_dtype)).reshape(*array.shape, 2)
    return array.astype(numpy_dtype(browser_dtype), copy=False)


def to_milliseconds(dtype: str, array: NDArray[Any]) -> NDArray[np.float64]:
    """Return times as in Bokeh: milliseconds, for points in time since 1970; NaN for NaT."""
    unit, times = time_unit(dtype), array.view(numpy_dtype(dtype))
    if unit in _UNITS_PER_MS:
        result = times.view(np.int64) / _UNITS_PER_MS[unit]
    else:
        result = times.astype(f"{times.dtype.kind}8[ms]").view(np.int64).astype(np.float64)
    result[np.isnat(times)] = np.nan
    return np.asarray(result, np.float64)


def json_items(values: Any, null: Any = None) -> bytes:
    """Return values as a JSON list without its brackets, in Bokeh's encoding; missing ones are `null`."""
    items = values.reshape(-1).tolist() if isinstance(values, np.ndarray) else python_values(values)
    if isinstance(values, pa.Array) and not _is_plain_json(values.type):
        items = [to_bokeh_json(item) for item in items]
    if null is not None:
        items = [null if item is None else item for item in items]
    return _compact_json(items)[1:-1].encode()


def row_items(column: Column, array: Any) -> list[Any]:
    """Return rows of a column that browsers get as a list, as they are in that list."""
    return list(json.loads(b"[%b]" % json_items(array, _NAN if _has_nan(column) else None)))


def _compact_json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def to_bokeh_json(value: Any) -> Any:
    """Return a Python value in Bokeh's JSON encoding."""
    if isinstance(value, float) and not math.isfinite(value):
        name = "nan" if math.isnan(value) else "+inf" if value > 0 else "-inf"
        return {"type": "number", "value": name}
    if isinstance(value, list):
        return [to_bokeh_json(item) for item in value]
    if isinstance(value, dict):
        return {key: to_bokeh_json(item) for key, item in value.items()}
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def to_plain_json(value: Any) -> Any:
    """Return a Python value as files have it: null for NaN, `Infinity` and `-Infinity` as strings."""
    if isinstance(value, (list, tuple)):
        return [to_plain_json(item) for item in value]
    if isinstance(value, dict):
        return {key: to_plain_json(item) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return to_bokeh_json(value)


def needs_json_size(column: Column) -> bool:
    """Tell whether the chunk statistics must contain `json_size`."""
    if is_arrow(column.dtype):
        return True
    return column.dtype in ("int64", "uint64") and _narrowest_dtype(column) == PACKED


def _is_plain_json(kind: pa.DataType) -> bool:
    """Tell whether JSON has the values of a type."""
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_integer, pa.types.is_null)
    return any(test(kind) for test in tests)


def _narrowest_dtype(column: Column) -> str:
    """Return the dtype that 64-bit integers of a column fit into."""
    if column.statistics is None:
        raise ValueError("the statistics of 64-bit integers are needed to tell whether they fit into 32 bits")
    known = [stats for stats in column.statistics if stats.low is not None]
    low = min((stats.low for stats in known), default=0)
    high = max((stats.high for stats in known), default=0)
    if low >= -(1 << 31) and high < 1 << 31:
        return "int32"
    return "uint32" if low >= 0 and high < 1 << 32 else PACKED


def _packed_frame(column: Column) -> tuple[bytes, bytes]:
    """Return what is before and after the items of a packed list, without the length of the header."""
    if len(column.shape) == 1:
        return b'{"buffers":[],"value":[', b"]}"
    shape = json.dumps(list(column.shape), separators=(",", ":")).encode()
    after = b'],"dtype":"object","order":"little","shape":%b,"type":"ndarray"}}' % shape
    return b'{"buffers":[],"value":{"array":[', after


def _has_nan(column: Column) -> bool:
    """Tell whether browsers get NaN for null; the number of nulls is unknown if rows were dropped."""
    return column.dtype in _ARROW_NUMBERS and not column.skip


def _packed_size(column: Column) -> int:
    statistics = column.statistics or ()
    sizes = [stats.json_size for stats in statistics if stats.json_size]
    size = 4 + sum(map(len, _packed_frame(column))) + sum(sizes) + max(len(sizes) - 1, 0)
    if _has_nan(column):  # the sizes are those with null
        size += (len(_compact_json(_NAN)) - len("null")) * sum(stats.nulls for stats in statistics)
    return size + -size % ALIGNMENT


def _packed_blocks(column: Column, arrays: Iterator[Any]) -> Iterator[bytes]:
    size = _packed_size(column)
    before, after = _packed_frame(column)
    yield (size - 4).to_bytes(4, "little") + before
    written, comma = 4 + len(before) + len(after), b""
    for array in arrays:
        if items := json_items(array, _NAN if _has_nan(column) else None):
            yield comma + items
            written += len(comma + items)
            comma = b","
    yield after + b" " * (size - written)
