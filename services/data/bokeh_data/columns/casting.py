"""Conversion of rows to the dtype of a column, which neither rounds nor cuts off anything."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bokeh_common.errors import Invalid
from bokeh_data.columns.dtypes import is_arrow, is_time, numpy_dtype, time_unit, time_zone
from bokeh_data.columns.missing import nan_to_null
from bokeh_data.columns.values import Values, from_arrow, to_arrow

NULL = "arrow[null]"


def cast_to(values: Values, prototype: Values | None) -> Values:
    """Convert values to the dtype of `prototype`; without one, return them unchanged.

    float64 values may be rounded to float32 or float16.

    Raises:
        Invalid: their rows have another shape, or the conversion would lose information.
    """
    if prototype is None or (values.dtype == prototype.dtype and values.row_shape == prototype.row_shape):
        return values
    if values.dtype == NULL:
        return _only_missing(len(values), prototype)
    if values.row_shape != prototype.row_shape:
        raise Invalid(f"its rows have the shape {list(prototype.row_shape)}, not {list(values.row_shape)}.")
    if is_arrow(prototype.dtype):
        try:
            return Values(prototype.dtype, _cast_to_arrow(values, prototype))
        except pa.ArrowException as error:
            raise Invalid(
                f"it holds {prototype.dtype[6:-1]}; these values do not all fit: {error}."
            ) from None
    return Values(prototype.dtype, _cast_to_fixed(values, prototype.dtype))


def may_adopt(column: Values, values: Values) -> bool:
    """Tell whether a column without rows may take the dtype of its first rows, which do not fit it.

    That is so for a list without items, for float64, which is NumPy's dtype of such a list, and for times of
    another unit.
    """
    if column.dtype in (NULL, "float64"):
        return True
    families = {(item.dtype[:9], time_zone(item.dtype) is None) for item in (column, values)}
    return is_time(column.dtype) and is_time(values.dtype) and len(families) == 1


def prepend_missing(values: Values, count: int) -> Values:
    """Return values after so many missing ones."""
    if not count:
        return values
    array = to_arrow(values)
    if values.dtype.startswith("float"):
        array = nan_to_null(values.array)
    return from_arrow(pa.concat_arrays([pa.nulls(count, array.type), array]))


def _only_missing(count: int, prototype: Values) -> Values:
    if is_arrow(prototype.dtype):
        return Values(prototype.dtype, pa.nulls(count, prototype.array.type))
    wanted = numpy_dtype(prototype.dtype)
    if wanted.kind not in "fcmM":
        raise Invalid(f"it holds {prototype.dtype}, which has no missing values.")
    null = np.nan if wanted.kind in "fc" else np.array("NaT", wanted)
    return Values(prototype.dtype, np.full((count, *prototype.row_shape), null, wanted))


def _cast_to_fixed(values: Values, dtype: str) -> NDArray[Any]:
    wanted, array = numpy_dtype(dtype), values.array
    if is_arrow(values.dtype) or not _is_same_family(values.dtype, dtype):
        raise Invalid(
            f"it holds {dtype}; these values are {values.dtype}{_zone_advice(values.dtype, dtype)}."
        )
    if wanted.kind in "fc" and array.dtype.kind in "fc":
        return _cast_float(array, dtype)
    with np.errstate(invalid="ignore"):  # the result is compared
        converted = array.astype(wanted)
    if not _is_equal(converted, array):
        is_fraction = wanted.kind in "iu" and array.dtype.kind == "f"
        advice = (
            "; fractions need a column that was created with the dtype float"
            if is_fraction
            else _advice(dtype)
        )
        raise Invalid(f"it holds {dtype}; these values are {values.dtype} and do not all fit{advice}.")
    return np.asarray(converted)


def _cast_float(array: NDArray[Any], dtype: str) -> NDArray[Any]:
    with np.errstate(over="ignore"):
        converted = np.asarray(array.astype(numpy_dtype(dtype)))
    if array.dtype.kind == "f" and (np.isinf(converted) != np.isinf(array)).any():
        raise Invalid(f"it holds {dtype}; these values are larger.")
    return converted


def _is_same_family(dtype: str, wanted: str) -> bool:
    """Tell whether values of a dtype can be values of another one, if they fit."""
    kinds = numpy_dtype(dtype).kind, numpy_dtype(wanted).kind
    if kinds[0] in "iuf" and kinds[1] in "iuf":
        return True
    if kinds[0] in "iufc" and kinds[1] == "c":
        return True
    return kinds[0] == kinds[1] and (time_zone(dtype) is None) == (time_zone(wanted) is None)


def _advice(dtype: str) -> str:
    """Return the line to write for times that have to be cut off."""
    if not is_time(dtype):
        return ""
    name = dtype.partition("[")[0]
    return f": write np.asarray(values, '{name}[{time_unit(dtype)}]')"


def _zone_advice(dtype: str, wanted: str) -> str:
    """Return the line to write for times with a time zone in a column without one, or the reverse."""
    if not (dtype.startswith("datetime64") and wanted.startswith("datetime64")):
        return ""
    if time_zone(wanted) is None:
        return ": write time.replace(tzinfo=None) or series.dt.tz_localize(None)"
    return ": write datetime.now(UTC), time.astimezone() or series.dt.tz_localize('UTC')"


def _is_equal(converted: NDArray[Any], array: NDArray[Any]) -> bool:
    with np.errstate(invalid="ignore", over="ignore"):
        back = converted.astype(array.dtype)
    if array.dtype.kind in "iu" and not np.array_equal(converted < 0, array < 0):
        return False  # it overflowed in both directions
    if array.dtype.kind in "iu" and converted.dtype.kind == "f" and converted.size:
        limit = float(np.iinfo(array.dtype).max)  # the largest float64 is converted back to any integer
        if (converted >= limit).any():
            return False
    return bool(np.array_equal(back, array, equal_nan=array.dtype.kind in "fmM"))


def _cast_to_arrow(values: Values, prototype: Values) -> pa.Array:
    kind = prototype.array.type
    is_float = values.dtype.startswith("float") and not values.row_shape
    array = nan_to_null(values.array) if is_float else to_arrow(values)
    if array.type == kind:
        return array
    if pa.types.is_null(kind):
        raise Invalid("it has no values, and no type so far.")
    if _family(array.type) != _family(kind):
        raise Invalid(f"it holds {prototype.dtype[6:-1]}; these values are {array.type}.")
    if pa.types.is_dictionary(kind):
        return array.cast(kind.value_type).dictionary_encode().cast(kind)
    return array.cast(kind)


def _family(kind: pa.DataType) -> Any:
    """Return what types that can be cast to each other have in common."""
    if pa.types.is_dictionary(kind):
        return _family(kind.value_type)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return "list", _family(kind.value_type)
    if pa.types.is_null(kind):
        return "number"
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return "number"
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return "text"
    return str(kind).partition("[")[0]
