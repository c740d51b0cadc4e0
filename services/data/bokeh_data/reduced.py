"""What a window shows of y where it holds more rows than it has room for."""

from collections.abc import Callable
from typing import Any

import numpy as np

from bokeh_data.cells import Rows
from bokeh_data.extremes import Ranges
from bokeh_data.opened import OpenColumn
from bokeh_data.pyramid import Array

#: Rows for each pixel column: the least and the greatest; or the first, these two, and the last.
ROWS_A_PIXEL = {"minmax": 2, "m4": 4, "minmaxlttb": 1}

Ys = dict[str, tuple[OpenColumn, Ranges]]


def reduced(method: str, ys: Ys, first_x: Array, last_x: Array) -> tuple[Array, dict[str, Array]]:
    """Return x, and each y, of the rows that are shown.

    All extremes of a pixel column stand at the x of its first or of its last row; they are the y of real
    rows, if not of these. A null in its first or in its last row, or in all of them, is a gap.

    Args:
        method: "minmax" or "m4".
        ys: for each y its column and what is known of each pixel column.
        first_x: x of the first row in each pixel column.
        last_x: that of the last.
    """
    per = ROWS_A_PIXEL[method]
    x = np.repeat(np.stack([first_x, last_x], 1), per // 2, 1).reshape(-1)
    values = {name: _stacked(column, ranges, per).reshape(-1) for name, (column, ranges) in ys.items()}
    if method == "m4":
        return x, values
    gaps = _gaps(ys)
    if not gaps.any():
        return x, values
    return _with_gaps(gaps, x, {name: (values[name], *ys[name]) for name in ys})


def null_of(column: OpenColumn) -> Any:
    """Return the null of a column; None where there is none."""
    if column.kind.kind == "f":
        return column.kind.type(np.nan)
    return np.iinfo(np.int64).min if column.column.dtype.startswith(("datetime64", "timedelta64")) else None


def is_null(column: OpenColumn, values: Array) -> Any:
    """Tell which values are null."""
    if column.kind.kind == "f":
        return np.isnan(values)
    null = null_of(column)
    return np.zeros(len(values), bool) if null is None else values == null


def lttb(x: Array, y: Array, wanted: int) -> Rows:
    """Choose `wanted` points whose triangles are largest (Steinarsson 2013), of those that are not null.

    Both are float64. The first and the last point stay; between them one of each of equal runs is chosen.
    """
    there = np.flatnonzero(~np.isnan(y))
    if len(there) <= max(wanted, 2):
        return there
    xs, ys = x[there].tolist(), y[there].tolist()
    edges = np.linspace(1, len(there) - 1, wanted - 1).astype(int).tolist()
    chosen = [0]
    for i in range(wanted - 2):
        begin, end, after = edges[i], edges[i + 1], edges[i + 2] if i + 2 < len(edges) else len(there)
        chosen.append(_largest(xs, ys, chosen[-1], range(begin, end), range(end, max(after, end + 1))))
    return there[[*chosen, len(there) - 1]]


def _largest(xs: list[float], ys: list[float], last: int, run: range, following: range) -> int:
    ax, ay = xs[last], ys[last]
    cx = sum(xs[i] for i in following) / len(following)
    cy = sum(ys[i] for i in following) / len(following)
    area: Callable[[int], float] = lambda i: abs((ax - cx) * (ys[i] - ay) - (ax - xs[i]) * (cy - ay))  # noqa: E731  # used once, as a key
    return max(run, key=area)


def _stacked(column: OpenColumn, ranges: Ranges, per: int) -> Array:
    low, high = ranges.low, ranges.high
    if column.kind.kind != "f" and null_of(column) is not None:
        low = np.where(low > high, null_of(column), low)  # of no values
    return np.stack([low, high] if per == 2 else [ranges.first, low, high, ranges.last], 1)


def _gaps(ys: Ys) -> Any:
    """Tell between which pixel columns and the next some y is null."""
    found = [is_null(column, r.last)[:-1] | is_null(column, r.first)[1:] for column, r in ys.values()]
    return np.logical_or.reduce(found)


def _with_gaps(gaps: Any, x: Array, ys: dict[str, Any]) -> tuple[Array, dict[str, Array]]:
    """Insert a row after pixel columns: null where y is, otherwise as the row before it."""
    after = 2 * np.flatnonzero(gaps) + 2
    values = {}
    for name, (stacked, column, ranges) in ys.items():
        here = (is_null(column, ranges.last)[:-1] | is_null(column, ranges.first)[1:])[gaps]
        inserted = stacked[after - 1].copy()
        if here.any():
            inserted[here] = null_of(column)
        values[name] = np.insert(stacked, after, inserted)
    return np.insert(x, after, x[after - 1]), values
