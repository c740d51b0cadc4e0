"""Columns of NumPy, pandas, polars, pyarrow and xarray as NumPy arrays, or as lists of Python objects.

A missing number is NaN, and a missing time is NaT. Missing values of other types are None, in a list.
"""

from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bokeh_cloud.columns.timezone_names import zone_name

MAX_EXACT_INTEGER = 2**53  # up to which float64 has all integers


@dataclass(frozen=True)
class PlainValues:
    """Values of a column.

    Attributes:
        values: a NumPy array, or a list of Python objects with None for missing values.
        zone: the time zone of an array of times, which are in UTC; None if they have none.
        arrow_type: the type of a list: "string", "bool", "int64" or "uint64"; "" to infer it from its items.
        is_mixed: whether the items of a list have no common type.
    """

    values: Any
    zone: str | None = None
    arrow_type: str = ""
    is_mixed: bool = False

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class ZonedTimes:
    """Times in UTC as a NumPy array, and their time zone, for which NumPy has no dtype."""

    times: Any
    zone: str

    def __len__(self) -> int:
        return len(self.times)


def plain_values(values: Any) -> PlainValues:
    """Return a column as an array or a list; items of a list are as they were."""
    if isinstance(values, PlainValues):
        return values
    if isinstance(values, ZonedTimes):
        return PlainValues(values.times, values.zone)
    if isinstance(values, np.ma.MaskedArray):
        return with_missing(values.data, np.ma.getmaskarray(values))
    package = type(values).__module__.partition(".")[0]
    return _READERS.get(package, _from_array)(values)


def with_missing(values: Any, missing: Any) -> PlainValues:
    """Return an array with NaN, NaT or None where `missing` is true.

    Integers become float64. If that cannot hold them, they become a list, as booleans do.
    """
    if not missing.any():
        return PlainValues(values)
    if values.dtype.kind in "iu" and is_exact_in_float64(np.where(missing, 0, values)):
        values = values.astype(np.float64)
    if values.dtype.kind in "fcmM":
        null = np.nan if values.dtype.kind in "fc" else np.array("NaT", values.dtype)
        return PlainValues(_replace(np.array(values), missing, null))
    items = _replace(values.astype(object), missing, None).tolist()
    kind = {"b": "bool", "i": "int64", "u": "uint64"}.get(values.dtype.kind, "")
    return PlainValues(items, arrow_type=kind if values.ndim == 1 else "")


def _replace(values: Any, where: Any, value: Any) -> Any:
    values[where] = value
    return values


def is_exact_in_float64(integers: Any) -> bool:
    """Return whether an array of integers can be converted to float64 and back."""
    if not integers.size:
        return True
    return bool(integers.min() >= -MAX_EXACT_INTEGER and integers.max() <= MAX_EXACT_INTEGER)


def _from_array(values: Any) -> PlainValues:
    is_array = hasattr(values, "__array__") or isinstance(values, (memoryview, array))
    return PlainValues(np.asarray(values) if is_array else list(values))


def _from_pandas(values: Any) -> PlainValues:
    if not hasattr(values, "dtype"):
        return PlainValues(values)
    reader = _PANDAS_READERS.get(type(values.dtype).__name__)
    if reader is not None:
        return reader(values)
    if hasattr(values.dtype, "numpy_dtype"):  # Int64, Float64, boolean
        missing = np.asarray(values.isna())
        return with_missing(values.to_numpy(dtype=values.dtype.numpy_dtype, na_value=0), missing)
    return PlainValues(np.asarray(values))


def _from_zoned_pandas(values: Any) -> PlainValues:
    times = np.asarray(values.dt.tz_convert(None) if hasattr(values, "dt") else values.tz_convert(None))
    return PlainValues(times, zone_name(values.dtype.tz, times))


def _from_periods(values: Any) -> PlainValues:
    """Return the start of each period, as Bokeh does."""
    starts = values.dt.to_timestamp() if hasattr(values, "dt") else values.to_timestamp()
    return PlainValues(np.asarray(starts))


_PANDAS_READERS: Mapping[str, Callable[[Any], PlainValues]] = {
    "DatetimeTZDtype": _from_zoned_pandas,
    "PeriodDtype": _from_periods,
    "StringDtype": lambda values: PlainValues(
        _replace(np.array(values, dtype=object), np.asarray(values.isna()), None).tolist(),
        arrow_type="string",
    ),
    "CategoricalDtype": lambda values: PlainValues(np.asarray(values, dtype=object).tolist()),
    "ArrowDtype": lambda values: _from_pyarrow(getattr(values, "array", values).__arrow_array__()),
}


def _from_polars(values: Any) -> PlainValues:
    kind = type(values.dtype).__name__
    if kind in ("String", "Categorical", "Enum"):
        return PlainValues(values.to_list(), arrow_type="string")
    if kind == "Boolean":
        return with_missing(np.asarray(values.fill_null(value=False)), np.asarray(values.is_null()))
    if kind.removeprefix("U") in ("Int8", "Int16", "Int32", "Int64"):
        return with_missing(np.asarray(values.fill_null(0)), np.asarray(values.is_null()))
    if kind == "Time":
        times = np.asarray(values.to_physical().fill_null(0)).astype("m8[ns]")
        return with_missing(times, np.asarray(values.is_null()))
    if kind == "Datetime" and values.dtype.time_zone is not None:
        times = np.asarray(values)
        return PlainValues(times, zone_name(values.dtype.time_zone, times))
    if kind in ("Float32", "Float64", "Datetime", "Date", "Duration"):
        return PlainValues(np.asarray(values))
    if kind == "Array":
        return _from_lists(
            values, lambda lists: lists.explode(), lambda lists: getattr(lists.dtype, "size", 0)
        )
    return PlainValues(values.to_list())


def _from_lists(values: Any, flatten: Callable[[Any], Any], size_of: Callable[[Any], int]) -> PlainValues:
    """Return lists of the same length of times as an array with more dimensions; others as a list.

    Args:
        values: lists.
        flatten: returns the items of lists.
        size_of: returns the length of lists, 0 for values that are no lists.
    """
    rows = values.to_list() if hasattr(values, "to_list") else values.to_pylist()
    shape, items = [len(values)], values
    while size := size_of(items):
        if np.asarray(items.is_null()).any():
            return PlainValues(rows)
        shape, items = [*shape, size], flatten(items)
    plain = plain_values(items)
    is_array = len(shape) > 1 and isinstance(plain.values, np.ndarray) and plain.values.dtype.kind in "mM"
    return PlainValues(plain.values.reshape(shape), plain.zone) if is_array else PlainValues(rows)


def _from_pyarrow(values: Any) -> PlainValues:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = values.type
    if isinstance(kind, pa.BaseExtensionType):
        return _from_pyarrow(values.cast(kind.storage_type))
    if pa.types.is_dictionary(kind):
        return _from_pyarrow(values.cast(kind.value_type))
    if pa.types.is_temporal(kind):
        return _from_arrow_times(values)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or kind == pa.string_view():
        return PlainValues(values.to_pylist(), arrow_type="string")
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        filled = values.fill_null(pa.scalar(0).cast(kind))
        return with_missing(np.asarray(filled), np.asarray(values.is_null()))
    if pa.types.is_floating(kind):
        return with_missing(np.asarray(values), np.asarray(values.is_null()))
    if pa.types.is_fixed_size_list(kind):
        return _from_lists(values, pc.list_flatten, lambda lists: getattr(lists.type, "list_size", 0))
    return PlainValues(values.to_pylist())


def _from_arrow_times(values: Any) -> PlainValues:
    import pyarrow as pa

    kind = values.type
    if pa.types.is_time(kind):
        return _from_times_of_day(values.cast(pa.int32() if kind.bit_width == 32 else pa.int64()), kind.unit)
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        times = np.asarray(values.cast(pa.timestamp(kind.unit)))
        return PlainValues(times, zone_name(kind.tz, times))
    return PlainValues(values.to_pylist() if pa.types.is_interval(kind) else np.asarray(values))


def _from_times_of_day(integers: Any, unit: str) -> PlainValues:
    """Return the durations since midnight."""
    times = np.asarray(integers.fill_null(0)).astype(f"m8[{unit}]")
    return with_missing(times, np.asarray(integers.is_null()))


_READERS: Mapping[str, Callable[[Any], PlainValues]] = {
    "pandas": _from_pandas,
    "polars": _from_polars,
    "pyarrow": _from_pyarrow,
}
