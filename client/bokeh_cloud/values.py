"""From what people hold (NumPy, pandas, polars, pyarrow, xarray, lists) to what the server stores, and back.

Numbers, booleans and times become arrays of a fixed dtype, sent as chunks; everything else (texts,
categories, nullable values, lists) becomes a JSON list, of which the server makes a column of Arrow's.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
from bokeh.core.serialization import Buffer, Deserializer, Serialized
from bokeh.core.types import ID

from .columns import Column, column
from .errors import CloudError
from .packed import unpack

FIXED_KINDS = "biufcMm"
ZONED = "datetime64[{unit}, {zone}]"

#: What is to be stored: a column in chunks, or a list of JSON values.
Stored = Column | list[Any]


@dataclass(frozen=True)
class Zoned:
    """Times in UTC, as an array of NumPy's, which has no room for their zone."""

    times: Any
    zone: str


def stored(name: str, values: Any) -> Stored:
    """Return a column as the server takes it.

    Raises:
        CloudError: it holds what cannot be stored; the message names the column.
    """
    array, dtype = fixed(values)
    if array is not None:
        return column(
            dtype, array.shape, array.data if array.dtype.kind not in "Mm" else array.view("i8").data
        )
    return _as_list(name, values)


def fixed(values: Any) -> tuple[Any, str]:
    """Return values as a little-endian array with the name of its dtype; None where they are none."""
    if isinstance(values, np.ma.MaskedArray):
        values = _unmasked(values)
    zone = _zone(values)
    if isinstance(values, Zoned):
        zone, values = values.zone, values.times
    if zone is not None and hasattr(values, "tz_convert"):  # pandas': stored in UTC, the zone beside it
        values = values.dt.tz_convert(None) if hasattr(values, "dt") else values.tz_convert(None)
    array = _times(np.asarray(values))
    if array.dtype.kind not in "Mm" and _has_nulls(values):  # of which NumPy made NaN
        return None, ""
    if array.dtype.kind not in FIXED_KINDS or array.dtype.itemsize > 16 or array.ndim == 0:
        return None, ""
    array = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    name = array.dtype.name
    if zone is not None:
        name = ZONED.format(unit=np.datetime_data(array.dtype)[0], zone=zone)
    return array, name


def leaf(name: str, values: Any) -> Any:
    """Return values as rows to append: an array in Bokeh's encoding with its `Buffer`, or a JSON list."""
    array, dtype = fixed(values)
    if array is None:
        return _as_list(name, values)
    data = array.view("i8").data if array.dtype.kind in "Mm" else array.data
    held = {"type": "bytes", "data": Buffer(ID(name), data)}
    return {"type": "ndarray", "array": held, "dtype": dtype, "shape": list(array.shape), "order": "little"}


def array_of(dtype: str, shape: Sequence[int], data: bytes) -> Any:
    """Return the array of a fixed dtype; one with a time zone is in UTC, as NumPy knows none."""
    plain = dtype.partition(",")[0] + ("]" if "," in dtype else "")
    return np.frombuffer(data, np.dtype(plain).newbyteorder("<")).reshape(shape)


def unpacked_values(data: bytes) -> Any:
    """Return the values of a packed column as Bokeh would read them."""
    value, buffers = unpack(data, str)
    held = [Buffer(ID(name), content) for name, content in buffers.items()]
    return Deserializer().deserialize(Serialized(value, held))


def is_fixed(dtype: str) -> bool:
    """Tell whether the bytes of a stored column are those of an array."""
    return dtype != "packed" and not dtype.startswith("arrow[")


def zone_of(dtype: str) -> str | None:
    """Return the time zone of a dtype such as `datetime64[ns, Europe/Zurich]`."""
    is_time = dtype.startswith("datetime64[")
    return (dtype.partition(", ")[2].rstrip("]") or None) if is_time else None


def _unmasked(values: Any) -> Any:
    """Return a masked array as one with NaN, NaT or None where it is masked, as Bokeh does for floats."""
    if not np.ma.is_masked(values):
        return values.data
    if values.dtype.kind in "fcMm":
        return values.filled(np.nan if values.dtype.kind in "fc" else np.array("NaT", values.dtype))
    return np.where(np.ma.getmaskarray(values), None, values.data.astype(object))


def _has_nulls(values: Any) -> bool:
    """Tell whether a nullable column of pandas, polars or pyarrow has nulls."""
    if hasattr(getattr(values, "dtype", None), "na_value"):
        return bool(values.isna().any())
    count = getattr(values, "null_count", 0)
    return bool(count() if callable(count) else count)


def _zone(values: Any) -> str | None:
    """Return the time zone of values of pandas, polars or pyarrow: a name, or an offset such as `+02:00`."""
    kind, arrow = getattr(values, "dtype", None), getattr(values, "type", None)
    zone = getattr(kind, "tz", None) or getattr(kind, "time_zone", None) or getattr(arrow, "tz", None)
    return None if zone is None else re.sub("^UTC(?=[+-])", "", str(zone))


def _times(array: Any) -> Any:
    """Return an array of datetimes for one of Python's dates or times without a zone."""
    if array.dtype.kind != "O" or array.ndim != 1 or not len(array):
        return array
    kinds = {type(item) for item in array}
    if kinds == {date}:
        return array.astype("M8[D]")
    if kinds == {datetime} and all(item.tzinfo is None for item in array):
        return array.astype("M8[us]")
    return array


def _as_list(name: str, values: Any) -> list[Any]:
    if isinstance(values, np.ma.MaskedArray):
        values = _unmasked(values)
    to_list = getattr(values, "to_pylist", None) or getattr(
        values, "to_list", None
    )  # pyarrow; pandas, polars
    items = to_list() if to_list else np.asarray(values, dtype=object).tolist()
    return [_plain(name, item) for item in items]


def _plain(name: str, item: Any) -> Any:
    if hasattr(item, "tolist") and not isinstance(item, (str, bytes)):  # NumPy's scalars and arrays
        item = item.tolist()
    if isinstance(item, (list, tuple)):
        return [_plain(name, part) for part in item]
    if item is None or isinstance(item, (str, bool, int)):
        return item
    if isinstance(item, float):
        return None if math.isnan(item) else item
    if type(item).__name__ in ("NAType", "NaTType"):  # pandas, which need not be there
        return None
    raise CloudError(
        f"Column {name!r} holds {type(item).__name__}, which cannot be stored: make it numbers, times, "
        "texts, or lists of these."
    )
