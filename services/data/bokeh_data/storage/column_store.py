"""The column store: creates columns from values, appends rows to them, and reads them."""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from bokeh_common.errors import Invalid
from bokeh_common.hashing import hash_bytes
from bokeh_data.columns.arrow_chunks import read_chunk, write_chunk
from bokeh_data.columns.browser_encoding import browser_blocks, browser_dtype, json_items, needs_json_size
from bokeh_data.columns.casting import NULL, cast_to, prepend_missing
from bokeh_data.columns.dtypes import PACKED, is_arrow, item_bytes, numpy_dtype
from bokeh_data.columns.manifest import Chunk, Column
from bokeh_data.columns.statistics import ChunkStatistics, statistics_of_arrow, statistics_of_bytes
from bokeh_data.columns.values import Values
from bokeh_data.sandbox.arrow_validation import validate_chunks
from bokeh_data.storage.repository import DataRepository

CHUNK_BYTES = 4 << 20

#: When rows are appended, the last chunk is rewritten together with them if it has at most so many bytes, or
#: at most twice as many as the new rows. So each row is written only a few times in all, and few chunks are
#: small.
SMALL_CHUNK_BYTES = 64 << 10

#: The largest column that is cut into new chunks when rows are appended, since its chunks end within rows.
MAX_RECHUNK_BYTES = 256 << 20

#: Bytes of values that are converted for browsers at once: few, since each slow client holds a block.
BLOCK_BYTES = 1 << 17

#: The maximum number of rows of a column whose rows have no elements.
MAX_EMPTY_ROWS = 1 << 17


class ColumnStore:
    """Columns of accounts."""

    def __init__(self, repository: DataRepository) -> None:
        self._repository = repository

    def create(self, user: str, values: Values) -> Column:
        """Store the chunks of a new column; its manifest has to be stored afterwards."""
        shape = (len(values), *values.row_shape)
        _check_empty_rows(shape)
        pairs = [self._put_values(user, part) for part in _split(values)]
        chunks, statistics = tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs)
        return self.complete_statistics(Column(values.dtype, shape, chunks, 0, statistics))

    def append(self, user: str, column: Column, values: Values, rollover: int | None = None) -> Column:
        """Store the chunks of a column with additional rows; only its end is written.

        Args:
            user: the account.
            column: the column.
            values: the additional rows.
            rollover: how many rows at the end to keep; None for all.
        """
        if not len(values):
            return self.complete_statistics(column if rollover is None else self._roll_over(column, rollover))
        if values.dtype != column.dtype and column.length and column.dtype != NULL:
            values = cast_to(values, self.prototype(column))
        if values.dtype != column.dtype:  # the column has no values so far, and gets the dtype of these
            longer = self.create(user, prepend_missing(values, column.length))
            return self.complete_statistics(longer if rollover is None else self._roll_over(longer, rollover))
        kept = _count_kept_chunks(column, _size(values))
        tail = self.rows(column, max(int(column.starts[kept]), 0), column.length)
        added = self.create(user, concatenate([*tail, values]))
        statistics = None
        if column.statistics is not None and added.statistics is not None:
            statistics = column.statistics[:kept] + added.statistics
        shape = (column.length + len(values), *column.shape[1:])
        skip = column.skip if kept else 0
        longer = Column(column.dtype, shape, column.chunks[:kept] + added.chunks, skip, statistics)
        return self.complete_statistics(longer if rollover is None else self._roll_over(longer, rollover))

    def complete_statistics(self, column: Column) -> Column:
        """Return the column with the statistics that its browser encoding needs.

        Raises:
            Invalid: it has Arrow chunks that a client wrote, and they are not what the manifest declares; or
                it has too many rows without elements.
        """
        _check_empty_rows(column.shape)
        if column.statistics is None and is_arrow(column.dtype):
            return self._validate(column)
        if column.statistics is None:
            if column.dtype not in ("int64", "uint64"):
                return column
            column = self._with_statistics(column)
        statistics = column.statistics or ()
        if not needs_json_size(column) or all(stats.json_size is not None for stats in statistics):
            return column
        pairs = zip(statistics, self.chunk_arrays(column), strict=True)
        return replace(column, statistics=tuple(_with_json_size(stats, array) for stats, array in pairs))

    def _validate(self, column: Column) -> Column:
        """Return an Arrow column with its statistics, after all of its chunks were validated."""
        views = ((chunk, self._repository.view_chunk(chunk.hash)) for chunk in column.chunks)
        return replace(column, statistics=tuple(validate_chunks(column.dtype, views, column.skip)))

    def _with_statistics(self, column: Column) -> Column:
        """Return a column of a fixed dtype with its statistics, computing them if they are unknown."""
        if column.statistics is not None:
            return column
        views = (self._repository.view_chunk(chunk.hash) for chunk in column.chunks)
        return replace(column, statistics=tuple(statistics_of_bytes(column.dtype, view) for view in views))

    def prototype(self, column: Column) -> Values:
        """Return rows of a column (possibly none), which show what values fit into it."""
        if column.dtype == PACKED:
            raise Invalid("A packed column cannot be appended to; send its values as lists in a new version.")
        if is_arrow(column.dtype):
            return Values(column.dtype, read_chunk(self._repository.view_chunk(column.chunks[-1].hash)))
        return Values(column.dtype, np.empty((0, *column.shape[1:]), numpy_dtype(column.dtype)))

    def rows(self, column: Column, start: int, stop: int) -> Iterator[Values]:
        """Yield the rows `start <= row < stop`, chunk by chunk, in order."""
        if not is_arrow(column.dtype):
            for view in self._views(column, start, stop):
                array = np.frombuffer(view, numpy_dtype(column.dtype))
                yield Values(
                    column.dtype, array.reshape(-1, *column.shape[1:]) if column.shape[1:] else array
                )
            return
        first = int(np.searchsorted(column.starts, start, "right")) - 1
        for index in range(max(first, 0), len(column.chunks)):
            begin, end = int(column.starts[index]), int(column.starts[index + 1])
            if begin >= stop:
                return
            array = read_chunk(self._repository.view_chunk(column.chunks[index].hash))
            yield Values(column.dtype, array[max(start - begin, 0) : min(stop, end) - begin])

    def chunk_arrays(self, column: Column) -> Iterator[Any]:
        """Yield an array for each chunk, without dropped rows; flat if the column has several dimensions."""
        if is_arrow(column.dtype):
            for values in self.rows(column, 0, column.length):
                yield values.array
            return
        skip = column.skip * column.row_bytes
        for chunk in column.chunks:
            yield np.frombuffer(self._repository.view_chunk(chunk.hash)[skip:], numpy_dtype(column.dtype))
            skip = 0

    def browser_blocks(self, column: Column) -> Iterator[bytes]:
        """Yield the bytes that browsers get, in blocks."""
        if browser_dtype(column) == column.dtype:
            return self.stored_blocks(column)
        return browser_blocks(column, self._parts(column))

    def stored_blocks(self, column: Column) -> Iterator[bytes]:
        """Yield the bytes of all values of a fixed dtype or a packed column, in blocks."""
        skip = column.skip * column.row_bytes
        for chunk in column.chunks:
            yield from self._repository.read_chunk(chunk.hash, skip)
            skip = 0

    def _parts(self, column: Column) -> Iterator[Any]:
        """Yield the chunks' arrays in parts of at most `BLOCK_BYTES`, or of one row."""
        for array in self.chunk_arrays(column):
            step = max(BLOCK_BYTES * len(array) // max(array.nbytes, 1), 1)
            for start in range(0, len(array), step):
                yield array[start : start + step]

    def _views(self, column: Column, start: int, stop: int) -> Iterator[memoryview]:
        """Yield the bytes of rows of a fixed dtype; in one piece if a chunk ends within a row."""
        begin, end = ((row + column.skip) * column.row_bytes for row in (start, max(start, stop)))
        views, at = [], 0
        for chunk in column.chunks:
            if at < end and begin < at + chunk.size:
                views.append(self._repository.view_chunk(chunk.hash)[max(begin - at, 0) : end - at])
            at += chunk.size
        if has_whole_rows(column):
            yield from views
        else:
            yield memoryview(b"".join(views))

    def _put_values(self, user: str, values: Values) -> tuple[Chunk, ChunkStatistics]:
        data, statistics = encode_chunk(values)
        return self.put_chunk(user, data, len(values) if is_arrow(values.dtype) else None), statistics

    def put_chunk(self, user: str, data: bytes | memoryview, rows: int | None) -> Chunk:
        """Store a chunk unless the account has uploaded it already; see `Chunk` for `rows`."""
        name = hash_bytes(data)
        if not self._repository.touch_chunk(user, name):
            self._repository.put_chunk(user, name, [data])  # type: ignore[list-item]  # views will do
        return Chunk(name, len(data), rows)

    def view_chunk(self, chunk: Chunk) -> memoryview:
        """Return the bytes of a chunk."""
        return self._repository.view_chunk(chunk.hash)

    def _roll_over(self, column: Column, limit: int) -> Column:
        """Drop all but the last `limit` rows: whole chunks, and then by `skip` in the first one."""
        drop = column.length - limit
        if drop <= 0:
            return column
        dropped = min(int(np.searchsorted(column.starts, drop, "right")) - 1, len(column.chunks) - 1)
        skip = drop - int(column.starts[dropped])
        statistics = None if column.statistics is None else column.statistics[dropped:]
        if statistics:  # its JSON is shorter now
            statistics = (replace(statistics[0], json_size=None), *statistics[1:])
        return Column(column.dtype, (limit, *column.shape[1:]), column.chunks[dropped:], skip, statistics)


def encode_chunk(values: Values) -> tuple[bytes | memoryview, ChunkStatistics]:
    """Return values as the bytes of a chunk, and their statistics."""
    if is_arrow(values.dtype):
        statistics = statistics_of_arrow(values.array, len(json_items(values.array)))
        return write_chunk(values.array), statistics
    data = np.ascontiguousarray(values.array).reshape(-1).view(np.uint8).data
    return data, statistics_of_bytes(values.dtype, data)


def concatenate(parts: list[Values]) -> Values:
    """Concatenate rows of one column."""
    dtype = parts[-1].dtype
    if len(parts) == 1:
        return parts[0]
    if not is_arrow(dtype):
        return Values(dtype, np.concatenate([part.array for part in parts]))
    chunked = pa.chunked_array([part.array for part in parts])
    if pa.types.is_dictionary(chunked.type):
        chunked = chunked.unify_dictionaries()
    return Values(dtype, pa.concat_arrays(chunked.chunks))


def has_whole_rows(column: Column) -> bool:
    """Tell whether each chunk ends at the end of a row."""
    row = column.row_bytes
    return row == 0 or all(chunk.size % row == 0 for chunk in column.chunks)


def _with_json_size(statistics: ChunkStatistics, array: Any) -> ChunkStatistics:
    if statistics.json_size is not None:
        return statistics
    return replace(statistics, json_size=len(json_items(array)))


def _check_empty_rows(shape: tuple[int, ...]) -> None:
    """Reject very many rows without elements: nothing else limits them, and reading them takes time."""
    if shape and not math.prod(shape[1:]) and shape[0] > MAX_EMPTY_ROWS:
        raise Invalid(
            f"A column of the shape {list(shape)} has no elements; it may have {MAX_EMPTY_ROWS} rows."
        )


def _count_kept_chunks(column: Column, added: int) -> int:
    """Return how many chunks stay unchanged if `added` bytes are appended."""
    if not is_arrow(column.dtype) and not has_whole_rows(column):
        if column.size > MAX_RECHUNK_BYTES:
            raise Invalid(
                "The chunks of this column end within rows; commit it again in chunks of whole rows."
            )
        return 0
    kept = len(column.chunks)
    while kept and added:
        last = column.chunks[kept - 1].size
        if last >= CHUNK_BYTES or last > max(SMALL_CHUNK_BYTES, 2 * added):
            break
        added += last
        kept -= 1
    return kept


def _size(values: Values) -> int:
    return int(values.array.nbytes)


def _split(values: Values) -> Iterator[Values]:
    """Split values into those of chunks; Arrow columns have at least one chunk, which declares their type."""
    if is_arrow(values.dtype):
        row = math.ceil(_size(values) / max(len(values), 1))
    else:
        row = math.prod(values.row_shape) * item_bytes(values.dtype)
    step = max(CHUNK_BYTES // max(row, 1), 1)
    starts = range(0, len(values), step) or (range(1) if is_arrow(values.dtype) else ())
    return (values[start : start + step] for start in starts)
