"""Values on their way into a column: from JSON, from packed arrays, from Arrow."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bokeh_common.errors import Invalid
from bokeh_data.dtypes import (
    PACKED,
    check_dtype,
    dtype_of,
    is_arrow,
    is_time,
    numpy_dtype,
    time_unit,
    time_zone,
)

ARROW_UNITS = ("s", "ms", "us", "ns")
_NUMBERS = {"nan": float("nan"), "+inf": float("inf"), "-inf": float("-inf")}


@dataclass(frozen=True)
class Values:
    """Rows of one column: an array of NumPy for a fixed dtype, one of Arrow otherwise."""

    dtype: str
    array: Any  # NDArray or pa.Array; their type checkers do not know each other

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, rows: slice) -> "Values":
        return Values(self.dtype, self.array[rows])

    @property
    def row_shape(self) -> tuple[int, ...]:
        """Lengths of the dimensions after the first."""
        return () if is_arrow(self.dtype) else tuple(self.array.shape[1:])


def from_json(name: str, spec: Any, buffers: list[memoryview], like: Values | None = None) -> Values:
    """Return the values that a client wrote.

    Args:
        name: of the column, for messages.
        spec: a list of values; `{"values": [...], "dtype": ...}`; or an array in Bokeh's encoding, whose
            bytes are in `buffers`.
        buffers: of the packed body; empty for plain JSON.
        like: some rows of the column that the values have to fit, be they none.

    Raises:
        Invalid: they are no values, or do not fit.
    """
    try:
        if isinstance(spec, dict) and spec.get("type") == "ndarray":
            return fitted(_from_ndarray(spec, buffers), like)
        if isinstance(spec, dict) and "values" in spec:
            return fitted(_from_list(spec["values"], spec.get("dtype"), like), like)
        return fitted(_from_list(spec, None, like), like)
    except (TypeError, ValueError, OverflowError, KeyError, IndexError, pa.ArrowException) as error:
        raise Invalid(f"Column {name!r}: {error}.") from None
    except Invalid as error:
        raise Invalid(f"Column {name!r}: {error}") from None


def from_arrow(array: pa.Array) -> Values:
    """Return Arrow values as a column holds them: as a fixed dtype where that loses nothing."""
    kind = array.type
    if pa.types.is_timestamp(kind):
        zone = f", {kind.tz}" if kind.tz else ""
        return Values(check_dtype(f"datetime64[{kind.unit}{zone}]"), _times(array, f"M8[{kind.unit}]"))
    if pa.types.is_duration(kind):
        return Values(f"timedelta64[{kind.unit}]", _times(array, f"m8[{kind.unit}]"))
    if pa.types.is_date32(kind):
        days = array.cast(pa.int32()).cast(pa.int64())
        return Values("datetime64[D]", _times(days, "M8[D]"))
    if array.null_count == 0 and (
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
    ):
        plain = array.to_numpy(zero_copy_only=False)
        return Values(dtype_of(plain), plain)
    if pa.types.is_fixed_size_list(kind) and array.null_count == 0:
        return _from_lists(array)
    return Values(f"arrow[{kind}]", array)


def to_arrow(values: Values) -> pa.Array:
    """Return values as Arrow's; several dimensions and complex numbers become lists of fixed length."""
    array = values.array
    if is_arrow(values.dtype):
        return array
    if array.dtype.kind == "c":
        array = array.view(array.real.dtype).reshape(*array.shape, 2)
    flat = np.ascontiguousarray(array).reshape(-1)
    lists = _time_to_arrow(values.dtype, flat) if is_time(values.dtype) else pa.array(flat)
    for length in reversed(array.shape[1:]):
        lists = _lists(lists, length, array)
    return lists


def fitted(values: Values, like: Values | None) -> Values:
    """Return values in the dtype of `like`; `Invalid` when that would lose anything."""
    if like is None:
        return values
    if values.row_shape != like.row_shape:
        raise Invalid(f"its rows have the shape {list(like.row_shape)}, not {list(values.row_shape)}.")
    if is_arrow(like.dtype):
        return Values(like.dtype, _arrow_fitted(to_arrow(values), like.array.type))
    if values.dtype == like.dtype:
        return values
    return Values(like.dtype, _fixed_fitted(values, like.dtype))


def _fixed_fitted(values: Values, dtype: str) -> NDArray[Any]:
    wanted = numpy_dtype(dtype)
    array = values.array
    if is_arrow(values.dtype):
        if not array.null_count == len(array) and not pa.types.is_floating(array.type):
            raise Invalid(f"it holds {dtype}; these values are {values.dtype}.")
        array = array.to_numpy(zero_copy_only=False).astype(np.float64)
    converted = array.astype(wanted)
    same_kind = (
        array.dtype.kind in "iufb"
        and wanted.kind in "iufb"
        and (array.dtype.kind == "b") == (wanted.kind == "b")
    )
    if wanted.kind == "f" and array.dtype.kind in "iuf":
        return np.asarray(converted)
    if array.dtype.kind in "mM" and array.dtype.kind == wanted.kind:
        same_kind = bool(time_zone(values.dtype)) == bool(time_zone(dtype))
    if not same_kind or not _equal(converted, array):
        raise Invalid(f"it holds {dtype}; these values are {values.dtype} and do not all fit.")
    return np.asarray(converted)


def _equal(converted: NDArray[Any], array: NDArray[Any]) -> bool:
    back = converted.astype(array.dtype)
    if array.dtype.kind in "iu" and not np.array_equal(converted < 0, array < 0):
        return False  # it went round, and came round again
    return bool(np.array_equal(back, array, equal_nan=array.dtype.kind in "fmM"))


def _arrow_fitted(array: pa.Array, kind: pa.DataType) -> pa.Array:
    if array.type == kind:
        return array
    if pa.types.is_dictionary(kind):
        return array.cast(kind.value_type).dictionary_encode().cast(kind)
    return array.cast(kind)


def _from_ndarray(spec: dict[str, Any], buffers: list[memoryview]) -> Values:
    dtype, shape = check_dtype(spec["dtype"]), [int(length) for length in spec["shape"]]
    if is_arrow(dtype) or dtype == PACKED or not shape or spec.get("order", "little") != "little":
        raise Invalid("an array must be of a fixed dtype, little-endian, with at least one dimension.")
    data = buffers[spec["array"]["data"]["id"]]
    array = np.frombuffer(data, numpy_dtype(dtype)).reshape(shape)
    return Values(dtype, array)


def _from_list(values: Any, dtype: Any, like: Values | None) -> Values:
    if not isinstance(values, list):
        raise Invalid("its values must be a list.")
    wanted = check_dtype(dtype) if dtype is not None else like.dtype if like is not None else None
    if wanted is None:
        return from_arrow(pa.array(values))
    if not is_arrow(wanted):
        return Values(wanted, _fixed(values, wanted))
    kind = like.array.type if like is not None else pa.type_for_alias(wanted[6:-1])
    if pa.types.is_dictionary(kind):
        return Values(wanted, _arrow_fitted(pa.array(values, kind.value_type), kind))
    return Values(wanted, pa.array(values, kind))


def _fixed(values: list[Any], dtype: str) -> NDArray[Any]:
    wanted = numpy_dtype(dtype)
    if is_time(dtype):
        return np.array([_time(value, dtype) for value in values], wanted)
    if wanted.kind == "f":
        return np.array(_floats(values), wanted)
    found = np.array(values) if values else np.array([], wanted)
    fits = {"b": "b", "i": "iu", "u": "iu", "c": "iufc"}[wanted.kind]
    if found.dtype.kind not in fits or not np.array_equal(found.astype(wanted), found):
        raise Invalid(f"these values do not all fit {dtype}.")
    return found.astype(wanted)


def _floats(value: Any) -> Any:
    """Return numbers with NaN for null, and what Bokeh writes for those that JSON lacks."""
    if isinstance(value, list):
        return [_floats(item) for item in value]
    if isinstance(value, dict):
        return _NUMBERS[value["value"]]
    if isinstance(value, (str, bool)):
        raise Invalid(f"{value!r} is not a number.")
    return float("nan") if value is None else value


def _time(value: Any, dtype: str) -> Any:
    if value is None:
        return "NaT"
    if isinstance(value, str) and dtype.startswith("datetime64"):
        return value.removesuffix("Z")
    if isinstance(value, bool) or not isinstance(value, int):
        raise Invalid(f"{value!r} is not a time: send ISO 8601, or a whole number of {time_unit(dtype)}.")
    return np.int64(value).astype(numpy_dtype(dtype))


def _from_lists(array: pa.Array) -> Values:
    """Return lists of one length as an array with one more dimension, where they hold a fixed dtype."""
    inner, length = from_arrow(array.flatten()), array.type.list_size
    if is_arrow(inner.dtype):
        return Values(f"arrow[{array.type}]", array)
    return Values(inner.dtype, inner.array.reshape(len(array), length, *inner.row_shape))


def _times(array: pa.Array, dtype: str) -> NDArray[Any]:
    whole = array.cast(pa.int64()) if array.type != pa.int64() else array
    filled = whole.fill_null(np.iinfo(np.int64).min) if whole.null_count else whole
    return np.asarray(filled.to_numpy(zero_copy_only=False)).view(dtype)


def _time_to_arrow(dtype: str, array: NDArray[Any]) -> pa.Array:
    unit, is_point = time_unit(dtype), dtype.startswith("datetime64")
    if unit in ("ps", "fs", "as"):
        return pa.array(array.view(np.int64))  # finer than Arrow goes
    if unit == "D" and is_point:
        return pa.array(array)
    if unit not in ARROW_UNITS:
        unit = "s"
        array = array.astype(f"{'M' if is_point else 'm'}8[s]")
    return pa.array(array, pa.timestamp(unit, time_zone(dtype)) if is_point else pa.duration(unit))


def _lists(values: pa.Array, length: int, array: NDArray[Any]) -> pa.Array:
    if length == 0:
        return pa.array([[]] * len(array), pa.list_(values.type, 0))
    return pa.FixedSizeListArray.from_arrays(values, length)
