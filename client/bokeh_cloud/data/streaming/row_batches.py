"""Rows on their way to a data source: checked, packed as bytes, and merged into batches."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from bokeh.core.serialization import Buffer
from bokeh.core.types import ID

from bokeh_cloud.columns.arrow_values import typed_array
from bokeh_cloud.columns.casting import cast_to
from bokeh_cloud.columns.packed import pack, unpack
from bokeh_cloud.columns.plain_values import PlainValues
from bokeh_cloud.columns.values import encode_rows, is_fixed_width, read_values, time_zone_of
from bokeh_cloud.data.column_kinds import NULL, require_same_kind
from bokeh_cloud.data.column_names import explain_columns, find_name
from bokeh_cloud.data.tables import require_equal_lengths
from bokeh_cloud.errors import CloudError

MAX_CALL_BYTES = 32 << 20  # which a server accepts, unless it is configured otherwise

#: Columns of a data source by name, as its JSON summary has them: `dtype`, `shape` and so on.
Columns = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class PackedRows:
    """The rows of one call.

    Attributes:
        data: the packed rows.
        count: the number of rows.
        layout: the types of the columns; rows of one layout can be merged.
    """

    data: bytes
    count: int
    layout: str


def pack_rows(rows: Mapping[str, Any], columns: Columns) -> PackedRows | None:
    """Return rows in the packed format; None if there are none.

    Args:
        rows: values by column.
        columns: of the data source; values are converted to their types where that loses nothing.

    Raises:
        CloudError: rows for a column are missing, their numbers differ, or values do not fit a column.
    """
    named = {find_name(name, columns): values for name, values in rows.items()}
    if named.keys() != columns.keys() or len(named) < len(rows):
        raise CloudError(explain_columns(rows, columns))
    encoded = {name: _encode(name, named[name], column) for name, column in columns.items()}
    lengths = {name: _length(values) for name, values in encoded.items()}
    require_equal_lengths(lengths)
    count = next(iter(lengths.values()), 0)
    if not count:
        return None
    data = bytes(pack(encoded))
    if len(data) > MAX_CALL_BYTES:
        raise CloudError(
            f"These {count} rows have {len(data) >> 20} MiB; a call takes up to {MAX_CALL_BYTES >> 20}: pass "
            "fewer rows at once, or store a file by put(file, append=True)."
        )
    layout = json.dumps({name: _type_of(values) for name, values in encoded.items()}, sort_keys=True)
    return PackedRows(data, count, layout)


def merge_rows(parts: Sequence[PackedRows]) -> dict[str, Any]:
    """Return rows of one layout together, by column, as `values.encode_rows` does."""
    unpacked = [unpack(part.data, str) for part in parts]
    return {
        name: _merge(name, [(value[name], buffers) for value, buffers in unpacked]) for name in unpacked[0][0]
    }


def _encode(name: str, values: Any, column: Mapping[str, Any]) -> Any:
    if typed_array(name, values) is not None:
        return encode_rows(name, values)  # raises
    plain = read_values(name, values)
    require_same_kind(name, plain, column)
    dtype, zone = column["dtype"], time_zone_of(column["dtype"])
    if dtype == NULL:
        return encode_rows(name, _as_floats(name, plain))
    if not is_fixed_width(dtype):
        return encode_rows(name, plain)
    try:
        array = cast_to(name, plain, dtype)
    except CloudError:
        if column["shape"][0]:
            raise
        return encode_rows(name, plain)  # a column without rows may take the type of its first ones
    wanted, found = list(column["shape"][1:]), list(array.shape[1:])
    if wanted != found:
        raise CloudError(f"Column {name!r}: its rows have the shape {wanted}, not {found}.")
    return encode_rows(name, PlainValues(array, zone))


def _as_floats(name: str, plain: PlainValues) -> Any:
    """Return integers of a column that has no type yet as floats, as 20 is often followed by 20.5."""
    if not isinstance(plain.values, np.ndarray) or plain.values.dtype.kind not in "iu":
        return plain
    try:
        return cast_to(name, plain, "float64")
    except CloudError:
        return plain


def _length(values: Any) -> int:
    if isinstance(values, list):
        return len(values)
    return len(values["values"]) if "values" in values else int(values["shape"][0])


def _type_of(values: Any) -> Any:
    if isinstance(values, list):
        return "list"
    return [values["dtype"], values.get("shape", [0])[1:]]


def _merge(name: str, parts: Sequence[tuple[Any, Mapping[str, bytes]]]) -> Any:
    first = parts[0][0]
    if isinstance(first, list):
        return [item for values, _ in parts for item in values]
    if "values" in first:
        return {**first, "values": [item for values, _ in parts for item in values["values"]]}
    data = b"".join(buffers[values["array"]["data"]["id"]] for values, buffers in parts)
    count = sum(values["shape"][0] for values, _ in parts)
    array = {"type": "bytes", "data": Buffer(ID(name), data)}
    return {**first, "array": array, "shape": [count, *first["shape"][1:]]}
