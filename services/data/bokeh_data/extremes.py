"""Least and greatest of ranges of rows, exactly, from the pyramid and the rows at the edges of the ranges."""

from typing import Any, NamedTuple

import numpy as np

from bokeh_data.cells import Rows, distinct
from bokeh_data.dtypes import is_time
from bokeh_data.index import GROUP
from bokeh_data.opened import OpenColumn
from bokeh_data.pyramid import CELL, Array, greatest_of, least_of, nothing
from bokeh_data.zones import NAT

#: Ranges that are looked at together: at most two cells of each are in memory.
TOGETHER = 2048


class Ranges(NamedTuple):
    """What is known of ranges of rows, none of them empty; arrays with an element for each.

    Attributes:
        low: the least value; see `pyramid.nothing` for when all are null.
        high: the greatest value.
        first: the first value, also when it is null.
        last: the last value.
    """

    low: Array
    high: Array
    first: Array
    last: Array


def extremes(column: OpenColumn, starts: Rows, stops: Rows) -> Ranges:
    """Look at ranges of rows.

    Args:
        column: whose rows.
        starts: the first rows of the ranges, ascending.
        stops: the rows before which they end, each greater than its start, at most the next start.
    """
    if not len(starts):
        empty = np.empty(0, column.kind)
        return Ranges(empty, empty, empty, empty)
    pieces = [slice(at, at + TOGETHER) for at in range(0, len(starts), TOGETHER)]
    found = [_extremes(column, starts[piece], stops[piece]) for piece in pieces]
    return Ranges(*map(np.concatenate, zip(*found, strict=True)))


def _extremes(column: OpenColumn, starts: Rows, stops: Rows) -> Ranges:
    """Look at some ranges: at all rows, where these are no more than in the cells at their ends."""
    begin, end = int(starts[0]), int(stops[-1])
    if end - begin <= len(starts) * CELL:
        return _of_rows(column, column.rows(begin, end), starts - begin, stops - begin)
    return _of_cells(column, starts, stops)


def _of_rows(column: OpenColumn, values: Array, starts: Rows, stops: Rows) -> Ranges:
    low, high = _reduced(_lows(column, values), values, starts, stops)
    return Ranges(low, high, values[starts], values[stops - 1])


def _of_cells(column: OpenColumn, starts: Rows, stops: Rows) -> Ranges:
    (first, last), (inside, last_inside) = (
        pair.reshape(-1, 2).T for pair in column.cell_of(_woven(starts, stops - 1))
    )
    cells, where = distinct(_woven(first, last))
    values, begins = column.cells(cells)
    begin, end = begins[where[::2]] + inside, begins[where[1::2]] + last_inside + 1
    ranges, lows = _Merged(column.kind, len(starts)), _lows(column, values)
    every, same = np.arange(len(starts)), first == last
    ranges.add(every, lows, values, begin, np.where(same, end, begins[where[::2] + 1]))
    apart = np.flatnonzero(~same)
    ranges.add(apart, lows, values, begins[where[1::2]][apart], end[apart])
    _add_cells(ranges, column, first + 1, last)
    return Ranges(ranges.low, ranges.high, values[begin], values[end - 1])


def _lows(column: OpenColumn, values: Array) -> Array:
    """Return what to look for the least among: NaT, which counts for nothing, is the least integer."""
    return np.where(values == NAT, ~NAT, values) if is_time(column.column.dtype) else values


def _add_cells(ranges: "_Merged", column: OpenColumn, starts: Rows, stops: Rows) -> None:
    """Add whole cells: at the edges of groups one by one, between them whole groups, level by level."""
    some = np.flatnonzero(stops > starts)
    starts, stops = starts[some], stops[some]
    for level in column.index.levels:
        if not len(some):
            return
        groups, where = distinct(_woven(starts, stops - 1) // GROUP)
        low, high = (side.reshape(-1, GROUP)[groups].reshape(-1) for side in level)
        some, starts, stops = _add_level(ranges, low, high, where, some, starts, stops)


def _woven(some: Rows, others: Rows) -> Rows:
    """Return the first of both, the second of both and so on."""
    return np.stack([some, others], 1).reshape(-1)


def _add_level(
    ranges: "_Merged", low: Array, high: Array, where: Rows, some: Rows, starts: Rows, stops: Rows
) -> tuple[Rows, Rows, Rows]:
    """Add what lies in the groups at both ends of the ranges `some`; return what is left, in whole groups."""
    first, last = starts // GROUP, (stops - 1) // GROUP
    begin, end = where[::2] * GROUP + starts % GROUP, where[1::2] * GROUP + (stops - 1) % GROUP + 1
    same = first == last
    ranges.add(some, low, high, begin, np.where(same, end, begin - starts % GROUP + GROUP))
    apart = np.flatnonzero(~same)
    end = end[apart]
    ranges.add(some[apart], low, high, (end - 1) // GROUP * GROUP, end)
    left = np.flatnonzero(last > first + 1)
    return some[left], first[left] + 1, last[left]


class _Merged:
    """Least and greatest so far of each of some ranges."""

    def __init__(self, kind: np.dtype[Any], count: int) -> None:
        low, high = nothing(kind)
        self.low, self.high = np.full(count, low, kind), np.full(count, high, kind)

    def add(self, some: Rows, low: Array, high: Array, starts: Rows, stops: Rows) -> None:
        """Merge into the ranges `some` the values from `starts` to before `stops`, which are not empty."""
        if len(some):
            lower, higher = _reduced(low, high, starts, stops)
            self.low[some] = least_of(low.dtype)(self.low[some], lower)
            self.high[some] = greatest_of(low.dtype)(self.high[some], higher)


def _reduced(low: Array, high: Array, starts: Rows, stops: Rows) -> tuple[Array, Array]:
    """Return the least of `low` and the greatest of `high` between `starts` and `stops`."""
    pairs = _woven(starts, stops)
    if pairs[-1] == len(low):
        pairs = pairs[:-1]  # the last one goes to the end anyway
    inner = np.minimum(pairs, len(low) - 1)
    return least_of(low.dtype).reduceat(low, inner)[::2], greatest_of(low.dtype).reduceat(high, inner)[::2]
