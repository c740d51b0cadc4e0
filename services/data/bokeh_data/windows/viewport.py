"""Windows of columns: what a plot of so many pixels can show, however many rows there are.

x ascends. A window with no more rows than the result may have is returned as it is. Otherwise the window is
divided into one bin for each pixel, and each bin is represented by few of its rows, among them those with
the minimum and maximum of y: a line through them looks like a line through all rows. docs/windows.md
describes the algorithm.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bokeh_common.errors import Invalid
from bokeh_data.columns.dtypes import is_fixed, is_ordered, is_time, numpy_dtype
from bokeh_data.columns.manifest import Column
from bokeh_data.columns.names import abbreviate
from bokeh_data.columns.values import Values
from bokeh_data.windows.bins import bin_edges, bin_rows_of_row_numbers, find_bin_rows
from bokeh_data.windows.chunk_pyramid import Array
from bokeh_data.windows.column_reader import ColumnReader, ColumnReaders
from bokeh_data.windows.downsampling import lttb, max_rows_per_bin, representative_rows
from bokeh_data.windows.sorted_indices import Indices

MAX_PIXELS = 16_384

#: Where x does not ascend, so many runs of rows are sampled, and each has so many rows.
SAMPLE_RUNS = 1024
SAMPLE_RUN_ROWS = 64

#: The name of x in the result if it is the row number.
ROW = "row"

#: Bins for each point that MinMaxLTTB chooses (Van Der Donckt et al., 2023, take four points for each).
OVERSAMPLING = 2

NO_ROWS: Indices = np.zeros(2, np.int64)


@dataclass(frozen=True)
class Window:
    """A request for a window.

    Attributes:
        x: the name of the x column; None for the row number.
        y: the names of the y columns.
        begin: the smallest x; None for x of the first row.
        end: the largest x; None for x of the last row.
        pixels: the width of the viewport.
        method: "minmax", "m4" (see `representative_rows`) or "minmaxlttb" (see `lttb`).
        around: whether to add the rows before and after the window, to which lines continue.
    """

    x: str | None
    y: tuple[str, ...]
    begin: str | float | None = None
    end: str | float | None = None
    pixels: int = 1000
    method: str = "minmax"
    around: bool = False


@dataclass(frozen=True)
class WindowResult:
    """The rows of a window.

    Attributes:
        kind: "exact", all rows; "reduced", rows that represent bins (see `representative_rows`); "sampled",
            some rows, since x does not ascend.
        columns: x (or `row`) and each y.
        rows: how many rows the window contains; None if they were not counted.
    """

    kind: str
    columns: dict[str, Values] = field(default_factory=dict)
    rows: int | None = None


def query_window(readers: ColumnReaders, columns: dict[str, Column], window: Window) -> WindowResult:
    """Return the rows of a window.

    Args:
        readers: where to open the columns.
        columns: all columns that the window names, by these names.
        window: the request.

    Raises:
        Invalid: a column does not hold numbers or times, x has nulls, columns differ in length, or the ends
            of the window cannot be parsed.
    """
    _check(columns, window)
    ys = {name: readers.open(columns[name]) for name in window.y}
    length = next(iter(ys.values())).length
    bins = window.pixels * (OVERSAMPLING if window.method == "minmaxlttb" else 1)
    if window.x is None:
        ends = _ends(window, lambda: (0, length - 1))
        edges = bin_edges(None, *ends, bins) if length else None
        return _result(window, None, ys, bin_rows_of_row_numbers(length, edges) if edges else NO_ROWS)
    x = readers.open(columns[window.x])
    if not length:
        return _exact(x, ys, window, 0, 0)
    if x.nulls:
        raise Invalid(
            f"Column {abbreviate(window.x)} has {x.nulls} rows without a value (NaN, NaT):"
            " it cannot be the x of a window."
        )
    if not x.pyramid.ascending:
        return _sample(x, ys, window)
    ends = _ends(window, lambda: tuple(x.rows(row, row + 1)[0].item() for row in (0, length - 1)))
    edges = bin_edges(x.column.dtype, *ends, bins)
    return _result(window, x, ys, find_bin_rows(x, edges) if edges else NO_ROWS)


def _check(columns: dict[str, Column], window: Window) -> None:
    if not 1 <= window.pixels <= MAX_PIXELS:
        raise Invalid(f"'pixels' must be from 1 to {MAX_PIXELS}.")
    if window.method == "minmaxlttb" and len(window.y) > 1:
        raise Invalid("'minmaxlttb' chooses rows by one y; request each y by itself.")
    for name, column in columns.items():
        if not is_fixed(column.dtype) or not is_ordered(column.dtype) or len(column.shape) != 1:
            raise Invalid(f"Column {abbreviate(name)} does not hold numbers or times ({column.dtype}).")
    if len(lengths := {column.length for column in columns.values()}) > 1:
        raise Invalid(f"The columns differ in length: {sorted(lengths)}.")


def _ends(window: Window, of_x: Callable[[], tuple[Any, ...]]) -> tuple[Any, Any]:
    """Return the ends of a window, in the form that `bin_edges` takes; the ends of x if it has none."""
    if window.begin is not None and window.end is not None:
        return window.begin, window.end
    first, last = of_x()
    return (first if window.begin is None else window.begin), (last if window.end is None else window.end)


def _result(
    window: Window, x: ColumnReader | None, ys: dict[str, ColumnReader], bin_rows: Indices
) -> WindowResult:
    begin, end = int(bin_rows[0]), int(bin_rows[-1])
    if end - begin <= window.pixels * max_rows_per_bin(window.method, len(ys)):
        return _exact(x, ys, window, begin, end)
    starts, stops = bin_rows[:-1], bin_rows[1:]
    used = stops > starts
    method = "minmax" if window.method == "minmaxlttb" else window.method
    rows = representative_rows(method, ys.values(), starts[used], stops[used])
    if window.method == "minmaxlttb":
        [y] = ys.values()
        rows = _choose(_x_values(x, rows), _values(y, y.take(rows)), rows, window.pixels)
    if window.around:
        outside = np.array([begin - 1, end])
        length = next(iter(ys.values())).length
        rows = np.sort(np.append(rows, outside[(outside >= 0) & (outside < length)]))
    return WindowResult("reduced", _take(window, x, ys, rows), end - begin)


def _take(
    window: Window, x: ColumnReader | None, ys: dict[str, ColumnReader], rows: Indices
) -> dict[str, Values]:
    """Return x and each y of single rows."""
    columns = {_x_name(window): _x_values(x, rows)}
    return columns | {name: _values(y, y.take(rows)) for name, y in ys.items()}


def _exact(
    x: ColumnReader | None, ys: dict[str, ColumnReader], window: Window, begin: int, end: int
) -> WindowResult:
    count = end - begin
    if window.around and ys:
        begin, end = max(begin - 1, 0), min(end + 1, next(iter(ys.values())).length)
    columns = {_x_name(window): _x_rows(x, begin, end)}
    columns |= {name: _values(y, y.rows(begin, end)) for name, y in ys.items()}
    return WindowResult("exact", columns, count)


def _choose(x: Values, y: Values, rows: Indices, count: int) -> Indices:
    """Choose rows by LTTB."""
    xs, ys = (values.array.view(_raw(values)).astype(np.float64) for values in (x, y))
    return rows[lttb(xs, ys, count)]


def _sample(x: ColumnReader, ys: dict[str, ColumnReader], window: Window) -> WindowResult:
    """Return rows of a window whose x does not ascend, from evenly spaced runs; all if they are few."""
    rows = np.arange(x.length)
    if x.length > SAMPLE_RUNS * SAMPLE_RUN_ROWS:
        starts = np.linspace(0, x.length - SAMPLE_RUN_ROWS, SAMPLE_RUNS).astype(np.int64)
        rows = (starts[:, None] + np.arange(SAMPLE_RUN_ROWS)).reshape(-1)
    xs, *values = (column.take(rows) for column in (x, *ys.values()))
    edges = bin_edges(x.column.dtype, *_ends(window, lambda: (xs.min().item(), xs.max().item())), 1)
    inside = np.flatnonzero(edges.contain(xs)) if edges else np.empty(0, np.int64)
    columns = {_x_name(window): _values(x, xs[inside])}
    columns |= {
        name: _values(y, sample[inside]) for (name, y), sample in zip(ys.items(), values, strict=True)
    }
    return WindowResult("sampled", columns)


def _x_values(x: ColumnReader | None, rows: Indices) -> Values:
    return _values(x, rows if x is None else x.take(rows))


def _x_rows(x: ColumnReader | None, begin: int, end: int) -> Values:
    return _values(x, np.arange(begin, end) if x is None else x.rows(begin, end))


def _values(column: ColumnReader | None, raw: Array) -> Values:
    if column is None:
        return Values("int64", raw)
    return Values(column.column.dtype, raw.view(numpy_dtype(column.column.dtype)))


def _raw(values: Values) -> Any:
    return np.int64 if is_time(values.dtype) else np.uint8 if values.dtype == "bool" else values.array.dtype


def _x_name(window: Window) -> str:
    return window.x or ROW
