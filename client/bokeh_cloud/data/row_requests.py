"""Requests for rows and windows of a data source: their parameters, and their responses as arrays.

Responses are JSON, or packed where that loses nothing, so that neither pandas nor pyarrow is needed. Large
ones are requested as Arrow streams; see `frames.read_arrow_stream`.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import requests

from bokeh_cloud.columns.stored_column import StoredColumn
from bokeh_cloud.columns.values import array_from_bytes, is_fixed_width, unpack_rows
from bokeh_cloud.data.column_names import quote_name
from bokeh_cloud.errors import CloudError

METHODS = ("minmax", "m4", "minmaxlttb")

#: The dtypes that packed rows contain unchanged. There, 64-bit integers are floats, and times milliseconds.
EXACT_WHEN_PACKED = {
    "bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "float16", "float32", "float64",
}  # fmt: skip

#: A range of rows: "start:stop:step", or as for a list; negative numbers count from the end.
RowRange = slice | range | str
Where = str | Sequence[str]
#: A bound of a window: a number in the units of x, or a time.
Bound = float | str | date | timedelta | np.datetime64 | np.timedelta64

Parameters = list[tuple[str, str]]


class RowArrays(dict[str, Any]):
    """Arrays by column name; Bokeh takes it wherever it takes a dictionary as `source`.

    Attributes:
        kind: "rows"; of a window "exact" (all rows in it), "reduced" (the rows that represent each bin), or
            "sampled" (some rows, since x is not ascending).
    """

    def __init__(self, columns: Mapping[str, Any], kind: str):
        super().__init__(columns)
        self.kind = kind

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name} {values.shape}" for name, values in self.items())
        return f"<RowArrays, {self.kind}: {shapes}>"


def rows_parameters(
    columns: Iterable[str] | None, rows: RowRange | None, where: Where, limit: int | None, length: int
) -> Parameters:
    """Return the query parameters of a request for rows.

    Args:
        columns: names; None for all.
        rows: a range; None for all.
        where: conditions, see `ReadingMixin.rows`.
        limit: maximum number of rows.
        length: number of rows of the data source.

    Raises:
        CloudError: `rows` is not a range, or has a negative step.
    """
    parameters = [("columns", quote_name(name)) for name in columns or ()]
    if rows is not None:
        start, stop, step = parse_row_range(rows).indices(length)
        if step < 1:
            raise CloudError("The step of a range of rows must be positive; reverse the rows after reading.")
        parameters.append(("rows", f"{start}:{max(start, stop)}:{step}"))
    parameters += [("where", condition) for condition in ([where] if isinstance(where, str) else where)]
    return parameters if limit is None else [*parameters, ("limit", str(limit))]


def window_parameters(
    y: Iterable[str], x: str | None, start: str | None, end: str | None, pixels: int, method: str,
    around: bool,
) -> Parameters:  # fmt: skip
    """Return the query parameters of a request for a window; see `RemoteDataSource.window`."""
    viewport = {"x": x, "from": start, "to": end}
    given = [(name, value) for name, value in viewport.items() if value is not None]
    reduction = [("pixels", str(pixels)), ("method", method), ("around", str(around).lower())]
    return [*(("y", quote_name(name)) for name in y), *given, *reduction]


def format_bound(bound: Bound | None, x: StoredColumn | None) -> str | None:
    """Return a bound of a window as a query parameter; times with a time zone in UTC.

    Times without one are those of the column's time zone.

    Args:
        bound: a number or a time.
        x: the column along which the window is; None for row numbers.
    """
    if x is not None and isinstance(bound, (timedelta, np.timedelta64)):
        return str(np.timedelta64(bound).astype(_numpy_dtype(x)).astype(int))
    if isinstance(bound, datetime):
        return (
            f"{bound.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"
            if bound.tzinfo
            else bound.isoformat()
        )
    return None if bound is None else str(bound)


def exact_format(columns: Iterable[StoredColumn]) -> str:
    """Return the most compact format that contains rows of columns exactly: "packed" or "json"."""
    return "packed" if all(column.dtype in EXACT_WHEN_PACKED for column in columns) else "json"


def read_rows(response: requests.Response, columns: Mapping[str, StoredColumn]) -> RowArrays:
    """Return the rows of a response.

    Args:
        response: in the format that `exact_format` returns.
        columns: those that were requested. Others, such as `row` of a window, are integers.
    """
    is_packed = "json" not in response.headers.get("Content-Type", "")
    content = unpack_rows(response.content) if is_packed else _parse_json(response.content)
    arrays = {
        name: _to_array(columns[name], values) if name in columns else np.array(values, np.int64)
        for name, values in content["columns"].items()
    }
    return RowArrays(arrays, content["kind"])


def parse_row_range(rows: RowRange) -> slice:
    """Return a range of rows as a slice.

    Raises:
        TypeError: it is neither a slice, a range nor a string.
        CloudError: it is not a range of rows.
    """
    if isinstance(rows, slice):
        return rows
    if isinstance(rows, range):
        return slice(rows.start, rows.stop, rows.step)
    if not isinstance(rows, str):
        raise TypeError(
            f"rows must be a slice, a range or a string, such as '0:100' or, for the last three, '-3:', not "
            f"{type(rows).__name__}."
        )
    try:
        parts = [int(part) if part else None for part in rows.split(":")]
    except ValueError:
        parts = []
    if len(parts) not in (2, 3) or 0 in parts[2:]:
        raise CloudError(f"{rows!r} is not a range of rows: use FROM:TO or FROM:TO:STEP, such as 0:100.")
    return slice(*parts)


def _to_array(column: StoredColumn, values: Any) -> Any:
    """Return values of a column, which are lists in JSON, as an array with the dtype of the column."""
    if not is_fixed_width(column.dtype):
        array = np.empty(len(values), dtype=object)
        array[:] = values
        return array
    dtype = _numpy_dtype(column)
    shape = (-1, *column.shape[1:])
    if dtype.kind == "c":
        pairs = np.array(values, dtype.type(0).real.dtype).reshape(*shape, 2)
        return np.ascontiguousarray(pairs).view(dtype).reshape(shape)
    if dtype.kind in "mM":
        items = np.array(values, object).reshape(-1)
        items[[item is None for item in items]] = np.iinfo(np.int64).min if dtype.kind == "m" else "NaT"
        values = items.astype(np.int64).view(dtype) if dtype.kind == "m" else items.tolist()
    return np.array(values, dtype).reshape(shape)


def _numpy_dtype(column: StoredColumn) -> Any:
    return array_from_bytes(column.dtype, (0,), b"").dtype


def _parse_json(content: bytes) -> Any:
    """Parse JSON in which infinities and NaN are objects, as Bokeh encodes them."""
    try:
        return json.loads(content, object_hook=_to_number)
    except ValueError:
        raise CloudError("The response is not JSON; is the server a Bokeh Cloud of this version?") from None


def _to_number(item: dict[str, Any]) -> Any:
    return float(item["value"]) if item.keys() == {"type", "value"} and item["type"] == "number" else item
