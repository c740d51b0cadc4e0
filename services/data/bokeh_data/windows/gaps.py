"""Gaps of lines: the rows that show where nulls interrupt a line within a bin.

A *run* is a sequence of rows between nulls. A row that stands alone between two nulls is no part of a line:
BokehJS does not draw it.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bokeh_data.windows.chunk_pyramid import Array, empty_extrema, maximum_of, minimum_of
from bokeh_data.windows.column_reader import ColumnReader
from bokeh_data.windows.extrema_search import reduce_ranges
from bokeh_data.windows.range_extrema import RangeExtrema
from bokeh_data.windows.sorted_indices import Indices, first_equal

#: Runs of one bin that are kept apart; if there are more, neighbours are joined.
MAX_RUNS = 2

#: If bins with nulls contain more rows, which all have to be read, gaps within bins are not looked for.
MAX_ROWS = 16 << 20

#: Rows that are processed together, unless one bin has more.
SLICE_ROWS = 1 << 20


def gap_rows(column: ColumnReader, starts: Indices, stops: Indices, extrema: RangeExtrema) -> Indices:
    """Return rows that interrupt a line at nulls, and the rows that represent what is between them.

    For each of up to `MAX_RUNS` runs of a bin these are its first row, its last row, those with its minimum
    and maximum, and the null after it. Rows that stand alone are surrounded by nulls.

    Args:
        column: the column.
        starts: the first row of each bin, ascending.
        stops: the row before which each bin ends.
        extrema: the rows with the extrema of the bins.
    """
    bins = _bins_with_nulls(column, starts, stops)
    counts = (stops - starts)[bins]
    if not len(bins) or counts.sum() > MAX_ROWS:
        return np.empty(0, np.int64)
    slices = np.split(bins, np.flatnonzero(np.diff(np.cumsum(counts) // SLICE_ROWS)) + 1)
    found = [
        _rows_of_bins(column, starts[part], stops[part], extrema.low[part], extrema.high[part])
        for part in slices
    ]
    return np.concatenate(found)


def _bins_with_nulls(column: ColumnReader, starts: Indices, stops: Indices) -> Indices:
    """Return the numbers of bins whose blocks contain nulls."""
    pyramid = column.pyramid
    if not pyramid.nulls or not len(starts):
        return np.empty(0, np.int64)
    before = pyramid.nulls_before
    first, last = column.block_of(starts)[0], column.block_of(stops - 1)[0]
    return np.flatnonzero(before[last + 1] > before[first])


def _rows_of_bins(
    column: ColumnReader, starts: Indices, stops: Indices, low: Indices, high: Indices
) -> Indices:
    values = _values_of(column, starts, stops)
    bins = _Bins(values, ~column.is_null(values), np.cumsum(stops - starts) - (stops - starts))
    shift: Indices = starts - bins.begins  # from positions among the values to rows
    extrema = np.concatenate([bins.begins + low - starts, bins.begins + high - starts])
    positions = np.concatenate([bins.runs_apart(), bins.nulls_around(extrema)])
    rows: Indices = positions + shift[bins.of(positions)]
    return rows


def _values_of(column: ColumnReader, starts: Indices, stops: Indices) -> Array:
    """Return the values of the rows of bins; adjacent bins are read together."""
    apart = starts[1:] != stops[:-1]
    spans = zip(starts[np.append(True, apart)].tolist(), stops[np.append(apart, True)].tolist(), strict=True)
    return np.concatenate([column.rows(start, stop) for start, stop in spans])


@dataclass
class _Bins:
    """The values of bins, one after another.

    Attributes:
        values: the values.
        valid: which of them are not null.
        begins: where each bin begins.
    """

    values: Array
    valid: NDArray[np.bool_]
    begins: Indices

    def of(self, positions: Indices) -> Indices:
        """Return the numbers of the bins of positions."""
        bins: Indices = np.searchsorted(self.begins, positions, "right") - 1
        return bins

    @cached_property
    def starts_bin(self) -> NDArray[np.bool_]:
        """Which values are the first of a bin."""
        starts = np.zeros(len(self.values), bool)
        starts[self.begins] = True
        return starts

    @cached_property
    def ends_bin(self) -> NDArray[np.bool_]:
        """Which values are the last of a bin."""
        return np.append(self.starts_bin[1:], True)

    @cached_property
    def starts_run(self) -> NDArray[np.bool_]:
        """Which values are the first of a run in their bin."""
        return np.asarray(self.valid & (self.starts_bin | ~np.append(False, self.valid[:-1])))

    @cached_property
    def ends_run(self) -> NDArray[np.bool_]:
        """Which values are the last of a run in their bin."""
        return np.asarray(self.valid & (self.ends_bin | ~np.append(self.valid[1:], False)))

    @cached_property
    def alone(self) -> NDArray[np.bool_]:
        """Which values stand alone between two nulls of their bin."""
        return self.starts_run & self.ends_run & ~self.starts_bin & ~self.ends_bin

    def runs_apart(self) -> Indices:
        """Return the positions that represent the runs of each bin, and of a null after each of them."""
        starts = np.flatnonzero(self.starts_run & ~self.alone)
        stops = np.flatnonzero(self.ends_run & ~self.alone) + 1
        if not len(starts):
            return starts
        is_first = np.append(True, np.diff(self._groups_of(starts)) > 0)
        starts, stops = starts[is_first], stops[np.append(is_first[1:], True)]
        after = stops[~self.ends_bin[stops - 1]]
        return np.concatenate([starts, stops - 1, after, *self._extrema(starts, stops)])

    def nulls_around(self, positions: Indices) -> Indices:
        """Return the nulls before and after those of some positions that stand alone."""
        alone = positions[self.alone[positions]]
        return np.concatenate([alone - 1, alone + 1])

    def _groups_of(self, runs: Indices) -> Indices:
        """Return the numbers of the groups of runs: `MAX_RUNS` for each bin."""
        bins = self.of(runs)
        counts = np.bincount(bins, minlength=len(self.begins))
        ranks = np.arange(len(runs)) - (np.cumsum(counts) - counts)[bins]
        places = np.where(counts[bins] <= MAX_RUNS, ranks, ranks * MAX_RUNS // counts[bins])
        return np.asarray(bins * MAX_RUNS + places)

    def _extrema(self, starts: Indices, stops: Indices) -> list[Indices]:
        """Return the positions of the minimum and of the maximum of groups of runs."""
        found, kind = [], self.values.dtype
        for neutral, better in zip(empty_extrema(kind), (minimum_of(kind), maximum_of(kind)), strict=True):
            values = np.where(self.valid & ~self.alone, self.values, neutral)
            found.append(first_equal(values, reduce_ranges(better, values, starts, stops), starts, stops))
        return found
