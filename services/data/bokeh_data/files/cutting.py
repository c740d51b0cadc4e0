"""Cuts the batches of a file into chunks, column by column."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from bokeh_common.errors import TooLarge
from bokeh_data.arrowchunks import write_chunk
from bokeh_data.columnstore import CHUNK_BYTES, joined
from bokeh_data.dtypes import check_dtype, is_arrow, item_bytes
from bokeh_data.files.pieces import MAX_PIECE, Piece
from bokeh_data.shown import text_of
from bokeh_data.values import Values, from_arrow, to_arrow
from bokeh_data.zones import zone_of_arrow, zone_of_bytes

#: What may wait for more rows, of all columns together; then all of it is written, be the chunks small.
PENDING_BYTES = 128 << 20

#: What a row of Arrow counts for at least: some take next to no bytes, but much as text.
ROW_BYTES = 8


class Cutter:
    """The columns of a file, as far as they have come."""

    def __init__(self, schema: pa.Schema) -> None:
        self._columns = [_Cutting(number, field.type) for number, field in enumerate(schema)]

    def add(self, batch: pa.RecordBatch) -> Iterator[Piece]:
        """Take the rows of a batch, and yield what is complete."""
        for cutting, array in zip(self._columns, batch.columns, strict=True):
            yield from cutting.add(array)
        if sum(cutting.pending for cutting in self._columns) > PENDING_BYTES:
            yield from self.rest()

    def rest(self) -> Iterator[Piece]:
        """Yield what is still waiting."""
        for cutting in self._columns:
            yield from cutting.rest()

    def end(self) -> Iterator[Piece]:
        """Yield the rest, and of a column without rows what says its type."""
        for cutting in self._columns:
            yield from cutting.end()


class _Cutting:
    """One column."""

    def __init__(self, number: int, kind: pa.DataType) -> None:
        self._number = number
        self._kind = kind
        self._parts: list[Values] = []
        self._nullable = False  # whether there was a null by now, in a type that has none
        self._begun = False
        self.pending = 0

    def add(self, array: pa.Array) -> Iterator[Piece]:
        values = self._values(array)
        self._parts.append(values)
        self.pending += _bytes(values)
        if self.pending >= CHUNK_BYTES:
            yield from self._cut(all_of_it=False)

    def rest(self) -> Iterator[Piece]:
        if self._parts:
            yield from self._cut(all_of_it=True)

    def end(self) -> Iterator[Piece]:
        yield from self.rest()
        if not self._begun:
            yield self._piece(self._values(pa.array([], self._kind)))

    def _values(self, array: pa.Array) -> Values:
        if isinstance(array, pa.ExtensionArray):
            array = array.storage
        values = from_arrow(array)
        check_dtype(values.dtype)
        if self._nullable and not is_arrow(values.dtype):
            return _as_arrow(values)
        if is_arrow(values.dtype) and not self._nullable:
            self._nullable = True
            self._parts = [_as_arrow(part) for part in self._parts]
        return values

    def _cut(self, all_of_it: bool) -> Iterator[Piece]:
        values = joined(self._parts)
        step = _step(values)
        end = len(values) if all_of_it or is_arrow(values.dtype) else len(values) // step * step
        for start in range(0, end, step):
            yield self._piece(values[start : min(start + step, end)])
        left = values[end:]
        self._parts, self.pending = ([left], _bytes(left)) if len(left) else ([], 0)

    def _piece(self, values: Values) -> Piece:
        self._begun = True
        data, zone = _written(values)
        if len(data) > MAX_PIECE:
            raise TooLarge(f"A value in it takes more than {MAX_PIECE >> 20} MiB.")
        return Piece(self._number, values.dtype, values.row_shape, len(values), zone, data)


def _written(values: Values) -> Any:
    if is_arrow(values.dtype):
        return write_chunk(values.array), zone_of_arrow(values.array, len(text_of(values.array)))
    data = np.ascontiguousarray(values.array).reshape(-1).view(np.uint8).data
    return data, zone_of_bytes(values.dtype, data)


def _as_arrow(values: Values) -> Values:
    if is_arrow(values.dtype):
        return values
    array = to_arrow(values)
    return Values(f"arrow[{array.type}]", array)


def _bytes(values: Values) -> int:
    size = int(values.array.nbytes)
    return max(size, ROW_BYTES * len(values)) if is_arrow(values.dtype) else size


def _step(values: Values) -> int:
    """Return the rows of a chunk: of a fixed dtype as many as whoever cuts it otherwise takes."""
    if is_arrow(values.dtype):
        row = math.ceil(_bytes(values) / max(len(values), 1))
        whole = _bytes(values) <= 2 * CHUNK_BYTES
        return max(len(values), 1) if whole else max(CHUNK_BYTES // max(row, 1), 1)
    return max(CHUNK_BYTES // max(math.prod(values.row_shape) * item_bytes(values.dtype), 1), 1)
