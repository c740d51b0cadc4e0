"""Rows of a data source: some of its columns, a range, those that fulfil conditions."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from bokeh_common.errors import Invalid
from bokeh_data.cells import Rows
from bokeh_data.columns import Column, shown
from bokeh_data.dtypes import PACKED, is_arrow, is_ordered, is_time, time_unit
from bokeh_data.filters import Condition, Test, joined, merge
from bokeh_data.opened import Opener
from bokeh_data.rows import empty, rows_of
from bokeh_data.unpacked import unpack
from bokeh_data.values import ARROW_UNITS, Values, to_arrow

BATCH_BYTES = 4 << 20
MAX_BATCH = 1 << 17  # rows
_RANGE = re.compile(r"(\d{0,30}):(\d{0,30})(?::(\d{1,30}))?")

Batch = dict[str, Values]


@dataclass(frozen=True)
class Query:
    """What is asked for.

    Attributes:
        columns: their names, in order.
        rows: which rows are looked at: from, to before, and each how manieth.
        where: what they have to fulfil, all of it.
        limit: how many are wanted; None for all.
    """

    columns: tuple[str, ...]
    rows: slice = field(default_factory=lambda: slice(0, None, 1))
    where: tuple[Condition, ...] = ()
    limit: int | None = None

    @property
    def used(self) -> tuple[str, ...]:
        """The columns that are read."""
        return tuple(dict.fromkeys([*self.columns, *(condition.column for condition in self.where)]))


@dataclass(frozen=True)
class Result:
    """Rows, batch by batch.

    Attributes:
        like: rows, none of them, that show what each column holds.
        batches: the rows.
        rows: how many there are; None when that is known at the end.
        kind: what a window shows, see `windows.Seen`; "rows" for those of a query.
    """

    like: Batch
    batches: Iterator[Batch] = field(repr=False)
    rows: int | None = None
    kind: str = "rows"


def parse_rows(text: str) -> slice:
    """Return the rows that `from:to` or `from:to:step` mean; `Invalid`."""
    found = _RANGE.fullmatch(text)
    step = int(found[3] or 1) if found else 0
    if found is None or step < 1:
        raise Invalid("'rows' must be 'from:to' or 'from:to:step', such as '0:100'; the step is at least 1.")
    return slice(int(found[1] or 0), int(found[2]) if found[2] else None, step)


def run(opener: Opener, columns: dict[str, Column], query: Query) -> Result:
    """Return the rows that a query asks for.

    Args:
        opener: of the columns.
        columns: all that the query uses.
        query: what is asked for.

    Raises:
        Invalid: columns differ in length or cannot be read as rows, or a condition does not fit its column.
    """
    whole = {name: unpack(opener, name, column) for name, column in columns.items() if column.dtype == PACKED}
    length = _check(columns, whole)
    like = {name: whole[name][:0] if name in whole else empty(opener, columns[name]) for name in columns}
    tests = [Test(condition, to_arrow(like[condition.column]).type) for condition in query.where]
    start, stop, step = query.rows.indices(length)
    ranges = merge([_ranges(opener, columns[test.condition.column], test) for test in tests], stop)
    pieces = _pieces(ranges, start, stop, step, _batch_rows(columns.values()))
    stored = {name: column for name, column in columns.items() if name not in whole}
    read = (_read(opener, stored, piece) | _some(whole, piece) for piece in pieces)
    batches = _limited((_passing(batch, tests, query.columns) for batch in read), query.limit)
    count = (
        None if tests else min(len(range(start, stop, step)), length if query.limit is None else query.limit)
    )
    return Result({name: like[name] for name in query.columns}, batches, count)


def _check(columns: dict[str, Column], whole: Batch) -> int:
    for name, column in columns.items():
        if not column.shape:
            raise Invalid(f"Column {shown(name)} is a single value, without rows.")
    lengths = {name: len(whole[name]) if name in whole else columns[name].length for name in columns}
    if len(set(lengths.values())) > 1:
        raise Invalid(f"The columns differ in length ({lengths}); ask for those that do not ('columns').")
    return next(iter(lengths.values()), 0)


def _ranges(opener: Opener, column: Column, test: Test) -> Rows:
    """Return the ranges of rows in which a condition may be fulfilled, without reading them."""
    every = np.array([[0, column.length]], np.int64)
    if test.op in ("is", "is not", "!="):
        return every
    if is_arrow(column.dtype):
        return _by_zones(column, test)
    comparable = not is_time(column.dtype) or time_unit(column.dtype) in ARROW_UNITS
    if not is_ordered(column.dtype) or len(column.shape) != 1 or not comparable or not column.length:
        return every
    opened = opener.open(column)
    low, high = opened.index.levels[0]
    cells = np.flatnonzero(test.may_be(low, high))
    starts, stops = opened.rows_of(cells[cells < opened.cell_count])
    return joined(np.maximum(np.stack([starts, stops], 1), 0))


def _by_zones(column: Column, test: Test) -> Rows:
    edges, zones = np.maximum(column.starts, 0), column.zones or ()
    some = [
        (edges[i], edges[i + 1])
        for i in range(len(column.chunks))
        if i >= len(zones) or zones[i].low is None or test.may_be(zones[i].low, zones[i].high)
    ]
    return joined(np.array(some, np.int64).reshape(-1, 2))


def _batch_rows(columns: Iterable[Column]) -> int:
    bytes_a_row = sum(column.size / max(column.length, 1) for column in columns)
    return int(min(max(BATCH_BYTES // max(bytes_a_row, 1), 1), MAX_BATCH))


def _pieces(ranges: Rows, start: int, stop: int, step: int, most: int) -> Iterator[range]:
    """Yield runs of rows that are read at once."""
    for begin, end in ranges.tolist():
        first = start + -(-max(begin - start, 0) // step) * step
        for at in range(first, min(end, stop), most * step):
            yield range(at, min(at + most * step, end, stop), step)


def _read(opener: Opener, columns: dict[str, Column], rows: range) -> Batch:
    return {name: rows_of(opener, column, rows) for name, column in columns.items()}


def _some(whole: Batch, rows: range) -> Batch:
    """Return rows of packed columns, of which all was read before."""
    return {name: values[rows.start : rows.stop : rows.step] for name, values in whole.items()}


def _passing(batch: Batch, tests: list[Test], names: tuple[str, ...]) -> Batch:
    if not tests:
        return {name: batch[name] for name in names}
    masks = [
        np.asarray(test(to_arrow(batch[test.condition.column])).to_numpy(zero_copy_only=False))
        for test in tests
    ]
    kept = np.flatnonzero(np.logical_and.reduce(masks))
    return {name: _picked(batch[name], kept) for name in names}


def _picked(values: Values, kept: Rows) -> Values:
    array = values.array
    return Values(values.dtype, array.take(pa.array(kept)) if is_arrow(values.dtype) else array[kept])


def _limited(batches: Iterator[Batch], limit: int | None) -> Iterator[Batch]:
    left = limit
    for batch in batches:
        count = len(next(iter(batch.values()), ()))
        if left is not None and count >= left:
            yield {name: values[:left] for name, values in batch.items()}
            return
        left = None if left is None else left - count
        if count:
            yield batch
