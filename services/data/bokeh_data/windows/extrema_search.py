"""The minimum or the maximum of ranges of rows: found in parts of the ranges, and then located."""

import numpy as np

from bokeh_data.windows.chunk_pyramid import Array, empty_extrema, maximum_of, minimum_of
from bokeh_data.windows.column_pyramid import FAN_OUT
from bokeh_data.windows.column_reader import ColumnReader
from bokeh_data.windows.sorted_indices import Indices, first_equal, interleave, unique

#: What `ExtremumSearch` calls the rows; levels of a pyramid have their numbers.
ROWS = -1


class ExtremumSearch:
    """One extremum of ranges of rows, so far, and the part of the range in which it was found.

    Args:
        column: the column.
        side: 0 for the minimum, 1 for the maximum.
        ranges: the first row of each range, which is the result for ranges of nulls only.
    """

    def __init__(self, column: ColumnReader, side: int, ranges: Indices) -> None:
        self._column, self._side, self._ranges = column, side, ranges
        self._better = (minimum_of, maximum_of)[side](column.kind)
        self._best = np.full(len(ranges), empty_extrema(column.kind)[side], column.kind)
        self._levels = np.full(len(ranges), ROWS)
        self._starts, self._stops = np.zeros((2, len(ranges)), np.int64)

    def add_rows(self, values: Array, ranges: Indices, starts: Indices, stops: Indices) -> None:
        """Add rows to ranges: those whose values are at `starts <= i < stops`, at least one for each."""
        self._add(ROWS, values, ranges, starts, stops, starts)

    def add_blocks(self, starts: Indices, stops: Indices) -> None:
        """Add blocks to each range: on each level those at both ends, and the rest on the level above.

        Args:
            starts: the first block for each range.
            stops: the block before which those for each range end; there may be none.
        """
        ranges = np.flatnonzero(stops > starts)
        starts, stops = starts[ranges], stops[ranges]
        for level in range(len(self._column.pyramid.levels)):
            if not len(ranges):
                return
            ranges, starts, stops = self._add_level(level, ranges, starts, stops)

    def find_rows(self, values: Array, begins: Indices, first_rows: Indices) -> Indices:
        """Return a row of each range that has the extremum.

        Args:
            values: the values of blocks of rows, as given to `add_rows`.
            begins: where among them each block begins.
            first_rows: the row at which each block begins.
        """
        found = self._ranges.copy()
        for level in np.unique(self._levels[self._stops > 0]).tolist():
            here = np.flatnonzero((self._levels == level) & (self._stops > 0))
            if level == ROWS:
                at = self._first_equal(values, here)
                blocks = np.searchsorted(begins, at, "right") - 1
                found[here] = first_rows[blocks] + at - begins[blocks]
            else:
                found[here] = self._rows_of_blocks(level, here)
        return found

    def _add_level(
        self, level: int, ranges: Indices, starts: Indices, stops: Indices
    ) -> tuple[Indices, Indices, Indices]:
        """Add the blocks that share a parent with the first or last; return the ranges of parents left."""
        first, last = starts // FAN_OUT, (stops - 1) // FAN_OUT
        parents, where = unique(interleave(first, last))
        values = self._column.pyramid.levels[level][self._side].reshape(-1, FAN_OUT)[parents].reshape(-1)
        begin, end = (
            where[::2] * FAN_OUT + starts % FAN_OUT,
            where[1::2] * FAN_OUT + (stops - 1) % FAN_OUT + 1,
        )
        same = first == last
        first_end = np.where(same, end, begin - starts % FAN_OUT + FAN_OUT)
        self._add(level, values, ranges, begin, first_end, starts)
        apart = np.flatnonzero(~same)
        end, last_starts = end[apart], last[apart] * FAN_OUT
        self._add(level, values, ranges[apart], (end - 1) // FAN_OUT * FAN_OUT, end, last_starts)
        left = np.flatnonzero(last > first + 1)
        return ranges[left], first[left] + 1, last[left]

    def _add(
        self, level: int, values: Array, ranges: Indices, starts: Indices, stops: Indices, at: Indices
    ) -> None:
        """Merge the values at `starts <= i < stops` into the ranges; the first is at `at` of the level."""
        if not len(ranges):
            return
        before = self._best[ranges]
        after = self._better(before, reduce_ranges(self._better, values, starts, stops))
        better = (after != before) | (self._stops[ranges] == 0)
        ranges = ranges[better]
        self._best[ranges], self._levels[ranges] = after[better], level
        self._starts[ranges], self._stops[ranges] = at[better], (at + stops - starts)[better]

    def _rows_of_blocks(self, level: int, ranges: Indices) -> Indices:
        """Return the rows of ranges whose extremum is in blocks of a level."""
        pyramid, wanted = self._column.pyramid, self._best[ranges]
        blocks = self._first_equal(pyramid.levels[level][self._side], ranges)
        for below in reversed(pyramid.levels[:level]):
            children = below[self._side].reshape(-1, FAN_OUT)[blocks]
            blocks = blocks * FAN_OUT + (children == wanted[:, None]).argmax(1)
        return np.asarray(self._column.rows_of(blocks)[0] + pyramid.offsets[self._side][blocks])

    def _first_equal(self, values: Array, ranges: Indices) -> Indices:
        return first_equal(values, self._best[ranges], self._starts[ranges], self._stops[ranges])


def reduce_ranges(better: np.ufunc, values: Array, starts: Indices, stops: Indices) -> Array:
    """Return the extremum of `values` for `starts <= i < stops`, of which there is at least one each.

    Ranges ascend and are disjoint.
    """
    pairs = interleave(starts, stops)
    if pairs[-1] == len(values):
        pairs = pairs[:-1]  # the last range extends to the end anyway
    return np.asarray(better.reduceat(values, np.minimum(pairs, len(values) - 1))[::2])
