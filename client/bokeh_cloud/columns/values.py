"""Encodes values of users (NumPy, pandas, polars, pyarrow, xarray, lists) as columns, and decodes them.

Numbers, booleans and times become arrays with a fixed-width dtype, which are uploaded in chunks, as structs
and bytes are in the format of Arrow. Strings, missing booleans and lists of different lengths become a JSON
list, which the server stores as an Arrow column. Lists whose items have no common type become packed columns.
"""

from collections.abc import Mapping, Sequence, Set
from typing import Any

import numpy as np
from bokeh.core.serialization import Buffer, Deserializer, Serialized
from bokeh.core.types import ID

from bokeh_cloud.columns.arrow_values import typed_array
from bokeh_cloud.columns.chunked_column import ChunkedColumn, arrow_column, chunked_column
from bokeh_cloud.columns.lists import list_values
from bokeh_cloud.columns.packed import pack, unpack
from bokeh_cloud.columns.plain_values import PlainValues, plain_values
from bokeh_cloud.errors import CloudError

FIXED_WIDTH_KINDS = "biufcMm"
ZONED_DTYPE = "datetime64[{unit}, {zone}]"

#: A column as the API takes it: chunks and their manifest; or a list of JSON values, possibly with its dtype.
EncodedColumn = ChunkedColumn | list[Any] | dict[str, Any]


def encode_column(name: str, values: Any) -> EncodedColumn:
    """Return values as a column for the API.

    Args:
        name: of the column, for messages.
        values: an array, a series, or a list.

    Raises:
        CloudError: they are not a list, or have a type that cannot be stored.
    """
    typed = typed_array(name, values)
    if typed is not None:
        return arrow_column(typed)
    plain = read_values(name, values)
    if isinstance(plain.values, np.ndarray):
        return chunked_column(dtype_of(plain), plain.values.shape, _buffer_of(plain.values))
    if plain.is_mixed:
        packed = pack(plain.values)
        return chunked_column("packed", [len(packed)], packed)
    return _typed_list(plain)


def encode_rows(name: str, values: Any) -> Any:
    """Return values of rows to append: an array in Bokeh's encoding with its `Buffer`, or a JSON list.

    Raises:
        CloudError: as `encode_column`; or their items have no common type.
    """
    typed = typed_array(name, values)
    if typed is not None:
        raise CloudError(
            f"Rows of column {name!r} hold {typed.type}, which can be appended as a file only: write them to "
            "Parquet, and call put(file, append=True)."
        )
    plain = read_values(name, values)
    if plain.is_mixed:
        raise CloudError(f"Rows of column {name!r} have values of several types: append values of one type.")
    if not isinstance(plain.values, np.ndarray):
        return _typed_list(plain)
    buffer = {"type": "bytes", "data": Buffer(ID(name), _buffer_of(plain.values))}
    array = {"type": "ndarray", "array": buffer, "dtype": dtype_of(plain)}
    return {**array, "shape": list(plain.values.shape), "order": "little"}


def read_values(name: str, values: Any) -> PlainValues:
    """Return values as a little-endian array with a fixed-width dtype, or as a list of JSON values.

    Raises:
        CloudError: see `encode_column`.
    """
    _require_list(name, values)
    plain = plain_values(values)
    if not isinstance(plain.values, np.ndarray) or plain.values.dtype.kind in "OUT":
        items = plain.values.tolist() if isinstance(plain.values, np.ndarray) else list(plain.values)
        found = plain if _is_complete(plain) else list_values(name, items)
        plain = PlainValues(found.values, found.zone, plain.arrow_type or found.arrow_type, found.is_mixed)
    if isinstance(plain.values, np.ndarray):
        return PlainValues(_fixed_width(name, plain.values), plain.zone)
    return plain


def dtype_of(plain: PlainValues) -> str:
    """Return the dtype of an array that `read_values` returned."""
    if plain.zone is None:
        return str(plain.values.dtype.name)
    return ZONED_DTYPE.format(unit=np.datetime_data(plain.values.dtype)[0], zone=plain.zone)


def array_from_bytes(dtype: str, shape: Sequence[int], data: bytes) -> Any:
    """Return an array with a fixed-width dtype; times with a time zone are returned in UTC."""
    plain = dtype.partition(",")[0] + ("]" if "," in dtype else "")
    return np.frombuffer(data, np.dtype(plain).newbyteorder("<")).reshape(shape)


def unpack_values(data: bytes) -> Any:
    """Return the values of a packed column, as Bokeh deserialises them."""
    value, buffers = _unpack(data)
    return Deserializer().deserialize(Serialized(value, buffers))


def unpack_rows(data: bytes) -> dict[str, Any]:
    """Return packed rows with the values of each column as Bokeh deserialises them.

    Each column is deserialised by itself, as Bokeh takes an object with a member `id` for a reference.
    """
    value, buffers = _unpack(data)
    columns = {
        name: Deserializer().deserialize(Serialized(values, buffers))
        for name, values in value["columns"].items()
    }
    return {**value, "columns": columns}


def is_fixed_width(dtype: str) -> bool:
    """Return whether a stored column of this dtype is an array, neither packed nor Arrow."""
    return dtype != "packed" and not dtype.startswith("arrow[")


def time_zone_of(dtype: str) -> str | None:
    """Return the time zone of a dtype such as `datetime64[ns, Europe/Zurich]`, None if it has none."""
    is_time = dtype.startswith("datetime64[")
    return (dtype.partition(", ")[2].rstrip("]") or None) if is_time else None


def _unpack(data: bytes) -> tuple[Any, list[Buffer]]:
    value, contents = unpack(data, str)
    return value, [Buffer(ID(name), content) for name, content in contents.items()]


def _is_complete(plain: PlainValues) -> bool:
    """Return whether the items of a list are those of JSON already."""
    return plain.arrow_type in ("bool", "int64", "uint64")


def _typed_list(plain: PlainValues) -> list[Any] | dict[str, Any]:
    """Return a list for the API; with its type, which its items do not show if all of them are missing."""
    items: list[Any] = plain.values
    return {"values": items, "dtype": f"arrow[{plain.arrow_type}]"} if plain.arrow_type else items


def _require_list(name: str, values: Any) -> None:
    if hasattr(values, "columns") or hasattr(values, "data_vars"):
        raise CloudError(f"Column {name!r} is a data frame: pass it as the only argument, or its columns.")
    is_list = hasattr(values, "__len__") and not isinstance(values, (str, bytes, Mapping, Set))
    if not is_list or getattr(values, "ndim", 1) == 0:
        raise CloudError(
            f"Column {name!r} is {str(values)[:60]!r} ({type(values).__name__}), not a list or an array: for "
            "one row write [value]."
        )


def _fixed_width(name: str, array: Any) -> Any:
    """Return an array in little-endian, C order, with a dtype that columns can have."""
    if array.dtype.kind not in FIXED_WIDTH_KINDS:
        raise CloudError(
            f"Column {name!r} holds {array.dtype}, which cannot be stored: convert it to numbers, times, "
            "strings, or lists of these."
        )
    array = np.ascontiguousarray(_with_plain_unit(array) if array.dtype.kind in "Mm" else array)
    if array.dtype.itemsize <= (16 if array.dtype.kind == "c" else 8):
        return array.astype(array.dtype.newbyteorder("<"), copy=False)
    narrow = array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)
    if not np.array_equal(narrow, array, equal_nan=True):
        raise CloudError(
            f"Column {name!r} holds {array.dtype}: convert it with astype(float), which rounds it."
        )
    return narrow


def _with_plain_unit(times: Any) -> Any:
    """Return times whose unit is not a multiple, such as 25 s."""
    unit, count = np.datetime_data(times.dtype)
    unit = "us" if unit == "generic" else unit
    return times if count == 1 and unit != "generic" else times.astype(f"{times.dtype.kind}8[{unit}]")


def _buffer_of(array: Any) -> memoryview:
    """Return the buffer of an array; times, which NumPy does not export as buffers, are viewed as int64."""
    buffer: memoryview = array.view("i8").data if array.dtype.kind in "Mm" else array.data
    return buffer
