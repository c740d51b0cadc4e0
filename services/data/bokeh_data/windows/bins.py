"""The bins of a window: their edges, and the rows at which they begin."""

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from bokeh_common.errors import Invalid
from bokeh_data.columns.dtypes import is_time, time_unit, time_zone
from bokeh_data.columns.times import PER_SECOND, parse_time
from bokeh_data.windows.chunk_pyramid import Array, computing_dtype
from bokeh_data.windows.column_reader import ColumnReader
from bokeh_data.windows.range_extrema import MAX_RANGES
from bokeh_data.windows.sorted_indices import Indices, unique

_MILLISECONDS = re.compile(r"([-+0-9.eE]+)ms")


@dataclass(frozen=True)
class BinEdges:
    """The edges of a window's bins; bin `i` holds x with `edge[i] <= x < edge[i + 1]`.

    Attributes:
        values: the edges, in the dtype of x; the last one is the smallest x after the window.
        beyond: number of further edges at the end, which are greater than any value of the dtype.
    """

    values: Array
    beyond: int = 0

    def contain(self, xs: Array) -> Any:
        """Tell which x are in the window."""
        return (xs >= self.values[0]) & (self.beyond > 0 or xs < self.values[-1])


def bin_edges(
    dtype: str | None, begin: str | float | None, end: str | float | None, bins: int
) -> BinEdges | None:
    """Return the edges of a window's bins; None if it has no begin or end, or is empty.

    Args:
        dtype: of the x column; None if x is the row number.
        begin: the smallest x, as in the query.
        end: the largest x.
        bins: how many bins there are.

    Raises:
        Invalid: `begin` or `end` is not a number or a time, or is NaN.
    """
    if begin is None or end is None:
        return None
    if _kind(dtype).kind in "iu":
        low, high = math.ceil(_parse_end(dtype, begin, "from")), math.floor(_parse_end(dtype, end, "to"))
        return _integer_edges(_kind(dtype), low, high, bins)
    try:
        low, high = float(_parse_end(dtype, begin, "from")), float(_parse_end(dtype, end, "to"))
    except OverflowError:
        raise Invalid("'from' and 'to' must be numbers that a float64 can hold.") from None
    if not low <= high:
        return None
    if math.isinf(low) or math.isinf(high) or math.isinf(high - low):
        raise Invalid("'from' and 'to' must be finite, and their difference must fit into a float64.")
    edges = np.linspace(low, high, bins + 1)
    edges[-1] = np.nextafter(high, np.inf)
    return BinEdges(_round_up(edges, _kind(dtype)))


def find_bin_rows(column: ColumnReader, edges: BinEdges) -> Indices:
    """Return the row at which each bin of an ascending x column begins, and last the row after the last bin.

    The column must not be empty.
    """
    starts = range(0, len(edges.values), MAX_RANGES)
    parts = [_search(column, edges.values[start : start + MAX_RANGES]) for start in starts]
    return np.concatenate([*parts, np.full(edges.beyond, column.length)])


def bin_rows_of_row_numbers(length: int, edges: BinEdges) -> Indices:
    """Return the same where x is the row number; `length` is the number of rows."""
    return np.append(edges.values.clip(0, length), np.full(edges.beyond, length))


def _search(column: ColumnReader, values: Array) -> Indices:
    """Return the first row of ascending x that is at least each of `values`, which ascend."""
    blocks = np.maximum(
        np.searchsorted(column.pyramid.levels[0][0], values) - 1, 0
    )  # the last that begin before
    distinct, which = unique(blocks)
    found, begins = column.blocks(distinct)
    rows: Indices = column.rows_of(blocks)[0] + np.searchsorted(found, values) - begins[which]
    return rows.clip(0)


def _integer_edges(kind: np.dtype[Any], low: int, high: int, bins: int) -> BinEdges | None:
    """Return integer edges; computed with Python's integers, since their differences may need 65 bits."""
    if low > high:
        return None
    minimum, maximum = int(np.iinfo(kind).min), int(np.iinfo(kind).max)
    edges = [*(low - (low - high) * i // bins for i in range(bins)), high + 1]
    values = np.array([max(edge, minimum) for edge in edges if edge <= maximum], kind)
    return BinEdges(values, len(edges) - len(values)) if len(values) else None


def _round_up(values: Array, kind: np.dtype[Any]) -> Array:
    """Return the smallest values of a dtype that are not less, so that the same x reach them."""
    with np.errstate(over="ignore"):
        rounded = values.astype(kind)
    return np.where(rounded < values, np.nextafter(rounded, kind.type(np.inf)), rounded)


def _kind(dtype: str | None) -> np.dtype[Any]:
    return np.dtype(np.int64) if dtype is None else computing_dtype(dtype)


def _parse_end(dtype: str | None, value: str | float, name: str) -> Any:
    """Return an end of the window in the units of x, as an int if it was written as one."""
    if isinstance(value, (int, float)):
        return _parse_number(str(value), name)
    text = value.strip()
    if dtype is not None and is_time(dtype):
        return _parse_time(dtype, text, name)
    return _parse_number(text, name)


def _parse_number(text: str, name: str) -> Any:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        raise Invalid(f"'{name}' must be a number, not {text[:80]!r}.") from None
    if math.isnan(number):
        raise Invalid(f"'{name}' is NaN; send a number.")
    if math.isinf(number):
        raise Invalid(f"'{name}' must be finite.")
    return number


def _parse_time(dtype: str, text: str, name: str) -> Any:
    unit = time_unit(dtype)
    if found := _MILLISECONDS.fullmatch(text):
        if unit not in PER_SECOND:
            raise Invalid(f"'{name}': months and years have no fixed number of milliseconds; use ISO 8601.")
        return Fraction(_parse_number(found[1], name)) / 1000 * PER_SECOND[unit]
    if not dtype.startswith("datetime64") or re.fullmatch(r"[-+]?[0-9]{5,}", text):
        return _parse_number(text, name)
    try:
        return parse_time(text, unit, time_zone(dtype))
    except ValueError:
        message = f"'{name}' must be ISO 8601, an integer number of {unit}, or milliseconds such as '5ms'."
        raise Invalid(message) from None
