"""Windows: what a plot of so many pixels can show of long columns, however many rows there are.

The x column ascends. A window that holds no more rows than would be sent anyway is sent as it is. Of
others, each column of pixels gets its least and its greatest y, which are exact: a line drawn through them
looks like the line through all rows.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bokeh_common.errors import Invalid
from bokeh_data.axis import Bounds, boundaries, edges_of, rows_between
from bokeh_data.columns import Column, shown
from bokeh_data.dtypes import is_fixed, is_ordered, is_time, numpy_dtype
from bokeh_data.extremes import extremes
from bokeh_data.opened import OpenColumn, Opener
from bokeh_data.pyramid import Array
from bokeh_data.reduced import ROWS_A_PIXEL, lttb, reduced
from bokeh_data.values import Values

MAX_PIXELS = 16_384
SAMPLED_RUNS = 1024  # of each column, where x does not ascend
SAMPLED = 64  # rows of each
ROW = "row"

#: Pixel columns for each point that MinMaxLTTB chooses (Van Der Donckt et al. 2023 take four points for one).
FINER = 2

NONE = Bounds(*np.zeros((3, 2), np.int64))


@dataclass(frozen=True)
class Window:
    """What is asked for.

    Attributes:
        x: the column; None for the number of the row.
        y: the columns.
        begin: the least x; None for that of the first row.
        end: the greatest x; None for that of the last row.
        pixels: how wide the window is shown.
        method: see `ROWS_A_PIXEL`.
        around: whether the rows before and after the window are wanted, to which lines go on.
    """

    x: str | None
    y: tuple[str, ...]
    begin: str | float | None = None
    end: str | float | None = None
    pixels: int = 1000
    method: str = "minmax"
    around: bool = False


@dataclass(frozen=True)
class Seen:
    """What a window shows.

    Attributes:
        kind: "exact", all rows; "reduced", see `reduced`; "sampled", some rows, as x does not ascend.
        columns: x (or `row`) and each y.
        rows: how many rows the window holds; None when nobody has counted them.
    """

    kind: str
    columns: dict[str, Values] = field(default_factory=dict)
    rows: int | None = None


def look(opener: Opener, columns: dict[str, Column], window: Window) -> Seen:
    """Return what a window shows of columns, which are all of those that it names.

    Raises:
        Invalid: a column is not of numbers or times, x has nulls, columns differ in length, or the ends
            of the window make no sense.
    """
    _check(columns, window)
    ys = {name: opener.open(columns[name]) for name in window.y}
    length = next(iter(ys.values())).length
    pixels = window.pixels * (FINER if window.method == "minmaxlttb" else 1)
    if window.x is None:
        ends = _ends(window, lambda: (0, length - 1))
        edges = edges_of(None, *ends, pixels) if length else None
        return _show(window, None, ys, rows_between(length, edges) if edges else NONE)
    x = opener.open(columns[window.x])
    if not length:
        return _rows(x, ys, window, 0, 0)
    if x.nulls:
        raise Invalid(
            f"Column {shown(window.x)} has {x.nulls} rows without a value (NaN, NaT): it is no x of a window."
        )
    if not x.index.ascending:
        return _sample(x, ys, window)
    ends = _ends(window, lambda: tuple(x.rows(row, row + 1)[0].item() for row in (0, length - 1)))
    edges = edges_of(x.column.dtype, *ends, pixels)
    return _show(window, x, ys, boundaries(x, edges) if edges else NONE)


def _check(columns: dict[str, Column], window: Window) -> None:
    if not 1 <= window.pixels <= MAX_PIXELS:
        raise Invalid(f"'pixels' must be from 1 to {MAX_PIXELS}.")
    if window.method == "minmaxlttb" and len(window.y) > 1:
        raise Invalid("'minmaxlttb' chooses rows by one y; ask for each y by itself.")
    for name, column in columns.items():
        if not is_fixed(column.dtype) or not is_ordered(column.dtype) or len(column.shape) != 1:
            raise Invalid(f"Column {shown(name)} is not one of numbers or times ({column.dtype}).")
    if len(lengths := {column.length for column in columns.values()}) > 1:
        raise Invalid(f"The columns differ in length: {sorted(lengths)}.")


def _ends(window: Window, of_x: Callable[[], tuple[Any, ...]]) -> tuple[Any, Any]:
    """Return the ends of a window, those of x where it has none; as numbers that `edges_of` takes."""
    if window.begin is not None and window.end is not None:
        return window.begin, window.end
    first, last = of_x()
    return (first if window.begin is None else window.begin), (last if window.end is None else window.end)


def _show(window: Window, x: OpenColumn | None, ys: dict[str, OpenColumn], bounds: Bounds) -> Seen:
    begin, end = int(bounds.rows[0]), int(bounds.rows[-1])
    if end - begin <= window.pixels * ROWS_A_PIXEL[window.method]:
        return _rows(x, ys, window, begin, end)
    found = _reduced(window, x, ys, bounds)
    if window.method == "minmaxlttb":
        found = _chosen(found, window.pixels)
    found = _with_neighbours(window, x, ys, found, begin, end)
    return Seen("reduced", dict(zip([_name(window), *ys], found, strict=True)), end - begin)


def _rows(x: OpenColumn | None, ys: dict[str, OpenColumn], window: Window, begin: int, end: int) -> Seen:
    count = end - begin
    if window.around and ys:
        begin, end = max(begin - 1, 0), min(end + 1, next(iter(ys.values())).length)
    columns = {_name(window): _x_rows(x, begin, end)}
    columns |= {name: _values(y, y.rows(begin, end)) for name, y in ys.items()}
    return Seen("exact", columns, count)


def _reduced(window: Window, x: OpenColumn | None, ys: dict[str, OpenColumn], bounds: Bounds) -> list[Values]:
    rows = bounds.rows
    some = np.flatnonzero(rows[1:] > rows[:-1])
    starts, stops = rows[some], rows[some + 1]
    known = {name: (column, extremes(column, starts, stops)) for name, column in ys.items()}
    method = "minmax" if window.method == "minmaxlttb" else window.method
    xs, values = reduced(method, known, bounds.at[some], bounds.before[some + 1])
    return [_values(x, xs), *(_values(ys[name], values[name]) for name in ys)]


def _chosen(found: list[Values], wanted: int) -> list[Values]:
    """Choose among the extremes of pixel columns that are finer than is wanted."""
    xs, ys = (values.array.view(_raw(values)).astype(np.float64) for values in found)
    chosen = lttb(xs, ys, wanted)
    return [Values(values.dtype, values.array[chosen]) for values in found]


def _with_neighbours(
    window: Window, x: OpenColumn | None, ys: dict[str, OpenColumn], found: list[Values], begin: int, end: int
) -> list[Values]:
    if not window.around:
        return found
    length = next(iter(ys.values())).length
    sides = [(max(begin - 1, 0), begin), (end, min(end + 1, length))]
    before, after = ([_x_rows(x, *side), *(_values(y, y.rows(*side)) for y in ys.values())] for side in sides)
    triples = zip(before, found, after, strict=True)
    return [Values(m.dtype, np.concatenate([b.array, m.array, a.array])) for b, m, a in triples]


def _sample(x: OpenColumn, ys: dict[str, OpenColumn], window: Window) -> Seen:
    """Return some of the rows of a window whose x does not ascend: evenly spaced runs, all where few."""
    rows = np.arange(x.length)
    if x.length > SAMPLED_RUNS * SAMPLED:
        starts = np.linspace(0, x.length - SAMPLED, SAMPLED_RUNS).astype(np.int64)
        rows = (starts[:, None] + np.arange(SAMPLED)).reshape(-1)
    xs, *values = (column.take(rows) for column in (x, *ys.values()))
    edges = edges_of(x.column.dtype, *_ends(window, lambda: (xs.min().item(), xs.max().item())), 1)
    kept = np.flatnonzero(edges.holds(xs)) if edges else np.empty(0, np.int64)
    columns = {_name(window): _values(x, xs[kept])}
    columns |= {name: _values(y, all_of[kept]) for (name, y), all_of in zip(ys.items(), values, strict=True)}
    return Seen("sampled", columns)


def _x_rows(x: OpenColumn | None, begin: int, end: int) -> Values:
    return _values(x, np.arange(begin, end) if x is None else x.rows(begin, end))


def _values(column: OpenColumn | None, raw: Array) -> Values:
    if column is None:
        return Values("int64", raw)
    return Values(column.column.dtype, raw.view(numpy_dtype(column.column.dtype)))


def _raw(values: Values) -> Any:
    return np.int64 if is_time(values.dtype) else np.uint8 if values.dtype == "bool" else values.array.dtype


def _name(window: Window) -> str:
    return window.x or ROW
