"""The x of a window: which rows lie in it, and in which of its pixel columns."""

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from bokeh_common.errors import Invalid
from bokeh_data.cells import Rows, distinct
from bokeh_data.dtypes import is_time, time_unit
from bokeh_data.opened import OpenColumn
from bokeh_data.pyramid import CELL, GROUP, computing_dtype

_MILLISECONDS = re.compile(r"([-+0-9.eE]+)ms")
_A_SECOND = {unit: Fraction(1000**i) for i, unit in enumerate(("s", "ms", "us", "ns", "ps", "fs", "as"))}
_A_SECOND |= {"m": Fraction(1, 60), "h": Fraction(1, 3600), "D": Fraction(1, 86400), "W": Fraction(1, 604800)}


@dataclass(frozen=True)
class Edges:
    """Where a window and its pixel columns begin and end.

    Pixel column `i` holds what is at least edge `i` and less than edge `i + 1`; the last one also `stop`.

    Attributes:
        starts: of the pixel columns, in whole units where x has such.
        stop: the greatest x of the window.
    """

    starts: np.ndarray[tuple[int, ...], np.dtype[Any]]
    stop: Any


def edges_of(
    dtype: str | None, begin: str | float | None, end: str | float | None, pixels: int
) -> Edges | None:
    """Return the edges of a window; None when it has no begin or end, or is empty.

    Args:
        dtype: of the x column; None for numbers of rows.
        begin: the least x, as in the query.
        end: the greatest.
        pixels: how many columns of pixels it has.

    Raises:
        Invalid: an end is not a number or a time, or is NaN.
    """
    if begin is None or end is None:
        return None
    if _kind(dtype).kind in "iu":
        low, high = math.ceil(_bound(dtype, begin, "from")), math.floor(_bound(dtype, end, "to"))
        return _whole_edges(_kind(dtype), low, high, pixels)
    low, high = float(_bound(dtype, begin, "from")), float(_bound(dtype, end, "to"))
    if not low <= high:
        return None
    if math.isinf(low) or math.isinf(high) or math.isinf(high - low):
        raise Invalid("'from' and 'to' must be finite, and no further apart than a float64 can tell.")
    return Edges(np.linspace(low, high, pixels + 1)[:-1], high)


def boundaries(column: OpenColumn, edges: Edges) -> Rows:
    """Return the rows at which pixel columns of ascending x begin, and last the row before which all end."""
    if column.kind.kind == "f":
        return lower_bounds(column, np.append(edges.starts, np.nextafter(edges.stop, np.inf)))
    if edges.stop >= np.iinfo(column.kind).max:
        return np.append(lower_bounds(column, edges.starts), column.length)
    return lower_bounds(column, np.append(edges.starts, np.array([edges.stop + 1], edges.starts.dtype)))


def lower_bounds(column: OpenColumn, values: Any) -> Rows:
    """Return the first row of ascending x whose value is at least each of `values`, which ascend."""
    groups = np.searchsorted(column.index.levels[0][0], values, "left") - 1
    early = int(np.searchsorted(groups, 0))  # so many come before all rows
    found: Rows = np.zeros(len(values), np.int64)
    values, groups = values[early:], groups[early:]
    if not len(values):
        return found
    known, where = distinct(groups)
    inside = np.count_nonzero(column.groups(known)[:, 0][where] < values[:, None], 1) - 1
    cells, where = distinct(groups * GROUP + inside)
    starts, stops = column.rows_of(cells)
    before = np.searchsorted(column.blocks(cells).reshape(-1), values, "left") - where * CELL
    found[early:] = np.maximum(np.minimum(starts[where] + before, stops[where]), 0)
    return found


def rows_between(length: int, edges: Edges) -> Rows:
    """Return what `boundaries` does where x is the number of the row."""
    rows = [min(max(int(edge), 0), length) for edge in (*edges.starts, edges.stop + 1)]
    return np.array(rows, np.int64)


def _whole_edges(kind: np.dtype[Any], low: int, high: int, pixels: int) -> Edges | None:
    """Return edges in whole numbers that x can have; in Python's, as their differences may have 64 bits."""
    limits = np.iinfo(kind)
    low, high = max(low, int(limits.min)), min(high, int(limits.max))
    if low > high:
        return None
    starts = [low - (low - high) * i // pixels for i in range(pixels)]
    return Edges(np.array(starts, np.uint64 if kind == np.uint64 else np.int64), high)


def _kind(dtype: str | None) -> np.dtype[Any]:
    return np.dtype(np.int64) if dtype is None else computing_dtype(dtype)


def _bound(dtype: str | None, value: str | float, name: str) -> Any:
    """Return an end of the window in the units of x, as an int where it was written as one."""
    if isinstance(value, (int, float)):
        return _number(str(value), name)
    text = value.strip()
    if dtype is not None and is_time(dtype):
        return _time(dtype, text, name)
    return _number(text, name)


def _number(text: str, name: str) -> Any:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        raise Invalid(f"'{name}' must be a number, not {text[:80]!r}.") from None
    if math.isnan(number):
        raise Invalid(f"'{name}' is NaN: a window needs two ends that are numbers.")
    if math.isinf(number):
        raise Invalid(f"'{name}' must be finite.")
    return number


def _time(dtype: str, text: str, name: str) -> Any:
    unit = time_unit(dtype)
    if found := _MILLISECONDS.fullmatch(text):
        if unit not in _A_SECOND:
            raise Invalid(f"'{name}': months and years are no number of milliseconds; write ISO 8601.")
        return Fraction(_number(found[1], name)) / 1000 * _A_SECOND[unit]
    if not dtype.startswith("datetime64") or re.fullmatch(r"[-+]?[0-9]{5,}", text):
        return _number(text, name)
    try:
        return _in_units(np.datetime64(text.removesuffix("Z")), unit)
    except ValueError:
        raise Invalid(f"'{name}' must be ISO 8601, a whole number of {unit}, or as in '5ms'.") from None


def _in_units(time: np.datetime64, unit: str) -> Any:
    """Return a time as a number of units; where it lies within one, which fraction does not matter."""
    if np.isnat(time):
        raise ValueError("no time")
    own = np.datetime_data(time.dtype)[0]
    if own not in _A_SECOND:  # a month or a year
        time, own = time.astype("M8[s]"), "s"
    if unit in _A_SECOND:
        return int(time.astype(np.int64)) / _A_SECOND[own] * _A_SECOND[unit]
    whole = time.astype(f"M8[{unit}]")
    return int(whole.astype(np.int64)) + (0 if whole == time else Fraction(1, 2))
