"""Chunks of Arrow columns: each is an Arrow IPC stream of one record batch with one column."""

import pyarrow as pa

from bokeh_common.errors import Invalid
from bokeh_data.arrow.stored_types import has_missing_categories, stored_type

FIELD = "values"

#: The maximum number of rows in a chunk that a client wrote. Chunks that this service writes have fewer, also
#: if rows take no bytes.
MAX_ROWS = 4 << 20


def write_chunk(array: pa.Array) -> bytes:
    """Return an array as a chunk."""
    batch = pa.record_batch([array], [FIELD])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def read_chunk(data: bytes | memoryview) -> pa.Array:
    """Return the array of a chunk, which was validated before anything could refer to it."""
    with pa.ipc.open_stream(pa.py_buffer(data)) as reader:
        return reader.read_next_batch().column(0)


def validate_chunk(data: bytes | memoryview, dtype: str, rows: int | None) -> pa.Array:
    """Return the array of a chunk that a client wrote.

    This may take any amount of memory: a chunk may be compressed, and a row may be large and take no bytes.
    Therefore it is called in a sandbox process only.

    Args:
        data: the bytes of the chunk.
        dtype: of the column, `arrow[...]`.
        rows: how many rows the manifest declares.

    Raises:
        Invalid: the chunk is not a stream of one valid column, or differs from the manifest.
    """
    try:
        with pa.ipc.open_stream(pa.py_buffer(data)) as reader:
            [batch] = reader
        [array] = batch.columns
        array.validate(full=True)
    except MemoryError:  # Arrow's MemoryError is also an `ArrowException`
        raise
    except (ValueError, pa.ArrowException) as error:
        raise Invalid(f"A chunk is not an Arrow stream of one valid column: {error}.") from None
    if f"arrow[{array.type}]" != dtype or len(array) != rows:
        raise Invalid(f"A chunk has {len(array)} rows of {array.type}, not {rows} of {dtype}.")
    if (wanted := stored_type(array.type)) != array.type:
        raise Invalid(f"A chunk has {array.type}; write it as {wanted}.")
    if has_missing_categories(array):
        raise Invalid("A chunk has a category that is null; write null instead of a number for it.")
    if array.nbytes > len(data):
        raise Invalid("A chunk is compressed; write the Arrow stream without compression.")
    if len(array) > MAX_ROWS:
        raise Invalid(f"A chunk has {len(array)} rows; write chunks of at most {MAX_ROWS} rows.")
    return array
