"""Rows as files: Arrow streams, Parquet, CSV, JSON, and the packed form that browsers read."""

import io
import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from bokeh_common.errors import TooLarge
from bokeh_data.columnstore import joined
from bokeh_data.dtypes import is_arrow, is_time
from bokeh_data.packing import array_leaf, header, padding
from bokeh_data.queries import Batch, Result
from bokeh_data.shown import encoded, to_shown
from bokeh_data.values import Values, to_arrow

#: The most bytes of rows that are put together for an answer that has to be whole before it is sent.
MAX_WHOLE_BYTES = 64 << 20

#: Rows that are written as JSON at once.
JSON_ROWS = 1 << 14

#: Texts that spreadsheets would take for a formula (OWASP, CSV Injection) begin with one of these.
FORMULA = r"^[=+\-@\t\r\n]"

_SHOWN = {
    "float16": "float32", "complex64": "float32", "complex128": "float64",
    "int64": "float64", "uint64": "float64",
}  # fmt: skip


def arrow_blocks(result: Result) -> Iterator[bytes]:
    """Yield an Arrow IPC stream; its schema's metadata say of which kind the rows are."""
    schema, sink = _schema(result), _Sink()
    return _written(sink, pa.ipc.new_stream(sink, schema), _record_batches(result, schema))


def parquet_blocks(result: Result) -> Iterator[bytes]:
    """Yield a Parquet file."""
    schema, sink = _schema(result), _Sink()
    return _written(sink, pa.parquet.ParquetWriter(sink, schema), _record_batches(result, schema))


def csv_blocks(result: Result) -> Iterator[bytes]:
    """Yield CSV (RFC 4180) with a line of names; no text of it is a formula to a spreadsheet."""
    schema, sink = _schema(result), _Sink()
    plain = _plain(pa.RecordBatch.from_pylist([], schema)).schema
    return _written(sink, pa.csv.CSVWriter(sink, plain), map(_plain, _record_batches(result, schema)))


def _record_batches(result: Result, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    return (_record_batch(batch, schema) for batch in result.batches)


def _written(sink: "_Sink", writer: Any, batches: Iterator[pa.RecordBatch]) -> Iterator[bytes]:
    """Yield what a writer makes of each batch, as soon as it is there."""
    with writer:
        for batch in batches:
            writer.write_batch(batch)
            yield from sink.taken()
    yield from sink.taken()


def json_blocks(result: Result) -> Iterator[bytes]:
    """Yield a JSON object with a list for each column: null for NaN, NaT and None, ISO 8601 for times."""
    whole = _whole(result)
    head = {"kind": result.kind, "rows": _length(whole)}
    yield json.dumps(head, separators=(",", ":"))[:-1].encode() + b',"columns":{'
    for i, (name, values) in enumerate(whole.items()):
        yield b"," * (i > 0) + json.dumps(name).encode() + b":["
        yield from _json_items(values)
        yield b"]"
    yield b"}}"


def _json_items(values: Values) -> Iterator[bytes]:
    """Yield the items of a list, some at a time: as Python's own numbers they take many times the memory."""
    for start in range(0, len(values), JSON_ROWS):
        text = json.dumps(_json(values[start : start + JSON_ROWS]), separators=(",", ":"), allow_nan=False)
        yield b"," * (start > 0) + text[1:-1].encode()


def packed_blocks(result: Result) -> tuple[Iterator[bytes], int]:
    """Return the packed form, with arrays as BokehJS takes them, and its bytes.

    64-bit integers are float64 there, times milliseconds; texts and other things stand in the header.
    """
    whole = _whole(result)
    buffers: list[Any] = []
    leaves = {name: _leaf(values, buffers) for name, values in whole.items()}
    head = header({"kind": result.kind, "rows": _length(whole), "columns": leaves}, [len(b) for b in buffers])
    size = len(head) + sum(len(buffer) + len(padding(len(buffer))) for buffer in buffers)
    pieces = [head, *(piece for buffer in buffers for piece in (buffer, padding(len(buffer))) if len(piece))]
    return map(bytes, pieces), size  # a server takes no other buffers (PEP 3333)


class _Sink(io.RawIOBase):
    """A file that only takes; what it was given is taken from it block by block."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self._blocks.append(bytes(data))
        return len(data)

    def taken(self) -> Iterator[bytes]:
        blocks, self._blocks = self._blocks, []
        if blocks:
            yield b"".join(blocks)


def _schema(result: Result) -> pa.Schema:
    fields = [pa.field(name, to_arrow(values).type) for name, values in result.like.items()]
    return pa.schema(fields, {"bokeh-cloud.kind": result.kind})


def _record_batch(batch: Batch, schema: pa.Schema) -> pa.RecordBatch:
    return pa.record_batch([to_arrow(values) for values in batch.values()], schema)


def _plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return rows as what CSV can say."""
    names = pc.replace_substring_regex(pa.array(batch.schema.names, pa.string()), f"({FORMULA})", r"'\1")
    return pa.record_batch([_plain_array(array) for array in batch.columns], names.to_pylist())


def _plain_array(array: pa.Array) -> pa.Array:
    kind = array.type
    if pa.types.is_dictionary(kind):
        return _plain_array(array.dictionary_decode())
    if pa.types.is_float16(kind):
        return array.cast(pa.float32())
    if pa.types.is_duration(kind):
        return array.cast(pa.int64())
    if pa.types.is_timestamp(kind):
        return (
            pc.strftime(array, "%Y-%m-%dT%H:%M:%S" + ("Z" if kind.tz else ""))
            if kind.unit == "s"
            else _iso(array)
        )
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return pc.replace_substring_regex(array.cast(pa.string()), f"({FORMULA})", r"'\1")
    if pa.types.is_nested(kind) or pa.types.is_binary(kind):
        return pa.array(
            [item if item is None else json.dumps(encoded(item)) for item in array.to_pylist()], pa.string()
        )
    return array


def _iso(array: pa.Array) -> pa.Array:
    kind = array.type
    times = array.cast(pa.int64()).to_numpy(zero_copy_only=False)
    if array.null_count:
        times = np.where(
            np.asarray(array.is_null()), np.iinfo(np.int64).min, array.fill_null(0).cast(pa.int64())
        )
    texts = np.datetime_as_string(times.astype(np.int64).view(f"M8[{kind.unit}]"))
    ends = "Z" if kind.tz else ""
    return pa.array([None if text == "NaT" else text + ends for text in texts.tolist()], pa.string())


def _whole(result: Result) -> Batch:
    """Return all rows together; `TooLarge` as soon as they are too many."""
    parts, size = [result.like], 0
    for batch in result.batches:
        size += sum(values.array.nbytes for values in batch.values())
        if size > MAX_WHOLE_BYTES:
            raise TooLarge(
                f"This is more than {MAX_WHOLE_BYTES >> 20} MiB, too much for JSON or packed rows; ask for"
                " fewer rows, or for an Arrow stream, Parquet or CSV.",
                limit=MAX_WHOLE_BYTES,
            )
        parts.append(batch)
    return {name: joined([part[name] for part in parts]) for name in result.like}


def _length(batch: Batch) -> int:
    return len(next(iter(batch.values()), ()))


def _json(values: Values) -> Any:
    array = values.array
    if is_arrow(values.dtype):
        return [encoded(item) for item in array.to_pylist()]
    if is_time(values.dtype) and values.dtype.startswith("datetime64"):
        return [None if text == "NaT" else text for text in np.datetime_as_string(array).reshape(-1).tolist()]
    if is_time(values.dtype):
        return [None if value == np.iinfo(np.int64).min else value for value in array.view(np.int64).tolist()]
    if array.dtype.kind == "c":
        array = array.view(array.real.dtype).reshape(*array.shape, 2)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        return _numbers(array.tolist())
    return array.tolist()


def _numbers(value: Any) -> Any:
    if isinstance(value, list):
        return [_numbers(item) for item in value]
    return None if math.isnan(value) else encoded(value)


def _leaf(values: Values, buffers: list[Any]) -> Any:
    if is_arrow(values.dtype):
        return [encoded(item) for item in values.array.to_pylist()]
    into = "float64" if is_time(values.dtype) else _SHOWN.get(values.dtype, values.dtype)
    array = np.ascontiguousarray(to_shown(values.dtype, into, values.array))
    buffers.append(array.reshape(-1).view(np.uint8).data)
    return array_leaf(len(buffers) - 1, into, array.shape)
