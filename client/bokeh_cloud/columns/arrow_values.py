"""Columns of structs, bytes, and decimals that a float would round: they are sent and read as Arrow.

They come from polars, pyarrow, and pandas' `ArrowDtype`, and from files.
"""

import re
import sys
from contextlib import suppress
from typing import Any

import numpy as np

from bokeh_cloud.columns.arrow_types import UnknownType, holds_typed_values, stored_type
from bokeh_cloud.errors import CloudError

#: Types whose values JSON does not have.
_READ_AS_ARROW = re.compile(r"struct|map<|binary|decimal|timestamp|date32|date64|time32|time64|duration")
_POLARS = re.compile(r"Struct|Binary|Decimal")


def is_read_as_arrow(dtype: str) -> bool:
    """Return whether values of a stored column have types that JSON does not have."""
    return dtype.startswith("arrow[") and _READ_AS_ARROW.search(dtype) is not None


def typed_array(name: str, values: Any) -> Any:
    """Return values that have to be sent as Arrow as a pyarrow array; None for all others.

    Raises:
        CloudError: no column has values of their type.
    """
    package = type(values).__module__.partition(".")[0]
    if package == "polars":
        array = _from_polars(name, values)
    elif package == "pandas" and type(getattr(values, "dtype", None)).__name__ == "ArrowDtype":
        array = getattr(values, "array", values).__arrow_array__()
    else:
        array = values if package == "pyarrow" and hasattr(values, "type") else None
    if array is None or not holds_typed_values(array.type):
        return None
    array = array.combine_chunks() if hasattr(array, "combine_chunks") else array
    return None if _floats_have(array) else _in_stored_type(name, array)


def python_values(array: Any) -> Any:
    """Return the values of a pyarrow array as an array of Python's objects, as `to_pylist` has them.

    Times that Python does not have, with nanoseconds or far away years, are those of pandas or NumPy.
    """
    try:
        items = None if "time64[ns]" in str(array.type) else array.to_pylist()  # which would cut off digits
    except (ValueError, OverflowError):
        items = None
    items = [_python_value(scalar) for scalar in array] if items is None else items
    found = np.empty(len(items), dtype=object)
    found[:] = items
    return found


def _from_polars(name: str, values: Any) -> Any:
    if not _POLARS.search(str(values.dtype)):
        return None
    try:
        return values.to_arrow(compat_level=sys.modules["polars"].CompatLevel.oldest())
    except ImportError:
        if type(values.dtype).__name__ == "Decimal":
            return None  # floats have most of them
        raise CloudError(f"Column {name!r} holds {values.dtype}, which needs: pip install pyarrow") from None
    except (TypeError, ValueError, NotImplementedError) as error:
        raise _cannot_store(name, values.dtype, str(error)) from error


def _floats_have(array: Any) -> bool:
    """Return whether an array holds decimals, or lists of them, all of which are floats without rounding."""
    import pyarrow as pa

    while "list" in str(array.type).partition("<")[0]:
        array = array.flatten()
    if not pa.types.is_decimal(array.type):
        return False
    try:
        return bool(array.cast(pa.float64()).cast(array.type).equals(array))
    except pa.ArrowException:
        return False


def _in_stored_type(name: str, array: Any) -> Any:
    try:
        wanted = stored_type(array.type)
        if wanted == array.type:
            return array
        import pyarrow as pa

        return pa.array(array.to_pylist(), wanted)
    except UnknownType as error:
        raise _cannot_store(name, array.type, str(error)) from None
    except (ValueError, OverflowError, TypeError, NotImplementedError) as error:
        raise _cannot_store(name, array.type, str(error)) from error


def _cannot_store(name: str, kind: Any, reason: str) -> CloudError:
    return CloudError(
        f"Column {name!r} holds {str(kind)[:200]}, which cannot be stored ({reason}): convert it to numbers, "
        "times, strings, structs, or lists of these."
    )


def _python_value(scalar: Any) -> Any:
    import pyarrow as pa

    kind = scalar.type
    if not scalar.is_valid:
        return None
    if pa.types.is_struct(kind):
        return {field: _python_value(scalar[field]) for field in scalar}
    if pa.types.is_map(kind):
        return [(_python_value(pair["key"]), _python_value(pair["value"])) for pair in scalar.values]
    if pa.types.is_nested(kind):
        return [_python_value(item) for item in scalar.values]
    is_exact = not (pa.types.is_time64(kind) and kind.unit == "ns" and scalar.value % 1000)
    with suppress(ValueError, OverflowError):
        if is_exact:
            return scalar.as_py()
    unit = "D" if pa.types.is_date32(kind) else getattr(kind, "unit", "ms")
    letter = "m" if pa.types.is_duration(kind) or pa.types.is_time(kind) else "M"
    return np.array(scalar.value, f"{letter}8[{unit}]")[()]
