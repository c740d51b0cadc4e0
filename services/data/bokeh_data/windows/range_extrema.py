"""Rows with the exact minimum and maximum of ranges of rows, from the column's pyramid and few rows."""

from typing import NamedTuple

import numpy as np

from bokeh_data.columns.dtypes import is_time
from bokeh_data.columns.statistics import NAT
from bokeh_data.windows.chunk_pyramid import BLOCK_ROWS, Array, maximum_of, minimum_of
from bokeh_data.windows.column_reader import ColumnReader
from bokeh_data.windows.extrema_search import ExtremumSearch, reduce_ranges
from bokeh_data.windows.sorted_indices import Indices, first_equal, interleave, unique

#: Ranges that are processed together; at most two blocks of each are in memory.
MAX_RANGES = 2048


class RangeExtrema(NamedTuple):
    """A row with the minimum and a row with the maximum of each range of rows.

    In a range of nulls only, both are its first row.

    Attributes:
        low: the row with the minimum.
        high: the row with the maximum.
    """

    low: Indices
    high: Indices


def range_extrema(column: ColumnReader, starts: Indices, stops: Indices) -> RangeExtrema:
    """Return rows with the minimum and maximum of ranges of rows.

    Args:
        column: the column.
        starts: the first row of each range, ascending.
        stops: the row before which each range ends; greater than its start, and at most the next start.
    """
    slices = [slice(at, at + MAX_RANGES) for at in range(0, len(starts), MAX_RANGES)]
    parts = [_range_extrema(column, starts[part], stops[part]) for part in slices]
    return (
        RangeExtrema(*map(np.concatenate, zip(*parts, strict=True)))
        if parts
        else RangeExtrema(starts, starts)
    )


def _range_extrema(column: ColumnReader, starts: Indices, stops: Indices) -> RangeExtrema:
    """Read all rows if they are no more than one block for each range; otherwise use the pyramid."""
    begin, end = int(starts[0]), int(stops[-1])
    if end - begin <= len(starts) * BLOCK_ROWS:
        return _from_rows(column, column.rows(begin, end), begin, starts, stops)
    return _from_pyramid(column, starts, stops)


def _from_rows(
    column: ColumnReader, values: Array, begin: int, starts: Indices, stops: Indices
) -> RangeExtrema:
    starts, stops, lows = starts - begin, stops - begin, without_nat(column, values)
    low = reduce_ranges(minimum_of(lows.dtype), lows, starts, stops)
    high = reduce_ranges(maximum_of(lows.dtype), values, starts, stops)
    return RangeExtrema(
        begin + first_equal(lows, low, starts, stops), begin + first_equal(values, high, starts, stops)
    )


def _from_pyramid(column: ColumnReader, starts: Indices, stops: Indices) -> RangeExtrema:
    """Combine the rows of the first and the last block of each range with the blocks between them."""
    (first, last), (first_offset, last_offset) = (
        pair.reshape(-1, 2).T for pair in column.block_of(interleave(starts, stops - 1))
    )
    blocks, where = unique(interleave(first, last))
    values, begins = column.blocks(blocks)
    begin, end = begins[where[::2]] + first_offset, begins[where[1::2]] + last_offset + 1
    same = first == last
    edges = [
        (np.arange(len(starts)), begin, np.where(same, end, begins[where[::2] + 1])),
        (np.flatnonzero(~same), begins[where[1::2]][~same], end[~same]),
    ]
    first_rows = column.rows_of(blocks)[0]
    sides = []
    for side, rows in enumerate((without_nat(column, values), values)):
        search = ExtremumSearch(column, side, starts)
        for ranges, edge_starts, edge_stops in edges:
            search.add_rows(rows, ranges, edge_starts, edge_stops)
        search.add_blocks(first + 1, last)
        sides.append(search.find_rows(rows, begins, first_rows))
    return RangeExtrema(*sides)


def without_nat(column: ColumnReader, values: Array) -> Array:
    """Return values whose minimum is that of all but NaT, which is the smallest integer."""
    return np.where(values == NAT, ~NAT, values) if is_time(column.column.dtype) else values
