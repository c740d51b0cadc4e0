"""Times of published figures: Bokeh draws milliseconds, and the client knows which type the values had.

The type is stored beside the column, in the frozen source, and rows are read in it.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokeh_common.errors import Invalid
from bokeh_data.columns.dtypes import check_dtype, is_arrow, is_time, numpy_dtype, time_unit, time_zone
from bokeh_data.columns.times import parse_time
from bokeh_data.columns.values import Values

#: Milliseconds per unit, of the units that drawn times can have: float64 milliseconds hold no finer ones.
MILLISECONDS = {"D": 86_400_000.0, "s": 1e3, "ms": 1.0, "us": 1e-3}

#: Milliseconds that datetime64[us] can hold.
MAX_MILLISECONDS = 9e15

#: A bound that is a number has at least so many digits; shorter ones are years.
MIN_DIGITS = 5


def check_type(name: str, value: object) -> str | None:
    """Return the type of a column's values, if it is one that drawn times can have; None for None.

    Raises:
        Invalid: it is another one.
    """
    if value is None:
        return None
    dtype = check_dtype(value)
    if not is_time(dtype) or time_unit(dtype) not in MILLISECONDS:
        raise Invalid(
            f"Column {name!r}: 'type' must be datetime64 or timedelta64 in {', '.join(MILLISECONDS)}."
        )
    return dtype


def from_milliseconds(values: Values, dtype: str | None) -> Values:
    """Return milliseconds as times of a dtype; values that are no such numbers are returned unchanged."""
    if dtype is None:
        return values
    if values.dtype == "arrow[null]":
        return Values(dtype, np.full(len(values), "NaT", numpy_dtype(dtype)))
    if is_arrow(values.dtype) or values.array.dtype.kind not in "iuf":
        return values
    numbers = np.asarray(values.array, np.float64)
    valid = ~np.isnan(numbers)
    if (np.abs(numbers[valid]) > MAX_MILLISECONDS).any():
        return values
    times = np.full(numbers.shape, "NaT", numpy_dtype(dtype))
    times[valid] = _to_units(numbers[valid], time_unit(dtype)).view(numpy_dtype(dtype))
    return Values(dtype, times)


def bound_in_milliseconds(bound: str | float | None, dtype: str) -> str | float | None:
    """Return a bound of a window of drawn times; a number is one of units, as for other times."""
    if not isinstance(bound, str):
        return None if bound is None else float(bound) * MILLISECONDS[time_unit(dtype)]
    digits = bound.lstrip("+-")
    if dtype.startswith("timedelta") or (digits.isdecimal() and len(digits) >= MIN_DIGITS):
        return float(bound) * MILLISECONDS[time_unit(dtype)]
    return float(parse_time(bound, "ms", time_zone(dtype)))


def bounds_in_units(low: Any, high: Any, dtype: str) -> tuple[Any, Any]:
    """Return bounds of milliseconds as bounds of the times in units of a dtype, at most too wide."""
    scale = MILLISECONDS[time_unit(dtype)]
    return np.nextafter(np.floor(low / scale), -np.inf), np.nextafter(np.ceil(high / scale), np.inf)


def _to_units(milliseconds: NDArray[np.float64], unit: str) -> NDArray[np.int64]:
    if unit != "us":
        return np.rint(milliseconds / MILLISECONDS[unit]).astype(np.int64)
    whole = np.floor(milliseconds)
    fraction = np.rint((milliseconds - whole) * 1000).astype(np.int64)
    return whole.astype(np.int64) * 1000 + fraction
