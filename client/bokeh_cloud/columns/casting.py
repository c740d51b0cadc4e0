"""Conversion of values to the dtype of a stored column, which neither rounds nor cuts off anything."""

from typing import Any

import numpy as np

from bokeh_cloud.columns.plain_values import PlainValues
from bokeh_cloud.columns.values import array_from_bytes, dtype_of, time_zone_of
from bokeh_cloud.errors import CloudError


def cast_to(name: str, plain: PlainValues, dtype: str) -> Any:
    """Return values as an array of a fixed-width dtype; float64 may be rounded to float32 or float16.

    Args:
        name: of the column, for messages.
        plain: as `read_values` returns them.
        dtype: of the column.

    Raises:
        CloudError: the values do not fit.
    """
    wanted = array_from_bytes(dtype, (0,), b"").dtype
    values = plain.values
    if not isinstance(values, np.ndarray):
        return _only_missing(name, values, dtype, wanted)
    found = dtype_of(plain)
    if not _is_same_family(found, values.dtype, dtype, wanted):
        raise _does_not_fit(name, dtype, found)
    with np.errstate(invalid="ignore", over="ignore"):  # the result is compared
        converted = values.astype(wanted)
        back = converted.astype(values.dtype)
    if wanted.kind in "fc" and values.dtype.kind in "fc":
        if (np.isinf(converted) != np.isinf(values)).any():
            raise _does_not_fit(name, dtype, found)
        return converted
    is_same_sign = values.dtype.kind not in "iu" or np.array_equal(converted < 0, values < 0)
    if not is_same_sign or not np.array_equal(back, values, equal_nan=values.dtype.kind in "fmM"):
        raise _does_not_fit(name, dtype, found)
    return converted


def _only_missing(name: str, items: list[Any], dtype: str, wanted: Any) -> Any:
    """Return missing values; other lists are no numbers or times."""
    if any(item is not None for item in items):
        raise _does_not_fit(name, dtype, "of another type")
    if wanted.kind not in "fcmM":
        raise CloudError(f"Column {name!r} holds {dtype}, which has no missing values.")
    return np.full(len(items), np.nan if wanted.kind in "fc" else np.array("NaT", wanted), wanted)


def _is_same_family(found: str, kind: Any, dtype: str, wanted: Any) -> bool:
    """Return whether values of a dtype can be values of another one, if they fit."""
    if kind.kind in "iuf" and wanted.kind in "iufc":
        return True
    is_zoned = time_zone_of(found) is not None, time_zone_of(dtype) is not None
    return bool(kind.kind == wanted.kind and is_zoned[0] == is_zoned[1])


def _does_not_fit(name: str, dtype: str, found: str) -> CloudError:
    line = f"convert them with np.asarray(values, {dtype.partition(',')[0].rstrip(']')!r})"
    if "[" in dtype:
        line = f"convert them with np.asarray(values, '{dtype.partition(',')[0].rstrip(']')}]')"
        line += " in UTC" if time_zone_of(dtype) else ""
    if dtype.startswith(("int", "uint")) and found.startswith("float"):
        line = f"create it with dtypes={{{name!r}: float}} to store fractions, {line}"
    return CloudError(
        f"Column {name!r} holds {dtype}; the values are {found} and do not all fit: {line}, or replace the "
        "column with update()."
    )
