"""Values of columns, and their conversion from and to Arrow."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bokeh_data.arrow.timezone_names import known_zone
from bokeh_data.columns.dtypes import check_dtype, dtype_of, is_arrow, is_time, time_unit, time_zone
from bokeh_data.columns.missing import is_number, numbers_with_nan, with_nan_in_lists

#: Units of time that Arrow has.
ARROW_UNITS = ("s", "ms", "us", "ns")

#: Numbers that JSON lacks, by their names in Bokeh's encoding.
NUMBERS = {"nan": float("nan"), "+inf": float("inf"), "-inf": float("-inf")}

#: Infinities in lists of numbers, as the output format `json` and protobuf's JSON write them.
INFINITIES = {"Infinity": float("inf"), "-Infinity": float("-inf")}


@dataclass(frozen=True)
class Values:
    """Rows of one column.

    Attributes:
        dtype: of the column, see `dtypes`.
        array: a NumPy array for a fixed dtype, an Arrow array otherwise.
    """

    dtype: str
    array: Any  # NDArray or pa.Array, which have no common type

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, rows: slice) -> "Values":
        return Values(self.dtype, self.array[rows])

    @property
    def row_shape(self) -> tuple[int, ...]:
        """Lengths of the dimensions after the first."""
        return () if is_arrow(self.dtype) else tuple(self.array.shape[1:])


def from_arrow(array: pa.Array) -> Values:
    """Return Arrow values as values of a column: of a fixed dtype if that loses nothing.

    A missing number becomes NaN, which makes integers float64; see `missing`. Times of day become the
    durations since midnight, as in Bokeh. A time zone that is not known here becomes UTC.
    """
    kind = array.type
    if pa.types.is_temporal(kind) and not pa.types.is_interval(kind):
        return _from_times(array)
    if is_number(kind):
        numbers = numbers_with_nan(array)
        return Values(f"arrow[{kind}]", array) if numbers is None else Values(dtype_of(numbers), numbers)
    if pa.types.is_boolean(kind) and array.null_count == 0:
        return Values("bool", array.to_numpy(zero_copy_only=False))
    if pa.types.is_fixed_size_list(kind) and array.null_count == 0:
        return _from_lists(array)
    lists = with_nan_in_lists(array)
    return Values(f"arrow[{lists.type}]", lists)


def to_arrow(values: Values) -> pa.Array:
    """Return values as an Arrow array; further dimensions and complex numbers become fixed-size lists."""
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


def _from_lists(array: pa.Array) -> Values:
    """Return lists of equal length as an array with one more dimension, if their items have a fixed dtype."""
    inner, length = from_arrow(array.flatten()), array.type.list_size
    if is_arrow(inner.dtype):
        return Values(f"arrow[{array.type}]", array)
    return Values(inner.dtype, inner.array.reshape(len(array), length, *inner.row_shape))


def _from_times(array: pa.Array) -> Values:
    kind = array.type
    if pa.types.is_timestamp(kind):
        zone = f", {known_zone(kind.tz)}" if kind.tz else ""
        return Values(check_dtype(f"datetime64[{kind.unit}{zone}]"), _times(array, f"M8[{kind.unit}]"))
    if pa.types.is_duration(kind):
        return Values(f"timedelta64[{kind.unit}]", _times(array, f"m8[{kind.unit}]"))
    if pa.types.is_date32(kind):
        return Values("datetime64[D]", _times(array.cast(pa.int32()).cast(pa.int64()), "M8[D]"))
    if pa.types.is_date64(kind):
        return Values("datetime64[ms]", _times(array, "M8[ms]"))
    integers = array.cast(pa.int32()).cast(pa.int64()) if kind.bit_width == 32 else array
    return Values(f"timedelta64[{kind.unit}]", _times(integers, f"m8[{kind.unit}]"))


def _times(array: pa.Array, dtype: str) -> NDArray[Any]:
    integers = array.cast(pa.int64()) if array.type != pa.int64() else array
    filled = integers.fill_null(np.iinfo(np.int64).min) if integers.null_count else integers
    return np.asarray(filled.to_numpy(zero_copy_only=False)).view(dtype)


def _time_to_arrow(dtype: str, array: NDArray[Any]) -> pa.Array:
    unit, is_point = time_unit(dtype), dtype.startswith("datetime64")
    if unit in ("ps", "fs", "as"):
        return pa.array(array.view(np.int64))  # Arrow has no such units
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
