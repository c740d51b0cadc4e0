"""Missing values: a missing number is NaN and a missing time is NaT, as in NumPy and BokehJS.

Types that have neither (booleans, strings, integers that float64 would round) have Arrow's null.
"""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from bokeh_data.columns.lists import items_of, with_items

#: Up to here float64 has all integers.
MAX_EXACT_INTEGER = 1 << 53


def is_number(kind: pa.DataType) -> bool:
    """Tell whether a type of Arrow holds real numbers."""
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def numbers_with_nan(array: pa.Array) -> NDArray[Any] | None:
    """Return numbers as an array with NaN for null; None if float64 would round some of them.

    Args:
        array: integers and decimals become float64, if they are decimals or some are null.
    """
    kind = array.type
    if pa.types.is_decimal(kind):
        return _decimals_with_nan(array)
    if not array.null_count:
        return np.asarray(array.to_numpy(zero_copy_only=False))
    values = np.array(array.fill_null(0).to_numpy(zero_copy_only=False))
    if pa.types.is_integer(kind):
        if not is_exact_in_float64(values):
            return None
        values = values.astype(np.float64)
    values[np.asarray(array.is_null())] = np.nan
    return values


def is_exact_in_float64(integers: NDArray[Any]) -> bool:
    """Tell whether integers can be converted to float64 and back."""
    if not len(integers):
        return True
    return bool(integers.min() >= -MAX_EXACT_INTEGER and integers.max() <= MAX_EXACT_INTEGER)


def with_nan_in_lists(array: pa.Array) -> pa.Array:
    """Return lists of numbers with NaN for the nulls in them; other arrays unchanged.

    Integers become float64, unless that would round some of them.
    """
    items = items_of(array)
    is_integer = pa.types.is_integer(items.type)
    if items is array or not (pa.types.is_floating(items.type) or is_integer) or not items.null_count:
        return array
    if is_integer and not is_exact_in_float64(items.drop_null().to_numpy(zero_copy_only=False)):
        return array
    target = with_items(array.type, pa.float64()) if is_integer else array.type
    return pa.array([_fill_list(row, target) for row in array.to_pylist()], target)


def has_missing_integers(array: pa.Array) -> bool:
    """Tell whether integers in lists are null, which BokehJS would draw at 0."""
    items = items_of(array)
    return items is not array and bool(pa.types.is_integer(items.type) and items.null_count)


def nan_to_null(array: NDArray[Any]) -> pa.Array:
    """Return floats as an Arrow array with null for NaN."""
    return pa.array(array, from_pandas=True)


def _fill_list(row: Any, kind: pa.DataType) -> Any:
    if pa.types.is_floating(kind):
        return float("nan") if row is None else row
    return None if row is None else [_fill_list(item, kind.value_type) for item in row]


def _decimals_with_nan(array: pa.Array) -> NDArray[Any] | None:
    try:
        floats = array.cast(pa.float64())
        is_exact = pc.all(pc.equal(floats.cast(array.type), array), min_count=0).as_py()
    except pa.ArrowException:
        return None
    return np.asarray(floats.to_numpy(zero_copy_only=False)) if is_exact else None
