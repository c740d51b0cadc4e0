"""Rows and windows of a data source: how they are asked for, and what the answers are in Python.

A reading comes as JSON, or packed where that is exact: so it needs neither pandas nor pyarrow. Large ones
come as an Arrow stream, see `frames.table_in`.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import requests

from .errors import CloudError
from .stored import StoredColumn
from .values import array_of, is_fixed, unpacked_values

METHODS = ("minmax", "m4", "minmaxlttb")

#: What packed rows carry as it is; there, whole numbers of 64 bits are floats, and times milliseconds.
PACKED_EXACTLY = {
    "bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "float16", "float32", "float64",
}  # fmt: skip

#: `rows` of a reading: "from:to:step", or as of a list; negative ones count from the end.
RowRange = slice | range | str
Where = str | Sequence[str]
#: An end of a window: a number in the units of x, or a time.
End = float | str | date | timedelta | np.datetime64 | np.timedelta64

Parameters = list[tuple[str, str]]


class Rows(dict[str, Any]):
    """Arrays by the name of the column; goes wherever Bokeh takes `source` as a dictionary.

    Attributes:
        kind: "rows"; of a window "exact", all rows in it, "reduced", those that show their extremes, or
            "sampled", some, as x does not ascend.
    """

    def __init__(self, columns: Mapping[str, Any], kind: str):
        super().__init__(columns)
        self.kind = kind

    def __repr__(self) -> str:
        return f"<Rows, {self.kind}: {', '.join(f'{name} {values.shape}' for name, values in self.items())}>"


def rows_parameters(
    columns: Iterable[str] | None, rows: RowRange | None, where: Where, limit: int | None, length: int
) -> Parameters:
    """Return the parameters of a request for rows of columns that have `length` of them.

    Raises:
        CloudError: `rows` is no range, or goes backwards.
    """
    asked = [("columns", name) for name in columns or ()]
    if rows is not None:
        begin, stop, step = slice_of(rows).indices(length)
        if step < 1:
            raise CloudError("Rows are read forwards: leave a negative step out, and turn them round here.")
        asked.append(("rows", f"{begin}:{max(begin, stop)}:{step}"))
    asked += [("where", condition) for condition in ([where] if isinstance(where, str) else where)]
    return asked if limit is None else [*asked, ("limit", str(limit))]


def window_parameters(
    y: Iterable[str], x: str | None, start: str | None, end: str | None, pixels: int, method: str,
    around: bool,
) -> Parameters:  # fmt: skip
    """Return the parameters of a request for a window; see `RemoteDataSource.window`."""
    along = {"x": x, "from": start, "to": end}
    given = [(name, value) for name, value in along.items() if value is not None]
    how = [("pixels", str(pixels)), ("method", method), ("around", str(around).lower())]
    return [*(("y", name) for name in y), *given, *how]


def end_of(end: End | None, x: StoredColumn | None) -> str | None:
    """Return an end of a window as the server reads it; of times with a zone in UTC, as it keeps them."""
    if x is not None and isinstance(end, (timedelta, np.timedelta64)):
        return str(np.timedelta64(end).astype(_numpy_dtype(x)).astype(int))
    if isinstance(end, datetime):
        return (end.astimezone(UTC).replace(tzinfo=None) if end.tzinfo else end).isoformat()
    return None if end is None else str(end)


def form_for(columns: Iterable[StoredColumn]) -> str:
    """Return the form in which rows of columns come exactly, and as small as that allows."""
    return "packed" if all(column.dtype in PACKED_EXACTLY for column in columns) else "json"


def rows_in(response: requests.Response, columns: Mapping[str, StoredColumn]) -> Rows:
    """Return the rows of an answer.

    Args:
        response: in the form that `form_for` chose.
        columns: those that were asked for; others, such as `row` of a window, are taken as they come.
    """
    packed = "json" not in response.headers.get("Content-Type", "")
    answer = unpacked_values(response.content) if packed else _from_json(response.content)
    arrays = {
        name: _array(columns[name], values) if name in columns else np.array(values, np.int64)
        for name, values in answer["columns"].items()
    }
    return Rows(arrays, answer["kind"])


def _array(column: StoredColumn, values: Any) -> Any:
    """Return the values of a column, of which JSON holds lists, as an array like that of all its values."""
    if not is_fixed(column.dtype):
        array = np.empty(len(values), dtype=object)
        array[:] = values
        return array
    like = _numpy_dtype(column)
    shape = (-1, *column.shape[1:])
    if like.kind == "c":
        pairs = np.array(values, like.type(0).real.dtype).reshape(*shape, 2)
        return np.ascontiguousarray(pairs).view(like).reshape(shape)
    if like.kind == "m":
        values = [np.iinfo(np.int64).min if value is None else value for value in values]
        return np.array(values, np.int64).view(like).reshape(shape)
    if like.kind == "M":
        values = ["NaT" if value is None else value for value in values]
    return np.array(values, like).reshape(shape)


def _numpy_dtype(column: StoredColumn) -> Any:
    return array_of(column.dtype, (0,), b"").dtype


def _from_json(content: bytes) -> Any:
    """Read JSON in which infinities and NaN are objects, as Bokeh writes them."""
    try:
        return json.loads(content, object_hook=_number)
    except ValueError:
        raise CloudError("The server's answer is no JSON; is it a Bokeh Cloud of this version?") from None


def _number(item: dict[str, Any]) -> Any:
    return float(item["value"]) if item.keys() == {"type", "value"} and item["type"] == "number" else item


def slice_of(rows: RowRange) -> slice:
    """Return a range of rows as a slice; CloudError where it is none."""
    if isinstance(rows, slice):
        return rows
    if isinstance(rows, range):
        return slice(rows.start, rows.stop, rows.step)
    try:
        parts = [int(part) if part else None for part in rows.split(":")]
    except ValueError:
        parts = []
    if len(parts) not in (2, 3) or 0 in parts[2:]:
        raise CloudError(f"{rows!r} is no range of rows: write FROM:TO or FROM:TO:STEP, such as 0:100.")
    return slice(*parts)
