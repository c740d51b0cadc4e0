"""Rows of packed columns: Python lists of strings, factors, lists of arrays. Each item of the list is a row.

The encoding is Bokeh's (`bokeh/core/serialization.py`): arrays are `{"type": "ndarray"}`, numbers that JSON
lacks are `{"type": "number"}`; other objects with a type are returned as they are.
"""

import json
import math
from types import NoneType
from typing import Any

import numpy as np
import pyarrow as pa

from bokeh_common.errors import Invalid, TooLarge
from bokeh_data.arrow.stored_types import to_stored
from bokeh_data.columns.browser_encoding import to_plain_json
from bokeh_data.columns.dtypes import numpy_dtype
from bokeh_data.columns.manifest import Column, check_natural
from bokeh_data.columns.names import abbreviate
from bokeh_data.columns.packed import read_packed
from bokeh_data.columns.values import NUMBERS, Values, from_arrow
from bokeh_data.windows.column_reader import ColumnReaders

#: The largest packed column that is read as rows. It is read as a whole, and takes several times as much
#: memory.
MAX_BYTES = 16 << 20


def read_packed_rows(readers: ColumnReaders, name: str, column: Column) -> Values:
    """Return the rows of a packed column.

    Args:
        readers: where to read its chunks.
        name: of the column, for messages.
        column: the column.

    Raises:
        Invalid: its value is not a list.
        TooLarge: it has more than `MAX_BYTES`.
    """
    if column.size > MAX_BYTES:
        raise TooLarge(
            f"Column {abbreviate(name)} holds lists or strings of more than {MAX_BYTES >> 20} MiB; choose"
            " other columns ('columns'), or publish it as an array.",
            limit=MAX_BYTES,
        )
    try:
        value, buffers = read_packed(b"".join(readers.view_chunk(chunk.hash) for chunk in column.chunks))
        rows = _PackedDecoder(buffers).decode(value)
    except (KeyError, TypeError, ValueError, IndexError, RecursionError, Invalid):
        rows = None
    if not isinstance(rows, list):
        raise Invalid(f"Column {abbreviate(name)} is not a list of rows; choose other columns ('columns').")
    return from_arrow(_to_arrow(rows))


class _PackedDecoder:
    """Decodes Bokeh's encoding.

    A buffer may be referred to any number of times, so the numbers that are decoded are limited: to as many
    as a column may have bytes.
    """

    def __init__(self, buffers: list[memoryview]) -> None:
        self._buffers = buffers
        self._left = MAX_BYTES

    def decode(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.decode(item) for item in value]
        if not isinstance(value, dict):
            return value
        if value.get("type") == "number":
            return NUMBERS[value["value"]]
        if value.get("type") == "ndarray":
            return self._decode_array(value)
        if value.get("type") == "map":
            return {str(self.decode(key)): self.decode(item) for key, item in value.get("entries", [])}
        return {key: self.decode(item) for key, item in value.items()}

    def _decode_array(self, leaf: dict[str, Any]) -> Any:
        """Return an array as lists; an array of objects is a list already."""
        if isinstance(leaf["array"], list):
            return self.decode(leaf["array"])
        data = self._buffers[check_natural(leaf["array"]["data"]["id"])]
        shape = [check_natural(length) for length in leaf["shape"]]
        array = np.frombuffer(data, numpy_dtype(leaf["dtype"])).reshape(shape)
        self._left -= array.size if all(array.shape[1:]) else MAX_BYTES + 1
        if self._left < 0:
            raise ValueError("the arrays have more elements than the column has bytes")
        return array.tolist()


def _to_arrow(rows: list[Any]) -> pa.Array:
    """Return rows as an Arrow array; as strings of JSON if they are not all of one type."""
    rows = _replace_nan(rows)
    try:
        array = to_stored(pa.array(rows))
    except (pa.ArrowException, TypeError, ValueError, OverflowError, Invalid):
        array = None
    if array is None or pa.types.is_null(array.type) or pa.types.is_struct(array.type):
        return pa.array([_to_string(row) for row in rows], pa.string())
    return array


def _replace_nan(rows: list[Any]) -> list[Any]:
    """Return rows with None for NaN, which is a missing value, among other things than numbers.

    pandas has NaN for missing strings, booleans and lists, and Bokeh sends it as it is.
    """
    nested = [_replace_nan(row) if isinstance(row, list) else row for row in rows]
    if {type(row) for row in rows} <= {int, float, NoneType}:
        return nested
    return [None if isinstance(row, float) and math.isnan(row) else row for row in nested]


def _to_string(row: Any) -> str | None:
    return row if row is None or isinstance(row, str) else json.dumps(to_plain_json(row))
