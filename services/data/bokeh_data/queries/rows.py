"""Rows of columns of any dtype, from cached chunks."""

import numpy as np
import pyarrow as pa

from bokeh_data.columns.arrow_chunks import read_chunk
from bokeh_data.columns.dtypes import is_arrow, numpy_dtype
from bokeh_data.columns.manifest import Column
from bokeh_data.columns.values import Values
from bokeh_data.storage.column_store import concatenate
from bokeh_data.windows.column_reader import ColumnReaders


def empty_rows(readers: ColumnReaders, column: Column) -> Values:
    """Return no rows of a column, in its dtype."""
    if is_arrow(column.dtype):
        return Values(column.dtype, read_chunk(readers.view_chunk(column.chunks[-1].hash))[:0])
    return Values(column.dtype, np.empty((0, *column.shape[1:]), numpy_dtype(column.dtype)))


def read_rows(readers: ColumnReaders, column: Column, rows: range) -> Values:
    """Return rows of a column that is not packed."""
    if not rows:
        return empty_rows(readers, column)
    start, stop = rows[0], rows[-1] + 1
    read = _read_arrow if is_arrow(column.dtype) else _read_fixed
    found = read(readers, column, start, stop)
    if rows.step == 1:
        return found
    if isinstance(found.array, pa.Array):
        return Values(found.dtype, found.array.take(pa.array(np.arange(0, len(found), rows.step))))
    return found[:: rows.step]


def _read_fixed(readers: ColumnReaders, column: Column, start: int, stop: int) -> Values:
    """Concatenate bytes rather than arrays, since chunks may end within a row of several dimensions."""
    begin, end = ((row + column.skip) * column.row_bytes for row in (start, stop))
    ends = np.cumsum([chunk.size for chunk in column.chunks], dtype=np.int64)
    first, last = np.searchsorted(ends, [begin, end - 1], "right") if end > begin else (0, -1)
    views = []
    for i in range(first, last + 1):
        at = int(ends[i]) - column.chunks[i].size
        views.append(readers.view_chunk(column.chunks[i].hash)[max(begin - at, 0) : end - at])
    data = views[0] if len(views) == 1 else b"".join(views)
    array = np.frombuffer(data, numpy_dtype(column.dtype)).reshape(stop - start, *column.shape[1:])
    return Values(column.dtype, array)


def _read_arrow(readers: ColumnReaders, column: Column, start: int, stop: int) -> Values:
    first = int(np.searchsorted(column.starts, start, "right")) - 1
    last = int(np.searchsorted(column.starts, stop, "left"))
    parts = []
    for i in range(first, last):
        begin = int(column.starts[i])
        array = read_chunk(readers.view_chunk(column.chunks[i].hash))
        parts.append(Values(column.dtype, array[max(start - begin, 0) : stop - begin]))
    return concatenate(parts)
