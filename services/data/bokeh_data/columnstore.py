"""Columns on the storage: making them of values, adding rows to them, reading them."""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
from blake3 import blake3

from bokeh_common.errors import Invalid
from bokeh_data.arrowchunks import read_chunk, write_chunk
from bokeh_data.columns import Chunk, Column
from bokeh_data.dtypes import PACKED, is_arrow, item_bytes, numpy_dtype
from bokeh_data.files.checking import zones_of
from bokeh_data.records import Records
from bokeh_data.shown import needs_text, shown_blocks, shown_dtype, text_of
from bokeh_data.values import Values
from bokeh_data.zones import Zone, zone_of_arrow, zone_of_bytes

CHUNK_BYTES = 4 << 20

#: A chunk at the end is written anew with the rows that follow it when it is at most so many bytes, or at
#: most twice
#: as long as these. So each row is written a few times in all, and few chunks are smaller than they could be.
SMALL_BYTES = 64 << 10

#: The largest column that is cut anew when rows are added to it, because its chunks end within rows.
MAX_RECUT_BYTES = 256 << 20

BLOCK_BYTES = 1 << 20

#: Rows of a column whose rows have no elements.
MAX_HOLLOW = 1 << 17


class ColumnStore:
    """Columns of accounts."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def make(self, user: str, values: Values) -> Column:
        """Store values as a new column; its manifest has to be put afterwards."""
        shape = (len(values), *values.row_shape)
        _check_hollow(shape)
        pairs = [self._put(user, part) for part in _cut(values)]
        chunks, zones = tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs)
        return self.complete(Column(values.dtype, shape, chunks, 0, zones))

    def append(self, user: str, column: Column, values: Values, rollover: int | None = None) -> Column:
        """Return the column with more rows, the last `rollover` of them; only its tail is written."""
        if not len(values):
            return self.complete(column if rollover is None else self._rolled(column, rollover))
        kept = _kept(column, _size(values))
        tail = self.rows(column, max(int(column.starts[kept]), 0), column.length)
        made = self.make(user, joined([*tail, values]))
        zones = (
            column.zones[:kept] + made.zones if column.zones is not None and made.zones is not None else None
        )
        shape = (column.length + len(values), *column.shape[1:])
        skip = column.skip if kept else 0
        longer = Column(column.dtype, shape, column.chunks[:kept] + made.chunks, skip, zones)
        return self.complete(longer if rollover is None else self._rolled(longer, rollover))

    def complete(self, column: Column) -> Column:
        """Return the column with the zones that its shown form needs.

        Raises:
            Invalid: it is of Arrow chunks that a client wrote, and they are not what it says; or it has
                too many rows without elements.
        """
        _check_hollow(column.shape)
        if column.zones is None and is_arrow(column.dtype):
            return self._checked(column)
        if column.zones is None:
            if column.dtype not in ("int64", "uint64"):
                return column
            column = self.with_zones(column)
        zones = column.zones or ()
        if not needs_text(column) or all(zone.text is not None for zone in zones):
            return column
        arrays = self.chunk_arrays(column)
        texts = [
            len(text_of(array)) if z.text is None else z.text for z, array in zip(zones, arrays, strict=True)
        ]
        return replace(column, zones=tuple(replace(z, text=t) for z, t in zip(zones, texts, strict=True)))

    def _checked(self, column: Column) -> Column:
        """Return a column of Arrow with its zones, after a look into all of its chunks."""
        views = ((chunk, self._records.chunk_view(chunk.hash)) for chunk in column.chunks)
        return replace(column, zones=tuple(zones_of(column.dtype, views, column.skip)))

    def with_zones(self, column: Column) -> Column:
        """Return the column with its zones, which are worked out where nobody has."""
        if column.zones is not None:
            return column
        zones = (zone_of_bytes(column.dtype, self._records.chunk_view(c.hash)) for c in column.chunks)
        return replace(column, zones=tuple(zones))

    def like(self, column: Column) -> Values:
        """Return rows, maybe none, that show what fits into the column."""
        if column.dtype == PACKED:
            raise Invalid("A packed column cannot be appended to; send its values as lists in a new version.")
        if is_arrow(column.dtype):
            return Values(column.dtype, read_chunk(self._records.chunk_view(column.chunks[-1].hash)))
        return Values(column.dtype, np.empty((0, *column.shape[1:]), numpy_dtype(column.dtype)))

    def rows(self, column: Column, start: int, stop: int) -> Iterator[Values]:
        """Yield the rows from `start` to before `stop`, chunk by chunk, in order."""
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
            array = read_chunk(self._records.chunk_view(column.chunks[index].hash))
            yield Values(column.dtype, array[max(start - begin, 0) : min(stop, end) - begin])

    def chunk_arrays(self, column: Column) -> Iterator[Any]:
        """Yield an array for each chunk, flat where it has several dimensions, without what rolled out."""
        if is_arrow(column.dtype):
            for values in self.rows(column, 0, column.length):
                yield values.array
            return
        skip = column.skip * column.row_bytes
        for chunk in column.chunks:
            yield np.frombuffer(self._records.chunk_view(chunk.hash)[skip:], numpy_dtype(column.dtype))
            skip = 0

    def shown(self, column: Column) -> Iterator[bytes]:
        """Yield the bytes that browsers get, in blocks."""
        if shown_dtype(column) == column.dtype:
            return self.stored(column)
        return shown_blocks(column, self._small_arrays(column))

    def stored(self, column: Column) -> Iterator[bytes]:
        """Yield the bytes of all values of a fixed dtype, in blocks."""
        skip = column.skip * column.row_bytes
        for chunk in column.chunks:
            yield from self._records.chunk(chunk.hash, skip)
            skip = 0

    def _small_arrays(self, column: Column) -> Iterator[Any]:
        """Yield the chunks' arrays in pieces whose converted form is about a block."""
        for array in self.chunk_arrays(column):
            if is_arrow(column.dtype) or needs_text(column):
                yield array
                continue
            step = BLOCK_BYTES // max(array.itemsize, 1)
            for start in range(0, len(array), step):
                yield array[start : start + step]

    def _views(self, column: Column, start: int, stop: int) -> Iterator[memoryview]:
        """Yield the bytes of rows of a fixed dtype; in one piece when a chunk ends within a row."""
        begin, end = ((row + column.skip) * column.row_bytes for row in (start, max(start, stop)))
        views, at = [], 0
        for chunk in column.chunks:
            if at < end and begin < at + chunk.size:
                views.append(self._records.chunk_view(chunk.hash)[max(begin - at, 0) : end - at])
            at += chunk.size
        if has_whole_rows(column):
            yield from views
        else:
            yield memoryview(b"".join(views))

    def _put(self, user: str, values: Values) -> tuple[Chunk, Zone]:
        if is_arrow(values.dtype):
            data: bytes | memoryview = write_chunk(values.array)
            zone, rows = zone_of_arrow(values.array, len(text_of(values.array))), len(values)
        else:
            data = np.ascontiguousarray(values.array).reshape(-1).view(np.uint8).data
            zone, rows = zone_of_bytes(values.dtype, data), None
        return self.put(user, data, rows), zone

    def put(self, user: str, data: bytes | memoryview, rows: int | None) -> Chunk:
        """Store a chunk, if it is not there; `rows` as `Chunk` has them."""
        name = blake3(data).hexdigest()
        if not self._records.touch_chunk(user, name):
            self._records.put_chunk(user, name, [data])  # type: ignore[list-item]  # views will do
        return Chunk(name, len(data), rows)

    def view(self, chunk: Chunk) -> memoryview:
        """Return the bytes of a chunk."""
        return self._records.chunk_view(chunk.hash)

    def _rolled(self, column: Column, limit: int) -> Column:
        """Drop all but the last `limit` rows: whole chunks, and then a note where the first one begins."""
        drop = column.length - limit
        if drop <= 0:
            return column
        gone = min(int(np.searchsorted(column.starts, drop, "right")) - 1, len(column.chunks) - 1)
        skip = drop - int(column.starts[gone])
        zones = None if column.zones is None else column.zones[gone:]
        if zones:  # its text is shorter now
            zones = (replace(zones[0], text=None), *zones[1:])
        return Column(column.dtype, (limit, *column.shape[1:]), column.chunks[gone:], skip, zones)


def _check_hollow(shape: tuple[int, ...]) -> None:
    """Refuse very many rows that take no bytes: nothing else bounds them, and reading them takes time."""
    if shape and not math.prod(shape[1:]) and shape[0] > MAX_HOLLOW:
        raise Invalid(f"A column of the shape {list(shape)} has no elements; it may have {MAX_HOLLOW} rows.")


def has_whole_rows(column: Column) -> bool:
    """Tell whether each chunk ends at the end of a row."""
    row = column.row_bytes
    return row == 0 or all(chunk.size % row == 0 for chunk in column.chunks)


def _kept(column: Column, added: int) -> int:
    """Return how many chunks stay as they are when `added` bytes follow."""
    if not is_arrow(column.dtype) and not has_whole_rows(column):
        if column.size > MAX_RECUT_BYTES:
            raise Invalid(
                "The chunks of this column end within rows; commit it anew in chunks of whole rows."
            )
        return 0
    kept = len(column.chunks)
    while kept and added:
        last = column.chunks[kept - 1].size
        if last >= CHUNK_BYTES or last > max(SMALL_BYTES, 2 * added):
            break
        added += last
        kept -= 1
    return kept


def _size(values: Values) -> int:
    return int(values.array.nbytes)


def _cut(values: Values) -> Iterator[Values]:
    if is_arrow(values.dtype):
        row = math.ceil(_size(values) / max(len(values), 1))
    else:
        row = math.prod(values.row_shape) * item_bytes(values.dtype)
    step = max(CHUNK_BYTES // max(row, 1), 1)
    starts = range(0, len(values), step) or (range(1) if is_arrow(values.dtype) else ())
    return (values[start : start + step] for start in starts)


def joined(parts: list[Values]) -> Values:
    """Return rows of one column as one."""
    dtype = parts[-1].dtype
    if len(parts) == 1:
        return parts[0]
    if not is_arrow(dtype):
        return Values(dtype, np.concatenate([part.array for part in parts]))
    joined = pa.chunked_array([part.array for part in parts])
    if pa.types.is_dictionary(joined.type):
        joined = joined.unify_dictionaries()
    return Values(dtype, pa.concat_arrays(joined.chunks))
