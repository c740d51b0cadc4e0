"""Writers of rows: CSV, Parquet, JSON, Arrow streams and packed rows, which browsers read without a copy.

Each returns the bytes in blocks, as rows are read, and their number if it is known beforehand.
"""

import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from bokeh_common.errors import TooLarge
from bokeh_data.arrow.durations import with_integer_durations
from bokeh_data.arrow.python_values import python_values
from bokeh_data.arrow.stored_types import to_stored
from bokeh_data.arrow.type_names import type_name
from bokeh_data.columns.browser_encoding import to_bokeh_json, to_browser_array, to_plain_json
from bokeh_data.columns.dtypes import is_arrow, is_time
from bokeh_data.columns.packed import array_leaf, padding, write_header
from bokeh_data.columns.values import Values, to_arrow
from bokeh_data.queries.csv_types import CsvTypes, csv_header
from bokeh_data.queries.query import Batch, QueryResult
from bokeh_data.storage.column_store import concatenate

#: The maximum number of bytes of rows for formats of which all rows have to be in memory.
MAX_BYTES_IN_MEMORY = 64 << 20

#: Bytes of packed rows that are sent at once.
BLOCK_BYTES = 1 << 17

#: Rows that are converted to JSON at once.
JSON_BATCH_ROWS = 1 << 14

#: Dtypes that packed rows have instead of others.
_PACKED_DTYPES = {
    "float16": "float32", "complex64": "float32", "complex128": "float64",
    "int64": "float64", "uint64": "float64",
}  # fmt: skip


class WrittenRows(NamedTuple):
    """Rows in an output format.

    Attributes:
        blocks: the bytes.
        size: their number; None if it is known only at the end.
    """

    blocks: Iterator[bytes]
    size: int | None = None


def write_arrow(result: QueryResult) -> WrittenRows:
    """Write an Arrow IPC stream; the kind of the rows is in the metadata of its schema."""
    schema, sink = _schema(result), _Sink()
    batches = _record_batches(result, schema)
    return WrittenRows(_write_batches(sink, pa.ipc.new_stream(sink, schema), batches))


def write_parquet(result: QueryResult) -> WrittenRows:
    """Write a Parquet file."""
    result = _in_stored_types(result)
    schema, sink = _schema(result), _Sink()
    batches = _record_batches(result, schema)
    return WrittenRows(_write_batches(sink, pa.parquet.ParquetWriter(sink, schema), batches))


def write_csv(result: QueryResult) -> WrittenRows:
    """Write CSV (RFC 4180) with a line of names; spreadsheets find no formula in it."""
    result = _in_stored_types(result)
    schema, sink, types = _schema(result), _Sink(), CsvTypes()
    no_rows = pa.record_batch([pa.nulls(0, kind) for kind in schema.types], schema)
    csv_schema = types.convert(no_rows).schema
    batches = map(types.convert, _record_batches(result, schema))
    writer = pa.csv.CSVWriter(sink, csv_schema, write_options=pa.csv.WriteOptions(include_header=False))
    blocks = map(types.finish, _write_batches(sink, writer, batches))
    return WrittenRows(chain([csv_header(csv_schema.names)], blocks))


def write_json(result: QueryResult) -> WrittenRows:
    """Write a JSON object with a list for each column: null for NaN, NaT and None, ISO 8601 for times.

    Infinities, which JSON lacks, are the strings `Infinity` and `-Infinity`.

    `types` has the dtypes of the columns, with which the values can be read again.
    """
    return WrittenRows(_json_blocks(result))


def write_packed(result: QueryResult) -> WrittenRows:
    """Write the packed format, with arrays as BokehJS takes them.

    64-bit integers become float64, times become milliseconds; strings and other values are in the header.
    """
    rows = _read_all(result)
    buffers: list[Any] = []
    leaves = {name: _packed_leaf(values, buffers) for name, values in rows.items()}
    value = {"kind": result.kind, "rows": _count_rows(rows), "columns": leaves}
    header = write_header(value, [len(buffer) for buffer in buffers])
    size = len(header) + sum(len(buffer) + len(padding(len(buffer))) for buffer in buffers)
    padded = [part for buffer in buffers for part in (buffer, padding(len(buffer)))]
    return WrittenRows(_copy_in_blocks([header, *padded]), size)


def _copy_in_blocks(parts: Iterable[Any]) -> Iterator[bytes]:
    """Yield the bytes of parts in blocks: servers take no other buffers."""
    for part in parts:
        for start in range(0, len(part), BLOCK_BYTES):
            yield bytes(part[start : start + BLOCK_BYTES])


def _record_batches(result: QueryResult, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    return (_record_batch(batch, schema) for batch in result.batches)


def _in_stored_types(result: QueryResult) -> QueryResult:
    """Return rows in types that every format has: columns of earlier versions may have others."""

    def convert(batch: Batch) -> Batch:
        return {name: _to_stored(values) for name, values in batch.items()}

    return replace(result, prototype=convert(result.prototype), batches=map(convert, result.batches))


def _to_stored(values: Values) -> Values:
    return Values(values.dtype, to_stored(values.array)) if is_arrow(values.dtype) else values


def _write_batches(sink: "_Sink", writer: Any, batches: Iterator[pa.RecordBatch]) -> Iterator[bytes]:
    """Yield what a writer writes of each batch."""
    with writer:
        for batch in batches:
            writer.write_batch(batch)
            yield from sink.take()
    yield from sink.take()


def _json_blocks(result: QueryResult) -> Iterator[bytes]:
    rows = _read_all(result)
    types = {name: _json_dtype(values) for name, values in rows.items()}
    head = {"kind": result.kind, "rows": _count_rows(rows), "types": types}
    yield json.dumps(head, separators=(",", ":"))[:-1].encode() + b',"columns":{'
    for i, (name, values) in enumerate(rows.items()):
        yield b"," * (i > 0) + json.dumps(name).encode() + b":["
        yield from _json_items(values)
        yield b"]"
    yield b"}}"


def _json_items(values: Values) -> Iterator[bytes]:
    """Yield the items of a list in parts, since Python's numbers take many times the memory."""
    for start in range(0, len(values), JSON_BATCH_ROWS):
        text = json.dumps(
            _json_values(values[start : start + JSON_BATCH_ROWS]), separators=(",", ":"), allow_nan=False
        )
        yield b"," * (start > 0) + text[1:-1].encode()


class _Sink(io.RawIOBase):
    """A file to write to, from which the bytes are taken."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self._blocks.append(bytes(data))
        return len(data)

    def take(self) -> Iterator[bytes]:
        blocks, self._blocks = self._blocks, []
        if blocks:
            yield b"".join(blocks)


def _schema(result: QueryResult) -> pa.Schema:
    fields = [pa.field(name, to_arrow(values).type) for name, values in result.prototype.items()]
    return pa.schema(fields, {"bokeh-cloud.kind": result.kind})


def _record_batch(batch: Batch, schema: pa.Schema) -> pa.RecordBatch:
    return pa.record_batch([to_arrow(values) for values in batch.values()], schema)


def _read_all(result: QueryResult) -> Batch:
    """Return all rows; raise `TooLarge` as soon as they are too many."""
    parts, size = [result.prototype], 0
    for batch in result.batches:
        size += sum(values.array.nbytes for values in batch.values())
        if size > MAX_BYTES_IN_MEMORY:
            raise TooLarge(
                f"This is more than {MAX_BYTES_IN_MEMORY >> 20} MiB, too much for JSON or packed rows; ask"
                " for fewer rows, or for an Arrow stream, Parquet or CSV.",
                limit=MAX_BYTES_IN_MEMORY,
            )
        parts.append(batch)
    return {name: concatenate([part[name] for part in parts]) for name in result.prototype}


def _count_rows(batch: Batch) -> int:
    return len(next(iter(batch.values()), ()))


def _json_dtype(values: Values) -> str:
    return f"arrow[{type_name(values.array.type)}]" if is_arrow(values.dtype) else values.dtype


def _json_values(values: Values) -> Any:
    array = values.array
    if is_arrow(values.dtype):
        return [to_plain_json(item) for item in python_values(with_integer_durations(array))]
    if is_time(values.dtype) and values.dtype.startswith("datetime64"):
        return _with_null(np.datetime_as_string(array).astype(object), np.isnat(array))
    if is_time(values.dtype):
        return _with_null(array.view(np.int64).astype(object), np.isnat(array))
    if array.dtype.kind == "c":
        array = array.view(array.real.dtype).reshape(*array.shape, 2)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        return to_plain_json(array.tolist())
    return array.tolist()


def _with_null(items: NDArray[Any], missing: NDArray[np.bool_]) -> Any:
    items[missing] = None
    return items.tolist()


def _packed_leaf(values: Values, buffers: list[Any]) -> Any:
    if is_arrow(values.dtype):
        return [to_bokeh_json(item) for item in python_values(values.array)]
    into = "float64" if is_time(values.dtype) else _PACKED_DTYPES.get(values.dtype, values.dtype)
    array = np.ascontiguousarray(to_browser_array(values.dtype, into, values.array))
    buffers.append(array.reshape(-1).view(np.uint8).data)
    return array_leaf(len(buffers) - 1, into, array.shape)
