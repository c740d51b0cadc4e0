"""Columns in the form that BokehJS takes: what arrays of the browser lack is converted, as Bokeh does it.

| stored | shown |
|---|---|
| bool, (u)int8 to 32, float32, float64, packed | the bytes as they are |
| float16 | float32 |
| complex | float of the same precision, with one more dimension of two |
| datetime64, timedelta64 | float64, milliseconds; NaT is NaN |
| (u)int64 | int32 or uint32 where all values fit, otherwise a packed list |
| arrow[...] | a packed list |
"""

import json
import math
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bokeh_data.columns import Column
from bokeh_data.dtypes import PACKED, is_arrow, is_time, item_bytes, numpy_dtype, time_unit
from bokeh_data.packing import ALIGNMENT

_AS_THEY_ARE = {
    "bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "float32", "float64", PACKED,
}  # fmt: skip
_FIXED = {"float16": "float32", "complex64": "float32", "complex128": "float64"}
_FINER_THAN_MS = {"us": 1e3, "ns": 1e6, "ps": 1e9, "fs": 1e12, "as": 1e15}


def shown_dtype(column: Column) -> str:
    """Return the dtype that browsers get; for int64 the zones must be known."""
    if column.dtype in _AS_THEY_ARE:
        return column.dtype
    if is_time(column.dtype):
        return "float64"
    if column.dtype in ("int64", "uint64"):
        return _narrow(column)
    return _FIXED.get(column.dtype, PACKED)


def summary(column: Column) -> dict[str, Any]:
    """Return the column without its chunks, as the API shows it; `size` in bytes."""
    stored = {
        "dtype": column.dtype,
        "shape": list(column.shape),
        "length": column.length,
        "size": column.size,
        "hash": column.hash,
    }
    dtype = shown_dtype(column)
    if dtype == column.dtype:
        return stored
    shape = shown_shape(column, dtype)
    return {**stored, "shown": {"dtype": dtype, "shape": shape, "size": shown_size(column, dtype)}}


def shown_shape(column: Column, dtype: str) -> list[int]:
    """Return the shape that browsers get."""
    if dtype == PACKED and column.dtype != PACKED:
        return [_packed_size(column)]
    return [*column.shape, 2] if column.dtype.startswith("complex") else list(column.shape)


def shown_size(column: Column, dtype: str | None = None) -> int:
    """Return the bytes that browsers get."""
    dtype = dtype or shown_dtype(column)
    if dtype == PACKED and column.dtype != PACKED:
        return _packed_size(column)
    return math.prod(shown_shape(column, dtype)) * item_bytes(dtype)


def shown_blocks(column: Column, arrays: Iterator[Any]) -> Iterator[bytes]:
    """Yield what browsers get, from runs of values; those of `_AS_THEY_ARE` need none of this."""
    dtype = shown_dtype(column)
    if dtype == PACKED:
        yield from _packed(column, arrays)
        return
    for array in arrays:
        yield to_shown(column.dtype, dtype, array).tobytes()


def to_shown(dtype: str, into: str, array: NDArray[Any]) -> NDArray[Any]:
    """Convert an array of a fixed dtype into the dtype that browsers get."""
    if is_time(dtype):
        return milliseconds(dtype, array)
    if dtype.startswith("complex"):
        return array.view(numpy_dtype(into)).reshape(*array.shape, 2)
    return array.astype(numpy_dtype(into), copy=False)


def milliseconds(dtype: str, array: NDArray[Any]) -> NDArray[np.float64]:
    """Return times as Bokeh counts them: milliseconds, since 1970 where they are points, NaN for NaT."""
    unit, times = time_unit(dtype), array.view(numpy_dtype(dtype))
    if unit in _FINER_THAN_MS:
        result = times.view(np.int64) / _FINER_THAN_MS[unit]
    else:
        result = times.astype(f"{times.dtype.kind}8[ms]").view(np.int64).astype(np.float64)
    result[np.isnat(times)] = np.nan
    return np.asarray(result, np.float64)


def text_of(values: Any) -> bytes:
    """Return values as a JSON list without its brackets, as Bokeh encodes them."""
    items = values.reshape(-1).tolist() if isinstance(values, np.ndarray) else values.to_pylist()
    if isinstance(values, pa.Array) and not _is_plain(values.type):
        items = [encoded(item) for item in items]
    return json.dumps(items, separators=(",", ":"), ensure_ascii=False)[1:-1].encode()


def encoded(value: Any) -> Any:
    """Return a Python value in Bokeh's JSON encoding."""
    if isinstance(value, float) and not math.isfinite(value):
        name = "nan" if math.isnan(value) else "+inf" if value > 0 else "-inf"
        return {"type": "number", "value": name}
    if isinstance(value, list):
        return [encoded(item) for item in value]
    if isinstance(value, dict):
        return {key: encoded(item) for key, item in value.items()}
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def _is_plain(kind: pa.DataType) -> bool:
    plain = (pa.types.is_string, pa.types.is_large_string, pa.types.is_integer, pa.types.is_null)
    return any(is_kind(kind) for is_kind in plain)


def _narrow(column: Column) -> str:
    zones = [zone for zone in column.zones or () if zone.low is not None]
    if column.zones is None:
        raise ValueError("whether 64-bit integers fit is known with their zones")
    low = min((zone.low for zone in zones), default=0)
    high = max((zone.high for zone in zones), default=0)
    if low >= -(1 << 31) and high < 1 << 31:
        return "int32"
    return "uint32" if low >= 0 and high < 1 << 32 else PACKED


def _frame(column: Column) -> tuple[bytes, bytes]:
    """Return what stands before and after the values of a packed list, without the header's length."""
    if len(column.shape) == 1:
        return b'{"buffers":[],"value":[', b"]}"
    shape = json.dumps(list(column.shape), separators=(",", ":")).encode()
    after = b'],"dtype":"object","order":"little","shape":%b,"type":"ndarray"}}' % shape
    return b'{"buffers":[],"value":{"array":[', after


def _packed_size(column: Column) -> int:
    texts = [zone.text for zone in column.zones or () if zone.text]
    size = 4 + sum(map(len, _frame(column))) + sum(texts) + max(len(texts) - 1, 0)
    return size + -size % ALIGNMENT


def _packed(column: Column, arrays: Iterator[Any]) -> Iterator[bytes]:
    size = _packed_size(column)
    before, after = _frame(column)
    yield (size - 4).to_bytes(4, "little") + before
    written, comma = 4 + len(before) + len(after), b""
    for array in arrays:
        if text := text_of(array):
            yield comma + text
            written += len(comma + text)
            comma = b","
    yield after + b" " * (size - written)


def needs_text(column: Column) -> bool:
    """Tell whether the zones have to say how long the chunks are as text."""
    if is_arrow(column.dtype):
        return True
    return column.dtype in ("int64", "uint64") and _narrow(column) == PACKED
