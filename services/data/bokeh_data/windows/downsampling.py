"""Downsampling: the rows that represent each bin of a window."""

from collections.abc import Callable, Iterable

import numpy as np

from bokeh_data.windows.chunk_pyramid import Array
from bokeh_data.windows.column_reader import ColumnReader
from bokeh_data.windows.gaps import gap_rows
from bokeh_data.windows.range_extrema import range_extrema
from bokeh_data.windows.sorted_indices import Indices


def max_rows_per_bin(method: str, ys: int) -> int:
    """Return how many rows represent a bin of `ys` columns without nulls, at most."""
    if method == "minmaxlttb":
        return 1
    return 2 * ys + (2 if method == "m4" else 0)


def representative_rows(method: str, ys: Iterable[ColumnReader], starts: Indices, stops: Indices) -> Indices:
    """Return the rows that represent bins, ascending.

    Those of "minmax" are a row with the minimum and one with the maximum of each y; to these, "m4" adds the
    first and the last row, and the rows at gaps (see `gap_rows`). With both, a null in the first or last row
    of a bin makes a gap.

    Args:
        method: "minmax" or "m4".
        ys: the columns of y.
        starts: the first row of each bin, ascending.
        stops: the row before which each bin ends; greater than its start.
    """
    rows = [starts, stops - 1] if method == "m4" else []
    for column in ys:
        extrema = range_extrema(column, starts, stops)
        rows += [
            *extrema,
            gap_rows(column, starts, stops, extrema) if method == "m4" else _nulls(column, starts, stops),
        ]
    return np.unique(np.concatenate(rows))


def _nulls(column: ColumnReader, starts: Indices, stops: Indices) -> Indices:
    """Return the nulls that are the first or the last row of a bin."""
    if not column.pyramid.nulls:
        return starts[:0]
    return np.concatenate([rows[column.is_null(column.take(rows))] for rows in (starts, stops - 1)])


def lttb(x: Array, y: Array, count: int) -> Indices:
    """Choose points by Largest-Triangle-Three-Buckets (Steinarsson, 2013), ignoring nulls.

    The first and the last point are kept; the points between them are divided into buckets of equal length,
    and one of each is chosen.

    Args:
        x: float64, ascending.
        y: float64 of the same length; NaN where it is null.
        count: how many points to choose.

    Returns:
        the numbers of the points that were chosen, ascending.
    """
    valid = np.flatnonzero(~np.isnan(y))
    if len(valid) <= max(count, 2):
        return valid
    xs, ys = x[valid].tolist(), y[valid].tolist()
    edges = np.linspace(1, len(valid) - 1, count - 1).astype(int).tolist()
    chosen = [0]
    for i in range(count - 2):
        begin, end, after = edges[i], edges[i + 1], edges[i + 2] if i + 2 < len(edges) else len(valid)
        bucket, next_bucket = range(begin, end), range(end, max(after, end + 1))
        chosen.append(_largest_triangle(xs, ys, chosen[-1], bucket, next_bucket))
    return valid[[*chosen, len(valid) - 1]]


def _largest_triangle(xs: list[float], ys: list[float], last: int, bucket: range, next_bucket: range) -> int:
    """Return the point of a bucket that makes the largest triangle with `last` and the next mean."""
    ax, ay = xs[last], ys[last]
    cx = sum(xs[i] for i in next_bucket) / len(next_bucket)
    cy = sum(ys[i] for i in next_bucket) / len(next_bucket)
    area: Callable[[int], float] = lambda i: abs((ax - cx) * (ys[i] - ay) - (ax - xs[i]) * (cy - ay))  # noqa: E731  # used once, as a key
    return max(bucket, key=area)
