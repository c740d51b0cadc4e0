"""The x of a window: which rows lie in it, and in which of its pixel columns."""

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from bokeh_common.errors import Invalid
from bokeh_data.cells import Rows, distinct
from bokeh_data.dtypes import is_time, time_unit
from bokeh_data.extremes import TOGETHER
from bokeh_data.opened import OpenColumn
from bokeh_data.pyramid import Array, computing_dtype

_MILLISECONDS = re.compile(r"([-+0-9.eE]+)ms")
_A_SECOND = {unit: Fraction(1000**i) for i, unit in enumerate(("s", "ms", "us", "ns", "ps", "fs", "as"))}
_A_SECOND |= {"m": Fraction(1, 60), "h": Fraction(1, 3600), "D": Fraction(1, 86400), "W": Fraction(1, 604800)}


@dataclass(frozen=True)
class Edges:
    """Where the pixel columns of a window begin, and last the least x after it.

    Pixel column `i` holds what is at least edge `i` and less than edge `i + 1`.

    Attributes:
        values: the edges, as x's are.
        beyond: how many more there are, at the end, which are greater than any x can be.
    """

    values: Array
    beyond: int = 0

    def holds(self, xs: Array) -> Any:
        """Tell which x are in the window."""
        return (xs >= self.values[0]) & (self.beyond > 0 or xs < self.values[-1])


class Bounds(NamedTuple):
    """The rows at which pixel columns begin, and last the one before which the last ends.

    Attributes:
        rows: their numbers.
        before: x of the rows before them; of no meaning where there is none.
        at: x of these rows, as `before`.
    """

    rows: Rows
    before: Array
    at: Array


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
    try:
        low, high = float(_bound(dtype, begin, "from")), float(_bound(dtype, end, "to"))
    except OverflowError:
        raise Invalid("'from' and 'to' must be numbers that a float64 can hold.") from None
    if not low <= high:
        return None
    if math.isinf(low) or math.isinf(high) or math.isinf(high - low):
        raise Invalid("'from' and 'to' must be finite, and no further apart than a float64 can tell.")
    edges = np.linspace(low, high, pixels + 1)
    edges[-1] = np.nextafter(high, np.inf)
    return Edges(_rounded_up(edges, _kind(dtype)))


def boundaries(column: OpenColumn, edges: Edges) -> Bounds:
    """Return where pixel columns of ascending x begin and end; it has rows."""
    starts = range(0, len(edges.values), TOGETHER)
    pieces = [_bounds(column, edges.values[start : start + TOGETHER]) for start in starts]
    if edges.beyond:
        last = column.rows(column.length - 1, column.length)
        pieces.append(
            Bounds(*(side.repeat(edges.beyond) for side in (np.array([column.length]), last, last)))
        )
    return Bounds(*map(np.concatenate, zip(*pieces, strict=True)))


def _bounds(column: OpenColumn, values: Array) -> Bounds:
    """Return the first row of ascending x whose value is at least each of `values`, which ascend."""
    least = column.index.levels[0][0]
    cells = np.maximum(np.searchsorted(least, values) - 1, 0)  # the last ones that begin before
    known, which = distinct(cells)
    found, begins = column.cells(known)
    places = np.searchsorted(found, values)
    rows = np.maximum(column.rows_of(cells)[0] + places - begins[which], 0)
    following = least[np.minimum(cells + 1, len(least) - 1)]
    at = np.where(places < begins[which + 1], found[np.minimum(places, len(found) - 1)], following)
    if column.column.skip and not rows[0]:
        at[rows == 0] = column.rows(0, 1)
    return Bounds(rows, found[places - 1], at)


def rows_between(length: int, edges: Edges) -> Bounds:
    """Return what `boundaries` does where x is the number of the row."""
    rows = np.append(edges.values.clip(0, length), np.full(edges.beyond, length))
    return Bounds(rows, rows - 1, rows)


def _whole_edges(kind: np.dtype[Any], low: int, high: int, pixels: int) -> Edges | None:
    """Return edges in whole numbers; made of Python's, as their differences may have 64 bits."""
    if low > high:
        return None
    least, greatest = int(np.iinfo(kind).min), int(np.iinfo(kind).max)
    edges = [*(low - (low - high) * i // pixels for i in range(pixels)), high + 1]
    values = np.array([max(edge, least) for edge in edges if edge <= greatest], kind)
    return Edges(values, len(edges) - len(values)) if len(values) else None


def _rounded_up(values: Array, kind: np.dtype[Any]) -> Array:
    """Return the least numbers of a kind that are no less: x that reaches one reaches the other."""
    with np.errstate(over="ignore"):
        rounded = values.astype(kind)
    return np.where(rounded < values, np.nextafter(rounded, kind.type(np.inf)), rounded)


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
        return in_units(np.datetime64(text.removesuffix("Z")), unit)
    except ValueError:
        raise Invalid(f"'{name}' must be ISO 8601, a whole number of {unit}, or as in '5ms'.") from None


def in_units(time: np.datetime64, unit: str) -> Any:
    """Return a time as a number of units, whatever its size; a `Fraction` where it lies within one.

    Which fraction does not matter where months or years are counted. `ValueError` for NaT.
    """
    if np.isnat(time):
        raise ValueError("no time")
    own = np.datetime_data(time.dtype)[0]
    if own not in _A_SECOND:  # a month or a year
        time, own = time.astype("M8[s]"), "s"
    if unit in _A_SECOND:
        return int(time.astype(np.int64)) / _A_SECOND[own] * _A_SECOND[unit]
    whole = time.astype(f"M8[{unit}]")
    return int(whole.astype(np.int64)) + (0 if whole == time else Fraction(1, 2))
