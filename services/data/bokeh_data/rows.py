"""Rows of columns of any type, from chunks that are kept at hand."""

import numpy as np
import pyarrow as pa

from bokeh_data.arrowchunks import read_chunk
from bokeh_data.columns import Column
from bokeh_data.columnstore import joined
from bokeh_data.dtypes import is_arrow, numpy_dtype
from bokeh_data.opened import Opener
from bokeh_data.values import Values


def empty(opener: Opener, column: Column) -> Values:
    """Return no rows of a column, which show what it holds."""
    if is_arrow(column.dtype):
        return Values(column.dtype, read_chunk(opener.view(column.chunks[-1].hash))[:0])
    return Values(column.dtype, np.empty((0, *column.shape[1:]), numpy_dtype(column.dtype)))


def rows_of(opener: Opener, column: Column, rows: range) -> Values:
    """Return some rows of a column."""
    if not rows:
        return empty(opener, column)
    start, stop = rows[0], rows[-1] + 1
    found = (
        _arrow(opener, column, start, stop) if is_arrow(column.dtype) else _fixed(opener, column, start, stop)
    )
    if rows.step == 1:
        return found
    if isinstance(found.array, pa.Array):
        return Values(found.dtype, found.array.take(pa.array(np.arange(0, len(found), rows.step))))
    return found[:: rows.step]


def _fixed(opener: Opener, column: Column, start: int, stop: int) -> Values:
    """Chunks may end within a row of several dimensions, so it is bytes that are put together."""
    begin, end = ((row + column.skip) * column.row_bytes for row in (start, stop))
    ends = np.cumsum([chunk.size for chunk in column.chunks], dtype=np.int64)
    first, last = np.searchsorted(ends, [begin, end - 1], "right") if end > begin else (0, -1)
    views = []
    for i in range(first, last + 1):
        at = int(ends[i]) - column.chunks[i].size
        views.append(opener.view(column.chunks[i].hash)[max(begin - at, 0) : end - at])
    data = views[0] if len(views) == 1 else b"".join(views)
    return Values(
        column.dtype, np.frombuffer(data, numpy_dtype(column.dtype)).reshape(stop - start, *column.shape[1:])
    )


def _arrow(opener: Opener, column: Column, start: int, stop: int) -> Values:
    first = int(np.searchsorted(column.starts, start, "right")) - 1
    last = int(np.searchsorted(column.starts, stop, "left"))
    parts = []
    for i in range(first, last):
        begin = int(column.starts[i])
        array = read_chunk(opener.view(column.chunks[i].hash))
        parts.append(Values(column.dtype, array[max(start - begin, 0) : stop - begin]))
    return joined(parts)
