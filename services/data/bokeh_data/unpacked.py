"""Packed columns as rows: what Python's lists, texts and factors hold; each item of the list is a row.

Bokeh's encoding (`bokeh/core/serialization.py`): arrays as `{"type": "ndarray"}`, numbers that JSON lacks as
`{"type": "number"}`; what else has a type stays as it stands.
"""

import json
from typing import Any

import numpy as np
import pyarrow as pa

from bokeh_common.errors import Invalid, TooLarge
from bokeh_data.columns import Column, shown
from bokeh_data.dtypes import numpy_dtype
from bokeh_data.opened import Opener
from bokeh_data.packing import read_packed
from bokeh_data.values import Values, from_arrow

#: Of a packed column that is read as rows; it is read as a whole, and takes several times as much as objects.
MAX_BYTES = 16 << 20

_NUMBERS = {"nan": float("nan"), "+inf": float("inf"), "-inf": float("-inf")}


def unpack(opener: Opener, name: str, column: Column) -> Values:
    """Return the rows of a packed column.

    Raises:
        Invalid: it is not one list.
        TooLarge: it is more than `MAX_BYTES`.
    """
    if column.size > MAX_BYTES:
        raise TooLarge(
            f"Column {shown(name)} holds lists or texts of more than {MAX_BYTES >> 20} MiB; choose others"
            " ('columns'), or publish it as an array.",
            limit=MAX_BYTES,
        )
    try:
        value, buffers = read_packed(b"".join(opener.view(chunk.hash) for chunk in column.chunks))
        rows = _Reader(buffers).plain(value)
    except (KeyError, TypeError, ValueError, IndexError, RecursionError, Invalid):
        rows = None
    if not isinstance(rows, list):
        raise Invalid(f"Column {shown(name)} is not a list of rows; choose others ('columns').")
    return from_arrow(_array(rows))


class _Reader:
    """Reads Bokeh's encoding; no more numbers than bytes are allowed, however often a buffer is named."""

    def __init__(self, buffers: list[memoryview]) -> None:
        self._buffers = buffers
        self._left = MAX_BYTES

    def plain(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.plain(item) for item in value]
        if not isinstance(value, dict):
            return value
        if value.get("type") == "number":
            return _NUMBERS[value["value"]]
        if value.get("type") == "ndarray":
            return self._listed(value)
        return {key: self.plain(item) for key, item in value.items()}

    def _listed(self, leaf: dict[str, Any]) -> Any:
        """Return an array as lists; one of objects is a list already."""
        if isinstance(leaf["array"], list):
            return self.plain(leaf["array"])
        data = self._buffers[leaf["array"]["data"]["id"]]
        array = np.frombuffer(data, numpy_dtype(leaf["dtype"])).reshape(leaf["shape"])
        self._left -= array.size if all(array.shape[1:]) else MAX_BYTES + 1
        if self._left < 0:
            raise ValueError("there is more in the arrays than in the column")
        return array.tolist()


def _array(rows: list[Any]) -> pa.Array:
    """Return rows as Arrow's; as texts, where they are not all of one type."""
    try:
        array = pa.array(rows)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        array = None
    if array is None or pa.types.is_null(array.type) or pa.types.is_struct(array.type):
        return pa.array([_text(row) for row in rows], pa.string())
    return array


def _text(row: Any) -> str | None:
    return row if row is None or isinstance(row, str) else json.dumps(row)
