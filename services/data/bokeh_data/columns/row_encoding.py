"""Rows of a column within the JSON of an event, in the browser encoding.

`{"dtype": ..., "data": ...}` has the bytes of an array in base64, `{"values": [...]}` a list.
"""

import base64
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokeh_data.columns.browser_encoding import browser_dtype, row_items, to_browser_array
from bokeh_data.columns.dtypes import PACKED, is_arrow
from bokeh_data.columns.manifest import Column
from bokeh_data.columns.values import Values

EncodedRows = dict[str, Any]

#: More changed values than this are not sent one by one.
MAX_PATCHED = 10_000

ROW_NUMBER_BYTES = 4


def has_simple_rows(column: Column) -> bool:
    """Tell whether each row of a column is one value in browsers, too."""
    return len(column.shape) == 1 and column.dtype != PACKED and not column.dtype.startswith("complex")


def encode_rows(column: Column, parts: Iterable[Values]) -> EncodedRows:
    """Return consecutive rows of a column with simple rows."""
    dtype, arrays = browser_dtype(column), [part.array for part in parts]
    if dtype == PACKED:
        return {"values": [item for array in arrays for item in row_items(column, array)]}
    converted = [to_browser_array(column.dtype, dtype, array) for array in arrays]
    return {"dtype": dtype, "data": _base64(np.concatenate(converted) if converted else np.empty(0, dtype))}


def encode_patch(column: Column, rows: NDArray[np.int64], values: NDArray[Any]) -> EncodedRows:
    """Return changed values of a column of a fixed dtype, and `rows`, the base64 of their numbers."""
    encoded = encode_rows(column, [Values(column.dtype, values)])
    return {**encoded, "rows": _base64(rows.astype(f"<u{ROW_NUMBER_BYTES}"))}


def are_comparable(old: Column, new: Column) -> bool:
    """Tell whether the values of two columns can be compared chunk by chunk."""
    same = (old.dtype, old.shape, old.skip) == (new.dtype, new.shape, new.skip)
    sizes = [[chunk.size for chunk in column.chunks] for column in (old, new)]
    return same and sizes[0] == sizes[1] and has_simple_rows(new) and not is_arrow(new.dtype)


def differing_rows(old: NDArray[Any], new: NDArray[Any]) -> NDArray[np.int64]:
    """Return the numbers of the rows in which two arrays have different bytes."""
    raw = f"u{new.dtype.itemsize}"
    return np.flatnonzero(old.view(raw) != new.view(raw))


def _base64(array: NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
