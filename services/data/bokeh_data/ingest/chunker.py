"""The chunker: cuts the batches of a file into chunks, column by column."""

import math
from collections.abc import Iterator

import pyarrow as pa

from bokeh_common.errors import TooLarge
from bokeh_data.columns.dtypes import check_dtype, is_arrow, item_bytes
from bokeh_data.columns.values import Values, from_arrow
from bokeh_data.ingest.widening import Widening, widen
from bokeh_data.sandbox.pipe_protocol import MAX_PIECE_BYTES, ColumnPiece
from bokeh_data.storage.column_store import CHUNK_BYTES, concatenate, encode_chunk

#: Bytes of all columns together that may wait for more rows; above that, all of them are written, even as
#: small chunks.
MAX_PENDING_BYTES = 128 << 20

#: What a row of an Arrow column counts at least: some take almost no bytes, but much as JSON.
MIN_ROW_BYTES = 8


class Chunker:
    """Cuts all columns of a file."""

    def __init__(self, schema: pa.Schema) -> None:
        self._columns = [_ColumnChunker(number, field.type) for number, field in enumerate(schema)]

    def add(self, batch: pa.RecordBatch) -> Iterator[ColumnPiece]:
        """Add the rows of a batch, and yield complete chunks."""
        for column, array in zip(self._columns, batch.columns, strict=True):
            yield from column.add(array)
        if sum(column.pending for column in self._columns) > MAX_PENDING_BYTES:
            for column in self._columns:
                yield from column.flush()

    def finish(self) -> Iterator[ColumnPiece]:
        """Yield the remaining rows; of a column without rows an empty chunk, which declares its type."""
        for column in self._columns:
            yield from column.finish()


class _ColumnChunker:
    """Cuts one column.

    Attributes:
        pending: bytes that wait for more rows.
    """

    def __init__(self, number: int, kind: pa.DataType) -> None:
        self._number = number
        self._kind = kind
        self._parts: list[Values] = []
        self._widening = Widening()
        self._has_pieces = False
        self.pending = 0

    def add(self, array: pa.Array) -> Iterator[ColumnPiece]:
        values = self._values(array)
        self._parts.append(values)
        self.pending += _size(values)
        if self.pending >= CHUNK_BYTES:
            yield from self._cut(all_rows=False)

    def flush(self) -> Iterator[ColumnPiece]:
        if self._parts:
            yield from self._cut(all_rows=True)

    def finish(self) -> Iterator[ColumnPiece]:
        yield from self.flush()
        if not self._has_pieces:
            yield self._piece(self._values(pa.nulls(0, self._kind)))

    def _values(self, array: pa.Array) -> Values:
        values = from_arrow(array)
        check_dtype(values.dtype)
        dtype = self._widening.add(values, array.type)
        if self._parts and self._parts[-1].dtype != dtype:
            self._parts = [widen(part, dtype, array.type) for part in self._parts]
        return widen(values, dtype, array.type)

    def _cut(self, all_rows: bool) -> Iterator[ColumnPiece]:
        values = concatenate(self._parts)
        step = _rows_per_chunk(values)
        end = len(values) if all_rows or is_arrow(values.dtype) else len(values) // step * step
        for start in range(0, end, step):
            yield self._piece(values[start : min(start + step, end)])
        rest = values[end:]
        self._parts, self.pending = ([rest], _size(rest)) if len(rest) else ([], 0)

    def _piece(self, values: Values) -> ColumnPiece:
        self._has_pieces = True
        data, statistics = encode_chunk(values)
        if len(data) > MAX_PIECE_BYTES:
            raise TooLarge(f"A value in it takes more than {MAX_PIECE_BYTES >> 20} MiB.")
        return ColumnPiece(self._number, values.dtype, values.row_shape, len(values), statistics, data)


def _size(values: Values) -> int:
    size = int(values.array.nbytes)
    return max(size, MIN_ROW_BYTES * len(values)) if is_arrow(values.dtype) else size


def _rows_per_chunk(values: Values) -> int:
    """Return the rows of a chunk; for a fixed dtype as many as clients and `ColumnStore` put into one."""
    if is_arrow(values.dtype):
        row = math.ceil(_size(values) / max(len(values), 1))
        fits = _size(values) <= 2 * CHUNK_BYTES
        return max(len(values), 1) if fits else max(CHUNK_BYTES // max(row, 1), 1)
    return max(CHUNK_BYTES // max(math.prod(values.row_shape) * item_bytes(values.dtype), 1), 1)
