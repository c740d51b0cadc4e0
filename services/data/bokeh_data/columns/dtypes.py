"""The dtypes of columns.

A *fixed* dtype has elements of one size, stored as NumPy holds them (little-endian, C order):

* `bool`, `int8` to `int64`, `uint8` to `uint64`, `float16` to `float64`, `complex64`, `complex128` (two
  floats);
* `datetime64[unit]`, `datetime64[unit, time zone]` and `timedelta64[unit]`: int64, the smallest one for NaT;
  the units are NumPy's.

Chunks of the others can only be read as a whole:

* `packed`: a value that is not one array (lists, factors, lists of arrays), in the format of `packed.py`;
* `arrow[type]`: any other type of Arrow (strings, categories, lists, numbers with nulls); each chunk is an
  Arrow IPC stream of one record batch.
"""

import re
import reprlib

import numpy as np

from bokeh_common.errors import Invalid

PACKED = "packed"

_ITEM_BYTES = {
    "bool": 1, "int8": 1, "uint8": 1, "int16": 2, "uint16": 2, "int32": 4, "uint32": 4,
    "int64": 8, "uint64": 8, "float16": 2, "float32": 4, "float64": 8,
    "complex64": 8, "complex128": 16, PACKED: 1,
}  # fmt: skip
_UNITS = "Y|M|W|D|h|m|s|ms|us|ns|ps|fs|as"
_ZONE = r"[A-Za-z][A-Za-z0-9_+/-]{0,63}|[+-]\d\d:\d\d"
_TIME = re.compile(rf"(datetime64|timedelta64)\[({_UNITS})(?:, ({_ZONE}))?\]")
_ARROW = re.compile(r"arrow\[(.+)\]", re.DOTALL)

MAX_DTYPE_LENGTH = 1000  # characters


def check_dtype(dtype: object) -> str:
    """Return `dtype` if it is the dtype of a column.

    Raises:
        Invalid: it is not.
    """
    known = isinstance(dtype, str) and len(dtype) <= MAX_DTYPE_LENGTH
    if known and (dtype in _ITEM_BYTES or is_arrow(str(dtype)) or _is_time(str(dtype))):
        return str(dtype)
    named = (repr(dtype[:80]) if isinstance(dtype, str) else reprlib.repr(dtype))[:80]
    raise Invalid(
        f"The dtype {named} is not one of {', '.join(_ITEM_BYTES)}, datetime64[unit] or timedelta64[unit]."
    )


def item_bytes(dtype: str) -> int:
    """Return the bytes of one element of a fixed dtype; 1 for `packed`."""
    return _ITEM_BYTES.get(dtype, 8)


def is_arrow(dtype: str) -> bool:
    """Tell whether chunks are Arrow IPC streams."""
    return _ARROW.fullmatch(dtype) is not None


def is_fixed(dtype: str) -> bool:
    """Tell whether a column is one array of elements of one size."""
    return dtype != PACKED and not is_arrow(dtype)


def is_ordered(dtype: str) -> bool:
    """Tell whether elements are booleans, numbers or times, which have a minimum and a maximum."""
    return is_fixed(dtype) and not dtype.startswith("complex")


def numpy_dtype(dtype: str) -> np.dtype[np.generic]:
    """Return the NumPy dtype of a fixed dtype; a NumPy dtype carries no time zone."""
    if time := _TIME.fullmatch(dtype):
        return np.dtype(f"<{'M' if time[1] == 'datetime64' else 'm'}8[{time[2]}]")
    return np.dtype(dtype).newbyteorder("<")


def raw_dtype(dtype: str) -> np.dtype[np.generic]:
    """Return the NumPy dtype for computing: that of `numpy_dtype`, but int64 for times."""
    return np.dtype("<i8") if is_time(dtype) else numpy_dtype(dtype)


def is_time(dtype: str) -> bool:
    """Tell whether elements are points in time or durations."""
    return _TIME.fullmatch(dtype) is not None


def time_unit(dtype: str) -> str:
    """Return the unit of times; an empty string for other dtypes."""
    found = _TIME.fullmatch(dtype)
    return found[2] if found else ""


def time_zone(dtype: str) -> str | None:
    """Return the time zone of a `datetime64`; None if it has none."""
    found = _TIME.fullmatch(dtype)
    return found[3] if found else None


def dtype_of(array: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> str:
    """Return the dtype of a NumPy array.

    Raises:
        Invalid: columns cannot have it.
    """
    return check_dtype(array.dtype.newbyteorder("=").name)


def _is_time(dtype: str) -> bool:
    found = _TIME.fullmatch(dtype)
    return found is not None and (found[1] == "datetime64" or found[3] is None)
