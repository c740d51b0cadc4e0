"""Missing values: a missing number is NaN and a missing time is NaT, as in NumPy and BokehJS.

Types that have neither (booleans, strings, integers that float64 would round) have Arrow's null.
"""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

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
    """Return lists of floats with NaN for the nulls in them; other arrays unchanged."""
    kind, depth, leaf = array.type, 0, array
    while pa.types.is_list(kind) or pa.types.is_large_list(kind):
        kind, depth, leaf = kind.value_type, depth + 1, leaf.flatten()
    if not depth or not pa.types.is_floating(kind) or not leaf.null_count:
        return array
    return pa.array([_fill_list(row, depth) for row in array.to_pylist()], array.type)


def nan_to_null(array: NDArray[Any]) -> pa.Array:
    """Return floats as an Arrow array with null for NaN."""
    return pa.array(array, from_pandas=True)


def _fill_list(row: Any, depth: int) -> Any:
    if not depth:
        return float("nan") if row is None else row
    return None if row is None else [_fill_list(item, depth - 1) for item in row]


def _decimals_with_nan(array: pa.Array) -> NDArray[Any] | None:
    try:
        floats = array.cast(pa.float64())
        is_exact = pc.all(pc.equal(floats.cast(array.type), array), min_count=0).as_py()
    except pa.ArrowException:
        return None
    return np.asarray(floats.to_numpy(zero_copy_only=False)) if is_exact else None
