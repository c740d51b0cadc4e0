"""Queries: some columns of a data source, a range of its rows, and those that meet conditions."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from bokeh_common.errors import Invalid
from bokeh_data.columns.drawn_times import bounds_in_units, from_milliseconds
from bokeh_data.columns.dtypes import PACKED, is_arrow, is_ordered, is_time, time_unit
from bokeh_data.columns.manifest import Column
from bokeh_data.columns.names import abbreviate
from bokeh_data.columns.values import ARROW_UNITS, Values, to_arrow
from bokeh_data.conditions.column_condition import ColumnCondition
from bokeh_data.conditions.expression import Condition, Expression, fold, leaves, map_leaves
from bokeh_data.conditions.row_ranges import intersect, merge_adjacent, unite
from bokeh_data.queries.packed_values import read_packed_rows
from bokeh_data.queries.rows import empty_rows, read_rows
from bokeh_data.windows.column_reader import ColumnReaders
from bokeh_data.windows.sorted_indices import Indices

#: Rows that are read together take about so many bytes, and are at most so many.
BATCH_BYTES = 4 << 20
MAX_BATCH_ROWS = 1 << 17
#: Conditions that the minimum and maximum of a block or a chunk may exclude.
PRUNING_OPS = ("=", "<", "<=", ">", ">=", "in", "all", "none")

_RANGE = re.compile(r"(\d{0,30}):(\d{0,30})(?::(\d{1,30}))?")

#: Rows of several columns, by name.
Batch = dict[str, Values]


@dataclass(frozen=True)
class Query:
    """A request for rows.

    Attributes:
        columns: names of the columns, in the order of the result.
        rows: the range of rows to look at, with a step.
        where: the conditions that a row has to meet; None for none.
        limit: the maximum number of rows; None for all.
    """

    columns: tuple[str, ...]
    rows: slice = field(default_factory=lambda: slice(0, None, 1))
    where: Expression[Condition] | None = None
    limit: int | None = None

    @property
    def used(self) -> tuple[str, ...]:
        """The columns that are read: those of the result and of the conditions."""
        conditions = () if self.where is None else leaves(self.where)
        return tuple(dict.fromkeys([*self.columns, *(condition.column for condition in conditions)]))


@dataclass(frozen=True)
class QueryResult:
    """Rows of a query or a window, in batches.

    Attributes:
        prototype: no rows, in the dtypes of the columns.
        batches: the rows.
        rows: how many there are; None if that is known only at the end.
        kind: "rows" for a query; for a window see `WindowResult`.
    """

    prototype: Batch
    batches: Iterator[Batch] = field(repr=False)
    rows: int | None = None
    kind: str = "rows"


def parse_row_range(text: str) -> slice:
    """Parse `start:stop` or `start:stop:step`.

    Raises:
        Invalid: it is not of this form, or the step is 0.
    """
    found = _RANGE.fullmatch(text)
    step = int(found[3] or 1) if found else 0
    if found is None or step < 1:
        raise Invalid("'rows' must be 'from:to' or 'from:to:step', such as '0:100'; the step is at least 1.")
    return slice(int(found[1] or 0), int(found[2]) if found[2] else None, step)


def run_query(readers: ColumnReaders, columns: dict[str, Column], query: Query) -> QueryResult:
    """Return the rows that a query asks for.

    Args:
        readers: where to read the columns.
        columns: all columns that the query uses, by name.
        query: the request.

    Raises:
        Invalid: columns differ in length or cannot be read as rows, or a condition does not fit its column.
    """
    packed = {
        name: from_milliseconds(read_packed_rows(readers, name, column), column.drawn)
        for name, column in columns.items()
        if column.dtype == PACKED
    }
    length = _check_lengths(columns, packed)
    prototype = {
        name: packed[name][:0] if name in packed else _no_rows(readers, columns[name]) for name in columns
    }
    conditions = None if query.where is None else _bind(query.where, prototype)
    start, stop, step = query.rows.indices(length)
    ranges = _candidates(readers, columns, conditions, stop)
    pieces = _divide(ranges, start, stop, step, _rows_per_batch(columns.values()))
    unpacked = {name: column for name, column in columns.items() if name not in packed}
    read = (_read(readers, unpacked, piece) | _select(packed, piece) for piece in pieces)
    batches = _limit((_filter(batch, conditions, query.columns) for batch in read), query.limit)
    known = min(len(range(start, stop, step)), length if query.limit is None else query.limit)
    count = known if conditions is None else None
    return QueryResult({name: prototype[name] for name in query.columns}, batches, count)


def _check_lengths(columns: dict[str, Column], packed: Batch) -> int:
    """Return the common length of columns."""
    for name, column in columns.items():
        if not column.shape:
            raise Invalid(f"Column {abbreviate(name)} is a single value, without rows.")
    lengths = {name: len(packed[name]) if name in packed else columns[name].length for name in columns}
    if len(set(lengths.values())) > 1:
        raise Invalid(
            f"The columns differ in length ({lengths}); choose columns of the same length ('columns')."
        )
    return next(iter(lengths.values()), 0)


def _bind(where: Expression[Condition], prototype: Batch) -> Expression[ColumnCondition]:
    """Bind conditions to the types of their columns."""
    types = {one.column: to_arrow(prototype[one.column]).type for one in leaves(where)}
    return map_leaves(where, lambda condition: ColumnCondition(condition, types[condition.column]))


def _candidates(
    readers: ColumnReaders,
    columns: dict[str, Column],
    where: Expression[ColumnCondition] | None,
    stop: int,
) -> Indices:
    """Return the ranges of rows before `stop` that may meet the conditions, without reading rows."""
    every = np.array([[0, stop]], np.int64)
    if where is None:
        return intersect([every], stop)
    ranges = fold(
        where,
        lambda one: _ranges(readers, columns[one.condition.column], one),
        lambda parts: intersect(list(parts), stop),
        lambda parts: unite(list(parts)),
    )
    return intersect([ranges], stop)


def _ranges(readers: ColumnReaders, column: Column, condition: ColumnCondition) -> Indices:
    """Return the ranges of rows that may meet a condition, without reading rows; shape (n, 2)."""
    every = np.array([[0, column.length]], np.int64)
    if condition.op not in PRUNING_OPS:
        return every
    if is_arrow(column.dtype):
        return _ranges_by_statistics(column, condition) if column.drawn is None else every
    is_comparable = _is_comparable(column.drawn or column.dtype)
    if not is_ordered(column.dtype) or len(column.shape) != 1 or not is_comparable or not column.length:
        return every
    reader = readers.open(column)
    low, high = reader.pyramid.levels[0]
    if column.drawn is not None:
        low, high = bounds_in_units(low, high, column.drawn)
    blocks = np.flatnonzero(condition.may_match(low, high))
    starts, stops = reader.rows_of(blocks[blocks < reader.block_count])
    return merge_adjacent(np.maximum(np.stack([starts, stops], 1), 0))


def _is_comparable(dtype: str) -> bool:
    """Tell whether Arrow has the values of a dtype in the same unit."""
    return not is_time(dtype) or dtype == "datetime64[D]" or time_unit(dtype) in ARROW_UNITS


def _ranges_by_statistics(column: Column, condition: ColumnCondition) -> Indices:
    edges, statistics = np.maximum(column.starts, 0), column.statistics or ()
    ranges = [
        (edges[i], edges[i + 1])
        for i in range(len(column.chunks))
        if i >= len(statistics)
        or statistics[i].low is None
        or condition.may_match(statistics[i].low, statistics[i].high)
    ]
    return merge_adjacent(np.array(ranges, np.int64).reshape(-1, 2))


def _rows_per_batch(columns: Iterable[Column]) -> int:
    row_bytes = sum(column.size / max(column.length, 1) for column in columns)
    return int(min(max(BATCH_BYTES // max(row_bytes, 1), 1), MAX_BATCH_ROWS))


def _divide(ranges: Indices, start: int, stop: int, step: int, rows: int) -> Iterator[range]:
    """Divide ranges into pieces of at most so many rows."""
    for begin, end in ranges.tolist():
        first = start + -(-max(begin - start, 0) // step) * step
        for at in range(first, min(end, stop), rows * step):
            yield range(at, min(at + rows * step, end, stop), step)


def _read(readers: ColumnReaders, columns: dict[str, Column], rows: range) -> Batch:
    return {
        name: from_milliseconds(read_rows(readers, column, rows), column.drawn)
        for name, column in columns.items()
    }


def _no_rows(readers: ColumnReaders, column: Column) -> Values:
    return from_milliseconds(empty_rows(readers, column), column.drawn)


def _select(packed: Batch, rows: range) -> Batch:
    """Return rows of packed columns, which have been read as a whole."""
    return {name: values[rows.start : rows.stop : rows.step] for name, values in packed.items()}


def _filter(batch: Batch, where: Expression[ColumnCondition] | None, names: tuple[str, ...]) -> Batch:
    if where is None:
        return {name: batch[name] for name in names}
    mask = fold(where, lambda one: _mask(batch, one), np.logical_and.reduce, np.logical_or.reduce)
    rows = np.flatnonzero(mask)
    return {name: _take(batch[name], rows) for name in names}


def _mask(batch: Batch, condition: ColumnCondition) -> Any:
    found = condition.evaluate(to_arrow(batch[condition.condition.column]))
    return np.asarray(found.to_numpy(zero_copy_only=False))


def _take(values: Values, rows: Indices) -> Values:
    array = values.array
    return Values(values.dtype, array.take(pa.array(rows)) if is_arrow(values.dtype) else array[rows])


def _limit(batches: Iterator[Batch], limit: int | None) -> Iterator[Batch]:
    left = limit
    for batch in batches:
        count = len(next(iter(batch.values()), ()))
        if left is not None and count >= left:
            yield {name: values[:left] for name, values in batch.items()}
            return
        left = None if left is None else left - count
        if count:
            yield batch
