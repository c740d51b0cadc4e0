"""Values of Arrow as Python has them; as text those that it does not have, such as nanoseconds."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

#: NumPy's units of times of Arrow that have no `unit`.
_UNITS = {pa.date32(): "D", pa.date64(): "ms"}


def python_values(array: pa.Array) -> list[Any]:
    """Return values as Python objects.

    Whether a value becomes text depends on that value only, so any part of an array has the same items.
    """
    try:
        return list(array.to_pylist())
    except (ValueError, OverflowError):
        return [_python_value(scalar) for scalar in array]


def _python_value(scalar: pa.Scalar) -> Any:
    if not scalar.is_valid:
        return None
    kind = scalar.type
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return _python_value(scalar.value)
    if pa.types.is_map(kind):
        return [(_python_value(pair["key"]), _python_value(pair["value"])) for pair in scalar.values]
    if pa.types.is_struct(kind):
        return {name: _python_value(scalar[name]) for name in scalar}
    if pa.types.is_nested(kind):
        return [_python_value(item) for item in scalar.values]
    try:
        return scalar.as_py()
    except (ValueError, OverflowError):
        return _to_text(scalar)


def _to_text(scalar: pa.Scalar) -> str:
    """Return a time in ISO 8601, a duration as a number of its unit."""
    kind, value = scalar.type, scalar.value
    write: Callable[[Any], Any] = np.datetime_as_string
    if pa.types.is_duration(kind):
        return str(np.timedelta64(value, kind.unit))
    if pa.types.is_time(kind):
        return str(write(np.array(value, f"M8[{kind.unit}]"))).partition("T")[2]
    text = str(write(np.array(value, f"M8[{_UNITS.get(kind) or kind.unit}]")))
    return f"{text}Z" if pa.types.is_timestamp(kind) and kind.tz else text
