"""Least and greatest of ranges of rows, exactly, from the pyramid and the rows at the edges of the ranges."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bokeh_data.cells import Rows, distinct
from bokeh_data.opened import OpenColumn
from bokeh_data.pyramid import CELL, GROUP, Array, greatest_of, least_of, nothing

#: Ranges that together have no more rows than this are read row by row: that takes no longer.
FEW_ROWS = 1 << 16


@dataclass(frozen=True)
class Ranges:
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
    begin, end = int(starts[0]), int(stops[-1])
    if end - begin <= FEW_ROWS:
        return _of_rows(column.rows(begin, end), starts - begin, stops - begin)
    return _of_cells(column, starts, stops)


def _of_rows(values: Array, starts: Rows, stops: Rows) -> Ranges:
    low, high = _reduced(values, values, starts, stops)
    return Ranges(low, high, values[starts], values[stops - 1])


def _of_cells(column: OpenColumn, starts: Rows, stops: Rows) -> Ranges:
    (first, last), (inside, last_inside) = (
        pair.reshape(-1, 2).T for pair in column.cell_of(_woven(starts, stops - 1))
    )
    cells, where = distinct(_woven(first, last))
    flat = column.blocks(cells).reshape(-1)
    begin, end = where[::2] * CELL + inside, where[1::2] * CELL + last_inside + 1
    ranges = _Merged(column.kind, len(starts))
    every, same = np.arange(len(starts)), first == last
    ranges.add(every, flat, flat, begin, np.where(same, end, begin - inside + CELL))
    apart = np.flatnonzero(~same)
    ranges.add(apart, flat, flat, (end - last_inside - 1)[apart], end[apart])
    _add_groups(ranges, column, first + 1, last)
    return Ranges(ranges.low, ranges.high, flat[begin], flat[end - 1])


def _add_groups(ranges: "_Merged", column: OpenColumn, starts: Rows, stops: Rows) -> None:
    """Add whole cells: at the edges of groups one by one, between them whole groups, level by level."""
    some = np.flatnonzero(stops > starts)
    if not len(some):
        return
    starts, stops = starts[some], stops[some]
    edges, where = _edge_groups(starts, stops)
    groups = column.groups(edges)
    low, high = groups[:, 0].reshape(-1), groups[:, 1].reshape(-1)
    some, starts, stops = _add_level(ranges, low, high, where, some, starts, stops)
    for level in column.index.levels:
        if not len(some):
            return
        edges, where = _edge_groups(starts, stops)
        low, high = (side.reshape(-1, GROUP)[edges].reshape(-1) for side in level)
        some, starts, stops = _add_level(ranges, low, high, where, some, starts, stops)


def _edge_groups(starts: Rows, stops: Rows) -> tuple[Rows, Rows]:
    return distinct(_woven(starts, stops - 1) // GROUP)


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
